"""What do the service's tests follow? Journals of real engines, made once a session."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.engine.service.keeping import run
from validators import postgres_server
from validators.degrade.market import trades_file
from validators.postgres_server import Server

TRADES = 24_000  # some two and a half hours of market


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record file of simulated trades."""
    return trades_file(tmp_path_factory.mktemp("market") / "eth.records", TRADES, seed=1)


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory, market: Path, native: Any) -> Path:
    """The data directory of an engine that lived twice and entered at the market."""
    place = tmp_path_factory.mktemp("lived") / "data"
    run(place, market, "--for", "0.4")
    run(place, market)
    return place


@pytest.fixture(scope="session")
def rested(tmp_path_factory: pytest.TempPathFactory, market: Path, native: Any) -> Path:
    """One whose entries rest in the book, are canceled there, and soon denied."""
    place = tmp_path_factory.mktemp("rested") / "data"
    limits = ("orders.entry=limit", "orders.limit_seconds=2", "breakers.drawdown_half=0.001")
    more = ("breakers.drawdown_conservative=0.001", "breakers.drawdown_stop=0.0011")
    run(place, market, *(word for change in (*limits, *more) for word in ("--set", change)))
    return place


@pytest.fixture
def place(lived: Path, tmp_path: Path) -> Path:
    """A data directory of one's own with the first engine's journal and log."""
    for name in ("journal", "log"):
        shutil.copytree(lived / name, tmp_path / "data" / name)
    return tmp_path / "data"


@pytest.fixture(scope="module")
def there() -> Iterator[Server]:
    """A PostgreSQL of these tests' own, which they may stop."""
    if why := postgres_server.absent():
        pytest.skip(why)
    # A short path: it is that of a socket.
    with TemporaryDirectory() as folder, postgres_server.running(Path(folder)) as one:
        yield one
