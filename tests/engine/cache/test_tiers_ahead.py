"""Does what comes ahead come in time, once, and as old as it is?"""

import asyncio
from pathlib import Path

import pytest

pytest.importorskip("msgspec", reason="needs msgspec")

from engine.cache.memory import about, counts_of
from tests.engine.cache.reading import World, run, settled


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Nothing cached yet."""
    return World(tmp_path)


def test_what_is_asked_in_turn_comes_ahead(world):
    """Pages in order: the later ones wait before they are asked for; none is asked for twice."""

    async def walk() -> None:
        world.values |= {f"page:{number}": number for number in range(1_000)}
        one = world.cached(source=world.source, prefetch=True)
        for number in range(400):
            assert await one.get_or_load(f"page:{number}") == number
            await asyncio.sleep(0)
            await settled(one)
        figures = one.ahead.prefetch.figures()
        used = sum(row["used"] for row in figures.values())
        fetched = sum(row["fetched"] for row in figures.values())
        assert used > 200
        waiting = len(one.ahead.prefetch)
        assert used >= 0.9 * (fetched - waiting)
        assert world.asked == 400 + fetched - used

    run(walk())


def test_what_came_ahead_is_as_old_as_it_is_and_no_older(world):
    """A change, by us or by others, ends what waits; its time goes on while it waits."""

    async def walk() -> None:
        world.values |= {f"page:{number}": number for number in range(1_000)}
        one = world.cached(source=world.source, prefetch=True, ttl_ms=10_000)
        for number in range(100):
            await one.get_or_load(f"page:{number}")
            await settled(one)
        waiting = [key for key in world.values if key in one.ahead.prefetch]
        assert len(waiting) >= 3
        first, second, third = waiting[:3]
        await one.set(first, -7)
        world.values[second] = 1_234
        one.changed(second)
        assert await one.get_or_load(first) == -7
        assert await one.get_or_load(second) == 1_234
        asked = world.asked
        world.wait(10_000)
        world.values[third] = 4_321
        assert await one.get_or_load(third) == 4_321
        assert world.asked > asked

    run(walk())


def test_what_came_ahead_counts_as_used_no_more_than_what_was_loaded(world):
    """One use more at its first request kept the wrong ones: rows lost up to 4.8 points."""

    async def walk() -> None:
        world.values |= {f"page:{number}": number for number in range(1_000)}
        one = world.cached(source=world.source, prefetch=True)
        for number in range(100):
            await one.get_or_load(f"page:{number}")
            await settled(one)
        came = [key for key in world.values if key in one.ahead.prefetch][:2]
        given, hits = one.given, counts_of(one.memory).hits
        assert await one.get_or_load(came[0]) == world.values[came[0]]
        assert await one.get_many(came[1:]) == [world.values[came[1]]]
        facts = [about(one.memory, key) for key in came]

        assert [fact.uses for fact in facts if fact] == [0, 0]
        assert (one.given, counts_of(one.memory).hits) == (given + 2, hits)

    run(walk())


def test_a_guess_that_fails_is_nobodys_error(world):
    """Whoever asks for it then hears of it; a request while it flies is served by its flight."""

    async def walk() -> None:
        world.values |= {f"page:{number}": number for number in range(100)}
        world.values |= {f"page:{number}": -1 for number in range(100, 200)}
        one = world.cached(source=world.source, prefetch=True)
        for number in range(100):
            await one.get_or_load(f"page:{number}")
            await settled(one)
        assert one.load_errors > 0
        assert not [key for key in world.values if key in one.ahead.prefetch]
        with pytest.raises(ConnectionError):
            await one.get_or_load("page:100")

    run(walk())
