"""What is done when PostgreSQL fails? Its breaker and its ladder decide; every step is told.

The service cannot write the engine's journal: steps are rows of its tables and lines of its log.
"""

import time
from collections.abc import Callable, Coroutine
from typing import Any

from engine.resilience.breaker import Breaker, Changed
from engine.resilience.degradation import Degradation, LevelChanged
from engine.resilience.ladder import ESCALATE, RETURN, Ladder, Step
from engine.resilience.settings import DEGRADE, FAILOVER, RETRY, Resilience
from engine.resilience.shells import Supervisor
from engine.service.standing import Standing

COMPONENT = "postgres"
CRITICAL_NS = 300 * 1_000_000_000  # gone for so long a person must look
Draw = Callable[[], float]  # uniform in [0, 1)
Ways = dict[str, Callable[[Step], Coroutine[Any, Any, None]]]


class Recovery:
    """What is done when PostgreSQL fails: by its breaker and its ladder, every step told.

    SQLite takes everything anyway: failing over to it is to say so.
    """

    def __init__(
        self,
        settings: Resilience,
        standing: Standing,
        draw: Draw,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._standing, self._clock = standing, clock
        self.breaker = Breaker(COMPONENT, settings.breaker, clock, self._moved)
        # Nothing of ours can start it again, so that rung is left out.
        rungs = (RETRY, FAILOVER, DEGRADE)
        self.ladder = Ladder("store", settings, draw, rungs=rungs)
        self._degraded = Degradation(self._levelled)
        self._since_ns = clock()

    async def climb(self, ways: Ways, cause: str) -> None:
        """Until it is well again."""
        self._since_ns = self._clock()
        acts = {
            **ways, FAILOVER: self._raise("failed_over"), DEGRADE: self._degrade,
            ESCALATE: self._raise("escalated"), RETURN: self._return,
        }  # fmt: skip
        await Supervisor(self._tell, self._clock).failed(self.ladder, acts, cause, self.breaker)

    def sign(self, act: str, who: str, reason: str) -> None:
        """An operator trips or resets the breaker."""
        self._row(f"operator {act}", f"{who}: {reason}", "")
        if act == "trip":
            self.breaker.hold(f"{who}: {reason}")
        else:
            self.breaker.reset(f"{who}: {reason}")

    def metrics(self) -> dict[str, Any]:
        """How the breaker stands."""
        found = self.breaker.metrics()
        level = self._degraded.level.name
        return {**found, "next_probe_s": self.breaker.wait_ns() / 1e9, "level": level}

    def _raise(self, kind: str) -> Callable[[Step], Coroutine[Any, Any, None]]:
        async def told(step: Step) -> None:
            self._standing.alerts.wrong(COMPONENT, kind, step.cause, self.ladder.tried)

        return told

    async def _degrade(self, step: Step) -> None:
        self._degraded.lost("store", self._clock(), step.cause)
        self._standing.alerts.wrong(COMPONENT, "degraded", step.cause, self.ladder.tried)

    async def _return(self, _step: Step) -> None:
        self._degraded.returned("store", self._clock())

    def _tell(self, step: Step) -> None:
        self._standing.steps.append((self._standing.now_ns(), *step[1:]))
        self._standing.say("info", "RecoveryStep", **step._asdict())
        is_long = self._clock() - self._since_ns > CRITICAL_NS
        if step.outcome and step.cause and is_long:
            self._standing.alerts.wrong(COMPONENT, "escalated", step.cause, self.ladder.tried)

    def _moved(self, changed: Changed) -> None:
        self._row(f"breaker {changed.event}", changed.cause, f"{changed.before} {changed.after}")
        self._standing.say("warning", "BreakerMoved", **changed._asdict())

    def _levelled(self, changed: LevelChanged) -> None:
        self._row("level", changed.cause, f"{changed.before} {changed.after}")
        self._standing.say("warning", "ServiceLevel", **changed._asdict())

    def _row(self, rung: str, cause: str, outcome: str) -> None:
        row = (self._standing.now_ns(), COMPONENT, rung, 0, 0, COMPONENT, cause, outcome)
        self._standing.steps.append(row)
