"""Are simulated minutes like real ones that their calibration never saw?"""

from itertools import islice
from math import exp
from typing import Any

import numpy as np
import pytest

from bench.calibrate_market import CALIBRATED, COMPARED, fitted, target_of, volatilities
from bench.stylized import Facts, facts_of, intervals_of, minute_returns
from engine.market.simulated import (
    BUSY,
    CALM,
    FLURRY_MEMORY,
    FLURRY_VARIANCE,
    JUMP_CHANCE,
    TRENDING,
    SimulatedMarket,
)

FOLDERS = ("2024-10_2024-11", "2025-01_2025-02", "2025-03", "2025-05_2025-08")
SEEDS, LIKE_REAL = range(1, 21), 17


def simulated_returns(seed: int, minutes: int) -> Any:
    """One-minute log returns of closes in whole ticks, as a file of bars has them."""
    closes = [minute.closing for minute in islice(SimulatedMarket(seed).minutes(), minutes + 1)]
    return np.diff(np.log(np.floor(closes)))


@pytest.fixture(scope="module")
def files(shared) -> list[str]:
    """Real ETHUSDT minutes, of months calibrated to and of months compared with."""
    return [str(shared / f"data/bars_1m_spot_{name}/ETHUSDT-1m.parquet") for name in FOLDERS]


def test_the_constants_are_those_of_the_calibration(files):
    """They follow from months that the comparison below does not see."""
    target = target_of(minute_returns(files, CALIBRATED))

    shape = fitted(target)

    found = [*volatilities(target, shape), shape.variance, exp(-1 / shape.minutes), shape.jumps]
    regimes = [regime.volatility for regime in (CALM, BUSY, TRENDING)]
    assert [*regimes, FLURRY_VARIANCE, FLURRY_MEMORY, JUMP_CHANCE] == pytest.approx(found, rel=0.01)
    assert set(CALIBRATED).isdisjoint(COMPARED)


def test_simulated_minutes_are_like_real_ones(files, capsys):
    """Mean, deviation, kurtosis and clustering inside the real ones' 95 % intervals, 17 of 20."""
    real = minute_returns(files, COMPARED)
    intervals, facts_there = intervals_of(real, seed=1), facts_of(real)

    found = [facts_of(simulated_returns(seed, len(real))) for seed in SEEDS]

    inside = [
        [low <= fact <= high for fact, (low, high) in zip(facts, intervals, strict=True)]
        for facts in found
    ]
    with capsys.disabled():
        print(f"\n{sum(map(all, inside))} of 20 seeds are like {len(real):,} real minutes")
        for place, name in enumerate(Facts._fields):
            (low, high), ours = intervals[place], sorted(facts[place] for facts in found)
            count = sum(row[place] for row in inside)
            print(
                f"  {name:9} {facts_there[place]:.3g} ({low:.3g} to {high:.3g}), "
                f"simulated {ours[0]:.3g} to {ours[-1]:.3g}: {count}"
            )
    assert sum(map(all, inside)) >= LIKE_REAL
