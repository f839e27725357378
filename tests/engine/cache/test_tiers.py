"""Does each value come from the nearest tier that has it, once, and never an old one?"""

import asyncio
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("msgspec", reason="needs msgspec")

from engine.cache.memory import about
from engine.cache.namespace import Overdue
from engine.cache.values import MISSING
from tests.engine.cache.reading import NS_MS, World, run, settled


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Nothing cached yet."""
    return World(tmp_path)


def test_a_miss_asks_the_source_once_and_fills_every_tier(world):
    """Then memory answers; without it the nearest tier; each hit fills those above."""

    async def walk() -> None:
        world.values["a"] = 7
        one = world.cached("l2", "l3")
        assert await one.get_or_load("a", world.source) == 7
        assert one.get("a") == 7
        await settled(one)
        l2, l3 = (level.tier for level in one.lower)
        assert None not in await l2.get_many(["a"]) + await l3.get_many(["a"])

        two = world.cached("l2", "l3")
        assert await two.get_or_load("a", world.source) == 7
        assert [level.tier.stats()["hits"] for level in two.lower] == [1, 0]

        await l2.delete_many(["a"])
        three = world.cached("l2", "l3")
        assert await three.get_or_load("a", world.source) == 7
        await settled(three)
        assert None not in await l2.get_many(["a"])
        assert world.asked == 1

    run(walk())


def test_many_ask_at_once_and_the_source_is_asked_once(world):
    """Five hundred waiters, of whom the first leaves: nobody else notices."""

    async def walk() -> None:
        world.values["a"], world.gate = 7, asyncio.Event()
        one = world.cached("l2")
        waiters = [asyncio.create_task(one.get_or_load("a", world.source)) for _ in range(500)]
        await asyncio.sleep(0.02)
        waiters[0].cancel()
        await asyncio.sleep(0)
        world.gate.set()
        brought = await asyncio.gather(*waiters, return_exceptions=True)

        assert isinstance(brought[0], asyncio.CancelledError)
        assert set(brought[1:]) == {7}
        assert (world.asked, one.flights.shared) == (1, 499)
        await one.close()

    run(walk())


def test_get_many_asks_each_tier_once_and_the_source_for_the_rest(world):
    """In the order of the keys, absent ones as None."""

    async def walk() -> None:
        world.values |= {"a": 1, "b": 2, "c": 3}
        one = world.cached("l2")
        await one.get_or_load("a", world.source)
        await settled(one)
        two = world.cached("l2")
        two.memory.set("b", 20, 1 << 60)
        assert await two.get_many(["c", "a", "b", "d", "a"], world.source) == [3, 1, 20, None, 1]
        assert two.lower[0].durations.summary().measured == 1
        assert world.asked == 3

    run(walk())


def test_nothing_there_is_remembered_for_its_own_time(world):
    """A sentinel, not an error and not a value; afterwards the source is asked again."""

    async def walk() -> None:
        one = world.cached("l2", missing_ms=1_000)
        assert await one.get_or_load("a", world.source) is None
        assert await one.get_or_load("a", world.source) is None
        assert (one.get("a"), world.asked) == (MISSING, 1)
        await settled(one)
        two = world.cached("l2", missing_ms=1_000)
        assert await two.get_or_load("a", world.source) is None
        assert world.asked == 1
        world.wait(1_001)
        world.values["a"] = 5
        assert await one.get_or_load("a", world.source) == 5
        assert await two.get_or_load("a", world.source) == 5

    run(walk())


def test_time_is_kept_on_the_way_up(world):
    """What has 100 ms left below has 100 ms left in memory, whatever memory would give."""

    async def walk() -> None:
        one = world.cached("l2")
        await one.set("a", 7, ttl_ms=5_000)
        world.wait(4_900)
        two = world.cached("l2")
        assert await two.get_or_load("a") == 7
        world.wait(99)
        assert two.get("a") == 7
        world.wait(1)
        assert two.get("a") is None
        assert await two.get_or_load("a") is None

    run(walk())


def test_a_late_load_brings_nothing_old_back(world):
    """Set, deleted or changed by others while the source answers: what it said is not kept."""

    async def walk() -> None:
        one = world.cached("l2")
        acts: list[tuple[Any, int | None]] = [
            (lambda: one.set("a", 9), 9),
            (lambda: one.delete("a"), None),
            (lambda: asyncio.sleep(0, one.changed("a")), None),
            (lambda: asyncio.sleep(0, one.changed(None)), None),
        ]
        for act, kept in acts:
            world.values["a"], world.gate = 7, asyncio.Event()
            await one.lower[0].tier.delete_many(["a"])
            one.memory.clear()
            late = asyncio.create_task(one.get_or_load("a", world.source))
            await asyncio.sleep(0.02)
            await act()
            world.gate.set()
            assert await late == 7
            await settled(one)
            assert one.get("a") == kept
            assert await one.get_or_load("a") == kept

    run(walk())


def test_a_late_load_of_another_process_does_not_either(world):
    """The version taken before it asked is older than the deletion's, in every tier."""

    async def walk() -> None:
        world.values["a"], world.gate = 7, asyncio.Event()
        one, two = world.cached("l2"), world.cached("l2")
        late = asyncio.create_task(one.get_or_load("a", world.source))
        await asyncio.sleep(0.02)
        world.wait(1)
        await two.delete("a")
        world.gate.set()
        assert await late == 7
        await settled(one)
        assert one.get("a") is None
        assert await two.get_or_load("a") is None
        world.values["a"] = 8
        assert await two.get_or_load("a", world.source) == 8

    run(walk())


def test_a_stale_value_is_given_while_one_asks_for_a_new_one(world):
    """Once, by the source of its own; an ill source leaves the old value until its end."""

    async def walk() -> None:
        world.values["a"] = 1
        one = world.cached("l2", source=world.source, fresh_ms=1_000, ttl_ms=10_000, jitter=0.0)
        assert await one.get_or_load("a") == 1
        world.values["a"] = 2
        world.wait(1_001)
        assert [one.get("a"), one.get("a")] == [1, 1]
        await settled(one)
        assert (one.get("a"), world.asked, one.refreshes) == (2, 2, 1)
        world.values["a"] = -1
        world.wait(1_001)
        assert one.get("a") == 2
        await settled(one)
        assert (one.get("a"), one.load_errors) == (2, 1)
        world.wait(9_000)
        with pytest.raises(ConnectionError):
            await one.get_or_load("a")

    run(walk())


def test_fresh_times_are_spread(world):
    """So that what was loaded together is not asked for again together."""

    async def walk() -> None:
        one = world.cached(fresh_ms=10_000, ttl_ms=60_000, jitter=0.5)
        world.values |= {str(key): key for key in range(50)}
        await one.get_many(list(world.values), world.source)
        found = [about(one.memory, key) for key in world.values]
        due = {one.stale_ns // NS_MS - world.now_ms for one in found if one is not None}
        assert len(due) > 40
        assert min(due) >= 5_000
        assert max(due) <= 10_000

    run(walk())


def test_errors_reach_all_who_wait_and_nothing_is_kept(world):
    """Also of a source that does not answer in its time."""

    async def walk() -> None:
        one = world.cached("l2")
        world.values["a"] = -1
        asks = [one.get_or_load("a", world.source) for _ in range(3)]
        brought = await asyncio.gather(*asks, return_exceptions=True)
        assert [type(error) for error in brought] == [ConnectionError] * 3
        world.values["a"], world.gate = 1, asyncio.Event()
        with pytest.raises(Overdue, match="did not answer in 200 ms"):
            await one.get_or_load("a", world.source)
        world.gate = None
        assert await one.get_or_load("a", world.source) == 1
        assert (world.asked, one.load_errors) == (3, 2)

    run(walk())


def test_whoever_only_looks_hides_no_source_from_others(world):
    """A look that finds nothing is no answer to somebody who can load."""

    async def walk() -> None:
        world.values["a"] = 7
        one = world.cached("l2")
        looked, loaded = await asyncio.gather(
            one.get_or_load("a"), one.get_or_load("a", world.source)
        )
        assert (looked, loaded) == (None, 7)

    run(walk())


def test_written_behind_is_written_by_the_end(world):
    """The newest of each key, in few batches; closing waits for them."""

    async def walk() -> None:
        one = world.cached("l2", is_behind=True)
        for value in range(300):
            await one.set(f"k{value % 3}", value)
        assert one.lower[0].tier.stats()["sets"] == 0
        await one.close()
        assert one.lower[0].tier.stats()["sets"] == 3
        two = world.cached("l2")
        assert await two.get_many(["k0", "k1", "k2"]) == [297, 298, 299]

    run(walk())


def test_loads_are_bounded(world):
    """Sixteen at once; the others wait in line."""

    async def walk() -> None:
        most, now = 0, 0

        async def source(key: str) -> int:
            nonlocal most, now
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.001)
            now -= 1
            return int(key)

        one = world.cached(loads_max=16)
        keys = [str(key) for key in range(100)]
        assert await one.get_many(keys, source) == list(range(100))
        assert most == 16

    run(walk())


def test_secrets_stay_in_memory(world):
    """A namespace without lower tiers writes nothing anywhere."""

    async def walk() -> None:
        one = world.cached()
        await one.set("token", 12345)
        assert one.get("token") == 12345
        assert not one.lower
        await one.delete("token")
        assert one.get("token") is None

    run(walk())
    assert list(world.folder.iterdir()) == []
