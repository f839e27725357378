"""Does each scenario find the promise kept, and one that is broken?"""

import time
from pathlib import Path

import pytest

from validators.degrade.outcome import (
    BROKEN,
    HELD,
    RECOVERY_MAX_S,
    SKIPPED,
    Broken,
    Judge,
    Outcome,
    Scenario,
    judged,
    until,
)
from validators.degrade.table import SCENARIOS

QUICK = ("clock-jumps", "engine-frozen")


def params(*, quick: bool) -> list[object]:
    """The scenarios of the normal run, or all of them."""
    return [pytest.param(one, id=one.name) for one in SCENARIOS if not quick or one.name in QUICK]


@pytest.mark.parametrize("scenario", params(quick=True))
def test_an_engine_keeps_its_promise(scenario: Scenario, native: object, tmp_path: Path):
    """Under a real fault, with the figures that show it."""
    holds(scenario, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("scenario", params(quick=False))
def test_an_engine_keeps_every_promise(scenario: Scenario, native: object, tmp_path: Path):
    """All of them: databases, disks, clocks, markets, memory and signals."""
    holds(scenario, tmp_path)


def holds(scenario: Scenario, scratch: Path) -> None:
    """The verdict is held, and something was measured."""
    verdict = judged(scenario, scratch)
    if verdict.state == SKIPPED:
        pytest.skip(verdict.why)
    assert (verdict.state, verdict.why) == (HELD, "")
    assert verdict.outcome.figures


def scenario_of(outcome: Outcome | None, absent: str = "") -> Scenario:
    """One that comes to this, or ends in the middle."""

    def run(_scratch: Path) -> Outcome:
        if outcome is None:
            raise Broken("it fell over")
        return outcome

    return Scenario("some", "something", "all is well", run, lambda: absent)


@pytest.mark.parametrize(
    ("outcome", "absent", "state", "why"),
    [
        (Outcome((), 1.0, {}), "", HELD, ""),
        (Outcome(("one", "two"), None, {}), "", BROKEN, "one; two"),
        (Outcome((), RECOVERY_MAX_S + 1, {}), "", BROKEN, "recovery took 61.0 s, 60 are promised"),
        (None, "", BROKEN, "it fell over"),
        (None, "needs a wand", SKIPPED, "needs a wand"),
    ],
)
def test_a_verdict_says_what_was_seen(
    outcome: Outcome | None, absent: str, state: str, why: str, tmp_path: Path
):
    """Held only when nothing was broken and recovery was in time; skipped without running."""
    verdict = judged(scenario_of(outcome, absent), tmp_path)

    assert (verdict.state, verdict.why) == (state, why)


def test_a_judge_keeps_what_did_not_hold():
    """In the order in which it was seen."""
    judge = Judge()
    judge.must(True, "fine")
    judge.must(0, "none came")
    judge.must("", "nothing was said")

    assert judge.outcome(2.0, rows=3) == Outcome(
        ("none came", "nothing was said"), 2.0, {"rows": 3}
    )


def test_what_does_not_come_is_broken():
    """The wait is bounded, and says what it waited for."""
    began = time.monotonic()

    with pytest.raises(Broken, match=r"not within 0.2 s: the moon"):
        until(lambda: False, "the moon", 0.2)

    assert time.monotonic() - began >= 0.2
