"""How far could luck have moved a mean? The stationary block bootstrap, seeded.

Politis and Romano 1994, "The Stationary Bootstrap", JASA 89 (428), section 2: a resample joins
blocks of consecutive values of the series, closed to a circle; blocks begin anywhere and their
lengths are geometric. So what one trade says about the next survives resampling.
"""

from math import cbrt
from typing import Any, NamedTuple

RESAMPLES = 2_000
TAIL = 0.025  # left out on either side: a 95 % interval
VALUES_MIN = 2  # of one value nothing can be resampled
DRAWN_AT_ONCE = 1 << 18  # values resampled together: what fits a cache


class Estimate(NamedTuple):
    """A mean, its 95 % interval, and how often luck alone gives as much; units of the values."""

    sample_size: int
    mean: float
    low: float
    high: float
    chance: float
    block: int
    resamples: int


def estimate(values: list[float], seed: int, resamples: int = RESAMPLES) -> Estimate | None:
    """What is known of the mean of values in time order; None for fewer than two."""
    if len(values) < VALUES_MIN:
        return None
    block = block_length(len(values))
    mean = sum(values) / len(values)
    means = resampled_means(values, block, resamples, seed)
    low, high = interval(means)
    return Estimate(len(values), mean, low, high, chance_of(mean, means), block, resamples)


def block_length(count: int) -> int:
    """The mean length of a block: count^(1/3), rounded.

    The order of growth that errs least on a mean's variance (Hall, Horowitz and Jing 1995, "On
    blocking rules for the bootstrap with dependent data", Biometrika 82 (3)).
    """
    return max(1, round(cbrt(count)))


def resampled_means(values: list[float], block: int, resamples: int, seed: int) -> Any:
    """The mean of each resample: float64 of shape (resamples,)."""
    import numpy as np

    count = len(values)
    draws = np.random.default_rng(seed)
    # Sums up to each place of the series said twice: a block that passes the end begins anew.
    sums = np.concatenate([[0.0], np.cumsum(np.concatenate([values, values]))])
    means = np.empty(resamples)
    rows = max(1, DRAWN_AT_ONCE // count)
    for first in range(0, resamples, rows):
        lengths = block_lengths(draws, min(rows, resamples - first), count, block)
        starts = draws.integers(0, count, lengths.shape)
        totals = (sums[starts + lengths] - sums[starts]).sum(axis=1)
        means[first : first + rows] = totals / count
    return means


def block_lengths(draws: Any, rows: int, count: int, block: int) -> Any:
    """Geometric lengths of mean `block`, each row cut to `count` in all: int64, shape (rows, n)."""
    import numpy as np

    edges = np.zeros((rows, 1), np.int64)
    while edges[:, -1].min() < count:
        drawn = draws.geometric(1.0 / block, (rows, count // block + 8))
        edges = np.hstack([edges, edges[:, -1:] + np.cumsum(drawn, axis=1)])
    return np.diff(np.minimum(edges, count), axis=1)


def interval(means: Any) -> tuple[float, float]:
    """Between which two values 95 % of the resampled means lie (percentile interval)."""
    import numpy as np

    low, high = np.quantile(means, [TAIL, 1.0 - TAIL])
    return float(low), float(high)


def chance_of(mean: float, means: Any) -> float:
    """How often a true mean of zero would give this mean or more: one-sided p, never 0.

    Resampled means are moved to zero first, as Hall and Wilson 1991, "Two guidelines for bootstrap
    hypothesis testing", Biometrics 47 (2), ask; counted as (1 + hits) / (1 + resamples).
    """
    return (1 + int((means - mean >= mean).sum())) / (1 + len(means))
