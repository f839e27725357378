"""What do tests of commands on a running engine share?"""

from pathlib import Path

import pytest

from tests.acceptance.running import ended, supreme


@pytest.fixture
def place(tmp_path: Path):
    """The data directory of an engine that runs, at ten minutes a second."""
    folder = tmp_path / "data"
    done = supreme("up", "--no-console", "--data-dir", str(folder), "--speed", "600")
    assert done.returncode == 0, done.stderr
    yield folder
    ended(folder)
