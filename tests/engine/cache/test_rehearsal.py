"""Is a trace answered as the cache would, and never worse for what comes ahead?"""

from random import Random

import pytest

from engine.cache.rehearsal import Rehearsed, rehearsed
from engine.cache.trace import belady
from engine.cache.trace import played as alone
from tests.engine.cache.memories import FORMS, compiled, made, recorded

SKEWED, DRAWN = Random(1), Random(2)
# Keys, and the entries they are played through.
TOLD = {
    "all different": (range(20_000), 100),
    "a loop": ([*range(1_000)] * 12, 300),
    "skewed": ([int(SKEWED.paretovariate(0.6)) % 5_000 for _ in range(12_000)], 50),
    "one entry": ([1, 1, 2, 2, 1, 3, 3] * 300, 1),
    "too small to fetch": ([*range(40)] * 50, 9),
    "negative": ([*range(-500, 0)] * 10, 100),
    "drawn": ([DRAWN.randrange(3_000) for _ in range(12_000)], 200),
}


def native_of(form):
    """What a memory of this form is made by."""
    return compiled() if form == "compiled" else None


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("keys", "entries"), TOLD.values(), ids=TOLD)
def test_memory_answers_what_it_would_alone_and_what_came_ahead_is_beside_it(form, keys, entries):
    """No trace is answered worse: memory never sees what comes ahead before it is asked for."""
    native = native_of(form)

    found = rehearsed(keys, entries, native, is_ahead=True)
    without = rehearsed(keys, entries, native, is_ahead=False)

    assert found.memory_hits == without.hits == alone(keys, made(form, entries)).hits
    assert found.hits >= without.hits
    assert found.evictions == without.evictions
    assert without.ahead_hits == without.fetched == without.used == 0


@pytest.mark.parametrize("form", FORMS)
def test_each_number_of_a_trace_that_can_be_counted_by_hand(form):
    """Three keys fit, all come twice: three misses and three hits; nothing leaves."""
    found = rehearsed([1, 2, 3, 1, 2, 3], 10, native_of(form), is_ahead=True)

    assert found == Rehearsed(6, 3, 0, 0, 0, 0)
    assert (found.hit_ratio, found.memory_hit_ratio, found.precision) == (0.5, 0.5, None)


def test_a_trace_of_nothing_has_no_ratio():
    """And divides by nothing."""
    found = rehearsed([], 10, None, is_ahead=True)

    assert (found.requests, found.hit_ratio, found.precision) == (0, 0.0, None)


@pytest.mark.parametrize("form", FORMS)
def test_numbers_in_a_row_come_ahead(form):
    """Each key is asked for once, so that memory and the best possible answer nothing."""
    keys = range(10_000)

    found = rehearsed(keys, 100, native_of(form), is_ahead=True)

    assert found.memory_hits == belady(keys, 100).hits == 0
    assert found.hit_ratio >= 0.9
    assert found.precision is not None
    assert found.precision >= 0.9
    assert found.ahead_hits == found.used <= found.fetched


def test_both_forms_foretell_alike():
    """What is learnt depends on what memory tells, which is the same."""
    keys = [*range(700)] * 5

    assert rehearsed(keys, 200, None, is_ahead=True) == rehearsed(
        keys, 200, compiled(), is_ahead=True
    )


@pytest.mark.parametrize(
    ("name", "entries", "least", "gained"),
    [("multi3", 1_500, 0.54, 0.25), ("sprite", 400, 0.70, 0.10), ("corda", 512, 0.33, 0.0)],
)
def test_recorded_requests_are_answered_better_with_what_came_ahead(
    shared, name, entries, least, gained
):
    """And where nothing can be foretold, nothing is fetched."""
    found = rehearsed(recorded(shared, name), entries, compiled(), is_ahead=True)

    assert found.memory_hit_ratio >= least
    assert found.hit_ratio >= found.memory_hit_ratio + gained
    assert (found.fetched == 0) is (name == "corda")
    assert found.precision is None or found.precision >= 0.85
