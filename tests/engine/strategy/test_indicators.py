"""Do the streaming indicators keep their definitions, whatever the market and the parameters?"""

import math

import pytest

from engine.strategy.indicators import DAY_NS, PARAMETERS, indicators_step
from tests.engine.strategy.bars import (
    EVENING_NS,
    MINUTE_NS,
    OTHER_PERIODS,
    READINGS,
    Bar,
    assert_equal,
    fed,
    halt,
    history,
    parameters_of,
    readings,
    walk,
)
from tests.engine.strategy.definitions import defined


@pytest.mark.parametrize("changed", [{}, *OTHER_PERIODS])
def test_a_random_walk_gives_what_the_definitions_give(changed: dict[str, float]) -> None:
    """Each value again from a whole window or history, and ready with the same bar."""
    bars, parameters = walk(420, seed=1), parameters_of(**changed)

    found = history(bars, parameters)

    assert_equal(found, defined(bars, parameters))


# Which indicator a parameter begins anew, and whether it needs the bar before.
BEGUN_ANEW = {
    "ema_fast": ("ema_fast", 0), "ema_slow": ("ema_slow", 0), "rsi_period": ("rsi", 1),
    "macd_fast": ("macd", 0), "macd_slow": ("macd", 0), "macd_signal": ("macd", 0),
    "bollinger_period": ("bollinger", 0), "atr_period": ("atr", 1), "adx_period": ("adx", 1),
    "stochastic_period": ("stochastic", 0), "stochastic_k": ("stochastic", 0),
    "stochastic_d": ("stochastic", 0),
}  # fmt: skip


@pytest.mark.parametrize("name", BEGUN_ANEW)
def test_a_changed_period_begins_the_indicator_anew(name: str) -> None:
    """A change at bar 100 gives what a start at bar 100 gives, and leaves the rest alone."""
    indicator, before = BEGUN_ANEW[name]
    bars, first = walk(160, seed=6), 100
    changed = parameters_of(**{name: PARAMETERS[name].default + 2})
    own = fed(bars[:first])

    for at, bar in enumerate(bars[first:], first):
        indicators_step(own, changed, bar)
        new, old = fed(bars[first - before : at + 1], changed), fed(bars[: at + 1])
        for reading, ours, begun, kept in zip(
            READINGS, readings(own), readings(new), readings(old), strict=True
        ):
            expected = begun if reading[0] == indicator else kept
            assert ours == expected or math.isnan(ours) == math.isnan(expected) is True, reading


def test_a_wider_band_needs_no_new_start() -> None:
    """The width is no period: the next bar has it."""
    bars = walk(60, seed=6)
    own = fed(bars[:50])

    indicators_step(own, parameters_of(bollinger_width=4.0), bars[50])

    narrow = fed(bars[:51]).bollinger
    assert own.bollinger.middle == narrow.middle
    assert own.bollinger.upper - own.bollinger.middle == pytest.approx(
        2 * (narrow.upper - narrow.middle), rel=1e-12
    )


def test_a_flat_market_says_so() -> None:
    """TA-Lib calls it 0, an oversold market; `flat` tells that nothing was measured."""
    own = fed(halt(40, 2_500.0))

    assert (own.rsi.value, own.rsi.ready, own.rsi.flat) == (0.0, 1, 1)
    assert (own.stochastic.k, own.stochastic.ready, own.stochastic.flat) == (0.0, 1, 1)


def test_a_halt_turns_a_reading_into_an_echo() -> None:
    """Fourteen closes that did not move leave the RSI where it was: flat until one moves."""
    bars = walk(60, seed=8)
    bars = [*bars, bars[-1]._replace(close=bars[-1].close + 1.0, high=bars[-1].high + 1.0)]
    held = halt(14, bars[-1].close)

    assert [fed([*bars, *held[:count]]).rsi.flat for count in (0, 13, 14)] == [0, 0, 1]
    assert fed([*bars, *held]).rsi.value == pytest.approx(fed(bars).rsi.value, rel=1e-12)
    assert fed([*bars, *held, *halt(1, 2_000.0)]).rsi.flat == 0


def test_a_year_of_nothing_leaves_finite_numbers() -> None:
    """Averages that fade below the smallest normal float do not turn into NaN or infinity."""
    own = fed([*walk(50, seed=1), *halt(12_000, 2_500.0)])

    assert all(math.isfinite(value) for value in readings(own))


def test_vwap_begins_with_the_day_and_its_first_volume() -> None:
    """At 00:00 UTC what was traded before no longer counts; without volume there is no average."""
    midnight = EVENING_NS + 200 * MINUTE_NS
    assert midnight % DAY_NS == 0
    evening = Bar(12.0, 9.0, 9.0, 5.0, midnight - 1)
    silent, morning = Bar(20.0, 20.0, 20.0, 0.0, midnight), Bar(40.0, 20.0, 30.0, 2.0, midnight + 1)

    seen = [fed(bars).vwap for bars in ([evening], [evening, silent], [evening, silent, morning])]

    assert [(one.value, one.ready) for one in seen] == [(10.0, 1), (0.0, 0), (30.0, 1)]


def test_vwap_follows_a_file_that_goes_back() -> None:
    """A bar of an earlier day is a day of its own, the first day of 1970 included."""
    late, early = Bar(30.0, 30.0, 30.0, 1.0, 5 * DAY_NS), Bar(10.0, 10.0, 10.0, 1.0, 60)

    assert fed([late, early]).vwap.value == pytest.approx(10.0, rel=1e-15)
    assert fed([early]).vwap.value == pytest.approx(10.0, rel=1e-15)


def test_macd_with_crossed_periods_waits_for_both_averages() -> None:
    """A fast period above the slow one is no error of the core: it is ready later."""
    crossed = parameters_of(macd_fast=20, macd_slow=10, macd_signal=3)
    bars = walk(40, seed=4)

    ready = [fed(bars[:count], crossed).macd.ready for count in range(1, 41)]

    assert ready.index(1) == 20 + 3 - 2


def test_every_parameter_is_explained_and_within_its_range() -> None:
    """A profile's key says its unit, its limits and, in one sentence, why one would change it."""
    for parameter in PARAMETERS.values():
        assert parameter.low <= parameter.default <= parameter.high
        assert parameter.unit in ("bars", "deviations")
        assert parameter.text.endswith(".")
        assert parameter.text.count(".") == 1
