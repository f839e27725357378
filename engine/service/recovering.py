"""What is done when PostgreSQL fails? Its breaker and its ladder decide; every step is told.

The service cannot write the engine's journal: steps are rows of its tables and lines of its log.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from engine.resilience.breaker import HELD, Breaker, Changed
from engine.resilience.degradation import Degradation, LevelChanged
from engine.resilience.ladder import ESCALATE, RETURN, Ladder, Step
from engine.resilience.settings import DEGRADE, FAILOVER, RETRY, Resilience
from engine.resilience.shells import WALL, Supervisor, Timing
from engine.service.standing import Standing

COMPONENT = "postgres"
NS = 1_000_000_000
Draw = Callable[[], float]  # uniform in [0, 1)
Ways = dict[str, Callable[[Step], Coroutine[Any, Any, None]]]


class Recovery:
    """What is done when PostgreSQL fails: by its breaker and its ladder, every step told.

    SQLite takes everything anyway: failing over to it is to say so.
    """

    def __init__(
        self, settings: Resilience, standing: Standing, draw: Draw, timing: Timing = WALL
    ) -> None:
        self._standing, self._timing = standing, timing
        self.breaker = Breaker(COMPONENT, settings.breaker, timing.now_ns, self._moved)
        # Nothing of ours can start it again, so that rung is left out.
        rungs = (RETRY, FAILOVER, DEGRADE)
        self.ladder = Ladder("store", settings, draw, rungs=rungs)
        self._degraded = Degradation(self._levelled)
        self._supervisor = Supervisor(self._tell, timing)
        self._due_ns = 0  # when what the ladder tries next is tried

    async def climb(self, ways: Ways, cause: str) -> None:
        """Until it is well again."""
        acts = {
            **ways, FAILOVER: self._raise("failed_over"), DEGRADE: self._degrade,
            ESCALATE: self._raise("escalated"), RETURN: self._return,
        }  # fmt: skip
        await self._supervisor.failed(self.ladder, acts, cause, self.breaker)

    def sign(self, act: str, who: str, reason: str) -> None:
        """An operator trips or resets the breaker."""
        self._row(f"operator {act}", f"{who}: {reason}", "")
        if act == "trip":
            self.breaker.hold(f"{who}: {reason}")
        else:
            self.breaker.reset(f"{who}: {reason}")

    def metrics(self) -> dict[str, Any]:
        """How the breaker stands; while it is held nothing is tried."""
        found = self.breaker.metrics()
        level = self._degraded.level.name
        return {**found, "next_probe_s": self._next_probe_ns() / NS, "level": level}

    def _next_probe_ns(self) -> int:
        if self.breaker.state == HELD:
            return 0
        if self.ladder.is_well:
            return self.breaker.wait_ns()
        return max(self._due_ns - self._timing.now_ns(), 0)

    def _raise(self, kind: str) -> Callable[[Step], Coroutine[Any, Any, None]]:
        async def told(step: Step) -> None:
            self._standing.alerts.wrong(COMPONENT, kind, step.cause, self.ladder.tried)

        return told

    async def _degrade(self, step: Step) -> None:
        self._degraded.lost(COMPONENT, self._timing.now_ns(), step.cause)
        self._standing.alerts.wrong(COMPONENT, "degraded", step.cause, self.ladder.tried)

    async def _return(self, _step: Step) -> None:
        self._degraded.returned(COMPONENT, self._timing.now_ns())

    def _tell(self, step: Step) -> None:
        if not step.outcome:
            self._due_ns = step.at_ns + step.wait_ns
        self._standing.steps.append((self._standing.now_ns(), *step[1:]))
        self._standing.say("info", "RecoveryStep", **step._asdict())

    def _moved(self, changed: Changed) -> None:
        self._row(f"breaker {changed.event}", changed.cause, f"{changed.before} {changed.after}")
        self._standing.say("warning", "BreakerMoved", **changed._asdict())

    def _levelled(self, changed: LevelChanged) -> None:
        self._row("level", changed.cause, f"{changed.before} {changed.after}")
        self._standing.say("warning", "ServiceLevel", **changed._asdict())

    def _row(self, rung: str, cause: str, outcome: str) -> None:
        row = (self._standing.now_ns(), COMPONENT, rung, 0, 0, COMPONENT, cause, outcome)
        self._standing.steps.append(row)
