"""Is only fetched ahead what has proved right, in bounded room, and without harm?"""

import random

from hypothesis import given
from hypothesis import strategies as st

from engine.cache.prefetch import ABSENT, NOTED, SHADOWS, Prefetch
from engine.cache.synapses import Synapses

SIZE = 100
REQUESTS = st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=300)


def prefetch(size: int = SIZE) -> Prefetch:
    """One for a cache of a hundred entries that knows nothing yet."""
    return Prefetch(size, Synapses(capacity=200))


def proved(size: int = SIZE) -> Prefetch:
    """One that has seen a long stream: 0, 1, 2 and on to 199."""
    ours = prefetch(size)
    for now in range(200):
        ours.used(now)
        ours.wanted(now, (), missed=True, now=now)
    return ours


def test_nothing_is_fetched_before_it_has_proved_right():
    """The first guesses are only watched."""
    ours = prefetch()

    wanted = [ours.wanted(now, (), missed=True, now=now) for now in range(10)]

    assert wanted == [[]] * 10


def test_a_stream_that_proved_right_is_fetched():
    """Nearest first, and each key once."""
    ours = prefetch()
    asked_for = []

    for now in range(200):
        ours.used(now)
        asked_for += ours.wanted(now, (), missed=True, now=now)

    assert len(asked_for) == len(set(asked_for)) > 100
    assert ours.trust.used > 100
    assert ours.figures()["series"]["fetched"] > 0


def test_random_keys_are_never_fetched():
    """Where nothing can be foretold nothing is loaded: the cache is as without us."""
    draws, ours = random.Random(3), prefetch()

    for now in range(5_000):
        assert ours.wanted(draws.randrange(10**9), (), missed=True, now=now) == []

    assert len(ours) == 0


def test_what_the_cache_holds_is_not_fetched():
    """Nor what is waiting or under way already."""
    ours = proved()

    assert ours.wanted(200, range(1_000), missed=True, now=200) == []


def test_a_value_waits_until_it_is_used_once():
    """It leaves the buffer for the cache."""
    ours = proved()
    key = next(iter(ours._waiting))

    assert ours.arrived(key, "bars")
    assert ours.used(key) == "bars"
    assert ours.used(key) is ABSENT


def test_a_key_asked_for_while_it_is_loaded_was_right():
    """One load serves both; what arrives afterwards is not kept twice."""
    ours = proved()
    key, used = next(iter(ours._waiting)), ours.trust.used

    assert ours.used(key) is ABSENT
    assert ours.trust.used == used + 1
    assert not ours.arrived(key, "late")
    assert key not in ours


def test_a_failed_load_or_a_changed_value_says_nothing_of_the_guess():
    """It is not served, and counts neither as used nor as wasted."""
    ours = proved()
    key, fetched = next(iter(ours._waiting)), ours.trust.fetched
    ours.arrived(key, "old")

    ours.withdraw(key)
    ours.withdraw(key)

    assert ours.used(key) is ABSENT
    assert ours.trust.fetched == fetched - 1
    assert ours.wasted == 0


def test_what_waits_too_long_goes():
    """The room belongs to what was asked for."""
    ours = proved()
    assert len(ours) > 0

    ours.wanted("other", (), missed=True, now=200 + ours.patience + 1)

    assert len(ours) == 0
    assert ours.wasted > 0


def test_a_source_that_goes_wrong_falls_asleep_and_wakes_again():
    """Streams that break off cost a few dozen fetches; streams that go on are fetched again."""
    ours, now, draws = proved(), 200, random.Random(2)
    before = ours.trust.fetched
    for _ in range(2_000):
        start = draws.randrange(10**12)
        for key in (start, start + 64, start + 128):
            now += 1
            ours.wanted(key, (), missed=True, now=now)
    broken = ours.trust.fetched - before

    for key in range(10**15, 10**15 + 2_000):
        now += 1
        ours.used(key)
        ours.wanted(key, (), missed=True, now=now)

    assert broken < 100
    assert ours.trust.fetched - before > broken + 1_000


def test_a_hit_is_only_noted_and_learnt_at_the_next_miss():
    """The latest hits are kept, no more than 64."""
    ours = prefetch()
    for key in range(200):
        ours.note(key)
    assert len(ours._noted) == NOTED
    assert ours.synapses.strength(198, 199) == 0.0

    ours.wanted("miss", (), missed=True, now=1)

    assert not ours._noted
    assert ours.synapses.strength(198, 199) > 0.0
    assert ours.synapses.strength(199, "miss") > 0.0


def test_a_cache_too_small_for_a_buffer_learns_all_the_same():
    """A tenth of nine entries is no place."""
    ours = proved(size=9)

    assert ours.trust.fetched == 0
    assert ours.synapses.strength(5, 6) > 0.0


@given(REQUESTS, st.integers(0, 200))
def test_room_is_bounded(requests, size):
    """Never more than a tenth of the cache waits, and what is watched is bounded too."""
    ours = proved()
    ours.resize(size)

    for now, (key, missed) in enumerate(requests, 201):
        ours.used(key)
        for wanted in ours.wanted(key, (), missed=missed, now=now):
            ours.arrived(wanted, None)
            assert len(ours) <= max(ours.room, 1)
        assert len(ours) <= max(size // 10, 10)
        assert len(ours._shadows) <= SHADOWS * 10 + SHADOWS * ours.room


@given(REQUESTS)
def test_the_same_requests_want_the_same_keys(requests):
    """What is looked at by chance is drawn from a seed."""
    one, other = prefetch(), prefetch()

    for now, (key, missed) in enumerate(requests):
        wanted = one.wanted(key, (), missed=missed, now=now)
        assert wanted == other.wanted(key, (), missed=missed, now=now)
