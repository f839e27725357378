"""What do these tests start from: one engine a session, and what it shows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tui.screens import a_view, an_engine
from tui.seen import View


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, native: Any) -> Iterator[Path]:
    """The data directory of an engine that trades."""
    folder = tmp_path_factory.mktemp("engine")
    with an_engine(folder):
        a_view(folder)
        yield folder


@pytest.fixture
def view(place: Path) -> View:
    """What that engine shows now."""
    return a_view(place)
