"""Which bars do the indicator tests feed, and when are two histories of readings equal?"""

import math
import random
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from engine.layout import fresh
from engine.strategy.indicators import DAY_NS, INDICATORS, PARAMETERS, indicators_step

MINUTE_NS = 60_000_000_000
EVENING_NS = 20_001 * DAY_NS - 200 * MINUTE_NS

# Each reading: where it lies, and its name in the oracle files.
READINGS = {
    ("ema_fast", "value"): "ema_9",
    ("ema_slow", "value"): "ema_21",
    ("rsi", "value"): "rsi_14",
    ("macd", "value"): "macd_12_26_9",
    ("macd", "signal"): "macd_12_26_9_signal",
    ("macd", "histogram"): "macd_12_26_9_hist",
    ("bollinger", "upper"): "bb_20_2.0_upper",
    ("bollinger", "middle"): "bb_20_2.0_middle",
    ("bollinger", "lower"): "bb_20_2.0_lower",
    ("true_range", "value"): "trange",
    ("atr", "value"): "atr_14",
    ("adx", "value"): "adx_14",
    ("adx", "plus"): "plus_di_14",
    ("adx", "minus"): "minus_di_14",
    ("stochastic", "k"): "stoch_14_3_3_k",
    ("stochastic", "d"): "stoch_14_3_3_d",
    ("obv", "value"): "obv",
    ("vwap", "value"): "vwap_utc_day",
}
FLAGS = {("adx", "plus"): "directed", ("adx", "minus"): "directed"}
OTHER_PERIODS = [
    {"ema_fast": 2, "ema_slow": 200, "rsi_period": 2, "macd_fast": 5, "macd_slow": 35}
    | {"macd_signal": 5, "bollinger_period": 64, "atr_period": 100, "adx_period": 7}
    | {"stochastic_period": 64, "stochastic_k": 8, "stochastic_d": 8},
    {"ema_fast": 20, "ema_slow": 5, "rsi_period": 200, "macd_signal": 2, "atr_period": 2}
    | {"bollinger_period": 2, "bollinger_width": 0.5, "adx_period": 2}
    | {"stochastic_period": 2, "stochastic_k": 1, "stochastic_d": 1},
]

Column = Sequence[float]
Columns = dict[tuple[str, str], Column]


class Bar(NamedTuple):
    """One closed bar, as the caller's block holds it."""

    high: float
    low: float
    close: float
    volume: float
    open_time_ns: int


def parameters_of(**changed: float) -> Any:
    """The profile's defaults, but for what is changed."""
    parameters = fresh(PARAMETERS)
    for name, parameter in PARAMETERS.items():
        setattr(parameters, name, changed.get(name, parameter.default))
    return parameters


def walk(count: int, seed: int, price: float = 2_500.0) -> list[Bar]:
    """Bars of a random walk over a midnight; some minutes see no trade, some no movement."""
    rng = random.Random(seed)
    bars, tick = [], price / 250_000
    for minute in range(count):
        moves = [rng.randint(-40, 40) * tick * rng.randint(0, 2) for _ in range(3)]
        prices = [price + move for move in moves]
        price = prices[-1]
        volume = rng.choice((0.0, rng.uniform(0.1, 900.0)))
        bars.append(Bar(max(prices), min(prices), price, volume, EVENING_NS + minute * MINUTE_NS))
    return bars


def halt(count: int, price: float) -> list[Bar]:
    """Bars without any movement."""
    return [Bar(price, price, price, 1.0, EVENING_NS + at * MINUTE_NS) for at in range(count)]


def inside(count: int, price: float) -> list[Bar]:
    """Bars whose closes move but whose highs and lows do not: no direction."""
    closes = [price + (-1) ** at * (at % 7) / 7 for at in range(count)]
    return [
        Bar(price + 1.0, price - 1.0, close, 1.0, EVENING_NS + at * MINUTE_NS)
        for at, close in enumerate(closes)
    ]


def readings(own: Any) -> list[float]:
    """Every value, NaN where it is not ready; before that it must be 0.0."""
    found = []
    for name, field in READINGS:
        part = getattr(own, name)
        ready = getattr(part, FLAGS.get((name, field), "ready"))
        assert ready in (0, 1)
        assert ready or getattr(part, field) == 0.0
        found.append(getattr(part, field) if ready else math.nan)
    return found


def fed(bars: Iterable[Bar], parameters: Any = None) -> Any:
    """Indicators that have seen the bars."""
    own, parameters = fresh(INDICATORS), parameters or parameters_of()
    for bar in bars:
        indicators_step(own, parameters, bar)
    return own


def history(bars: Iterable[Bar], parameters: Any) -> Columns:
    """What plain Python reads after each bar."""
    own, rows = fresh(INDICATORS), []
    for bar in bars:
        indicators_step(own, parameters, bar)
        rows.append(readings(own))
    return dict(zip(READINGS, zip(*rows, strict=True), strict=True))


def assert_equal(found: Columns, expected: Columns) -> None:
    """The same NaN mask, and within 1e-9 * max(1, |expected|) of each other."""
    for name, column in expected.items():
        for at, (ours, theirs) in enumerate(zip(found[name], column, strict=True)):
            assert math.isnan(ours) == math.isnan(theirs), (name, at, ours, theirs)
            if not math.isnan(theirs):
                assert abs(ours - theirs) <= 1e-9 * max(1.0, abs(theirs)), (name, at, ours, theirs)
