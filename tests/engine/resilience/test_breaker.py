"""Does a breaker open, probe and close as its table and its settings say?"""

import pytest

from engine.errors import Refused
from engine.resilience.breaker import (
    CLOSED,
    HALF_OPEN,
    HELD,
    NEXT,
    OPEN,
    Breaker,
    Changed,
    Unavailable,
    threshold_for,
)
from engine.resilience.settings import BreakerSettings
from tests.engine.resilience.clocks import NS, Clock

OPENED = "f f f f f =open"
PROBING = f"{OPENED} +60 p =half_open r"

# What breakers elsewhere promise of their states, said with our settings (threshold 5, 60 s, 3):
# f, s: a call fails or succeeds; p: a permit is kept; x: refused; r: it is released;
# k, l: the kept call succeeds or fails late; +N: seconds; !: a recovery; H, R: operator.
SCRIPTS = {
    # closed
    "a success keeps it closed": "s =closed",
    "fewer failures than the threshold keep it closed": "f f f f =closed",
    "failures in a row open it": OPENED,
    "a success between begins the row anew": "f f f f s f f f f =closed f =open",
    "one of two failing for ever is too often": "f s " * 9 + "=closed f =open",
    "one of three failing for ever is not": "f s s " * 50 + "=closed",
    "two of three failing open it": "f f s " * 4 + "f =closed f =open",
    "long ago does not count": "f f f f s f f f f s f" + " s" * 20 + " f f f f =closed",
    # open
    "nothing is let through while open": f"{OPENED} x x =open",
    "it stays open until the time is over": f"{OPENED} +59 x =open +0.5 x +0.5 p =half_open",
    "time alone does not move it": f"{OPENED} +600 =open",
    "the time counts from the last opening": f"{PROBING} f =open +59 x +1 p =half_open",
    "a call that began before it opened says nothing": f"p {OPENED} k =open +60 s s =half_open",
    "its failure says nothing either": f"p {OPENED} +60 s s l =half_open s =closed",
    "a recovery that worked makes it probe at once": f"{OPENED} ! p =half_open",
    # half-open
    "as many probes as successes are needed": f"{PROBING} p p p x x =half_open",
    "a released probe may be made again": f"{PROBING} p p p x r p x",
    "too few successes keep it half-open": f"{PROBING} s s =half_open p x",
    "enough successes close it": f"{PROBING} s s s =closed",
    "one failure opens it": f"{PROBING} f =open",
    "a failure after successes opens it": f"{PROBING} s s f =open",
    "each opening has its own probes": f"{PROBING} p p p x l =open +60 p p p x",
    "probes that never answer open it": f"{PROBING} p p p +59 x =half_open +1 x =open +60 p",
    "an answer to a probe of before says nothing": f"{PROBING} p s f =open +60 s s k =half_open",
    "a recovery does not disturb probes": f"{PROBING} s ! s s =closed",
    # closed again
    "the row begins anew": f"{PROBING} s s s f f f f =closed f =open",
    "what failed before does not count": "f s " * 9 + "f =open +60 s s s " + "f s " * 9 + "=closed",
    # operator
    "held open it stays, whatever comes": "H x +600 x ! x =held",
    "a reset closes it": f"H R =closed s {OPENED} R =closed {PROBING} R =closed",
    "a recovery while closed changes nothing": "! =closed f f f f f =open",
}  # fmt: skip


class Stage:
    """One breaker and the calls a script makes through it."""

    def __init__(self, settings: BreakerSettings) -> None:
        self.clock, self.told = Clock(), list[Changed]()
        self.breaker = Breaker("postgres", settings, self.clock, self.told.append)
        self.kept: list[int] = []

    def play(self, script: str) -> None:
        """Every word in turn."""
        for number, word in enumerate(script.split()):
            self.do(word, f"word {number} of {script}")

    def do(self, word: str, where: str) -> None:
        """One word."""
        breaker = self.breaker
        if word[0] == "=":
            assert breaker.state == word[1:], where
        elif word[0] == "+":
            self.clock.pass_s(float(word[1:]))
        elif word in "fspx":
            permit = breaker.permit()
            assert bool(permit) == (word != "x"), where
            {"f": breaker.failed, "s": breaker.succeeded}.get(word, self.kept.append)(permit)
        elif word in "rkl":
            kept = {"r": breaker.released, "k": breaker.succeeded, "l": breaker.failed}
            kept[word](self.kept.pop(0))
        else:
            {"!": breaker.recovered, "H": breaker.hold, "R": breaker.reset}[word]("why")


@pytest.mark.parametrize("adaptive", [False, True], ids=["fixed", "adaptive"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_of_calls_leads_where_it_says(name, adaptive):
    """Each promise, word by word: in so few calls and minutes nothing else is learned."""
    Stage(BreakerSettings(adaptive_mode=adaptive)).play(SCRIPTS[name])


def test_every_row_of_the_table_is_reached():
    """The scripts walk all of it: each transition is told with its cause."""
    seen: set[tuple[tuple[str, str], str]] = set()
    for script in SCRIPTS.values():
        stage = Stage(BreakerSettings(adaptive_mode=False))
        stage.play(script)
        stage.do("H", "")
        seen |= {(one.before, one.event): one.after for one in stage.told}.items()

    assert seen == set(NEXT.items())


def test_no_row_leads_from_closed_to_half_open():
    """What was never open has nothing to prove; and an open one closes by probes or by people."""
    ways = {(before, after) for (before, _), after in NEXT.items()}

    assert (CLOSED, HALF_OPEN) not in ways
    assert {event for (before, event), after in NEXT.items() if after == CLOSED} == {
        "proved",
        "reset",
    }
    assert {before for before, after in ways if after == HELD} == {CLOSED, OPEN, HALF_OPEN}


def test_a_herd_is_held_back():
    """Of 20 calls that come at once to a breaker half-open, three reach the dependency."""
    stage = Stage(BreakerSettings())
    stage.play(f"{OPENED} +60")

    permits = [stage.breaker.permit() for _ in range(20)]

    assert sum(map(bool, permits)) == 3
    assert stage.breaker.metrics()["refused"] == 17


def test_transitions_are_told_with_time_and_cause():
    """What a journal needs to say why nothing was asked of a dependency."""
    stage = Stage(BreakerSettings(failure_threshold=2, success_threshold=1))

    stage.play("f +1 f +60 s")

    assert [(one.at_ns // NS, one.before, one.after, one.cause) for one in stage.told] == [
        (1, "closed", "open", "2 in a row: "),
        (61, "open", "half_open", ""),
        (61, "half_open", "closed", "1 probes answered"),
    ]
    assert {one.breaker for one in stage.told} == {"postgres"}


def broken(_asked: int) -> None:
    """A dependency that is away."""
    raise ConnectionError


def test_a_guarded_call_answers_fails_and_is_refused():
    """The answer and the error are the call's own; a refusal says when it is tried again."""
    stage = Stage(BreakerSettings())
    breaker = stage.breaker

    assert breaker.call(abs, -7) == 7
    for _ in range(5):
        with pytest.raises(ConnectionError):
            breaker.call(broken, 1)
    with pytest.raises(Unavailable) as refused:
        breaker.call(broken, 1)
    assert refused.value.what == "postgres is not called: its breaker is open"
    assert (refused.value.fix, refused.value.code) == ("it is tried again in 60.0 s", 3)
    stage.clock.pass_s(60)
    assert [breaker.call(abs, -1) for _ in range(3)] == [1, 1, 1]
    assert breaker.state == CLOSED


def test_a_probe_that_is_interrupted_is_none():
    """Who was stopped from outside says nothing of the dependency, and leaves room for others."""
    stage = Stage(BreakerSettings())
    stage.play(f"{OPENED} +60")

    def stopped(_asked: int) -> None:
        raise KeyboardInterrupt

    for _ in range(9):
        with pytest.raises(KeyboardInterrupt):
            stage.breaker.call(stopped, 1)
    assert stage.breaker.state == HALF_OPEN
    with pytest.raises(ConnectionError):
        stage.breaker.call(broken, 1)
    assert stage.breaker.state == OPEN


def test_a_call_that_fails_after_the_breaker_opened_says_nothing():
    """Its failure is its own; the breaker has moved on without it."""
    stage = Stage(BreakerSettings(failure_threshold=1))

    def slow(_asked: int) -> None:
        stage.play("f =open")
        raise TimeoutError

    with pytest.raises(TimeoutError):
        stage.breaker.call(slow, 1)
    assert [one.after for one in stage.told] == [OPEN]


@pytest.mark.parametrize(
    ("share", "base", "threshold"),
    [(0.05, 5, 5), (0.001, 5, 3), (0.01, 5, 3), (0.02, 5, 4), (0.1, 5, 7), (0.5, 5, 10),
     (0.001, 1, 1), (0.001, 2, 2), (0.05, 40, 40)],
)  # fmt: skip
def test_a_row_of_equal_chance_is_asked_for(share, base, threshold):
    """share ** threshold is about 0.05 ** base, between half and twice the configured one."""
    assert threshold_for(share, base) == threshold


def steady(breaker: Breaker, every: int, calls: int) -> None:
    """Make calls, of which each so-manieth fails."""
    for number in range(calls):
        permit = breaker.permit()
        (breaker.succeeded if number % every else breaker.failed)(permit)


def test_the_threshold_follows_the_usual_share_of_failures():
    """Where calls hardly ever fail three in a row suffice; where many do, more are asked for."""
    calm, rough, fixed = (
        Stage(BreakerSettings(adaptive_mode=mode)).breaker for mode in (True, True, False)
    )

    steady(calm, 200, 20_000)
    steady(rough, 7, 6_000)
    steady(fixed, 200, 20_000)

    assert (calm.threshold, rough.threshold, fixed.threshold) == (3, 8, 5)
    assert {one.state for one in (calm, rough, fixed)} == {CLOSED}


def test_a_long_time_without_failures_is_learned_at_the_next_one():
    """Calls that succeeded were only counted: all their epochs are made up for."""
    breaker = Stage(BreakerSettings()).breaker
    steady(breaker, 7, 6_000)
    assert breaker.threshold == 8

    for _ in range(10_000):
        breaker.call(abs, 1)
    breaker.failed(breaker.permit())

    assert breaker.threshold == 3


def test_the_timeout_follows_how_long_outages_last():
    """Towards a second where a second is usual, towards minutes where those are; within 4x."""
    short, long = Stage(BreakerSettings()), Stage(BreakerSettings())

    for _ in range(100):
        short.play("f f f f f +1 ! s s s =closed")
        long.play("f f f f f +3600 ! s s s =closed")

    assert short.breaker.timeout_ns == 15 * NS
    assert long.breaker.timeout_ns == 240 * NS


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"failure_threshold": 0}, "circuit_breaker.failure_threshold = 0 is impossible"),
        ({"failure_threshold": 2.5}, "circuit_breaker.failure_threshold = 2.5 is impossible"),
        ({"recovery_timeout": -1.0}, "circuit_breaker.recovery_timeout = -1.0 is impossible"),
        ({"recovery_timeout": float("nan")}, "circuit_breaker.recovery_timeout = nan"),
        ({"success_threshold": 0}, "circuit_breaker.success_threshold = 0 is impossible"),
        ({"learning_rate": 2.0}, "circuit_breaker.learning_rate = 2.0 is impossible"),
    ],
)
def test_settings_out_of_bounds_are_refused(named, said):
    """At once, in two lines."""
    with pytest.raises(Refused) as refused:
        BreakerSettings(**named)

    assert refused.value.what.startswith(said)
    assert refused.value.fix.startswith("it must be ")
