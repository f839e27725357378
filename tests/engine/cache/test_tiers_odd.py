"""Does a value that cannot be kept leave no older one behind, and odd keys nobody's error?"""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("msgspec", reason="needs msgspec")

from engine.cache.memory import memory_of
from engine.cache.namespace import Lasting, Parts, Rules
from engine.cache.tier import ENTRY_BYTES_MAX, KEY_BYTES_MAX, Row
from engine.cache.tiers import GUESSED, Cached
from engine.cache.values import Codec, Entry
from tests.engine.cache.reading import World, run, settled


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Nothing cached yet."""
    return World(tmp_path)


@pytest.mark.parametrize("ttl_ms", [0, -5])
def test_a_value_whose_time_is_over_at_once_replaces_and_is_not_kept(world, ttl_ms):
    """Neither here nor by others, and what was there before is gone from every tier."""

    async def walk() -> None:
        one = world.cached("l2")
        await one.set("a", 1)
        await one.set("a", 2, ttl_ms=ttl_ms)
        assert one.get("a") is None
        assert await one.get_or_load("a") is None
        assert await world.cached("l2").get_or_load("a") is None

    run(walk())


def test_a_source_may_say_that_its_answer_is_not_believed_at_all(world):
    """Whoever waits gets it; the next one asks again."""

    async def source(_key: str) -> Lasting[int]:
        world.asked += 1
        return Lasting(world.asked, 0)

    async def walk() -> None:
        one = world.cached("l2")
        assert [await one.get_or_load("a", source) for _ in range(3)] == [1, 2, 3]

    run(walk())


def test_a_value_too_large_for_a_tier_leaves_no_older_one_there(world):
    """Whoever comes after a restart asks the source: never is the value before it given."""

    async def walk() -> None:
        one = text_cache(world)
        await one.set("a", "old")
        await one.set("a", "n" * (ENTRY_BYTES_MAX + 1))
        assert len(one.get("a") or "") > ENTRY_BYTES_MAX
        assert await text_cache(world).get_or_load("a") is None
        await one.set("a", "small")
        assert await text_cache(world).get_or_load("a") == "small"

    run(walk())


def text_cache(world: World) -> Cached[str]:
    """A namespace of texts, in a process of its own."""
    parts = Parts(
        lambda learn, stale: memory_of(None, (100, 1 << 24), len, learn, stale),
        lambda: world.now_ms, random.Random(1).random, [("l2", world.tier("l2"))],
        Codec("bars", str), measure=len,
    )  # fmt: skip
    made = Cached(parts, Rules())
    made.memory.advance(world.now_ms * 1_000_000)
    return made


KEYS = ["a:b", "a:b#", "a b", "ä", "\u00a0", "\U0001f600", "a\0b", "", "k" * (KEY_BYTES_MAX + 1),
        "a\nb", "supreme:1:bars:a", "*", "a%b"]  # fmt: skip


def test_each_key_is_itself_whatever_stands_in_it(world):
    """Separators, signs of other scripts, a zero, nothing, too much: none is taken for another."""

    async def walk() -> None:
        one = world.cached("l2")
        for number, key in enumerate(KEYS):
            await one.set(key, number)
        assert await one.get_many(KEYS) == list(range(len(KEYS)))
        below = await world.cached("l2").get_many(KEYS)
        kept = [number for number, value in enumerate(below) if value is not None]
        assert [below[number] for number in kept] == kept
        assert len(kept) == len(KEYS) - 2  # a zero and too much are of memory alone

    run(walk())


def test_what_is_no_text_is_refused_before_anybody_flies(world):
    """A lone surrogate names nothing; other keys of the same request may be asked for again."""

    async def walk() -> None:
        world.values["a"] = 7
        one = world.cached("l2")
        with pytest.raises(ValueError, match="surrogates"):
            await one.get_many(["a", "\ud800"], world.source)
        assert one.flights.under_way == {}
        assert await one.get_or_load("a", world.source) == 7

    run(walk())


def test_a_deletion_in_one_tier_is_not_undone_by_the_next(world):
    """Redis is shared and the store below it one's own: what lies there is older, and not given."""

    async def walk() -> None:
        one, two = world.cached("shared", "ones"), world.cached("shared", "twos")
        await one.set("a", 1)
        await two.lower[1].tier.set_many([row_in(world, "a", 1)])
        world.wait(1)
        await one.delete("a")
        assert await two.get_or_load("a") is None
        world.values["a"] = 2
        assert await two.get_or_load("a", world.source) == 2

    run(walk())


def row_in(world: World, key: str, value: int) -> Row:
    """An entry of now for a tier."""
    entry = Entry(value, world.now_ms << 20, world.now_ms + 60_000, world.now_ms + 60_000)
    return Row(key, entry.version, entry.hard_ms, Codec("bars", int).pack(key, entry))


class Broken:
    """A tier that breaks its promise never to raise."""

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """An error of its own."""
        raise LookupError(f"{len(keys)} keys")

    async def set_many(self, _rows: Sequence[Row]) -> list[str]:
        """Nothing."""
        return []

    async def delete_many(self, _keys: Sequence[str]) -> None:
        """Nothing."""

    def stats(self) -> dict[str, int | float | str]:
        """Nothing."""
        return {}

    async def close(self) -> None:
        """Nothing."""


def test_a_tier_that_raises_is_told_to_who_waits_and_to_nobody_else(world):
    """No task ends with an error that the loop would print."""
    printed: list[object] = []

    async def walk() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, said: printed.append(said))
        one = world.cached("l2")
        one.lower[0] = one.lower[0]._replace(tier=Broken())
        with pytest.raises(LookupError):
            await one.get_or_load("a", world.source)
        await settled(one)
        assert (one.flights.under_way, one.load_errors) == ({}, 1)

    run(walk())
    assert printed == []


def test_a_stale_value_is_given_also_where_no_loop_runs(world):
    """Nothing can be brought then, and nothing is raised."""

    async def walk() -> None:
        one = world.cached(source=world.source, fresh_ms=10, jitter=0.0)
        world.values["a"] = 1
        await one.get_or_load("a")

    run(walk())
    world.wait(11)
    assert world.caches[0].get("a") == 1
    assert world.caches[0].refreshes == 0


def test_guesses_never_keep_a_request_waiting(world):
    """However many are guessed, most of the loads at once are of who waits."""

    async def walk() -> None:
        now, most = 0, 0

        async def slow(_key: str) -> int:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await gate.wait()
            now -= 1
            return 1

        gate = asyncio.Event()
        one = world.cached(source=slow, prefetch=True, loads_max=16, load_ms=20_000)
        one._bring([f"guess:{number}" for number in range(100)])
        await asyncio.sleep(0.01)
        assert most == 16 // GUESSED
        asked = asyncio.create_task(one.get_or_load("wanted"))
        await asyncio.sleep(0.01)
        assert most == 16 // GUESSED + 1
        gate.set()
        assert await asked == 1
        await settled(one)

    run(walk())
