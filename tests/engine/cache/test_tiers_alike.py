"""Do Redis, SQLite and PostgreSQL keep the same promises? The same steps held against one model."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.engine.cache.keeping_rows import CALM, Clock, Heard, entry_of, now_ms, row_of, value_of

pytest.importorskip("msgspec", reason="needs msgspec: .venv/bin/pip install '.[cache]'")

from engine.cache.redis import Redis
from engine.cache.redis_address import address_of
from engine.cache.redis_tier import RedisTier
from engine.cache.store import Sqlite, SqliteTier
from engine.cache.store_postgres import Postgres, PostgresTier
from engine.cache.tier import ENTRY_BYTES_MAX, KEY_BYTES_MAX, Row, Tier
from engine.cache.values import MISSING, REVOKED, Codec

CODEC: Codec[Any] = Codec("any", object)
Opened = Callable[[str, Clock], Any]
Rule = Callable[[Tier, Clock], Awaitable[None]]


@asynccontextmanager
async def in_redis(url: str, clock: Clock) -> AsyncIterator[Tier]:
    """An empty namespace there."""
    redis = Redis(address_of(url), Heard(), random.Random(1).random, CALM)
    assert await redis.start()
    tier = RedisTier(redis, "any", clock, str)
    await redis.ask([("FLUSHALL",)], tier.tally)
    yield tier
    await redis.close()


@asynccontextmanager
async def in_sqlite(path: str, clock: Clock) -> AsyncIterator[Tier]:
    """An empty namespace there."""
    store = Sqlite(path, Heard(), clock)
    yield SqliteTier(store, "any")
    store.close()


@asynccontextmanager
async def in_postgres(url: str, clock: Clock) -> AsyncIterator[Tier]:
    """An empty namespace there."""
    import asyncpg

    link = await asyncpg.connect(url)
    await link.execute("DROP SCHEMA IF EXISTS supreme_cache CASCADE")
    await link.close()
    draw = random.Random(1).random
    store = Postgres(lambda: asyncpg.connect(url), "here", Heard(), draw, CALM)
    assert await store.start()
    yield PostgresTier(store, "any", clock)
    await store.close()


@pytest.fixture(params=["redis", "sqlite", "postgres"])
def holds(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Rule], None]:
    """Hold a rule against one of them."""
    kind = request.param
    openings: dict[str, Opened] = {
        "redis": in_redis, "sqlite": in_sqlite, "postgres": in_postgres
    }  # fmt: skip
    where = str(tmp_path / "cache.sqlite")
    if kind != "sqlite":
        where = request.getfixturevalue(f"{kind}_there").url

    def hold(rule: Rule) -> None:
        async def work() -> None:
            clock = Clock(now_ms())
            async with openings[kind](where, clock) as tier:
                await rule(tier, clock)
                assert tier.stats()["errors"] == 0
                assert tier.stats()["breaker_state"] == "closed"

        asyncio.run(work())

    return hold


async def values(tier: Tier, *keys: str) -> list[Any]:
    """What is kept under them."""
    found = await tier.get_many(keys)
    return [value_of(CODEC, key, one) for key, one in zip(keys, found, strict=True)]


def test_what_is_set_is_found_and_what_is_deleted_is_not(holds):
    """One key, many, none; keys and values of every kind."""

    async def rule(tier, _clock):
        keys = ["", "a b", "ключ", "k:1#", "'; drop table cache_entries; --", "k" * KEY_BYTES_MAX]
        assert await tier.set_many([row_of(CODEC, key, [key, None]) for key in keys]) == []
        assert await values(tier, *keys, "other") == [*[[key, None] for key in keys], None]
        assert await values(tier, keys[2], keys[2]) == [[keys[2], None]] * 2
        await tier.delete_many([*keys[1:], "other"])
        assert await values(tier, *keys) == [["", None], *[None] * 5]
        assert await tier.get_many([]) == []
        assert await tier.set_many([]) == []
        await tier.delete_many([])

    holds(rule)


def test_only_a_newer_version_replaces(holds):
    """The others are named; within one batch the newest of a key counts."""

    async def rule(tier, _clock):
        assert await tier.set_many([row_of(CODEC, "k", "five", 5), row_of(CODEC, "l", 1, 1)]) == []
        assert await tier.set_many(
            [row_of(CODEC, "k", "four", 4), row_of(CODEC, "l", 2, 2), row_of(CODEC, "k", "5", 5)]
        ) == ["k"]
        assert await values(tier, "k", "l") == ["five", 2]
        rows = [row_of(CODEC, "m", version, version) for version in (3, 9, 6)]
        assert await tier.set_many(rows) == []
        assert await values(tier, "m") == [9]

    holds(rule)


def test_a_revoked_key_keeps_older_loads_out_until_it_is_dead(holds):
    """Across processes, and only for so long."""

    async def rule(tier, _clock):
        entry = entry_of(REVOKED, 7, ttl_ms=60_000)
        await tier.set_many([Row("k", 7, entry.hard_ms, CODEC.pack("k", entry))])
        assert await tier.set_many([row_of(CODEC, "k", "late", 6)]) == ["k"]
        assert await values(tier, "k") == [None]
        assert await tier.set_many([row_of(CODEC, "k", "anew", 8)]) == []
        assert await values(tier, "k") == ["anew"]

    holds(rule)


def test_what_is_known_missing_is_kept_like_a_value(holds):
    """With its own, shorter time."""

    async def rule(tier, _clock):
        entry = entry_of(MISSING, 1, ttl_ms=1_000)
        await tier.set_many([Row("k", 1, entry.hard_ms, CODEC.pack("k", entry))])
        (found,) = await tier.get_many(["k"])
        known = CODEC.unpack("k", found, now_ms())
        assert known is not None
        assert known.value is MISSING

    holds(rule)


def test_beyond_the_bounds_nothing_is_kept(holds):
    """Too long an entry or key, or one that is dead already."""

    async def rule(tier, clock):
        await tier.set_many([row_of(CODEC, "k", "x" * ENTRY_BYTES_MAX)])
        await tier.set_many([row_of(CODEC, "k" * (KEY_BYTES_MAX + 1), 1)])
        await tier.set_many([row_of(CODEC, "l", 1, at_ms=clock.now_ms - 60_000)])
        await tier.set_many([row_of(CODEC, "m", "x" * (ENTRY_BYTES_MAX - 100))])
        found = await values(tier, "k", "l", "m")
        assert [one is not None for one in found] == [False, False, True]
        assert (tier.stats()["refused"], tier.stats()["sets"]) == (2, 1)

    holds(rule)


def test_a_thousand_at_once_of_many_callers(holds):
    """Each gets its own; whoever gives up disturbs nobody."""

    async def rule(tier, _clock):
        await tier.set_many([row_of(CODEC, f"k{n}", n) for n in range(700)])
        tasks = [asyncio.create_task(values(tier, f"k{n}", f"k{n + 1}")) for n in range(1_000)]
        await asyncio.sleep(0)
        for task in tasks[::7]:
            task.cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        for n, one in enumerate(found):
            if n % 7 == 0 and not isinstance(one, list):
                continue
            assert one == [n if n < 700 else None, n + 1 if n < 699 else None]
        assert await values(tier, "k5") == [5]

    holds(rule)


def test_random_steps_against_a_model(holds):
    """Sets of any version, deletes and reads in batches of any size."""

    async def rule(tier, _clock):
        draw = random.Random(21)
        keys, kept = [f"k{n}" for n in range(30)], dict[str, int]()
        for _ in range(400):
            some, act = draw.sample(keys, draw.randint(1, 8)), draw.random()
            if act < 0.45:
                rows = [row_of(CODEC, key, v, v) for key in some for v in [draw.randrange(1, 60)]]
                late = {row.key for row in rows if kept.get(row.key, -1) >= row.version}
                assert set(await tier.set_many(rows)) == late
                kept.update({row.key: row.version for row in rows if row.key not in late})
            elif act < 0.6:
                await tier.delete_many(some)
                for key in some:
                    kept.pop(key, None)
            assert await values(tier, *some) == [kept.get(key) for key in some]

    holds(rule)
