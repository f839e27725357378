"""Do the indicators equal TA-Lib bar by bar on real markets, and is machine code the same bits?"""

import importlib.util
import math
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from engine import arithmetic
from engine.layout import bytes_of, dtype_of, fresh
from engine.strategy import averages, indicators, windows
from engine.strategy.indicators import BAR, INDICATORS, PARAMETERS, indicators_step, vwap_add
from tests.engine.strategy.bars import (
    FLAGS,
    OTHER_PERIODS,
    READINGS,
    Bar,
    Columns,
    assert_equal,
    halt,
    history,
    inside,
    parameters_of,
    walk,
)

SPOT = "data/bars_1m_spot_2025-05_2025-08/ETHUSDT-1m.parquet"
ORACLES = ["ethusdt_1m_calm_2025_06", "ethusdt_1m_crash_2021_05"]


@pytest.fixture(scope="module")
def run() -> Any:
    """`run(own, parameters, bars, rows)`: compiled, with what each bar left in `rows`.

    Copies of the modules are compiled: other tests go on in plain Python.
    """
    numba = pytest.importorskip("numba")
    copies, compiled = [], {}
    for module in (arithmetic, averages, windows, indicators):
        copies.append(copy_of(module))
        for name, function in vars(copies[-1]).items():
            if isinstance(function, FunctionType) and function.__module__ == copies[-1].__name__:
                compiled[name] = numba.njit(error_model="numpy")(function)
    for copy in copies:
        vars(copy).update({name: compiled[name] for name in vars(copy) if name in compiled})
    step = compiled["indicators_step"]

    def over(own: Any, parameters: Any, bars: Any, rows: Any) -> None:
        for at in range(len(bars)):
            step(own[0], parameters[0], bars[at])
            rows[at] = own[0]

    return numba.njit(error_model="numpy")(over)


def copy_of(module: ModuleType) -> ModuleType:
    """The module loaded once more, under another name."""
    spec = importlib.util.spec_from_file_location(f"compiled_{module.__name__}", module.__file__)
    assert spec is not None
    assert spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    return copy


def bars_in(path: Path) -> tuple[list[Bar], dict[str, Any]]:
    """The bars of a parquet file, and all its columns as float arrays."""
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = parquet.read_table(path)
    columns = {name: table[name].to_numpy() for name in table.column_names}
    times = columns["ts_ms" if "ts_ms" in columns else "open_time"].astype("datetime64[ms]")
    opened = (times.astype("int64") * 1_000_000).tolist()
    prices = [columns[name].tolist() for name in ("high", "low", "close", "volume")]
    return [Bar(*row) for row in zip(*prices, opened, strict=True)], columns


def compiled_rows(run: Any, bars: list[Bar], parameters: Any) -> Iterator[Any]:
    """What machine code leaves after each bar: arrays of the whole block, a thousand at a time."""
    numpy = pytest.importorskip("numpy")
    own = numpy.zeros(1, dtype_of(INDICATORS))
    periods = numpy.frombuffer(bytes_of(PARAMETERS, parameters), dtype_of(PARAMETERS))
    for first in range(0, len(bars), 1000):
        given = numpy.array(bars[first : first + 1000], dtype_of(BAR))
        rows = numpy.empty(len(given), dtype_of(INDICATORS))
        run(own, periods, given, rows)
        yield rows


def compiled_history(run: Any, bars: list[Bar], parameters: Any) -> Columns:
    """What machine code reads after each bar: `history`, only faster."""
    numpy = pytest.importorskip("numpy")
    parts: dict[tuple[str, str], list[Any]] = {reading: [] for reading in READINGS}
    for rows in compiled_rows(run, bars, parameters):
        for name, field in READINGS:
            ready = rows[name][FLAGS.get((name, field), "ready")] == 1
            parts[name, field].append(numpy.where(ready, rows[name][field], math.nan))
    return {reading: numpy.concatenate(found).tolist() for reading, found in parts.items()}


def talib_history(columns: dict[str, Any], p: Any) -> Columns:
    """TA-Lib's values, over whole arrays."""
    talib = pytest.importorskip("talib")
    high, low, close = (columns[name] for name in ("high", "low", "close"))
    macd = talib.MACD(close, p.macd_fast, p.macd_slow, p.macd_signal)
    width = p.bollinger_width
    bands = talib.BBANDS(close, p.bollinger_period, width, width, 0)
    smooth = (p.stochastic_k, 0, p.stochastic_d, 0)
    k, d = talib.STOCH(high, low, close, p.stochastic_period, *smooth)
    return {
        ("ema_fast", "value"): talib.EMA(close, p.ema_fast),
        ("ema_slow", "value"): talib.EMA(close, p.ema_slow),
        ("rsi", "value"): talib.RSI(close, p.rsi_period),
        ("macd", "value"): macd[0],
        ("macd", "signal"): macd[1],
        ("macd", "histogram"): macd[2],
        ("bollinger", "upper"): bands[0],
        ("bollinger", "middle"): bands[1],
        ("bollinger", "lower"): bands[2],
        ("true_range", "value"): talib.TRANGE(high, low, close),
        ("atr", "value"): talib.ATR(high, low, close, p.atr_period),
        ("adx", "value"): talib.ADX(high, low, close, p.adx_period),
        ("adx", "plus"): talib.PLUS_DI(high, low, close, p.adx_period),
        ("adx", "minus"): talib.MINUS_DI(high, low, close, p.adx_period),
        ("stochastic", "k"): k,
        ("stochastic", "d"): d,
        ("obv", "value"): talib.OBV(close, columns["volume"]),
    }


def columns_of(bars: list[Bar]) -> dict[str, Any]:
    """The bars as arrays."""
    numpy = pytest.importorskip("numpy")
    return {name: numpy.array([getattr(bar, name) for bar in bars]) for name in Bar._fields}


@pytest.mark.parametrize("oracle", ORACLES)
def test_real_bars_give_the_oracle_values(shared: Path, oracle: str) -> None:
    """Ordinary days and the crash of May 2021: every value, and where there is none."""
    bars, columns = bars_in(shared / f"oracles/indicators/{oracle}.parquet")

    found = history(bars, parameters_of())

    assert_equal(found, {reading: columns[name] for reading, name in READINGS.items()})


def test_an_anchored_vwap_never_begins_anew(shared: Path) -> None:
    """Without the day's border the same average runs from the first bar on."""
    bars, columns = bars_in(shared / f"oracles/indicators/{ORACLES[0]}.parquet")
    own = fresh(INDICATORS).vwap

    for bar, expected in zip(bars, columns["vwap_anchored"], strict=True):
        vwap_add(own, bar)
        assert abs(own.value - expected) <= 1e-9 * expected


@pytest.mark.parametrize("changed", [{}, *OTHER_PERIODS])
def test_three_months_of_minutes_equal_talib(
    shared: Path, run: Any, changed: dict[str, float]
) -> None:
    """Nothing drifts: bar 130,707 is as near to TA-Lib as the first, whatever the periods."""
    bars, columns = bars_in(shared / SPOT)
    assert len(bars) == 130_707
    parameters = parameters_of(**changed)

    found = compiled_history(run, bars, parameters)

    assert_equal(found, talib_history(columns, parameters))


QUIET = {
    "a halt after trading": [*walk(200, 1), *halt(900, walk(200, 1)[-1].close), *walk(60, 5)],
    "a halt from the first bar on": [*halt(150, 2_500.0), *walk(150, 3)],
    "bars inside the bar before": [*walk(60, 2), *inside(800, 2_500.0), *walk(60, 4)],
    "prices of a fraction of a cent": walk(300, 2, price=1e-8),
    "a split and back": [*walk(90, 2, price=100.0), *walk(90, 3, 10_000.0), *walk(90, 4, 1.0)],
}


@pytest.mark.parametrize("changed", [{}, *OTHER_PERIODS])
@pytest.mark.parametrize("market", QUIET)
def test_markets_without_range_equal_talib(market: str, changed: dict[str, float]) -> None:
    """Where little or nothing moves, sums fade away as TA-Lib's do; nothing divides by zero."""
    bars, parameters = QUIET[market], parameters_of(**changed)

    found = history(bars, parameters)

    assert_equal(found, talib_history(columns_of(bars), parameters))


@pytest.mark.parametrize("oracle", ORACLES)
def test_compiled_and_plain_hold_equal_bytes_on_real_bars(
    shared: Path, run: Any, oracle: str
) -> None:
    """Every field of the block, after every bar."""
    bars, _ = bars_in(shared / f"oracles/indicators/{oracle}.parquet")

    assert_equal_bytes(run, bars, parameters_of())


@pytest.mark.parametrize("changed", [{}, *OTHER_PERIODS])
def test_compiled_and_plain_hold_equal_bytes_on_a_walk(run: Any, changed: dict[str, float]) -> None:
    """As on real bars, where there is no reference material and with other periods."""
    assert_equal_bytes(run, [*walk(400, 3), *halt(100, 2_500.0)], parameters_of(**changed))


def assert_equal_bytes(run: Any, bars: list[Bar], parameters: Any) -> None:
    """Machine code and plain Python leave the same block after each bar."""
    own, at = fresh(INDICATORS), 0
    for rows in compiled_rows(run, bars, parameters):
        for row in rows:
            indicators_step(own, parameters, bars[at])
            assert row.tobytes() == bytes_of(INDICATORS, own), f"bar {at}"
            at += 1
