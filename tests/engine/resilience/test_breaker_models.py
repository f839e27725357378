"""Does the breaker agree with a model of twenty lines, and with another breaker?"""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.resilience.breaker import TOO_OFTEN, Breaker, Changed
from engine.resilience.settings import BreakerSettings
from tests.engine.resilience.clocks import NS, Clock

THRESHOLD, PROBES, TIMEOUT_S = 3, 2, 10


class Model:
    """The rule in its plainest words: lists of outcomes, nothing counted ahead."""

    def __init__(self) -> None:
        self.state, self.since_s, self.period = "closed", 0, 0
        self.outcomes: list[bool] = []
        self.out = 0

    def to(self, state: str, now_s: int) -> None:
        """Begin a period."""
        self.state, self.since_s, self.outcomes, self.out = state, now_s, [], 0
        self.period += 1

    def permit(self, now_s: int) -> bool:
        """Whether one more call may begin."""
        if self.state == "open" and now_s - self.since_s >= TIMEOUT_S:
            self.to("half_open", now_s)
        if self.state == "half_open" and self.out + len(self.outcomes) == PROBES:
            if now_s - self.since_s >= TIMEOUT_S:
                self.to("open", now_s)
            return False
        self.out += 1
        return self.state in ("closed", "half_open")

    def answered(self, period: int, now_s: int, *, well: bool) -> None:
        """A call of that period ended."""
        if period != self.period:
            return
        self.out -= 1
        self.outcomes.append(well)
        if self.state == "half_open" and not well:
            self.to("open", now_s)
        elif self.state == "half_open" and len(self.outcomes) == PROBES:
            self.to("closed", now_s)
        elif self.state == "closed":
            row = self.outcomes[-THRESHOLD:]
            often = self.outcomes[-4 * THRESHOLD :].count(False) >= 2 * THRESHOLD
            if not well and (often or (len(row) == THRESHOLD and not any(row))):
                self.to("open", now_s)


class Agreement(RuleBasedStateMachine):
    """Calls that overlap, answer late or never, recoveries, operators, and time."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.model, self.told = Clock(), Model(), list[Changed]()
        chosen = BreakerSettings(THRESHOLD, float(TIMEOUT_S), PROBES, adaptive_mode=False)
        self.breaker = Breaker("any", chosen, self.clock, self.told.append)
        self.calls: list[tuple[int, int]] = []

    @property
    def now_s(self) -> int:
        """Whole seconds since the beginning."""
        return self.clock.now_ns // NS

    @rule()
    def begin(self) -> None:
        """A call begins, and both allow it or neither."""
        permit, allowed = self.breaker.permit(), self.model.permit(self.now_s)
        assert bool(permit) == allowed
        if permit:
            self.calls.append((permit, self.model.period))

    @precondition(lambda self: self.calls)
    @rule(well=st.booleans(), which=st.integers(0, 3))
    def answer(self, *, well: bool, which: int) -> None:
        """A call ends, not always the oldest."""
        permit, period = self.calls.pop(which % len(self.calls))
        (self.breaker.succeeded if well else self.breaker.failed)(permit)
        self.model.answered(period, self.now_s, well=well)

    @rule(outcomes=st.lists(st.booleans(), max_size=8))
    def call(self, outcomes: list[bool]) -> None:
        """Calls one after another."""
        for well in outcomes:
            self.begin()
            if self.calls:
                self.answer(well=well, which=len(self.calls) - 1)

    @rule(seconds=st.integers(1, TIMEOUT_S))
    def wait(self, seconds: int) -> None:
        """Nothing happens for a while."""
        self.clock.pass_s(seconds)

    @rule()
    def recover(self) -> None:
        """A recovery worked."""
        self.breaker.recovered("test")
        if self.model.state == "open":
            self.model.to("half_open", self.now_s)

    @rule()
    def hold(self) -> None:
        """An operator holds it open."""
        self.breaker.hold("test")
        if self.model.state != "held":
            self.model.to("held", self.now_s)

    @rule()
    def reset(self) -> None:
        """An operator closes it."""
        self.breaker.reset("test")
        if self.model.state != "closed":
            self.model.to("closed", self.now_s)

    @invariant()
    def agree(self) -> None:
        """One state, and every transition told once."""
        assert self.breaker.state == self.model.state
        assert len(self.told) == self.model.period


class LongAgreement(Agreement):
    """The same for longer."""


TestAgreement = Agreement.TestCase
TestAgreement.settings = settings(
    max_examples=60, stateful_step_count=50, deadline=None, derandomize=True
)
TestAgreementAtLength = pytest.mark.long(LongAgreement.TestCase)
TestAgreementAtLength.settings = settings(max_examples=1_000, stateful_step_count=50, deadline=None)


WORDS = st.sampled_from(["f", "f", "s", "wait", "later"])


@given(words=st.lists(WORDS, max_size=80), threshold=st.integers(1, 6), probes=st.integers(1, 4))
@settings(max_examples=300, deadline=None)
def test_one_call_after_another_it_judges_as_pybreaker_does(words, threshold, probes):
    """Failures in a row, refusals, the timeout and the way back; until our second rule speaks."""
    pybreaker = pytest.importorskip("pybreaker", reason="needs the extra `test`")
    clock, told = Clock(), list[Changed]()
    chosen = BreakerSettings(threshold, 60.0, probes, adaptive_mode=False)
    ours = Breaker("any", chosen, clock, told.append)
    theirs = pybreaker.CircuitBreaker(
        fail_max=threshold,
        reset_timeout=60,
        success_threshold=probes,
        throw_new_error_on_trip=False,
    )

    for word in words:
        if word in ("wait", "later"):
            seconds = 60 if word == "wait" else 1
            clock.pass_s(seconds)
            aged(theirs, seconds)
            continue
        outcomes = [outcome(breaker.call, word) for breaker in (ours, theirs)]
        if told and told[-1].event == TOO_OFTEN:
            return
        assert outcomes[0] == outcomes[1]
        assert ours.state == theirs.current_state.replace("-", "_")


def outcome(call, word: str) -> str:
    """What came of one call: its answer, its error, or a refusal by the breaker."""
    try:
        return call(int, "1" if word == "s" else "no number") and "answer"
    except ValueError:
        return "error"
    except Exception as refused:
        if type(refused).__name__ not in ("CircuitBreakerError", "Unavailable"):
            raise
        return "refused"


def aged(breaker, seconds: int) -> None:
    """Time passes for a breaker that reads the real clock: it opened longer ago."""
    storage = breaker._state_storage
    opened: datetime | None = storage.opened_at
    if opened:
        storage.opened_at = opened - timedelta(seconds=seconds)
