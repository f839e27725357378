"""Does the pool work over real connections: TCP ones, and PostgreSQL's?"""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Refused
from engine.resilience.pool import Pool
from engine.resilience.pool_shell import Acts, AsyncPool, room
from engine.resilience.settings import Backoff, PoolSettings
from tests.engine.resilience.echo import Echo, Wire
from validators import postgres_server

SMALL = PoolSettings(1, 3, 0.3, adaptive_scaling=False)
SOON = Backoff(base_delay_ms=5, max_delay_ms=20)
LIMIT_S = 30.0


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """A story in an event loop; one that hangs fails."""
    asyncio.run(asyncio.wait_for(story(), LIMIT_S))


@asynccontextmanager
async def pool_of(echo: Echo, settings: PoolSettings = SMALL) -> AsyncIterator[AsyncPool[Wire]]:
    """An open pool of connections to an echo."""
    acts = Acts(echo.connect, Wire.ask, Wire.close)
    pool = AsyncPool("echo", Pool(settings, SOON), acts)
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close()


def test_connections_are_used_again():
    """Twenty calls one after another need one connection."""

    async def story() -> None:
        async with Echo.there() as echo, pool_of(echo) as pool:
            for _ in range(20):
                async with pool.lent() as wire:
                    await wire.ask()
            assert echo.accepted == 1
            assert pool.policy.metrics()["lent"] == 20

    run(story)


def test_many_at_once_share_the_most_there_may_be():
    """Twenty calls at once go over three connections, one at a time over each."""

    async def story() -> None:
        async with Echo.there() as echo, pool_of(echo) as pool:
            inside = most = 0

            async def call() -> None:
                nonlocal inside, most
                async with pool.lent() as wire:
                    inside += 1
                    most = max(most, inside)
                    await wire.ask()
                    inside -= 1

            await asyncio.gather(*(call() for _ in range(20)))
            assert (echo.accepted, most) == (3, 3)

    run(story)


def test_who_waits_too_long_is_refused_in_two_lines():
    """With the exit code of what timed out; and the pool goes on."""

    async def story() -> None:
        async with Echo.there() as echo, pool_of(echo) as pool:
            async with pool.lent(), pool.lent(), pool.lent():
                with pytest.raises(Refused) as refused:
                    async with pool.lent():
                        pass
            assert refused.value.what == "no connection to echo: none became free in time"
            assert refused.value.code == 5
            async with pool.lent() as wire:
                await wire.ask()

    run(story)


def test_callers_that_are_cancelled_lose_no_connection():
    """While they wait, and in the moment they are served."""

    async def story() -> None:
        async with Echo.there() as echo, pool_of(echo) as pool:

            async def call() -> None:
                async with pool.lent() as wire:
                    await wire.ask()

            for turns in range(30):
                calls = [asyncio.create_task(call()) for _ in range(6)]
                for _ in range(turns):
                    await asyncio.sleep(0)
                for one in calls:
                    one.cancel()
                await asyncio.gather(*calls, return_exceptions=True)
            await asyncio.gather(*(call() for _ in range(6)))
            figures = pool.policy.metrics()
            assert (figures["busy"], figures["waiting"]) == (0, 0)
            assert figures["size"] <= 3

    run(story)


def test_a_connection_cut_while_idle_is_never_lent():
    """The far end closes it; the next caller gets another one and notices nothing."""

    async def story() -> None:
        async with Echo.there() as echo, pool_of(echo) as pool:
            async with pool.lent() as wire:
                await wire.ask()
            await echo.cut()
            async with pool.lent() as wire:
                assert await wire.ask() == b"ping\n"
            assert pool.policy.metrics()["unsound"] == 1

    run(story)


def test_an_error_inside_does_not_spoil_the_next_call():
    """The connection was cut under the caller; who comes next gets a sound one."""

    async def story() -> None:
        async with Echo.there() as echo, pool_of(echo) as pool:

            async def cut_off() -> None:
                async with pool.lent() as wire:
                    await echo.cut()
                    await wire.ask()

            with pytest.raises(ConnectionError):
                await cut_off()
            async with pool.lent() as wire:
                assert await wire.ask() == b"ping\n"

    run(story)


def test_a_dependency_that_returns_serves_those_who_wait():
    """They came while it was away; nobody is refused who is patient enough."""

    async def story() -> None:
        patient = PoolSettings(1, 3, 20.0, adaptive_scaling=False)
        async with Echo.there() as echo, pool_of(echo, patient) as pool:
            await echo.leave()

            async def call() -> bytes:
                async with pool.lent() as wire:
                    return await wire.ask()

            calls = [asyncio.create_task(call()) for _ in range(6)]
            await echo.refused.wait()
            await echo.come_back()
            assert await asyncio.gather(*calls) == [b"ping\n"] * 6

    run(story)


def test_a_closed_pool_leaves_nothing_behind():
    """No task, no open connection; callers are refused."""

    async def story() -> None:
        async with Echo.there() as echo:
            before = asyncio.all_tasks()
            async with pool_of(echo) as pool, pool.lent() as wire:
                await wire.ask()
            with pytest.raises(Refused, match="the pool is closed"):
                async with pool.lent():
                    pass
            assert asyncio.all_tasks() - echo.tasks == before

    run(story)


def test_the_box_says_what_it_has_free():
    """A share of CPU and some memory; on this box both are there."""
    found = room()

    assert 0.0 <= found.cpu_idle <= 1.0
    assert found.memory_mb > 1.0


@pytest.fixture(scope="module")
def server() -> Iterator[postgres_server.Server]:
    """A PostgreSQL of our own; its socket's path must be short."""
    why = postgres_server.absent()
    if why:
        pytest.skip(why)
    with (
        tempfile.TemporaryDirectory(prefix="pg-") as folder,
        postgres_server.running(Path(folder)) as found,
    ):
        yield found


class Postgres:
    """A pool of asyncpg's connections to it."""

    def __init__(self, server: postgres_server.Server) -> None:
        self.server, self.refused = server, asyncio.Event()
        acts: Acts[Any] = Acts(
            self.connect,
            lambda made: made.fetchval("select 1"),
            lambda made: made.close(timeout=1.0),
        )
        self.pool = AsyncPool("postgres", Pool(PoolSettings(1, 3, 20.0), SOON), acts)

    async def connect(self) -> Any:
        """A connection of asyncpg's."""
        import asyncpg

        try:
            return await asyncpg.connect(**self.server.address)
        except OSError:
            self.refused.set()
            raise

    async def answer(self, question: str) -> int:
        """The answer to a question, over a connection of the pool."""
        async with self.pool.lent() as made:
            found: int = await made.fetchval(question)
            return found

    async def pid(self) -> int:
        """Which process of the server answered."""
        return await self.answer("select pg_backend_pid()")


def test_postgres_connections_are_pooled_checked_and_replaced(server):
    """The server ends a connection, then crashes and comes back: callers go on."""
    asyncpg = pytest.importorskip("asyncpg", reason="needs the extra `test`")

    async def story() -> None:
        postgres = Postgres(server)
        await postgres.pool.open()

        first = await postgres.pid()
        assert await postgres.pid() == first
        assert len(set(await asyncio.gather(*(postgres.pid() for _ in range(12))))) <= 3
        os.kill(await postgres.pid(), signal.SIGTERM)
        assert await postgres.pid() > 0
        with pytest.raises(asyncpg.DivisionByZeroError):
            await postgres.answer("select 1 / 0")
        server.stop()
        waiting = asyncio.create_task(postgres.pid())
        await postgres.refused.wait()
        await asyncio.to_thread(server.start)
        assert await waiting > 0
        assert postgres.pool.policy.metrics()["unsound"] >= 2
        await postgres.pool.close()

    run(story)
