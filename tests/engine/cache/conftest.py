"""What do the tests of the lower tiers share? Servers of their own, started once a file."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from validators import postgres_server, redis_server


@pytest.fixture(scope="module")
def redis_there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis_server.Server]:
    """A real Redis; where there is none the test says so."""
    pytest.importorskip("hiredis", reason="needs hiredis: .venv/bin/pip install '.[cache]'")
    if why := redis_server.absent():
        pytest.skip(why)
    with redis_server.running(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def postgres_there() -> Iterator[postgres_server.Server]:
    """A real PostgreSQL; where there is none the test says so."""
    pytest.importorskip("asyncpg", reason="needs asyncpg: .venv/bin/pip install '.[service]'")
    if why := postgres_server.absent():
        pytest.skip(why)
    # Not a folder of the test's: those are closed to PostgreSQL's own user.
    with TemporaryDirectory() as folder, postgres_server.running(Path(folder)) as server:
        yield server
