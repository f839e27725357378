"""Which constants make the simulated market like real minutes? `python -m bench.calibrate_market`.

Given are downloads of one-minute bars, used are the odd months of them alone; the even ones are
what the acceptance test compares with. Lengths of regimes and the size of a jump are chosen, the
other constants follow from the moments that the model has in closed form: for the volatility
s = level * exp(flurry), E s^n and E s(t)s(t+k) come from the Markov chain and the lognormal.
"""

import sys
from math import exp, log, sqrt
from typing import Any, NamedTuple

import numpy as np

from bench.stylized import facts_of, minute_returns, sizes_alike
from engine.market.simulated import BUSY, CALM, JUMP_SIZE, TRENDING

CALIBRATED = ("2024-11", "2025-01", "2025-03", "2025-05", "2025-07")
COMPARED = ("2024-10", "2025-02", "2025-06", "2025-08")
LAGS = (1, 2, 5, 10, 30, 60)
CRASH = 20.0  # standard deviations: no regime makes a minute beyond, and few carry most of kurtosis
NORMAL_KURTOSIS, NORMAL_SIZE = 2.9, 0.8012  # of the twelve uniform draws; E|z|
KURTOSIS_ERROR, ALIKE_ERROR = 0.1, 0.012  # what counts as one step away: a tenth, and 0.012
ROUNDS = 400


class Shape(NamedTuple):
    """What is sought, all positive."""

    busy: float = 3.0  # volatility of busy minutes to that of calm ones
    variance: float = 0.15  # of a flurry
    minutes: float = 3.0  # that a flurry lasts: its memory is exp(-1 / minutes)
    jumps: float = 0.004  # chance of one in a minute


class Moments(NamedTuple):
    """Standard deviation, kurtosis, and autocorrelation of sizes at LAGS."""

    deviation: float
    kurtosis: float
    alike: Any


def main(paths: list[str]) -> int:
    """Print the constants of engine/market/simulated.py and what they are to reach."""
    returns = minute_returns(paths, CALIBRATED)
    real, target = facts_of(returns), target_of(returns)
    shape = fitted(target)
    made = moments_of(shape)
    print(f"{len(returns):,} minutes of {', '.join(CALIBRATED)}")
    print(f"mean {real.mean:.1e}, deviation {real.deviation:.3e}, kurtosis {real.kurtosis:.2f}")
    print(f"kurtosis without crashes {target.kurtosis:.2f}, of the model {made.kurtosis:.2f}")
    for lag, there, here in zip(LAGS, target.alike, made.alike, strict=True):
        print(f"|r| lag {lag:2} {there:.3f}, of the model {here:.3f}")
    print(f"CALM, BUSY, TRENDING {' '.join(f'{x:.3e}' for x in volatilities(target, shape))}")
    print(f"FLURRY_VARIANCE, FLURRY_MEMORY = {shape.variance:.4f}, {exp(-1 / shape.minutes):.4f}")
    print(f"JUMP_CHANCE, JUMP_SIZE = {shape.jumps:.5f}, {JUMP_SIZE}")
    return 0


def target_of(returns: Any) -> Moments:
    """What real minutes show; kurtosis without crashes, the rest with them."""
    usual = returns[np.abs(returns) < CRASH * returns.std()]
    return Moments(returns.std(), facts_of(usual).kurtosis, sizes_alike(returns, LAGS))


def volatilities(target: Moments, shape: Shape) -> Any:
    """Volatility of calm, busy and trending minutes that gives the target's deviation."""
    return levels(shape) * target.deviation / moments_of(shape).deviation


def levels(shape: Shape) -> Any:
    """Volatility of each regime to that of calm; trending lies between in proportion."""
    return np.array([1.0, shape.busy, sqrt(shape.busy)])


def moments_of(shape: Shape) -> Moments:
    """What the model shows, the volatility of calm being 1."""
    minutes = np.array([CALM.minutes, BUSY.minutes, TRENDING.minutes])
    shares, level = minutes / minutes.sum(), levels(shape)
    # Whoever leaves a regime goes to either other one alike.
    chain = np.eye(3) + (np.full((3, 3), 0.5) - 1.5 * np.eye(3)) / minutes[:, None]
    size, square, fourth = shocks_of(shape.jumps)
    mean, second, last = (shares @ level**n * exp(n * n * shape.variance / 2) for n in (1, 2, 4))
    variance = second * square
    alike = []
    for lag in LAGS:
        both = (shares * level) @ np.linalg.matrix_power(chain, lag) @ level
        both *= exp(shape.variance * (1.0 + exp(-lag / shape.minutes)))
        alike.append((both - mean**2) * size**2 / (variance - (mean * size) ** 2))
    return Moments(sqrt(variance), last * fourth / variance**2, np.array(alike))


def shocks_of(jumps: float) -> tuple[float, float, float]:
    """Mean size, mean square and mean fourth power of a shock."""
    usual = 1.0 - jumps
    return (
        usual * NORMAL_SIZE + jumps * JUMP_SIZE,
        usual + jumps * JUMP_SIZE**2,
        usual * NORMAL_KURTOSIS + jumps * JUMP_SIZE**4,
    )


def fitted(target: Moments) -> Shape:
    """The shape whose moments come nearest: one constant at a time, up or down, smaller steps."""

    def distance(shape: Shape) -> float:
        made = moments_of(shape)
        tails = log(made.kurtosis / target.kurtosis) / KURTOSIS_ERROR
        return float(tails**2 + (((made.alike - target.alike) / ALIKE_ERROR) ** 2).sum())

    best, step = Shape(), 0.2
    for _ in range(ROUNDS):
        tried = [
            best._replace(**{name: getattr(best, name) * factor})
            for name in Shape._fields
            for factor in (1.0 + step, 1.0 / (1.0 + step))
        ]
        nearest = min(tried, key=distance)
        if distance(nearest) < distance(best):
            best = nearest
        else:
            step /= 2.0
    return best


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
