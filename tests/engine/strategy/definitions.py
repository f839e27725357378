"""What is each indicator by its definition: a whole window, or a whole history, for each value?"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import fmean, pstdev
from typing import Any

from engine.strategy.indicators import DAY_NS
from tests.engine.strategy.bars import Bar, Column, Columns


def defined(bars: Sequence[Bar], parameters: Any) -> Columns:
    """Every reading of every bar."""
    return (
        averages(bars, parameters)
        | strength(bars, parameters)
        | macd(bars, parameters)
        | bollinger(bars, parameters)
        | stochastic(bars, parameters)
        | directions(bars, parameters.adx_period)
        | volumes(bars)
    )


def averages(bars: Sequence[Bar], p: Any) -> Columns:
    """Both exponential averages, the true range and Wilder's average of it."""
    close = [bar.close for bar in bars]
    reach = reaches(bars)
    return {
        ("ema_fast", "value"): smoothed(close, p.ema_fast, 2.0 / (p.ema_fast + 1)),
        ("ema_slow", "value"): smoothed(close, p.ema_slow, 2.0 / (p.ema_slow + 1)),
        ("true_range", "value"): after(1, reach),
        ("atr", "value"): after(1, smoothed(reach, p.atr_period, 1.0 / p.atr_period)),
    }


def strength(bars: Sequence[Bar], p: Any) -> Columns:
    """The RSI."""
    changes = [new.close - old.close for old, new in pairwise(bars)]
    gains = smoothed([max(x, 0.0) for x in changes], p.rsi_period, 1.0 / p.rsi_period)
    losses = smoothed([max(-x, 0.0) for x in changes], p.rsi_period, 1.0 / p.rsi_period)
    share = [100.0 * gain / (gain + loss) for gain, loss in zip(gains, losses, strict=True)]
    return {("rsi", "value"): after(1, share)}


def macd(bars: Sequence[Bar], p: Any) -> Columns:
    """Both averages are first there with bar `macd_slow`; shown once the signal is."""
    close = [bar.close for bar in bars]
    late = p.macd_slow - p.macd_fast
    slow = smoothed(close, p.macd_slow, 2.0 / (p.macd_slow + 1))[p.macd_slow - 1 :]
    fast = smoothed(close[late:], p.macd_fast, 2.0 / (p.macd_fast + 1))[p.macd_fast - 1 :]
    value = [a - b for a, b in zip(fast, slow, strict=True)]
    signal = smoothed(value, p.macd_signal, 2.0 / (p.macd_signal + 1))
    shown = after(p.macd_signal - 1, value[p.macd_signal - 1 :])
    histogram = [a - b for a, b in zip(shown, signal, strict=True)]
    columns = {"value": shown, "signal": signal, "histogram": histogram}
    return {("macd", name): after(p.macd_slow - 1, column) for name, column in columns.items()}


def bollinger(bars: Sequence[Bar], p: Any) -> Columns:
    """Mean and population deviation of each window, in exact fractions."""
    close = [bar.close for bar in bars]
    middle = of_windows(fmean, close, p.bollinger_period)
    reach = of_windows(lambda x: p.bollinger_width * pstdev(x), close, p.bollinger_period)
    return {
        ("bollinger", "upper"): [a + b for a, b in zip(middle, reach, strict=True)],
        ("bollinger", "middle"): middle,
        ("bollinger", "lower"): [a - b for a, b in zip(middle, reach, strict=True)],
    }


def stochastic(bars: Sequence[Bar], p: Any) -> Columns:
    """The close's place in each window, its mean, and the mean of that; shown together."""
    high = of_windows(max, [bar.high for bar in bars], p.stochastic_period)
    low = of_windows(min, [bar.low for bar in bars], p.stochastic_period)
    places = [
        100.0 * (bar.close - below) / (above - below) if above != below else 0.0
        for bar, above, below in zip(bars, high, low, strict=True)
    ]
    k = of_windows(fmean, places[p.stochastic_period - 1 :], p.stochastic_k)[p.stochastic_k - 1 :]
    d = of_windows(fmean, k, p.stochastic_d)
    hidden = p.stochastic_period + p.stochastic_k - 2
    shown = after(p.stochastic_d - 1, k[p.stochastic_d - 1 :])
    return {("stochastic", "k"): after(hidden, shown), ("stochastic", "d"): after(hidden, d)}


def directions(bars: Sequence[Bar], period: int) -> Columns:
    """+DI and -DI as shares of the range summed up, ADX as the average of how they differ."""
    moves = [(new.high - old.high, old.low - new.low) for old, new in pairwise(bars)]
    ranged = faded([*reaches(bars)], period)
    risen = faded([max(up, 0.0) * (up > down) for up, down in moves], period)
    fallen = faded([max(down, 0.0) * (down > up) for up, down in moves], period)
    plus = [100.0 * up / reach for up, reach in zip(risen, ranged, strict=True)]
    minus = [100.0 * down / reach for down, reach in zip(fallen, ranged, strict=True)]
    sided = [100.0 * abs(a - b) / (a + b) for a, b in zip(plus, minus, strict=True)]
    columns = {"plus": plus, "minus": minus, "value": smoothed(sided, period, 1.0 / period)}
    return {("adx", name): after(period, column) for name, column in columns.items()}


def volumes(bars: Sequence[Bar]) -> Columns:
    """On-balance volume, and the day's volume-weighted price."""
    signs = [(new.close > old.close) - (new.close < old.close) for old, new in pairwise(bars)]
    flows = [sign * bar.volume for sign, bar in zip([1, *signs], bars, strict=True)]
    prices: list[float] = []
    for end, bar in enumerate(bars, 1):
        day = [
            one for one in bars[:end] if one.open_time_ns // DAY_NS == bar.open_time_ns // DAY_NS
        ]
        volume = math.fsum(one.volume for one in day)
        turnover = math.fsum((one.high + one.low + one.close) / 3 * one.volume for one in day)
        prices.append(turnover / volume if volume else math.nan)
    return {
        ("obv", "value"): [math.fsum(flows[:end]) for end in range(1, len(flows) + 1)],
        ("vwap", "value"): prices,
    }


def reaches(bars: Sequence[Bar]) -> Column:
    """The true range of every bar but the first, as Wilder wrote it."""
    return [
        max(new.high - new.low, abs(new.high - old.close), abs(new.low - old.close))
        for old, new in pairwise(bars)
    ]


def smoothed(values: Column, period: int, weight: float) -> Column:
    """The mean of the first values and each later one, with the weight that is left of it."""
    keep, found = 1.0 - weight, []
    for end in range(period, len(values) + 1):
        later = values[period:end]
        weighed = [weight * keep**age * x for age, x in enumerate(reversed(later))]
        found.append(keep ** len(later) * fmean(values[:period]) + math.fsum(weighed))
    return after(period - 1, found)


def faded(values: Column, period: int) -> Column:
    """The sum of `period` - 1 values, from which 1 / period goes with each later one that comes."""
    keep, found = 1.0 - 1.0 / period, []
    for end in range(period, len(values) + 1):
        later = values[period - 1 : end]
        kept = [keep**age * x for age, x in enumerate(reversed(later))]
        found.append(keep ** len(later) * math.fsum(values[: period - 1]) + math.fsum(kept))
    return found


def of_windows(compute: Callable[[Column], float], values: Column, period: int) -> Column:
    """One value for each window of `period` values."""
    ends = range(period, len(values) + 1)
    return after(period - 1, [compute(values[end - period : end]) for end in ends])


def after(missing: int, values: Column) -> Column:
    """The values, with NaN for what is missing before them."""
    return [math.nan] * missing + list(values)
