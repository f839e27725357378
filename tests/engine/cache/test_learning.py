"""Does a turn change what has a reason, keep what helped, and undo what did not?"""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("msgspec", reason="needs msgspec")

from engine.cache.learning import RESTS, Learning
from engine.cache.memory import counts_of, memory_of
from engine.cache.namespace import Parts, Rules
from engine.cache.prefetch import Prefetch
from engine.cache.synapses import Synapses
from engine.cache.tiers import Cached

Said = list[tuple[str, str, str]]


def namespace(entries: int, *, prefetch: bool = False) -> Cached[int]:
    """A namespace in memory alone whose source takes no time worth counting."""

    def memory(learn: Callable[[Any], object], stale: Callable[[Any], object]) -> Any:
        return memory_of(None, (entries, 8 * entries), lambda _: 8, learn, stale)

    async def source(key: str) -> int:
        return len(key)

    guesses = Prefetch(entries, Synapses(capacity=1_000)) if prefetch else None
    parts = Parts(
        memory, lambda: 0, random.Random(2).random, source=source, prefetch=guesses,
        measure=lambda _: 8,
    )  # fmt: skip
    return Cached(parts, Rules(ttl_ms=1 << 40))


async def walk(one: Cached[int], keys: range, times: int) -> None:
    """Ask for these keys in turn."""
    for _ in range(times):
        for key in keys:
            await one.get_or_load(f"k{key}")


def entries_of(learning: Learning) -> dict[str, int]:
    """How many entries each namespace may hold."""
    return {name: counts_of(one.memory).entries_max for name, one in learning.namespaces.items()}


def test_room_goes_where_it_helps_and_is_kept():
    """A loop that almost fits gets what an idle namespace does not use; the sum stays."""

    async def turns() -> None:
        said: Said = []
        busy, idle = namespace(1_000), namespace(1_000)
        learning = Learning({"busy": busy, "idle": idle}, lambda *words: said.append(words))
        await walk(busy, range(1_100), 4)
        first = learning.turn(60_000)
        assert first.sizes == "125 entries from idle to busy"
        assert entries_of(learning) == {"busy": 1_125, "idle": 875}
        await walk(busy, range(1_100), 4)
        second = learning.turn(120_000)
        assert second.effect.startswith("kept: 125 entries")
        assert entries_of(learning) == {"busy": 1_125, "idle": 875}
        assert [counts_of(busy.memory).bytes_max, counts_of(idle.memory).bytes_max] == [
            9_000,
            7_000,
        ]
        assert first.frequencies["busy"]["requests"] == 4_400
        assert said[0][0] == "changed"

    asyncio.run(turns())


def test_what_does_not_help_is_undone_and_rests():
    """Keys that never come again: more room saves nothing."""

    async def turns() -> None:
        said: Said = []
        busy, idle = namespace(1_000), namespace(1_000)
        busy.resize(1_000, 2_000)  # of another size an entry than the giver
        learning = Learning({"busy": busy, "idle": idle}, lambda *words: said.append(words))
        bounds = [counts_of(one.memory)[-2:] for one in (busy, idle)]
        at = 0
        effects = []
        for turn in range(1 + RESTS):
            await walk(busy, range(at, at + 2_000), 1)
            at += 2_000
            effects.append(learning.turn(60_000 * turn).effect)
        assert effects[1].startswith("undone: 125 entries from idle to busy")
        assert [counts_of(one.memory)[-2:] for one in (busy, idle)] == bounds
        assert [words[1] for words in said if words[0] == "changed"].count(
            "125 entries from idle to busy"
        ) == 1  # fmt: skip

    asyncio.run(turns())


def test_too_few_requests_are_no_evidence():
    """Nothing is changed, and what was changed is not judged yet."""

    async def turns() -> None:
        busy, idle = namespace(1_000), namespace(1_000)
        learning = Learning({"busy": busy, "idle": idle}, lambda *_: None)
        await walk(busy, range(900), 1)
        assert learning.turn(0).suggestion == ""
        await walk(busy, range(1_100), 4)
        learning.turn(1)
        assert learning.turn(2).effect.endswith("too few requests to tell")
        assert entries_of(learning) == {"busy": 1_125, "idle": 875}

    asyncio.run(turns())


def test_learning_that_leads_nowhere_rests_and_wakes():
    """Keys in no order teach nothing; after ten turns they are listened to again."""

    async def turns() -> None:
        one = namespace(500, prefetch=True)
        learning = Learning({"one": one}, lambda *_: None)
        rng = random.Random(3)
        rested = []
        for turn in range(2 * RESTS):
            for _ in range(6_000):
                one.get(f"k{rng.randrange(10**12):x}")
            learning.turn(60_000 * turn)
            assert one.ahead is not None
            rested.append(one.ahead.rests)
        assert rested[0]
        assert not all(rested)
        assert sum(rested) >= RESTS

    asyncio.run(turns())


def test_a_walk_in_order_keeps_being_learnt_from():
    """What comes ahead is used: nothing rests, the prediction's share is told."""

    async def turns() -> None:
        one = namespace(1_000, prefetch=True)
        learning = Learning({"one": one}, lambda *_: None)
        for number in range(6_000):
            await one.get_or_load(f"page:{number}")
            await asyncio.sleep(0)
        turn = learning.turn(0)
        assert one.ahead is not None
        assert not one.ahead.rests
        assert turn.predictions["one"]["series"] > 0.9
        assert turn.frequencies["one"]["hit_ratio"] > 0.9
        assert turn.sequences["one"]["streams"] == 1

    asyncio.run(turns())
