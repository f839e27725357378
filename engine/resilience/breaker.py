"""May a dependency be called now? A circuit breaker: closed, open, half-open, or held open.

It opens on `failure_threshold` failures in a row, or on twice that among the last four times as
many calls: a run alone would miss a dependency that fails at random more often than not. In
half-open at most `success_threshold` calls are let through, however many come at once.
"""

import math
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from engine.errors import Refused
from engine.resilience.settings import BreakerSettings

CLOSED, OPEN, HALF_OPEN, HELD = "closed", "open", "half_open", "held"
# What happens to it.
IN_A_ROW, TOO_OFTEN, WAITED, RECOVERED = "in a row", "too often", "waited", "recovered"
PROVED, DISPROVED, SILENT, HOLD, RESET = "proved", "disproved", "silent", "hold", "reset"
NEXT = {
    (CLOSED, IN_A_ROW): OPEN,
    (CLOSED, TOO_OFTEN): OPEN,
    (OPEN, WAITED): HALF_OPEN,
    (OPEN, RECOVERED): HALF_OPEN,  # a recovery that worked need not wait out the timeout
    (HALF_OPEN, PROVED): CLOSED,
    (HALF_OPEN, DISPROVED): OPEN,
    (HALF_OPEN, SILENT): OPEN,  # probes that never answered
    (CLOSED, HOLD): HELD,  # by an operator, until the reset
    (OPEN, HOLD): HELD,
    (HALF_OPEN, HOLD): HELD,
    (OPEN, RESET): CLOSED,
    (HALF_OPEN, RESET): CLOSED,
    (HELD, RESET): CLOSED,
}
WINDOW, FILL = 4, 2  # times the threshold: the last calls looked at, and failures among them
RUN_MIN = 2  # one failure is no run
EPOCH = 100  # calls from one lesson about the usual share of failures to the next
USUAL_FAILURES = 0.05  # the share that the configured threshold is right for
SHARES = (0.001, 0.5)  # of failures, between which it learns
FLOOR, CEILING = 0.25, 4.0  # times the configured timeout, between which it learns
NS = 1_000_000_000

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Changed(NamedTuple):
    """One transition, with what caused it."""

    at_ns: int
    breaker: str
    before: str
    after: str
    event: str
    cause: str


class Failures(NamedTuple):
    """How many calls failed in a row, and how many of the newest ones."""

    in_a_row: int
    recent: int
    calls: int


class Unavailable(Refused):
    """The breaker lets no call through now."""


def unheard(_value: object) -> None:
    """For whoever wants to hear of nothing."""


class Breaker:
    """One dependency's breaker. `clock` gives nanoseconds, and a call while closed never reads it.

    A permit belongs to the period it was given in: an answer that comes after the next transition
    counts for nothing.
    """

    __slots__ = (
        *("name", "settings", "state", "threshold", "timeout_ns", "opened", "refused"),
        *("_answered_ns", "_before", "_calls", "_clock", "_epoch", "_failed", "_failures"),
        *("_given",),
        *("_period", "_proved", "_run", "_share", "_since_ns", "_sick_ns", "_tell"),
    )

    def __init__(
        self,
        name: str,
        settings: BreakerSettings,
        clock: Callable[[], int],
        tell: Callable[[Changed], object] = unheard,
    ) -> None:
        self.name, self.settings, self._clock, self._tell = name, settings, clock, tell
        self.state, self._period = CLOSED, 1
        self.threshold = settings.failure_threshold
        self.timeout_ns = int(settings.recovery_timeout * NS)
        self.opened = self.refused = 0  # opened: how often it stopped calls, by itself or by hand
        self._share = USUAL_FAILURES
        self._since_ns = self._sick_ns = self._answered_ns = 0
        self._run = self._failed = 0
        self._calls: list[int] | None = None
        self._before = Failures(0, 0, 0)  # it closed
        self._begin()

    def call(self, work: Callable[[Asked], Answer], asked: Asked) -> Answer:
        """What work answers to this; Unavailable without asking. Every Exception is a failure."""
        calls = self._calls
        if calls is None:
            return self._probe(work, asked)
        try:
            answer = work(asked)
        except Exception as wrong:
            if calls is self._calls:
                self._count(calls, type(wrong).__name__)
            raise
        calls[0] += 1  # of the period it began in
        return answer

    def permit(self) -> int:
        """Leave for one call, to be given back with its outcome; 0 is a refusal."""
        if self.state is CLOSED:
            return self._period
        now_ns = self._clock()
        if self.state is OPEN and now_ns >= self._since_ns + self.timeout_ns:
            self._move(WAITED, now_ns, "")
        if self.state is HALF_OPEN:
            if self._given < self.settings.success_threshold:
                self._given += 1
                return self._period
            if now_ns >= self._since_ns + self.timeout_ns:
                self._move(SILENT, now_ns, f"{self._given - self._proved} probes unanswered")
        self.refused += 1
        return 0

    def succeeded(self, permit: int) -> None:
        """A call with this permit had its answer."""
        if permit != self._period:
            return
        if self._calls is not None:
            self._calls[0] += 1
        else:
            self._proved += 1
            if self._proved == 1:
                self._answered_ns = self._clock()
            if self._proved >= self.settings.success_threshold:
                self._move(PROVED, self._clock(), f"{self._proved} probes answered")

    def failed(self, permit: int, cause: str = "") -> None:
        """A call with this permit failed."""
        if permit != self._period:
            return
        if self._calls is not None:
            self._count(self._calls, cause)
        else:
            self._move(DISPROVED, self._clock(), cause)

    def released(self, permit: int) -> None:
        """A call with this permit was given up without telling anything of the dependency."""
        if permit == self._period and self.state is HALF_OPEN:
            self._given -= 1

    def recovered(self, cause: str) -> None:
        """A recovery worked: probes are let in at once."""
        if self.state is OPEN:
            self._move(RECOVERED, self._clock(), cause)

    def hold(self, who: str) -> None:
        """An operator holds it open until the reset; neither time nor recovery opens it."""
        if self.state is not HELD:
            self._move(HOLD, self._clock(), who)

    def reset(self, who: str) -> None:
        """An operator closes it, whatever was seen."""
        if self.state is not CLOSED:
            self._move(RESET, self._clock(), who)

    def wait_ns(self) -> int:
        """Time until a probe may be let in, nanoseconds; 0 where one may now."""
        waits = self.state is OPEN
        return max(0, self._since_ns + self.timeout_ns - self._clock()) if waits else 0

    def metrics(self) -> dict[str, int | float | str]:
        """What it has seen and where it stands."""
        return {
            "state": self.state,
            "opened": self.opened,
            "failures_in_a_row": self.failures.in_a_row,
            "failures_recent": self.failures.recent,
            "calls_recent": self.failures.calls,
            "refused": self.refused,
            "threshold": self.threshold,
            "timeout_ns": self.timeout_ns,
            "failure_share": self._share,
        }

    @property
    def failures(self) -> Failures:
        """Of the newest calls; while it is not closed those that led here, and failed probes."""
        if self._calls is None:
            return self._before
        calls = self._calls[0]
        window = min(calls, WINDOW * self.settings.failure_threshold)
        recent = sum(at > calls - window for at in self._failures)
        is_run = bool(self._failures) and self._failures[-1] == calls
        return Failures(self._run if is_run else 0, recent, window)

    def _probe(self, work: Callable[[Asked], Answer], asked: Asked) -> Answer:
        permit = self.permit()
        if not permit:
            raise self.unavailable()
        try:
            answer = work(asked)
        except Exception as wrong:
            self.failed(permit, type(wrong).__name__)
            raise
        except BaseException:
            self.released(permit)
            raise
        self.succeeded(permit)
        return answer

    def unavailable(self) -> Unavailable:
        """The refusal of a call, in two lines."""
        what = f"{self.name} is not called: its breaker is {self.state.replace('_', '-')}"
        if self.state is HELD:
            return Unavailable(what, "an operator holds it; reset it", 3)
        wait = self.wait_ns() / NS
        return Unavailable(what, f"it is tried again in {wait:.1f} s" if wait else "probes run", 3)

    def _count(self, calls: list[int], cause: str) -> None:
        """A failure while closed. Successes were only counted: all work is done here."""
        calls[0] += 1
        at = calls[0]
        last = self._failures[-1] if self._failures else -1
        self._run = self._run + 1 if last == at - 1 else 1
        self._failures.append(at)
        if self.settings.adaptive_mode:
            self._learn_share(at)
        base = self.settings.failure_threshold
        within = at - self._failures[0] + 1
        if self._run >= self.threshold:
            self._move(IN_A_ROW, self._clock(), f"{self._run} in a row: {cause}")
        elif len(self._failures) == FILL * base and within <= WINDOW * base:
            self._move(TOO_OFTEN, self._clock(), f"{FILL * base} of {within}: {cause}")

    def _learn_share(self, at: int) -> None:
        """The usual share of failures, an epoch at a time, and the threshold that goes with it."""
        epochs = (at - self._epoch) // EPOCH
        if epochs:
            rate = self.settings.learning_rate
            share = self._share + rate * (self._failed / EPOCH - self._share)
            share *= (1.0 - rate) ** (epochs - 1)  # the later ones had no failure
            self._share = min(max(share, SHARES[0]), SHARES[1])
            self.threshold = threshold_for(self._share, self.settings.failure_threshold)
            self._epoch += epochs * EPOCH
            self._failed = 0
        self._failed += 1

    def _learn_timeout(self, lasted_ns: int) -> None:
        """The timeout moves towards how long the dependency was away."""
        usual_ns = self.settings.recovery_timeout * NS
        moved = self.timeout_ns + self.settings.learning_rate * (lasted_ns - self.timeout_ns)
        self.timeout_ns = int(min(max(moved, FLOOR * usual_ns), CEILING * usual_ns))

    def _move(self, event: str, now_ns: int, cause: str) -> None:
        """Into the next state; KeyError where the table has none."""
        before, after = self.state, NEXT[self.state, event]
        if after is not CLOSED:
            self._before = self.failures
        if event == DISPROVED:
            self._before = self._before._replace(in_a_row=self._before.in_a_row + 1)
        self.state = after
        self._period += 1
        if before is CLOSED:
            self._sick_ns = now_ns
        if after is OPEN or (after is HELD and before is not OPEN):
            self.opened += 1
        if self.settings.adaptive_mode and event in (PROVED, DISPROVED):
            self._learn_timeout((self._answered_ns if event == PROVED else now_ns) - self._sick_ns)
        self._since_ns = now_ns
        self._begin()
        self._tell(Changed(now_ns, self.name, before, self.state, event, cause))

    def _begin(self) -> None:
        """Nothing has been seen of the period that begins."""
        self._epoch = self._failed = self._run = self._given = self._proved = 0
        self._calls = [0] if self.state is CLOSED else None  # made in this period, while closed
        self._failures: deque[int] = deque(maxlen=FILL * self.settings.failure_threshold)


def threshold_for(share: float, base: int) -> int:
    """Failures in a row that are as unlikely at this share as `base` are at the usual one."""
    fitting = round(base * math.log(USUAL_FAILURES) / math.log(share))
    return min(max(fitting, (base + 1) // 2, min(base, RUN_MIN)), FILL * base)
