"""Where do engines under trial live? In memory, where there is room for files there.

What a power cut leaves is rebuilt from the calls, so no sync needs to reach a disk.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from validators.crash.explorer import in_memory


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder of the test's own."""
    with in_memory() as folder:
        yield Path(folder)
