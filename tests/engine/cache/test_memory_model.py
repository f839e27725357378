"""Do random operations ever show a wrong value, a broken bound, or two forms that differ?"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cache.memory import Memory, counts_of
from tests.engine.cache.memories import FORMS, made

KEYS = st.one_of(st.integers(-3, 60), st.sampled_from(["a", "b", "ETH-USDT-price", "ä"]))
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("get"), KEYS),
        st.tuples(st.just("get"), KEYS),
        st.tuples(
            st.just("set"),
            KEYS,
            st.integers(-1, 30),
            st.one_of(st.none(), st.integers(-1, 40)),
            st.integers(0, 12),
        ),
        st.tuples(st.just("delete"), KEYS),
        st.tuples(st.just("advance"), st.integers(0, 12)),
        st.tuples(st.just("resize"), st.integers(1, 40), st.integers(1, 120)),
        st.tuples(st.just("fix"), st.integers(0, 12)),
        st.tuples(st.just("clear")),
    ),
    max_size=300,
)


class Model:
    """All that was ever set and not yet over: what a memory may know at most."""

    def __init__(self) -> None:
        self.now = 0
        self.values: dict[Any, tuple[int, int, int]] = {}  # value, end, size

    def set(self, key: Any, value: int, ttl: int, size: int) -> None:
        """The last value counts."""
        self.values[key] = (value, self.now + ttl, size)

    def at_most(self, key: Any) -> int | None:
        """What a get may answer, beside nothing."""
        value, end, _ = self.values.get(key, (0, 0, 0))
        return value if end > self.now else None


class Told:
    """A memory and what it told whom."""

    def __init__(self, form: str) -> None:
        self.learnt: list[Any] = []
        self.stale: list[Any] = []
        self.memory = made(form, 8, 60, self.learnt.append, self.stale.append)

    def facts(self) -> tuple[Any, ...]:
        """Everything that can be seen of it."""
        keys = (*range(-3, 61), "a", "b", "ä")
        entries = [(self.memory.about(key), self.memory.peek(key, "none")) for key in keys]
        return self.memory.statistics(), entries, self.learnt, self.stale


def do(memory: Memory, now: int, number: int, operation: tuple[Any, ...]) -> Any:
    """One operation; a value is the operation's number."""
    name, *given_ = operation
    acts: dict[str, Any] = {
        "get": lambda: memory.get(*given_),
        "set": lambda: memory.set(given_[0], number, given_[1], given_[2], given_[3]),
        "delete": lambda: memory.delete(*given_),
        "advance": lambda: memory.advance(now),
        "resize": lambda: memory.resize(*given_),
        "fix": lambda: memory.fix_small(*given_),
        "clear": memory.clear,
    }
    return acts[name]()


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=150, deadline=None)
@given(operations=OPERATIONS)
def test_a_memory_answers_what_was_set_last_or_nothing(form, operations):
    """Bounds hold after every operation, and a key set within them is there."""
    memory, model = made(form, 8, 60), Model()

    for number, operation in enumerate(operations):
        name, *given_ = operation
        model.now += given_[0] if name == "advance" else 0
        answered = do(memory, model.now, number, operation)
        if name == "get":
            assert answered in (None, model.at_most(given_[0]))
        elif name == "set":
            model.set(given_[0], number, given_[1], given_[3])
            assert answered == (given_[1] > 0 and given_[3] <= counts_of(memory).bytes_max)
            assert (memory.about(given_[0]) is not None) == answered
        elif name == "delete":
            model.values.pop(given_[0], None)
            assert not memory.contains(given_[0])
        counts = counts_of(memory)
        assert counts.entries <= counts.entries_max
        assert counts.bytes <= counts.bytes_max
    there = [key for key in model.values if memory.contains(key)]
    assert all(memory.peek(key) == memory.get(key) == model.at_most(key) for key in there)


@settings(max_examples=300, deadline=None)
@given(operations=OPERATIONS)
def test_both_forms_decide_alike(operations):
    """After every operation each shows the same entries, numbers and calls."""
    plain, compiled = Told("plain"), Told("compiled")
    now = 0

    for number, operation in enumerate(operations):
        now += operation[1] if operation[0] == "advance" else 0
        answers = [do(told.memory, now, number, operation) for told in (plain, compiled)]
        assert answers[0] == answers[1]
        assert plain.facts() == compiled.facts()
