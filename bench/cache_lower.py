"""How long does a hit in the cache's lower tiers take, beside clients that others use?

One caller, one key after another, keys at random among ten thousand of 200 bytes; wall time, for
most of it is waiting. All ways take turns in one run, and a figure is the median of the rounds'
own. The servers are ours, on unix sockets, and rest between two questions.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from bench.figures import Absent, Figure
from bench.measuring import cpu_ns, median, no_collection, percentile
from engine.cache.keeping import Patience
from engine.cache.redis import Redis
from engine.cache.redis_address import address_of
from engine.cache.redis_tier import PREFIX, RedisTier
from engine.cache.store import Sqlite, SqliteTier
from engine.cache.store_postgres import Postgres, PostgresTier
from engine.cache.tier import Row, Tier
from engine.cache.values import Codec, Entry
from validators import postgres_server, redis_server

KEYS, VALUE = 10_000, b"x" * 200
ROUNDS, HITS, BATCH = 15, 200, 100
REDIS_MAX_US, REDIS_AIM_US, SQLITE_MAX_US, POSTGRES_MAX_US = 100.0, 30.0, 10.0, 200.0
TTL_MS = 3_600_000
PACKAGES = ("asyncio", "msgspec", "hiredis", "sqlite3", "asyncpg", "redis.asyncio")
Hit = Callable[[str], Awaitable[object]]
Ways = dict[str, Hit]

COST = """
import os, sys, time
def mb(): return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
{before}
was, began = mb(), time.process_time()
{words}
print((time.process_time() - began) * 1e3, mb() - was)
"""


class Clients(NamedTuple):
    """Our tiers, and the same servers' usual clients."""

    redis: RedisTier
    sqlite: SqliteTier
    postgres: PostgresTier | None
    peer: Any
    peer_sync: Any


def figures() -> list[Figure]:
    """Hits, batches and writes of all tiers; what they cost to load."""
    if why := redis_server.absent():
        raise Absent(why)
    try:
        import hiredis
        import msgspec
        import redis
    except ImportError as error:
        raise Absent(f"needs {error.name}: .venv/bin/pip install '.[test]'") from error
    del hiredis, msgspec, redis
    with no_collection():
        found = asyncio.run(measured())
    return [*found, *packing(), *loading()]


async def measured() -> list[Figure]:
    """All that needs the servers."""
    async with clients() as there:
        hits = {name: list[list[int]]() for name in ways(there)}
        batches = {name: list[float]() for name in many(there)}
        draw = Random(1)
        for _ in range(ROUNDS):
            for name, hit in ways(there).items():
                hits[name].append(await timed(hit, draw))
            for name, work in many(there).items():
                began = time.perf_counter_ns()
                each = await work(draw)
                batches[name].append((time.perf_counter_ns() - began) / each / 1e3)
    return [*(hit_row(name, rounds) for name, rounds in hits.items()),
            *(Figure(name, f"{sorted(us)[len(us) // 2]:.1f} us each, best {min(us):.1f}")
              for name, us in batches.items())]  # fmt: skip


LIMITS = {
    "L2, Redis: one multiplexed connection": REDIS_MAX_US,
    "L3, SQLite: on the loop's thread": SQLITE_MAX_US,
    "L3, PostgreSQL: prepared": POSTGRES_MAX_US,
}


def ways(there: Clients) -> Ways:
    """A hit, each way."""
    ours, sqlite, postgres = LIMITS

    async def at_once(key: str) -> object:
        return there.sqlite.get(key)

    async def peer_sync(key: str) -> object:
        return there.peer_sync.get(f"{PREFIX}any:{key}")

    found: Ways = {
        ours: lambda key: there.redis.get_many([key]),
        "  redis-py's asyncio client, a single connection": lambda key: there.peer.get(
            f"{PREFIX}any:{key}"
        ),
        "  redis-py's sync client": peer_sync,
        sqlite: at_once,
        "  the same awaited": lambda key: there.sqlite.get_many([key]),
    }
    if there.postgres is not None:
        found[postgres] = lambda key, tier=there.postgres: tier.get_many([key])
    return found


def many(there: Clients) -> dict[str, Callable[[Random], Awaitable[int]]]:
    """What is done for many keys at once; each gives how many."""
    found: dict[str, Callable[[Random], Awaitable[int]]] = {}
    tiers: dict[str, Tier | None] = {
        "L2, Redis": there.redis, "L3, SQLite": there.sqlite, "L3, PostgreSQL": there.postgres,
    }  # fmt: skip
    for name, tier in tiers.items():
        if tier is None:
            continue
        found[f"{name}: get_many of {BATCH}"] = lambda draw, tier=tier: gets(tier, draw)
        found[f"{name}: {BATCH} callers at once"] = lambda draw, tier=tier: gathered(tier, draw)
        found[f"{name}: set_many of {BATCH}, versions compared"] = lambda draw, tier=tier: sets(
            tier, draw, BATCH
        )
        found[f"{name}: set_many of one"] = lambda draw, tier=tier: sets(tier, draw, 1)

    async def plain(draw: Random) -> int:
        await there.peer.set(f"plain:{draw.randrange(KEYS)}", VALUE, px=TTL_MS)
        return 1

    return {**found, "  redis-py's asyncio client: a plain SET": plain}


async def gets(tier: Tier, draw: Random) -> int:
    """One batch."""
    await tier.get_many([key_of(draw) for _ in range(BATCH)])
    return BATCH


async def gathered(tier: Tier, draw: Random) -> int:
    """As many callers with one key each."""
    await asyncio.gather(*[tier.get_many([key_of(draw)]) for _ in range(BATCH)])
    return BATCH


async def sets(tier: Tier, draw: Random, most: int) -> int:
    """Newer versions of some keys."""
    version = time.time_ns()
    rows = [row_of(f"k{draw.randrange(KEYS)}", version) for _ in range(most)]
    await tier.set_many(rows)
    return most


async def timed(hit: Hit, draw: Random) -> list[int]:
    """Nanoseconds of one hit after another."""
    taken = []
    for _ in range(HITS):
        key = key_of(draw)
        began = time.perf_counter_ns()
        found = await hit(key)
        taken.append(time.perf_counter_ns() - began)
        assert found not in (None, [None])
    return taken


def hit_row(name: str, rounds: list[list[int]]) -> Figure:
    """The median of the rounds' medians against its limit."""
    middles = [median(taken) / 1e3 for taken in rounds]
    p50, late = sorted(middles)[len(middles) // 2], median([percentile(r, 0.99) for r in rounds])
    limit = LIMITS.get(name)
    aim = f", aim {REDIS_AIM_US:.0f}" if limit == REDIS_MAX_US else ""
    return Figure(
        f"{name}, a hit",
        f"p50 {p50:.1f} us, p99 {late / 1e3:.1f}, best {min(middles):.1f}",
        f"p50 <= {limit:.0f} us{aim}" if limit else "",
        p50 <= limit if limit else None,
    )


def key_of(draw: Random) -> str:
    """One of those that are kept."""
    return f"k{draw.randrange(KEYS)}"


def now_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000


def row_of(key: str, version: int) -> Row:
    """An entry of the usual size."""
    entry = Entry(VALUE, version, now_ms() + TTL_MS, now_ms() + TTL_MS)
    return Row(key, version, entry.hard_ms, codec().pack(key, entry))


@cache
def codec() -> Codec[bytes]:
    """What packs them."""
    return Codec("any", bytes)


@asynccontextmanager
async def clients() -> AsyncIterator[Clients]:
    """Servers in folders of their own, filled and connected to."""
    import redis
    import redis.asyncio

    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="supreme-bench-")))
        server = stack.enter_context(redis_server.running(folder))
        shared = Redis(address_of(server.url), print, Random(1).random, Patience(answer_s=5.0))
        await shared.start()
        file = Sqlite(str(folder / "cache.sqlite"), print, now_ms)
        place = str(server.place)
        there = Clients(
            RedisTier(shared, "any", now_ms, str),
            SqliteTier(file, "any"),
            await database(stack),
            redis.asyncio.Redis(unix_socket_path=place, single_connection_client=True),
            redis.Redis(unix_socket_path=place),
        )
        for tier in (there.redis, there.sqlite, there.postgres):
            if tier is not None:
                await tier.set_many([row_of(f"k{n}", 1) for n in range(KEYS)])
        yield there
        await there.peer.aclose()
        there.peer_sync.close()
        await shared.close()
        file.close()


async def database(stack: AsyncExitStack) -> PostgresTier | None:
    """A PostgreSQL of our own, where there is one."""
    if postgres_server.absent():
        return None
    import asyncpg

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pg-")))
    server = stack.enter_context(postgres_server.running(folder))
    patience = Patience(connect_s=10.0, answer_s=10.0)
    store = Postgres(lambda: asyncpg.connect(server.url), "", print, Random(1).random, patience)
    await store.start()
    stack.push_async_callback(store.close)
    return PostgresTier(store, "any", now_ms)


def packing() -> list[Figure]:
    """What an entry costs on its way down and up."""
    row, times = row_of("k1", 1), 20_000
    entry = Entry(VALUE, 1, now_ms() + TTL_MS, now_ms() + TTL_MS)
    pack, unpack, at_ms = codec().pack, codec().unpack, now_ms()
    down = cpu_ns(lambda: [pack("k1", entry) for _ in range(times)]) / times / 1e3
    up = cpu_ns(lambda: [unpack("k1", row.entry, at_ms) for _ in range(times)]) / times / 1e3
    return [
        Figure(f"an entry of {len(VALUE)} bytes packed / unpacked", f"{down:.1f} / {up:.1f} us")
    ]


def loading() -> list[Figure]:
    """What each package costs a process that asks for it, above asyncio where it needs that."""
    rows = []
    for name in PACKAGES:
        before = "" if name in ("asyncio", "sqlite3") else "import asyncio"
        script = COST.format(before=before, words=f"import {name}")
        runs = [subprocess.check_output([sys.executable, "-c", script]) for _ in range(5)]
        ms, mb = (
            sorted(each)[2] for each in zip(*[map(float, r.split()) for r in runs], strict=True)
        )
        rows.append(Figure(f"import {name}", f"{ms:.1f} ms of processor time, {mb:.1f} MB"))
    return rows
