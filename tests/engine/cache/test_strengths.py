"""Do strengths grow together, fade apart, and keep to their bounds?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cache.strengths import LEAST, ONE, Strengths
from engine.errors import Refused

KEYS = st.integers(0, 12)
FIRINGS = st.lists(st.tuples(KEYS, st.lists(KEYS, max_size=6)), max_size=60)
CAPACITY, WIDTH = 5, 3


def strengths() -> Strengths:
    """A small net."""
    return Strengths(CAPACITY, WIDTH, 0.25, 0.1)


@given(FIRINGS)
def test_a_net_is_never_larger_than_it_may_be(firings):
    """Keys, wires of a key and every strength stay within their bounds, whatever fires."""
    net = strengths()

    for key, others in firings:
        wired = net.fired(key, others)
        assert len(wired) <= WIDTH
        assert key not in wired
        assert all(LEAST <= strength <= ONE for strength in wired.values())
        assert len(net) <= CAPACITY


@given(FIRINGS)
def test_the_same_firings_make_the_same_net(firings):
    """Nothing depends on chance."""
    one, other = strengths(), strengths()

    for key, others in firings:
        one.fired(key, others)
        other.fired(key, others)

    assert one.rows() == other.rows()


@given(FIRINGS, st.integers(1, 40))
def test_fading_only_weakens(firings, times):
    """After time has passed no wire is stronger and none is new."""
    net = strengths()
    for key, others in firings:
        net.fired(key, others)
    before = {key: dict(net.of(key)) for key, _ in firings}

    for _ in range(times):
        net.fade()

    for key, wired in before.items():
        assert all(strength < wired[other] for other, strength in net.of(key).items())


def test_together_grows_towards_one_and_never_beyond():
    """Each time a share of what is left to 1."""
    net = strengths()

    grown = [net.fired("a", ["b"])["b"] for _ in range(40)]

    assert grown[:3] == [64, 64 + 48, 112 + 36]
    assert grown == sorted(grown)
    assert grown[-1] <= ONE


def test_firing_alone_weakens_until_it_is_forgotten():
    """Who fires without the other unlearns it."""
    net = strengths()
    net.fired("a", ["b"])

    left = [net.fired("a", ["c"]).get("b", 0) for _ in range(12)]

    assert left == sorted(left, reverse=True)
    assert left[-1] == 0


@pytest.mark.parametrize("rate", [1 / 32, 0.1, 0.5, 1.0])
def test_every_rate_learns_and_unlearns(rate):
    """Also the slowest one forgets a pair that does not come again."""
    net = Strengths(CAPACITY, WIDTH, rate, 0.0)
    for _ in range(5):
        net.fired("a", ["b"])
    assert net.of("a")["b"] >= round(rate * ONE)

    for _ in range(300):
        net.fired("a", ["c"])

    assert "b" not in net.of("a")


def test_the_key_that_fired_longest_ago_goes_first():
    """A net that is full forgets what it has not heard of."""
    net = strengths()

    for key in ("a", "b", "c", "d", "e", "a", "f"):
        net.fired(key, ["x"])

    assert net.of("a")
    assert not net.of("b")


def test_the_weakest_wire_goes_first():
    """What a key was often seen with outlives what came by."""
    net = strengths()
    for _ in range(4):
        net.fired("a", ["often"])

    for other in ("p", "q", "r", "s"):
        net.fired("a", [other])

    assert "often" in net.of("a")


def test_what_is_not_used_for_long_is_gone():
    """Half of a strength is left after as many fadings as the rate says."""
    net = strengths()
    for _ in range(20):
        net.fired("a", ["b"])
    strong = net.of("a")["b"]

    for _ in range(7):
        net.fade()

    assert abs(net.of("a")["b"] - strong * 0.9**7) <= 1
    for _ in range(40):
        net.fade()
    assert net.of("a") == {}


@pytest.mark.parametrize(
    ("capacity", "learning", "decay"), [(0, 0.2, 0.1), (9, 0.0, 0.1), (9, 1.5, 0.1), (9, 0.2, 1.0)]
)
def test_rates_that_cannot_learn_are_refused(capacity, learning, decay):
    """In two lines that name the number."""
    with pytest.raises(Refused) as refused:
        Strengths(capacity, 4, learning, decay)

    assert refused.value.fix
