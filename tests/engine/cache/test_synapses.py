"""Is what fires together wired together, foretold, kept over a restart, and bounded?"""

import copy
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cache.synapses import FOLLOWERS, TRACED, WINDOW, Synapses
from engine.cache.trail import TRIMMED, Trail
from engine.errors import Refused

PRICE, VOLUME, BOOK, TRADES = (f"ETH-USDT-{x}" for x in ("price", "volume", "orderbook", "trades"))
REQUESTS = st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=200)
CAPACITY = 8


def taught(requests) -> Synapses:
    """A small net after these requests."""
    net = Synapses(capacity=CAPACITY)
    for key, missed in requests:
        net.asked(key, missed=missed)
    return net


def test_the_worked_example():
    """A price that is asked for with three other keys foretells the three."""
    net = Synapses()

    net.learn_access_pattern(PRICE, {"asked_with": [VOLUME, BOOK, TRADES], "user": "desk-1"})

    assert set(net.predict_prefetch_candidates(PRICE)) == {VOLUME, BOOK, TRADES}


def test_the_worked_example_is_also_learnt_from_order_alone():
    """Nobody names the others: they are asked for after it, again and again."""
    net = Synapses()

    for _ in range(3):
        for key in (PRICE, VOLUME, BOOK, TRADES):
            net.learn_access_pattern(key, {"user": "desk-1"})

    assert {VOLUME, BOOK, TRADES} <= set(net.predict_prefetch_candidates(PRICE))


def test_one_time_is_enough_to_foretell():
    """What came after a key once is foretold from the trace."""
    net = Synapses()

    for key in (PRICE, VOLUME, BOOK, TRADES):
        net.asked(key, missed=True)

    assert net.predict_prefetch_candidates(PRICE) == [VOLUME, BOOK, TRADES]


def test_strength_grows_with_each_time_and_fades_with_time():
    """Inspection shows what the rule does."""
    net = Synapses(learning_rate=0.25, decay_rate=0.1)
    seen = []

    for _ in range(5):
        net.learn_access_pattern(PRICE, {"asked_with": [VOLUME]})
        seen.append(net.strength(PRICE, VOLUME))
    net.fade()

    assert seen == sorted(set(seen))
    assert seen[0] == 0.25
    assert 0.0 < net.strength(PRICE, VOLUME) < seen[-1] <= 1.0
    assert net.strength(VOLUME, PRICE) == 0.0


def test_the_strongest_come_first():
    """Candidates are in the order of their strength."""
    net = Synapses()
    for others in ([VOLUME, BOOK, TRADES], [VOLUME, BOOK], [VOLUME]):
        net.learn_access_pattern(PRICE, {"asked_with": others})

    assert net.predict_prefetch_candidates(PRICE) == [VOLUME, BOOK, TRADES]
    assert net.predict_prefetch_candidates(PRICE, limit=1) == [VOLUME]


def test_companions_are_found_within_the_window_and_not_beyond():
    """Twenty misses belong together, whatever their order within."""
    net = Synapses()
    for _ in range(2):
        for key in range(WINDOW + 5):
            net.asked(key, missed=True)
    net.asked(0, missed=True)

    assert net.strength(0, WINDOW) > 0.0
    assert net.strength(0, WINDOW + 1) == 0.0


def test_a_hit_teaches_what_follows_it_and_leaves_the_trace_alone():
    """Hits are many; companions are learnt from misses."""
    net = Synapses()

    net.asked("hot", missed=False)
    net.asked("cold", missed=True)

    assert net.strength("hot", "cold") > 0.0
    assert len(net.trail) == 1


@given(REQUESTS)
def test_memory_is_bounded(requests):
    """Neither nets nor trace grow beyond what the capacity allows."""
    net = taught(requests)

    assert len(net.followers) <= CAPACITY
    assert len(net.companions) <= CAPACITY
    assert len(net.trail) < TRACED * CAPACITY + TRIMMED
    assert len(net.trail._places) <= len(net.trail)
    for key in range(31):
        assert len(net.followers.of(key)) <= FOLLOWERS
        assert len(net.companions.of(key)) <= WINDOW


@given(st.lists(st.integers(0, 9), max_size=400))
def test_a_trace_knows_what_an_endless_one_would(keys):
    """As long as a key's last place is within its length."""
    trace, length = Trail(70), 70
    for at, key in enumerate(keys):
        place = trace.add(key)
        endless = [i for i, before in enumerate(keys[:at]) if before == key]
        if endless and endless[-1] > at - length:
            assert place == endless[-1]
            assert trace.after(place, 5) == keys[place + 1 : at + 1][:5]


@given(REQUESTS, st.booleans())
def test_a_dump_comes_back_whole(requests, faded):
    """Through text and back: every strength, and the same dump again."""
    net = taught(requests)
    if faded:
        net.fade()
    back = Synapses(capacity=CAPACITY)

    back.load(json.loads(json.dumps(net.dump())))

    assert back.dump() == net.dump()


def test_a_dump_of_a_larger_net_is_cut_to_the_capacity():
    """The keys that fired last are kept."""
    large = Synapses(capacity=100)
    for key in range(50):
        large.learn_access_pattern(key, {"with": ["x"]})
    small = Synapses(capacity=10)

    small.load(large.dump())

    assert len(small.companions) == 10
    assert small.strength(49, "x") > 0.0


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: None,
        lambda _: [],
        lambda whole: {**whole, "version": 2},
        lambda whole: {**whole, "followers": None},
        lambda whole: {**whole, "followers": [["a"]]},
        lambda whole: {**whole, "followers": [["a", 5]]},
        lambda whole: {**whole, "companions": [["a", [["b", 0.5]]]]},
        lambda whole: {**whole, "companions": [["a", [["b", 257]]]]},
        lambda whole: {**whole, "companions": [["a", [["b", True]]]]},
        lambda whole: {**whole, "companions": [[None, [["b", 64]]]]},
        lambda whole: {**whole, "companions": [["a", [[["b"], 64]]]]},
    ],
)
def test_a_damaged_dump_is_refused_in_two_lines_and_changes_nothing(damage):
    """What was known before is still known."""
    net = Synapses()
    net.learn_access_pattern(PRICE, {"asked_with": [VOLUME]})
    before = copy.deepcopy(net.dump())

    with pytest.raises(Refused) as refused:
        net.load(damage(net.dump()))

    assert len(str(refused.value).splitlines()) == 2
    assert net.dump() == before


def test_a_key_costs_what_the_capacity_promises():
    """A full net of texts keeps below 1,600 bytes a key of its capacity, keys not counted."""
    net = Synapses(capacity=500)
    for _ in range(3):
        for key in range(2_000):
            net.asked(f"key-{key}", missed=True)

    rows = [*net.followers._rows.values(), *net.companions._rows.values()]
    taken = sum(sys.getsizeof(row) + sys.getsizeof(row.strengths) for row in rows)
    trace = sys.getsizeof(net.trail._keys) + sys.getsizeof(net.trail._places)

    assert (taken + trace) / 500 < 1_600
