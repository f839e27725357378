"""Are windows exact: bands of one tick at any price, and no write past a ring?"""

import math
import random
from fractions import Fraction
from statistics import pstdev
from typing import Any

import pytest

from engine.layout import bytes_of, fresh, size_of
from engine.strategy.windows import (
    BOLLINGER,
    MEAN,
    MEAN_MAX,
    MEAN_PLACES,
    PLACES,
    STOCHASTIC,
    WINDOW_MAX,
    bollinger_step,
    mean_start,
    mean_step,
    stochastic_step,
)
from tests.engine.strategy.bars import Bar, parameters_of, walk


def banded(closes: list[float], parameters: Any) -> Any:
    """Bollinger bands that have seen the closes."""
    own = fresh(BOLLINGER)
    for close in closes:
        bollinger_step(own, parameters, close)
    return own


def test_bands_of_a_short_series() -> None:
    """2, 4, 4, 4, 5, 5, 7, 9 has the mean 5 and the deviation 2."""
    own = banded([100.0, 2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0], parameters_of(bollinger_period=8))

    assert (own.lower, own.middle, own.upper, own.ready) == (1.0, 5.0, 9.0, 1)


@pytest.mark.parametrize("period", [2, 3, 20, 63, 64])
def test_a_window_that_did_not_move_has_no_width(period: int) -> None:
    """Whatever happened before it: nothing is left of a crash once it has left the window."""
    parameters = parameters_of(bollinger_period=period)
    rng = random.Random(period)
    for _ in range(20):
        before = [rng.uniform(0.001, 90_000.0) for _ in range(rng.randint(0, 150))]
        price = rng.uniform(0.001, 90_000.0)

        own = banded([*before, *[price] * period], parameters)

        assert (own.lower, own.middle, own.upper) == (price, price, price)


@pytest.mark.parametrize("price", [1e-6, 1.0, 2_500.0, 100_000.0, 1e9])
def test_width_keeps_its_digits_at_any_price(price: float) -> None:
    """One tick of 1e-7 of the price is measured to eleven digits, after jumps too."""
    rng, parameters = random.Random(5), parameters_of()
    closes = [price * (1 + rng.randint(-9, 9) * 1e-7 + (at // 50) * 0.3) for at in range(200)]

    own = fresh(BOLLINGER)
    for at, close in enumerate(closes, 1):
        bollinger_step(own, parameters, close)
        if at >= 20:
            exact = 2 * pstdev([Fraction(one) for one in closes[at - 20 : at]])
            reach = own.upper - own.middle
            assert abs(reach - exact) <= 1e-11 * exact + 2 * math.ulp(own.upper)


def test_the_stochastic_of_a_short_series() -> None:
    """Window of 2, means of 2 and 2: places 50, 100 and 0 give %K 75, then 50."""
    parameters = parameters_of(stochastic_period=2, stochastic_k=2, stochastic_d=2)
    own, seen = fresh(STOCHASTIC), []

    for high, low, close in [(4, 0, 2), (4, 0, 2), (4, 0, 4), (2, 0, 0), (2, 0, 1)]:
        stochastic_step(own, parameters, Bar(high * 1.0, low * 1.0, close * 1.0, 1.0, 0))
        seen.append((own.k, own.d, own.ready))

    assert seen == [(0, 0, 0), (0, 0, 0), (0, 0, 0), (50, 62.5, 1), (25, 37.5, 1)]


def test_a_mean_does_not_drift() -> None:
    """After a million values it is the mean of the last three, not of a long sum's rounding."""
    own, rng = fresh(MEAN), random.Random(1)
    mean_start(own, 3)
    for _ in range(100_000):
        mean_step(own, rng.uniform(0.0, 100.0))

    for _ in range(3):
        mean_step(own, 100.0)
    assert own.value == pytest.approx(100.0, rel=1e-15)
    for _ in range(3):
        mean_step(own, 0.0)
    assert own.value == 0.0


@pytest.mark.parametrize("period", [WINDOW_MAX + 1, 1 << 40])
def test_a_period_beyond_the_ring_is_never_ready(period: int) -> None:
    """Compiled code checks no bounds: a wrong parameter must not write into a neighbour."""
    parameters = parameters_of(
        bollinger_period=period, stochastic_period=period, stochastic_k=period, stochastic_d=period
    )
    bands, places = fresh(BOLLINGER), fresh(STOCHASTIC)

    for bar in walk(200, seed=1):
        bollinger_step(bands, parameters, bar.close)
        stochastic_step(places, parameters, bar)

    assert (bands.ready, places.ready) == (0, 0)
    assert len(bytes_of(BOLLINGER, bands)) == size_of(BOLLINGER)


@pytest.mark.parametrize("period", [0, -1, -(1 << 40)])
def test_a_period_of_nothing_stays_within_the_ring(period: int) -> None:
    """A block that was never given parameters divides by nothing and writes its first place."""
    parameters = parameters_of(
        bollinger_period=period, stochastic_period=period, stochastic_k=period, stochastic_d=period
    )
    bands, places = fresh(BOLLINGER), fresh(STOCHASTIC)

    for bar in walk(200, seed=1):
        bollinger_step(bands, parameters, bar.close)
        stochastic_step(places, parameters, bar)

    assert bands.closes[1:] == [0.0] * (WINDOW_MAX - 1)
    assert places.highs[1:] == [0.0] * (WINDOW_MAX - 1)


def test_masks_fit_their_rings() -> None:
    """A masked place is any place of the ring and none beyond."""
    for size, mask in ((WINDOW_MAX, PLACES), (MEAN_MAX, MEAN_PLACES)):
        assert {place & mask for place in range(-300, 300)} == set(range(size))
