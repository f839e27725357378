"""What is one scenario, and what came of it? A promise each, held against what was seen."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

RECOVERY_MAX_S = 60.0
PATIENCE_S = 60.0  # for whatever must come to be so
LOOK_S = 0.05

Figure = float | int | str


class Broken(Exception):
    """A promise did not hold, in words; the scenario ends there."""


class Outcome(NamedTuple):
    """What of the promise was broken, seconds from the fault's end to health, what was measured.

    `recovery_s` is None where nothing has to recover.
    """

    broken: tuple[str, ...]
    recovery_s: float | None
    figures: dict[str, Figure]


class Scenario(NamedTuple):
    """A fault, what is promised while it lasts and after it, and the function that shows it.

    `absent` says why it cannot be had on this machine, or nothing.
    """

    name: str
    fault: str
    promise: str
    run: Callable[[Path], Outcome]
    absent: Callable[[], str]


class Verdict(NamedTuple):
    """How a scenario ended: held, broken or skipped, and why if not held."""

    scenario: Scenario
    state: str
    why: str
    outcome: Outcome
    seconds: float


HELD, BROKEN, SKIPPED = "held", "broken", "skipped"
NOTHING = Outcome((), None, {})


class Judge:
    """Collects what did not hold."""

    def __init__(self) -> None:
        self.broken: list[str] = []

    def must(self, holds: object, otherwise: str) -> None:
        """Something is promised; `otherwise` says what was seen instead."""
        if not holds:
            self.broken.append(otherwise)

    def outcome(self, recovery_s: float | None, **figures: Figure) -> Outcome:
        """All of it."""
        return Outcome(tuple(self.broken), recovery_s, figures)


def until(holds: Callable[[], object], what: str, seconds: float = PATIENCE_S) -> float:
    """Wait for it; the seconds it took. Broken when it does not come."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            raise Broken(f"not within {seconds:g} s: {what}")
        time.sleep(LOOK_S)
    return time.monotonic() - began


def judged(scenario: Scenario, scratch: Path) -> Verdict:
    """Run one in its own directory, unless this machine lacks what it takes."""
    if absent := scenario.absent():
        return Verdict(scenario, SKIPPED, absent, NOTHING, 0.0)
    began = time.monotonic()
    try:
        outcome = scenario.run(scratch)
    except Broken as why:
        outcome = Outcome((str(why),), None, {})
    broken = list(outcome.broken)
    if (outcome.recovery_s or 0.0) > RECOVERY_MAX_S:
        broken.append(f"recovery took {outcome.recovery_s:.1f} s, {RECOVERY_MAX_S:g} are promised")
    state = BROKEN if broken else HELD
    return Verdict(scenario, state, "; ".join(broken), outcome, time.monotonic() - began)
