"""Does the tier in PostgreSQL get over whatever befalls a server, and bring no old value back?"""

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import chain, count, takewhile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.engine.cache.keeping_rows import CALM, SHORT, Heard, now_ms, row_of, until, value_of
from tests.engine.cache.lanes import CODEC, Above, Lane

pytest.importorskip("msgspec", reason="needs msgspec: .venv/bin/pip install '.[cache]'")
pytest.importorskip("asyncpg", reason="needs asyncpg: .venv/bin/pip install '.[service]'")

import asyncpg

from engine.cache.keeping import Patience
from engine.cache.store_postgres import PRUNED_AT_ONCE, SCHEMA, Postgres, PostgresTier
from engine.cache.store_tables import VERSION
from engine.cache.tier import BACK, LOST
from validators import postgres_server
from validators.degrade.proxy import BLACKHOLE, LATENCY, RESET, TRUNCATE, Fault, Proxy
from validators.postgres_server import Server

LASTS_S, PACE_S = 0.3, 0.005
LINE_FAULTS = (Fault(RESET), Fault(TRUNCATE, 2_000), Fault(BLACKHOLE), Fault(LATENCY, 0.02))
ACTS = ("crash", "freeze", *LINE_FAULTS)


@asynccontextmanager
async def tier_at(
    url: str, patience: Patience = CALM
) -> AsyncIterator[tuple[PostgresTier, Postgres, Heard]]:
    """A namespace there, which may be down."""
    told = Heard()
    store = Postgres(lambda: asyncpg.connect(url), "here", told, random.Random(1).random, patience)
    await store.start()
    yield PostgresTier(store, "any", now_ms), store, told
    await store.close()


@pytest.fixture
def line() -> Iterator[tuple[Server, Proxy]]:
    """A server behind a line that can be made bad."""
    if why := postgres_server.absent():
        pytest.skip(why)
    with (
        TemporaryDirectory() as folder,
        postgres_server.running(Path(folder)) as server,
        Proxy(f"{folder}/.s.PGSQL.{server.port}") as proxy,
    ):
        yield server, proxy


def url_of(proxy: Proxy) -> str:
    """Through the line."""
    return f"postgresql://{postgres_server.OWNER}:hush-hush@127.0.0.1:{proxy.port}/postgres"


async def break_it(act: str | Fault, server: Server, proxy: Proxy) -> None:
    """One fault from its beginning to its end."""
    if isinstance(act, Fault):
        proxy.set(act)
        await asyncio.sleep(LASTS_S)
        proxy.set(Fault())
    elif act == "freeze":
        server.freeze()
        await asyncio.sleep(LASTS_S)
        server.thaw()
    else:
        await asyncio.to_thread(server.stop, signal.SIGQUIT)
        await asyncio.to_thread(server.start)


async def trial(server: Server, proxy: Proxy, operations: int) -> tuple[list[Lane], Heard]:
    """Mixed operations while one fault follows another."""
    async with tier_at(url_of(proxy), SHORT) as (_, store, told):
        lanes = [Lane(n, PostgresTier(store, "any", now_ms), Above()) for n in range(4)]

        async def breaks() -> None:
            for act in ACTS:
                await break_it(act, server, proxy)
                await until(lambda: store.is_connected, "it is connected")
                await asyncio.sleep(0.1)

        breaking = asyncio.create_task(breaks())
        left = iter(range(operations))

        async def go_on(lane: Lane) -> None:
            for _ in chain(left, takewhile(lambda _: not breaking.done(), count())):
                await lane.step()
                await asyncio.sleep(PACE_S)

        await asyncio.gather(*map(go_on, lanes))
        await breaking
        await until(lambda: store.is_connected, "it is connected")
        for lane in lanes:
            await lane.mend()
        return lanes, told


def test_no_fault_ever_makes_a_wrong_value(line):
    """Crashed, frozen, cut, silent and slow: what is found is right, and never older than known."""
    server, proxy = line

    lanes, told = asyncio.run(trial(server, proxy, 1_000))

    assert sum(lane.hits for lane in lanes) > 100
    assert sum(lane.unconfirmed for lane in lanes) > 5
    assert set(told.words) == {LOST, BACK}


def test_a_database_down_is_answered_for_at_once(line):
    """No waits and one word; found again by itself."""
    server, proxy = line

    async def work():
        async with tier_at(url_of(proxy), SHORT) as (tier, store, told):
            await tier.set_many([row_of(CODEC, "k", 1)])
            await asyncio.to_thread(server.stop, signal.SIGQUIT)
            began = time.monotonic()
            for _ in range(1_000):
                assert await tier.get_many(["k"]) == [None]
                assert await tier.set_many([row_of(CODEC, "k", 1)]) == []
            assert time.monotonic() - began < 1.0
            await until(lambda: told.words == [LOST], "it is told")
            await asyncio.to_thread(server.start)
            await until(lambda: store.is_connected, "it is connected")
            for _ in range(4):  # and a crash has emptied it, rather than lose the newest alone
                assert await tier.get_many(["k"]) == [None]
            assert told.words == [LOST, BACK]
            assert tier.tally.errors >= 1_990
            assert "hush-hush" not in str(told) + str(tier.stats())

    asyncio.run(work())


def test_a_frozen_database_costs_one_answers_time(line):
    """All that wait then are told together; the connection is another one afterwards."""
    server, proxy = line

    async def work():
        async with tier_at(url_of(proxy), SHORT) as (tier, store, _):
            server.freeze()
            began = time.monotonic()
            found = await asyncio.gather(*[tier.get_many(["k"]) for _ in range(500)])
            lasted = time.monotonic() - began
            server.thaw()
            assert found == [[None]] * 500
            assert lasted < 3 * SHORT.answer_s
            await until(lambda: store.connects == 2, "it is connected again")

    asyncio.run(work())


def test_tables_are_made_dropped_and_left_alone_by_their_version(postgres_there):
    """Two at once make one schema; an older is made anew; one of a newer supreme is not touched."""

    async def work():
        url = postgres_there.url
        link = await asyncpg.connect(url)
        await link.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        async with tier_at(url) as (one, _, _), tier_at(url) as (other, _, _):
            await one.set_many([row_of(CODEC, "k", 1)])
            assert value_of(CODEC, "k", (await other.get_many(["k"]))[0]) == 1
            assert await other.set_many([row_of(CODEC, "k", 0, 0)]) == ["k"]
        await link.execute(f"UPDATE {SCHEMA}.cache_version SET version = {VERSION - 1}")
        async with tier_at(url) as (tier, store, _):
            assert await tier.get_many(["k"]) == [None]
            await tier.set_many([row_of(CODEC, "k", 2)])
            # Whoever drops the tables has them made again.
            await link.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
            assert await tier.get_many(["k"]) == [None]
            await until(lambda: store.connects == 2, "it is connected again")
            await tier.set_many([row_of(CODEC, "k", 3)])
        await link.execute(f"UPDATE {SCHEMA}.cache_version SET version = {VERSION + 1}")
        async with tier_at(url) as (tier, store, told):
            assert await tier.get_many(["k"]) == [None]
            assert not store.is_connected
            assert [(turn.what, "version" in turn.why) for turn in told] == [(LOST, True)]
        assert await link.fetchval(f"SELECT count(*) FROM {SCHEMA}.cache_entries") == 1
        await link.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
        await link.close()

    asyncio.run(work())


def test_more_than_may_wait_is_answered_at_once(postgres_there):
    """Nothing is there for them, it is counted, and it is no failure; who gives up still counts."""

    async def work():
        async with tier_at(postgres_there.url, CALM._replace(waiting_max=20)) as (tier, store, _):
            await tier.set_many([row_of(CODEC, "k", 1)])
            asked = [asyncio.create_task(tier.get_many(["k"])) for _ in range(50)]
            await asyncio.sleep(0)
            for one in asked[:20:2]:
                one.cancel()
            found = await asyncio.gather(*asked, return_exceptions=True)
            values = [value_of(CODEC, "k", one[0]) for one in found if isinstance(one, list)]
            assert values == [*[1] * 10, *[None] * 30]
            assert (tier.tally.refused, store.breaker.state) == (30, "closed")
            assert await tier.get_many(["k"]) != [None]
            assert (store.waiting, store.connects) == (0, 1)

    asyncio.run(work())


def test_a_slow_database_makes_nobody_wait_long(line):
    """Whose turn comes too late is answered without it, and the breaker stays closed."""
    server, proxy = line
    assert server.answer("SELECT 1") == "1"

    async def work():
        async with tier_at(url_of(proxy), SHORT) as (tier, _, _):
            assert await tier.get_many(["k"]) == [None]
            proxy.set(Fault(LATENCY, SHORT.answer_s / 6))
            began = time.monotonic()
            found = await asyncio.gather(*[tier.get_many(["k"]) for _ in range(200)])
            lasted = time.monotonic() - began
            proxy.set(Fault())
            assert found == [[None]] * 200
            assert lasted < 20 * SHORT.answer_s  # in turns it would take three times as long
            assert tier.tally.refused > 100
            seen = tier.tally
            assert seen.misses + seen.errors + seen.refused == 201

    asyncio.run(work())


def test_a_mistake_of_ours_is_a_crash():
    """What is no failure of the database ends the start, and does not wait for ever."""

    async def connect() -> None:
        raise LookupError("ours")

    async def work():
        store = Postgres(connect, "here", Heard(), random.Random(1).random, SHORT)
        with pytest.raises(LookupError, match="ours"):
            await store.start()

    asyncio.run(work())


def test_dead_rows_are_pruned_in_steps(postgres_there):
    """So many at a time and no more; what lives stays."""

    async def work():
        async with tier_at(postgres_there.url) as (tier, store, _):
            while await store.prune(1 << 52):
                pass  # what other tests left
            rows = [row_of(CODEC, f"k{n}", n) for n in range(1_201)]
            await tier.set_many(rows)
            later = rows[0].dead_at_ms + 10_000
            await tier.set_many([row_of(CODEC, "k0", "anew", 2, at_ms=later)])
            pruned = [await store.prune(later) for _ in range(4)]
            assert pruned == [PRUNED_AT_ONCE, PRUNED_AT_ONCE, 200, 0]
            assert (await tier.get_many(["k0"]))[0] is not None

    asyncio.run(work())


def test_a_request_that_is_refused_is_no_failure(postgres_there):
    """A key that PostgreSQL has no letters for is counted, and the connection stays."""

    async def work():
        async with tier_at(postgres_there.url) as (tier, store, _):
            for _ in range(10):
                assert await tier.get_many(["a\0b"]) == [None]
            await tier.set_many([row_of(CODEC, "a\0b", 1)])
            assert (tier.tally.refused, store.connects, store.breaker.state) == (11, 1, "closed")

    asyncio.run(work())
