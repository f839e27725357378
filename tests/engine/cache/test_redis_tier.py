"""Does a namespace in a real Redis keep what it should, and tell what others change?"""

import asyncio
import random

import pytest

from tests.engine.cache.keeping_rows import (
    SHORT,
    Clock,
    entry_of,
    now_ms,
    row_of,
    run,
)
from tests.engine.cache.processes import CODEC, process, there

pytest.importorskip("msgspec", reason="needs msgspec: .venv/bin/pip install '.[cache]'")
pytest.importorskip("redis", reason="needs redis-py: .venv/bin/pip install '.[test]'")

from engine.cache.redis_tier import PREFIX, RedisTier
from engine.cache.tier import ENTRY_BYTES_MAX, KEY_BYTES_MAX, Row
from engine.cache.values import REVOKED
from engine.errors import Refused


def test_what_is_kept_is_found_with_its_time(redis_there):
    """By one key, by many and by none; Redis forgets it when it is dead."""

    async def work():
        async with process(redis_there) as one:
            rows = [row_of(CODEC, f"k{n}", n) for n in range(1_300)]
            assert await one.tier.set_many(rows) == []
            assert await one.get("k7") == [7]
            keys = [f"k{n}" for n in range(1_400)]
            assert await one.get(*keys) == [*range(1_300), *[None] * 100]
            assert await one.tier.get_many([]) == []
            left = there(redis_there).pttl(f"{PREFIX}any:k7")
            await one.tier.delete_many(["k7", "nothing"])
            assert await one.get("k7", "k8") == [None, 8]
            return left, one.tier.stats()

    left, stats = run(work())

    assert 55_000 < left <= 60_000
    assert (stats["sets"], stats["hits"], stats["misses"]) == (1_300, 1_302, 101)
    assert (stats["errors"], stats["breaker_state"], stats["connects"]) == (0, "closed", 1)


def test_a_late_load_does_not_bring_an_old_value_back(redis_there):
    """Older or equal versions stay out, whatever lies there: a value, or that it was revoked."""

    async def work():
        async with process(redis_there) as one:
            assert await one.set("k", "newer", 1 << 40) == []
            assert await one.set("k", "older", (1 << 40) - 1) == ["k"]
            assert await one.set("k", "as new", 1 << 40) == ["k"]
            assert await one.get("k") == ["newer"]
            entry = entry_of(REVOKED, (1 << 40) + 5)
            gone = Row("k", entry.version, entry.hard_ms, CODEC.pack("k", entry))
            await one.tier.set_many([gone])
            assert await one.set("k", "late", (1 << 40) + 4) == ["k"]
            assert await one.get("k") == [None]
            assert await one.set("k", "anew", (1 << 40) + 6) == []
            assert await one.get("k") == ["anew"]
            assert one.tier.tally.outdated == 3

    run(work())


def test_versions_are_compared_exactly(redis_there):
    """Neighbours far beyond what a double tells apart, against a model."""

    async def work():
        draw, best = random.Random(3), 0
        async with process(redis_there) as one:
            for _ in range(300):
                version = ((1 << 62) + draw.randrange(1 << 33)) if draw.random() < 0.7 else best + 1
                late = await one.set("k", version, version)
                assert late == ([] if version > best else ["k"])
                best = max(best, version)
                assert await one.get("k") == [best]

    run(work())


def test_a_namespace_never_holds_more_than_its_capacity(redis_there):
    """Exactly: what dies soonest goes first, and a neighbour keeps what it has."""

    async def work():
        clock = Clock(now_ms())
        async with process(redis_there, capacity=50, clock=clock) as one:
            other = RedisTier(one.redis, "other", clock, one.heard.append, 50)
            await other.set_many([row_of(CODEC, "k", 1)])
            for n in range(120):
                row = row_of(CODEC, f"k{n}", n, at_ms=clock.now_ms + n)
                await one.tier.set_many([row])
            await one.tier.set_many(
                [row_of(CODEC, f"k{n}", n, at_ms=clock.now_ms + n) for n in range(120, 200)]
            )
            kept = {key.decode() for key in there(redis_there).keys(f"{PREFIX}any:*")}
            assert kept == {f"{PREFIX}any:k{n}" for n in range(150, 200)}
            assert there(redis_there).zcard(f"{PREFIX}any#") == 50
            assert (await other.get_many(["k"]))[0] is not None
            await one.tier.delete_many([f"k{n}" for n in range(150, 160)])
            assert there(redis_there).zcard(f"{PREFIX}any#") == 40
            assert 0 < there(redis_there).pttl(f"{PREFIX}any#") <= 61_000

    run(work())


def test_five_thousand_at_once_share_one_connection(redis_there):
    """Each gets its own, whoever gives up disturbs nobody, and few writes carry them all."""

    async def work():
        draw = random.Random(9)
        async with process(redis_there) as one:
            await one.tier.set_many([row_of(CODEC, f"k{n}", n) for n in range(500)])
            asked = [draw.randrange(700) for _ in range(5_000)]
            tasks = [asyncio.create_task(one.get(f"k{n}")) for n in asked]
            await asyncio.sleep(0)
            given_up = {place for place in range(5_000) if draw.random() < 0.3}
            for place in given_up:
                tasks[place].cancel()
            found = await asyncio.gather(*tasks, return_exceptions=True)
            for place, (n, answer) in enumerate(zip(asked, found, strict=True)):
                if place in given_up:
                    assert isinstance(answer, asyncio.CancelledError)
                else:
                    assert answer == [n if n < 500 else None]
            assert await one.get("k1") == [1]
            assert one.tier.stats()["breaker_state"] == "closed"
            assert there(redis_there).info("clients")["connected_clients"] <= 2

    run(work())


def test_more_than_may_wait_is_answered_at_once(redis_there):
    """Nothing is there for them, it is counted, and it is no failure of Redis."""

    async def work():
        async with process(redis_there) as one:
            await one.set("k", 1)
            most = SHORT.waiting_max
            found = await asyncio.gather(*[one.get("k") for _ in range(most + 500)])
            assert found == [*[[1]] * most, *[[None]] * 500]
            assert one.tier.tally.refused == 500
            assert one.tier.stats()["breaker_state"] == "closed"

    run(work())


def test_what_is_too_long_or_dead_is_not_kept(redis_there):
    """Beyond the bounds it is counted; what is dead already is passed over."""

    async def work():
        async with process(redis_there) as one:
            await one.set("k", "x" * ENTRY_BYTES_MAX)
            await one.set("k" * (KEY_BYTES_MAX + 1), 1)
            await one.tier.set_many([row_of(CODEC, "dead", 1, at_ms=now_ms() - 100_000)])
            assert there(redis_there).dbsize() == 0
            assert (one.tier.tally.refused, one.tier.tally.sets) == (2, 0)

    run(work())


def test_foreign_values_are_misses_and_are_written_over(redis_there):
    """Another type, or bytes of another program, under a key of ours."""

    async def work():
        async with process(redis_there) as one:
            there(redis_there).lpush(f"{PREFIX}any:list", "x")
            there(redis_there).set(f"{PREFIX}any:text", "hello")
            assert await one.get("list") == [None]
            assert await one.get("list", "text") == [None, None]
            assert one.tier.tally.odd == 1
            assert await one.set("list", 1) == await one.set("text", 2) == []
            assert await one.get("list", "text") == [1, 2]

    run(work())


def test_scripts_that_were_forgotten_are_no_trouble(redis_there):
    """Whoever flushes them, the next write works."""

    async def work():
        async with process(redis_there) as one:
            await one.set("k", 1, 1)
            there(redis_there).script_flush()
            assert await one.set("k", 2, 2) == []
            assert await one.get("k") == [2]

    run(work())


def test_names_of_namespaces_are_plain(redis_there):
    """What would end a prefix is refused."""

    async def work():
        async with process(redis_there) as one:
            for name in ("", "a:b", "a#", "A", "x" * 65):
                with pytest.raises(Refused, match="namespace"):
                    RedisTier(one.redis, name, now_ms, one.heard.append)

    run(work())


def test_random_operations_are_answered_as_another_client_answers(redis_there):
    """The same keys read by redis-py after every step hold the same bytes, and no other."""

    async def work():
        draw, oracle = random.Random(11), there(redis_there)
        async with process(redis_there) as one:
            versions = dict.fromkeys((f"k{n}" for n in range(40)), 0)
            for _ in range(1_500):
                keys = draw.sample(sorted(versions), draw.randint(1, 6))
                act = draw.random()
                if act < 0.35:
                    for key in keys:
                        versions[key] += draw.choice((-1, 1, 2))
                    values = {key: draw.randbytes(draw.choice((0, 3, 900))) for key in keys}
                    await one.tier.set_many(
                        [row_of(CODEC, key, values[key], max(1, versions[key])) for key in keys]
                    )
                elif act < 0.5:
                    await one.tier.delete_many(keys)
                elif act < 0.6:
                    oracle.set(f"{PREFIX}any:{keys[0]}", CODEC.pack(keys[0], entry_of(0, 1)))
                found = await one.tier.get_many(keys)
                assert found == oracle.mget([f"{PREFIX}any:{key}" for key in keys])

    run(work())
