"""What is tried next when a component fails? Retry, restart, failover, degrade, then a person.

A ladder only decides. It hands out each step as a value, is told what came of it, and hands that
out too; whoever owns it journals both.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from engine.resilience.backoff import FULL, NS_A_MS
from engine.resilience.backoff import wait_ns as retry_ns
from engine.resilience.settings import (
    DEGRADE,
    FAILOVER,
    RESTART,
    RETRY,
    STRATEGIES,
    Backoff,
    Resilience,
)

NS = 1_000_000_000
WELL, ESCALATE, WATCH, RETURN = "well", "escalate", "watch", "return"
# rung: where its success leads, and where its last failure does.
NEXT = {
    RETRY: (WELL, RESTART),
    RESTART: (WELL, FAILOVER),
    FAILOVER: (WATCH, DEGRADE),
    DEGRADE: (ESCALATE, ESCALATE),
    ESCALATE: (WATCH, WATCH),  # a person knows, or could not be told; the journal has it
    WATCH: (RETURN, WATCH),  # one probe at a time, at the longest wait; see LATE
    RETURN: (WELL, WATCH),  # back to the first source, and to full service
}
LATE = DEGRADE  # where a watch leads whose patience is over before a person was told
TRIES = {RETRY: 5, RESTART: 3}  # every other rung has one
RESTARTS_MAX, RESTARTS_WITHIN_NS = 3, 600_000_000_000  # more often it does not help
TRIED_KEPT = 32  # steps of one trouble that its incident tells


class Failover(NamedTuple):
    """A component's standby, and how its first source gets it back."""

    component: str
    source: str
    standby: str
    way_back: str


FAILOVERS = (Failover("store", "postgres", "sqlite", "what SQLite took is written to PostgreSQL"),)


class Step(NamedTuple):
    """One try: begun where `outcome` is empty, ended where it is not."""

    at_ns: int
    component: str
    rung: str
    attempt: int  # of this rung, from 1
    wait_ns: int  # before it is done
    target: str  # what is retried, restarted, failed over or returned to
    cause: str  # the failure that led here; of an ended step the error, if there was one
    outcome: str = ""


WORKED, FAILED = "worked", "failed"


class Ladder:
    """The way of one component from its failure back to health. `draw` gives numbers in [0, 1)."""

    def __init__(
        self,
        component: str,
        settings: Resilience,
        draw: Callable[[], float],
        *,
        rungs: tuple[str, ...] = STRATEGIES,
    ) -> None:
        """`rungs` are the strategies that make sense for this component."""
        self.component, self.backoff = component, settings.backoff
        self.failover = next((one for one in FAILOVERS if one.component == component), None)
        self.rungs = {*rungs} & {*settings.strategies} | {ESCALATE, WATCH, RETURN}
        if self.failover is None:
            self.rungs.discard(FAILOVER)
        self.tried: deque[Step] = deque(maxlen=TRIED_KEPT)
        self.rung, self.undo = WELL, list[str]()
        self._draw, self._attempt = draw, 0
        self._restarts: deque[int] = deque(maxlen=RESTARTS_MAX)
        self._patience_ns = int(settings.patience_s * NS)
        self._lasted = ""  # said of the steps it leads to
        self._late_ns: int | None = None  # when its patience ends; None once a person was told

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to do."""
        return self.rung == WELL

    def next(self, now_ns: int, cause: str) -> Step:
        """What to do now that it fails, or still does."""
        if self.rung == WELL:
            self.tried.clear()
            self._late_ns, self._lasted = now_ns + self._patience_ns, ""
            self._climb(RETRY, now_ns)
        elif self.rung == WATCH and self._late_ns is not None and now_ns >= self._late_ns:
            self._lasted = f"away for {self._patience_ns / NS:g} s: "
            self._climb(LATE, now_ns)
        elif self._attempt >= TRIES.get(self.rung, 1):
            self._climb(NEXT[self.rung][1], now_ns)
        elif self.rung == RESTART and self._restarted_too_often(now_ns):
            self._climb(NEXT[RESTART][1], now_ns)
        self._attempt += 1
        if self.rung == RESTART:
            self._restarts.append(now_ns)
        if self.rung == ESCALATE:
            self._late_ns = None
        why = f"{self._lasted}{cause}" if self.rung in (DEGRADE, ESCALATE) else cause
        named = (now_ns, self.component, self.rung, self._attempt)
        step = Step(*named, self._wait_ns(now_ns), self._target(), why)
        self.tried.append(step)
        return step

    def ended(self, step: Step, now_ns: int, error: str = "") -> Step:
        """The outcome of a step, an error or none. KeyError for a step that is not the last."""
        if not self.tried or step != self.tried[-1]:
            raise KeyError(step)
        done = step._replace(at_ns=now_ns, cause=error, outcome=FAILED if error else WORKED)
        self.tried.append(done)
        if step.rung in (FAILOVER, DEGRADE) and not error:
            self.undo.append(step.rung)
        if not error:
            self._worked(now_ns)
        return done

    def _worked(self, now_ns: int) -> None:
        after = NEXT[self.rung][0]
        if after == RETURN and not self.undo:
            after = WELL
        if after == WELL:
            self.undo.clear()
            self.rung = WELL
        else:
            self._climb(after, now_ns)

    def _climb(self, rung: str, now_ns: int) -> None:
        """To this rung, or the next one that there is."""
        while rung not in self.rungs or (rung == RESTART and self._restarted_too_often(now_ns)):
            rung = NEXT[rung][1]
        self.rung, self._attempt = rung, 0

    def _restarted_too_often(self, now_ns: int) -> bool:
        full = len(self._restarts) == RESTARTS_MAX
        return full and now_ns - self._restarts[0] < RESTARTS_WITHIN_NS

    def _wait_ns(self, now_ns: int) -> int:
        if self.rung in (RETRY, RESTART):
            return retry_ns(self.backoff, self._attempt - 1, self._draw)
        if self.rung != WATCH:
            return 0
        usual_ns = watch_ns(self.backoff, self._draw)
        # A person is told when it was promised, however long a probe may wait.
        left_ns = usual_ns if self._late_ns is None else max(self._late_ns - now_ns, 0)
        return min(usual_ns, left_ns)

    def _target(self) -> str:
        if self.failover is None:
            return self.component
        return self.failover.standby if self.rung == FAILOVER else self.failover.source


def watch_ns(backoff: Backoff, draw: Callable[[], float]) -> int:
    """The wait before a probe of what stays away: between half the longest wait and all of it."""
    longest = backoff.max_delay_ms * NS_A_MS
    return int(longest * (1.0 + draw()) / 2) if backoff.jitter == FULL else longest
