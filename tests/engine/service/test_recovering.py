"""What does a person hear of a PostgreSQL that stays away? Hours of it in virtual time."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

from engine.log import Log
from engine.resilience.ladder import WATCH, Step
from engine.resilience.settings import RETRY, Resilience
from engine.resilience.shells import Timing
from engine.service.noted import kept_in
from engine.service.recovering import Recovery, Ways
from engine.service.standing import Standing
from tests.engine.resilience.clocks import NS, Clock

PATIENCE_S = 300.0


class Away:
    """A database that is away until it comes back, in time that passes while one waits."""

    def __init__(self, folder: Path, back_s: float) -> None:
        (folder / "service").mkdir()
        self.folder, self.back_ns, self.clock = str(folder / "service"), int(back_s * NS), Clock()
        log = Log(f"{self.folder}/service.log", "info", "json", "")
        self.standing = Standing(self.folder, log)
        settings = Resilience(patience_s=PATIENCE_S)
        timing = Timing(self.clock, self.wait)
        self.recovery = Recovery(settings, self.standing, Random(5).random, timing)
        self.probes: list[float] = []  # what was said of the next one, while it is waited for
        self.at_s: dict[str, float] = {}  # rung -> when it was tried last

    async def wait(self, seconds: float) -> None:
        """Nobody waits here."""
        self.probes.append(self.recovery.metrics()["next_probe_s"] - seconds)
        self.clock.pass_s(seconds)

    async def connect(self, _step: Step) -> None:
        """Refused until it is back."""
        if self.clock() < self.back_ns:
            raise ConnectionRefusedError("refused")

    def climbed(self) -> list[tuple[Any, ...]]:
        """All that was tried until it was well: rung, target, cause and outcome."""
        ways: Ways = {RETRY: self.connect, WATCH: self.connect}
        asyncio.run(self.recovery.climb(ways, "reset"))
        return [(step[2], step[5], step[6], step[7]) for step in self.standing.steps]

    def incidents(self) -> list[dict[str, Any]]:
        """Those in the file."""
        found: list[dict[str, Any]] = kept_in(self.folder)["incidents"]
        return found


def test_a_database_that_stays_away_becomes_critical_once_it_was_waited_for(tmp_path: Path):
    """One incident that rises, a level of service, and each step with its cause and outcome."""
    away = Away(tmp_path, back_s=3_600.0)

    steps = away.climbed()

    told = [row for row in steps if row[0] in ("failover", "degrade", "level", "escalate")]
    why = f"away for {PATIENCE_S:g} s: refused"
    assert told == [
        ("failover", "sqlite", "refused", ""),
        ("failover", "sqlite", "", "worked"),
        ("degrade", "postgres", why, ""),
        ("level", "postgres", why, "full one_copy"),
        ("degrade", "postgres", "", "worked"),
        ("escalate", "postgres", why, ""),
        ("escalate", "postgres", "", "worked"),
        ("level", "postgres", "healthy again", "one_copy full"),
    ]
    (one,) = away.incidents()
    assert (one["kind"], one["severity"], one["cause"]) == ("escalated", "critical", why)
    assert [step["rung"] for step in one["tried"]][-1] == "escalate"
    assert max(map(abs, away.probes)) < 1e-6  # the next probe was said to the microsecond


def test_a_database_that_returns_in_time_wakes_nobody(tmp_path: Path):
    """A warning, and no less service."""
    away = Away(tmp_path, back_s=PATIENCE_S - 60.0)

    steps = away.climbed()

    assert {"degrade", "level", "escalate"}.isdisjoint(row[0] for row in steps)
    (one,) = away.incidents()
    assert (one["kind"], one["severity"]) == ("failed_over", "warning")
