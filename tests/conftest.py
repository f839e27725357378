"""What do tests share: where reference material lies, and the core built once a run."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("SUPREME_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real market data and oracle values; absent on most machines, and then the test says so."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"needs reference material in {SHARED} (set SUPREME_SHARED to its folder)")
    return SHARED
