"""Is whoever is told of hits and misses free to use the memory, and is every end of a value?"""

import gc
import weakref
from typing import Any

import pytest

from engine.cache.memory import counts_of
from tests.engine.cache.memories import FORMS, MINUTE_NS, made

both_forms = pytest.mark.parametrize("form", FORMS)


@both_forms
def test_one_hit_in_sixteen_and_every_miss_is_told(form):
    """Learning is sampled where it would cost, complete where a load is about to cost more."""
    told: list[Any] = []
    memory = made(form, learn=told.append)
    memory.set("a", b"1", MINUTE_NS)

    for _ in range(40):
        memory.get("a")
    memory.get_many(["b", "c"])

    assert told == ["a", "a", "b", "c"]


@both_forms
def test_who_is_told_may_use_the_memory(form):
    """A prefetch sets, and may evict the very value that is being returned."""
    kept = []

    def learn(key: Any) -> None:
        kept.append(memory.set(f"{key}+", b"2", MINUTE_NS))
        memory.delete("a")

    memory = made(form, entries=1, learn=learn)
    memory.set("a", b"1", MINUTE_NS)

    assert [memory.get("a") for _ in range(16)] == [b"1"] * 16
    assert (kept, memory.get("a+")) == ([True], b"2")


@both_forms
def test_what_the_told_one_raises_comes_through(form):
    """Nothing is swallowed, and the memory goes on."""

    def learn(_key: Any) -> None:
        raise LookupError("no room")

    memory = made(form, learn=learn)
    with pytest.raises(LookupError, match="no room"):
        memory.get("a")
    memory.set("a", b"1", MINUTE_NS)

    assert memory.get("a") == b"1"


class Loud:
    """A value that uses the memory while it is given up."""

    def __init__(self, memory: Any, left: int) -> None:
        self.memory, self.left = memory, left

    def __del__(self) -> None:
        if self.left:
            for key in range(3):
                self.memory.set(key, Loud(self.memory, self.left - 1), MINUTE_NS, None, 4)
            self.memory.get(1)


@both_forms
def test_giving_a_value_up_may_use_the_memory(form):
    """Whatever its end does, bounds hold and nothing is lost track of."""
    memory = made(form, entries=4, size=12)

    for key in range(200):
        memory.set(key % 7, Loud(memory, key % 3), MINUTE_NS, None, 4)
        if key % 5 == 0:
            memory.delete(key % 7)
        if key % 31 == 0:
            memory.resize(2 + key % 4, 12)
        counts = counts_of(memory)
        assert counts.entries <= counts.entries_max
        assert counts.bytes == 4 * counts.entries <= 12
    memory.clear()


@both_forms
def test_a_memory_within_its_own_value_is_collected(form):
    """A cycle through the memory is no leak."""

    class Value:
        memory: Any

        def __len__(self) -> int:
            return 1

    value = Value()
    kept = [value]
    value.memory = made(form, learn=kept.append)
    value.memory.set("a", value, MINUTE_NS)
    watched = weakref.ref(value)

    del value, kept
    gc.collect()

    assert watched() is None
