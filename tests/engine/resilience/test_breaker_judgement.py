"""How often does a breaker open without need, and how soon with it?"""

from random import Random

import pytest

from engine.resilience.breaker import OPEN, Breaker
from engine.resilience.settings import BreakerSettings

SOUND, SICK = 0.05, 0.60  # shares of calls that fail
CALLS, SOON = 1_000, 50


def opens(share: float, calls: int, seed: int, *, adaptive: bool) -> bool:
    """Whether it opens within so many calls of which this share fails independently."""
    breaker = Breaker("any", BreakerSettings(adaptive_mode=adaptive), lambda: 0)
    draw = Random(seed).random
    permit = breaker.permit()
    for _ in range(calls):
        if draw() < share:
            breaker.failed(permit)
            if breaker.state is OPEN:
                return True
        else:
            breaker.succeeded(permit)
    return False


def judged(runs: int, *, adaptive: bool) -> tuple[float, float]:
    """The shares of runs that opened: at 5 % within 1,000 calls, at 60 % within 50."""
    false = sum(opens(SOUND, CALLS, seed, adaptive=adaptive) for seed in range(runs))
    true = sum(opens(SICK, SOON, seed, adaptive=adaptive) for seed in range(runs))
    return false / runs, true / runs


def chance_of_a_row(share: float, length: int, calls: int) -> float:
    """That so many failures in a row come within these calls: the exact answer, step by step."""
    at, opened = [1.0] + [0.0] * (length - 1), 0.0
    for _ in range(calls):
        opened += share * at[-1]
        at = [(1.0 - share) * sum(at), *(share * one for one in at[:-1])]
    return opened


def test_five_in_a_row_alone_would_not_do():
    """At 60 % failures one of six runs stays closed for 50 calls: hence the second rule."""
    assert chance_of_a_row(SOUND, 5, CALLS) == pytest.approx(0.000296, abs=1e-6)
    assert chance_of_a_row(SICK, 5, SOON) == pytest.approx(0.835, abs=1e-3)


@pytest.mark.parametrize("adaptive", [False, True], ids=["fixed", "adaptive"])
def test_it_opens_when_it_should_and_hardly_ever_otherwise(adaptive):
    """3,000 seeded runs: below 0.1 % at 5 % failures, at least 99 % at 60 %."""
    false, true = judged(3_000, adaptive=adaptive)

    assert false < 0.001
    assert true >= 0.99


@pytest.mark.long
@pytest.mark.parametrize("adaptive", [False, True], ids=["fixed", "adaptive"])
def test_it_does_so_over_ten_thousand_runs(adaptive):
    """As above, 10,000 runs."""
    false, true = judged(10_000, adaptive=adaptive)

    assert false < 0.001
    assert true >= 0.99


@pytest.mark.parametrize("usual", [0.0, 0.01, 0.05])
def test_what_was_learned_does_not_hide_a_sick_dependency(usual):
    """After 20,000 calls at a usual share of failures, 60 % still opens it within 50 calls."""
    found = 0
    for seed in range(100):
        breaker = Breaker("any", BreakerSettings(), lambda: 0)
        draw, permit = Random(seed).random, breaker.permit()
        shares = [usual] * (20_000 if seed < 3 else 2_000) + [SICK] * SOON
        for number, share in enumerate(shares):
            (breaker.failed if draw() < share else breaker.succeeded)(permit)
            if breaker.state is OPEN:
                found += number >= len(shares) - SOON
                break

    assert found >= 98
