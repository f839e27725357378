"""Does the memory keep its promises, in both of its forms?"""

from typing import Any

import pytest

from engine.cache.memory import FOREVER_NS, About, Counts, about, counts_of
from tests.engine.cache.memories import FORMS, MINUTE_NS, made

both_forms = pytest.mark.parametrize("form", FORMS)


@both_forms
def test_a_value_is_there_until_its_time_is_over(form):
    """At the last nanosecond yes, at the end no, and then it is counted once."""
    memory = made(form)
    memory.advance(100)

    assert memory.set("price", b"1", 50)
    memory.advance(149)
    assert (memory.get("price"), memory.contains("price")) == (b"1", True)
    memory.advance(150)

    assert not memory.contains("price")
    assert memory.get("price", "gone") == "gone"
    assert memory.get("price") is None
    counts = counts_of(memory)
    assert (counts.hits, counts.misses, counts.expirations, counts.entries) == (1, 2, 1, 0)


@both_forms
def test_time_never_goes_back(form):
    """An older time changes nothing."""
    memory = made(form)
    memory.advance(100)
    memory.set(1, b"1", 50)

    memory.advance(20)
    memory.set(2, b"2", 50)

    found = [about(memory, key) for key in (1, 2)]
    assert found == [About(1, 150, 150, 0, is_proven=False)] * 2


@both_forms
def test_a_value_past_its_soft_time_is_served_and_asked_for_once(form):
    """One refresher is enough; everybody else is served what there is."""
    asked: list[Any] = []
    memory = made(form, stale=asked.append)
    memory.set("signal", b"old", 100, 40)

    memory.advance(39)
    memory.get("signal")
    assert asked == []
    memory.advance(40)
    served = [memory.get("signal") for _ in range(3)]

    assert (served, asked) == ([b"old"] * 3, ["signal"])
    memory.set("signal", b"new", 100, 40)
    memory.advance(80)
    assert (memory.get("signal"), asked) == (b"new", ["signal"] * 2)


@both_forms
def test_a_soft_time_is_bounded_by_the_hard_one(form):
    """Later than the end it means the end, before now it means now, beyond 64 bits for ever."""
    memory = made(form)
    memory.advance(5)

    for key, soft_ns in enumerate((None, 1 << 80, -7, 3)):
        memory.set(key, b"", 1 << 90, soft_ns)

    due = [found.stale_ns for key in range(4) if (found := about(memory, key))]
    ends = [found.ends_ns for key in range(4) if (found := about(memory, key))]
    assert due == [5 + FOREVER_NS, 5 + FOREVER_NS, 5, 8]
    assert ends == [5 + FOREVER_NS] * 4


@both_forms
def test_what_is_over_at_once_or_larger_than_all_is_not_kept(form):
    """Neither is the value before it, which is no longer true."""
    memory = made(form, size=10)
    for key in (1, 2, 3):
        memory.set(key, b"123", MINUTE_NS)

    kept = [memory.set(1, b"1", 0), memory.set(2, b"2" * 11, MINUTE_NS), memory.set(4, b"", -1)]

    assert kept == [False, False, False]
    assert memory.get_many([1, 2, 3, 4]) == [None, None, b"123", None]
    assert counts_of(memory)[4:7] == (1, 1, 3)


@both_forms
def test_a_size_is_given_or_measured(form):
    """A given one is believed; one below zero is a mistake of ours."""
    memory = made(form)

    memory.set(1, b"1234", MINUTE_NS)
    memory.set(2, b"1234", MINUTE_NS, None, 7)

    assert counts_of(memory).bytes == 11
    with pytest.raises(ValueError, match="not negative"):
        memory.set(3, b"", MINUTE_NS, None, -1)
    with pytest.raises(TypeError):
        memory.set(3, 3, MINUTE_NS)
    assert counts_of(memory).bytes == 11


@both_forms
def test_a_larger_value_drives_out_others_but_not_itself(form):
    """The key set last is there."""
    memory = made(form, size=10)
    for key in range(5):
        memory.set(key, b"12", MINUTE_NS)

    memory.set(2, b"123456789", MINUTE_NS)

    assert memory.get(2) == b"123456789"
    assert counts_of(memory)[5:7] == (1, 9)


@both_forms
def test_deleting_says_whether_it_was_there(form):
    """What was over was not."""
    memory = made(form)
    memory.set("a", b"1", 10)
    memory.set("b", b"1", 20)
    memory.advance(10)

    assert [memory.delete(key) for key in ("a", "b", "b", "c")] == [False, True, False, False]
    assert counts_of(memory)[5:7] == (0, 0)


@both_forms
def test_clearing_forgets_values_and_keeps_counters(form):
    """As after a lost connection to the tier that announces changes."""
    memory = made(form)
    for key in range(8):
        memory.set(key, b"1", MINUTE_NS)
    memory.get(3)

    memory.clear()

    assert memory.get_many(range(8)) == [None] * 8
    assert counts_of(memory)[:7] == (1, 8, 0, 0, 0, 0, 0)
    memory.set(3, b"2", MINUTE_NS)
    assert memory.get(3) == b"2"


@both_forms
def test_keys_of_equal_hash_are_different_keys(form):
    """-1 and -2 share a hash in CPython, and so do numbers 2**61 - 1 apart."""
    memory = made(form, entries=100)
    keys: list[int | str] = [-1, -2, 5, 5 + (1 << 61) - 1, 5 + 2 * ((1 << 61) - 1), "5", "", "ä€"]

    for key in keys:
        memory.set(key, str(key), MINUTE_NS)

    assert memory.get_many(keys) == [str(key) for key in keys]
    memory.delete(5)
    assert memory.get_many(keys[2:5]) == [None, *[str(key) for key in keys[3:5]]]


@both_forms
def test_a_key_is_an_int_or_a_str(form):
    """Anything else would let a comparison run somebody's code."""
    memory = made(form)

    for key in (1.5, None, (1, 2), b"1"):
        with pytest.raises(TypeError, match="int or a str"):
            memory.get(key)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="int or a str"):
            memory.set(key, b"", MINUTE_NS)  # type: ignore[arg-type]


@both_forms
def test_other_bounds_hold_at_once(form):
    """Smaller ones evict, larger ones keep what there is; learnt ghosts and times stay."""
    memory = made(form, entries=100)
    for key in range(100):
        memory.set(key, b"12", MINUTE_NS + key)

    memory.resize(60, 100)
    kept = [key for key in range(100) if memory.contains(key)]
    assert len(kept) == 50
    memory.resize(1000, 2000)

    assert [key for key in range(100) if memory.contains(key)] == kept
    ends = [found.ends_ns for key in kept if (found := about(memory, key))]
    assert ends == [MINUTE_NS + key for key in kept]
    for key in range(1000):
        memory.set(key, b"12", MINUTE_NS)
    assert counts_of(memory).entries == 1000


@both_forms
def test_probation_can_be_held_at_a_size(form):
    """A learning cycle may know better than the evidence of one window."""
    memory = made(form, entries=1000)

    memory.fix_small(300)
    for key in range(5000):
        memory.set(key, b"", MINUTE_NS)
    assert counts_of(memory).small_target == 300
    memory.fix_small(0)
    for key in range(5000, 10000):
        memory.set(key, b"", MINUTE_NS)

    assert counts_of(memory).small_target < 300


@both_forms
@pytest.mark.parametrize("bounds", [(0, 1), (1, 0), (-1, 1), ((1 << 28) + 1, 1)])
def test_bounds_are_bounds(form, bounds):
    """Nothing is unbounded, not even by mistake."""
    with pytest.raises(ValueError, match="at least one byte"):
        made(form, *bounds)
    with pytest.raises(ValueError, match="at least one byte"):
        made(form).resize(*bounds)


@both_forms
def test_every_number_has_a_name(form):
    """Counts names as many numbers as a memory tells."""
    memory = made(form, entries=7, size=9)

    assert counts_of(memory) == Counts(0, 0, 0, 0, 0, 0, 0, 0, 1, 7, 9)
