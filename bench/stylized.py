"""What are one-minute returns like? Their moments, their clustering, and how sure each figure is.

Kurtosis is the fourth central moment over the squared variance (3 for a normal). The intervals are
of the block bootstrap: a resample joins whole stretches of a day, closed to a circle, and products
of minutes that lie apart are resampled with the earlier minute, so that no joint enters them (the
blocks-of-blocks of Politis and Romano 1992, "A General Resampling Scheme for Triangular Arrays").
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from engine.market.importing import Options, prepare

MINUTE_NS = 60_000_000_000
LAGS = (1, 10, 60)
DAY = 1440  # minutes of a block: clustering lives inside it
RESAMPLES = 2_000
TAILS = (0.025, 0.975)


class Facts(NamedTuple):
    """What a stretch of one-minute log returns shows; autocorrelations are of absolute returns."""

    mean: float
    deviation: float
    kurtosis: float
    lag_1: float
    lag_10: float
    lag_60: float


def minute_returns(paths: Iterable[str], months: Sequence[str]) -> Any:
    """Log returns of the bars that opened in these months (`2025-03`), none over a gap: float64."""
    found = [np.zeros(0)]
    for series in prepare(paths, Options(), lambda _path, _done: None):
        times, closes = series.records["time_ns"], np.log(series.records["d"].astype(np.float64))
        month = times.astype("datetime64[ns]").astype("datetime64[M]").astype(str)
        wanted = np.isin(month, months)
        kept = wanted[1:] & wanted[:-1] & (np.diff(times) == MINUTE_NS)
        found.append(np.diff(closes)[kept])
    return np.concatenate(found)


def facts_of(returns: Any) -> Facts:
    """The figures of a sample: returns are float64 of shape (minutes,)."""
    return Facts(*figures(terms_of(returns).mean(axis=1), returns.mean()))


def intervals_of(returns: Any, seed: int) -> list[tuple[float, float]]:
    """Between which values 95 % of the resamples' figures lie, in the order of `Facts`."""
    terms, draws = terms_of(returns), np.random.default_rng(seed)
    circle = np.concatenate([terms, terms[:, :DAY]], axis=1)
    sums = np.concatenate([np.zeros((len(terms), 1)), np.cumsum(circle, axis=1)], axis=1)
    blocks = -(-len(returns) // DAY)
    starts = draws.integers(0, len(returns), (RESAMPLES, blocks))
    means = (sums[:, starts + DAY] - sums[:, starts]).mean(axis=2) / DAY
    low, high = np.quantile(figures(means, returns.mean()), TAILS, axis=1)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def sizes_alike(returns: Any, lags: Sequence[int]) -> Any:
    """Autocorrelation of absolute returns at each lag, the sample closed to a circle."""
    size = np.abs(returns) - np.abs(returns).mean()
    return np.array([(size * np.roll(size, -lag)).mean() for lag in lags]) / (size**2).mean()


def terms_of(returns: Any) -> Any:
    """Per minute what is averaged: powers of its return, and of its size at each lag."""
    moved = returns - returns.mean()
    size = np.abs(returns) - np.abs(returns).mean()
    products = [size * np.roll(size, -lag) for lag in LAGS]
    return np.array([moved, moved**2, moved**3, moved**4, size, size**2, *products])


def figures(means: Any, center: float) -> Any:
    """The figures that averages of those terms give, taken around `center`: shape (6, ...)."""
    first, second, third, fourth, size, square, *products = means
    variance = second - first**2
    central = fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4
    alike = [(product - size**2) / (square - size**2) for product in products]
    return np.array([first + center, np.sqrt(variance), central / variance**2, *alike])
