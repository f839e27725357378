"""How do tests ask `supreme doctor`, and what do they find?"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.supreme_cli import terminals

ROOT = Path(__file__).resolve().parents[2]


def supreme(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`supreme doctor` with these words, away from any terminal."""
    return subprocess.run(
        [sys.executable, "-m", "supreme_cli", "doctor", *words],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def checked(directory: Path, **environment: str) -> dict[str, dict[str, str]]:
    """Each check's findings in a data directory; the exit code is the worst of them."""
    ended = supreme("--data-dir", str(directory), "--json", **environment)
    said: dict[str, Any] = json.loads(ended.stdout)
    found = {check["check"]: check for check in said["checks"]}
    failed = "fail" in {check["verdict"] for check in found.values()}
    assert (ended.returncode, ended.stderr) == (int(failed), "")
    assert (said["verdict"] == "fail") == failed
    return found


def on_terminal(directory: Path, **environment: str) -> str:
    """What a terminal shows of it."""
    return terminals.on_terminal("doctor", "--data-dir", str(directory), **environment)[1]
