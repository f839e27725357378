"""What do tests share: where reference material lies, and the core built once a run."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.core import load_native
from engine.environment import ALIASES, NOT_READ, OURS, PREFIX
from engine.secrets.mode import MODE

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("SUPREME_SHARED", ROOT.parent / "shared"))
# Tests say themselves what they spawn an engine with: what configures the caller's does not count.
for name in set(os.environ) - set(OURS):
    if name.startswith((PREFIX, MODE, *ALIASES, *NOT_READ)):
        del os.environ[name]


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real market data and oracle values; absent on most machines, and then the test says so."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"needs reference material in {SHARED} (set SUPREME_SHARED to its folder)")
    return SHARED


@pytest.fixture(scope="session")
def native() -> Any:
    """The core of these sources as machine code, built once; without a compiler the test says so.

    Built in a process of its own: a build replaces the plain functions where it runs.
    """
    command = [sys.executable, "-m", "engine.compile"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if "cannot be built" in done.stderr:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    return load_native()
