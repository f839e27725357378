"""Is every line and every branch of the core walked by its own tests, in plain Python?"""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.core import CORE
from tests.conftest import ROOT

# The core's own tests that need neither the compiler nor real history.
TESTS = (
    "tests/engine/test_arithmetic.py",
    "tests/engine/test_instruments_in_the_core.py",
    "tests/engine/test_accounting.py",
    "tests/engine/test_dealing.py",
    "tests/engine/test_decision.py",
    "tests/engine/test_remeasuring.py",
    "tests/engine/test_orders_on_steps.py",
    "tests/engine/test_requests.py",
    "tests/engine/test_retelling.py",
    "tests/engine/test_simulation.py",
    "tests/engine/test_unknown_orders.py",
    "tests/engine/test_refused_sales.py",
    "tests/engine/test_past_bars.py",
    "tests/engine/test_winding_down.py",
    "tests/engine/execution",
    "tests/engine/risk",
    "tests/engine/strategy/test_agents.py",
    "tests/engine/strategy/test_context.py",
    "tests/engine/strategy/test_features.py",
    "tests/engine/strategy/test_schedule.py",
    "tests/engine/strategy/test_venue_clock.py",
)
LEFT_OUT = "real or truth or compiled"
# Files that hold more than the core: it ends with this function.
ENDS_WITH = {"engine/instruments.py": "limit"}


@pytest.fixture(scope="module")
def walked(tmp_path_factory) -> dict[str, Any]:
    """What coverage saw of each file of the core while its tests ran."""
    pytest.importorskip("coverage", reason="needs coverage to see which branches were walked")
    folder = tmp_path_factory.mktemp("coverage")
    files = ",".join(str(path_of(name)) for name in CORE)
    measured = [f"--data-file={folder / 'seen'}", "--branch", f"--include={files}"]
    suite = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", f"not ({LEFT_OUT})", *TESTS]
    ran = coverage("run", *measured, *suite)
    assert ran.returncode == 0, ran.stdout[-3_000:]
    told = coverage("json", measured[0], "-o", str(folder / "told"))
    assert told.returncode == 0, told.stdout
    files_seen: dict[str, Any] = json.loads((folder / "told").read_text())["files"]
    return files_seen


def coverage(*words: str) -> subprocess.CompletedProcess[str]:
    """Coverage's own command, in the checkout."""
    command = [sys.executable, "-m", "coverage", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def path_of(name: str) -> Path:
    """The file of a module, from the checkout's top."""
    return Path(name.replace(".", "/") + ".py")


def last_line_of(path: Path) -> int:
    """Where the core ends in a file."""
    if str(path) not in ENDS_WITH:
        return sys.maxsize
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name == ENDS_WITH[str(path)]:
            return node.end_lineno or 0
    raise AssertionError(f"{path} has no {ENDS_WITH[str(path)]}")


@pytest.mark.parametrize("name", CORE)
def test_every_line_and_branch_of_the_core_is_walked(walked, name):
    """What no test reaches is not known to be equal in machine code: it goes, or gets its test."""
    path = path_of(name)

    seen, last = walked[str(path)], last_line_of(path)

    assert [line for line in seen["missing_lines"] if line <= last] == []
    assert [branch for branch in seen["missing_branches"] if abs(branch[0]) <= last] == []
    assert seen["summary"]["covered_lines"] > 0
