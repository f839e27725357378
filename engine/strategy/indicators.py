"""What do the closed bars say: each indicator, a bar at a time, in the order a bar meets them?

Values equal TA-Lib 0.8 (default compatibility, unstable period 0) within 1e-9 * max(1, |value|).
`ready` is 1 once there is a value, and values are 0.0 until then. A changed period begins anew.
Bars are finite and hold low <= close <= high: whoever fills the bar refuses any other.
"""

from engine.arithmetic import ratio
from engine.layout import F, I, Parameter, block
from engine.strategy.averages import (
    AVERAGE,
    average_step,
    ema_start,
    ema_step,
    wilder_start,
    wilder_step,
)
from engine.strategy.windows import (
    BOLLINGER,
    MEAN_MAX,
    STOCHASTIC,
    WINDOW_MAX,
    bollinger_step,
    stochastic_step,
)

DAY_NS = 86_400_000_000_000
THIRD = 1.0 / 3.0

BAR = block(high=F, low=F, close=F, volume=F, open_time_ns=I)  # quote units; volume in base units

PARAMETERS = block(
    ema_fast=Parameter(
        I, 9, 2, 200, "bars", "Period of the fast average; shorter follows the price sooner."
    ),
    ema_slow=Parameter(
        I, 21, 2, 200, "bars", "Period of the slow average, which the fast one is measured against."
    ),
    rsi_period=Parameter(
        I, 14, 2, 200, "bars", "Memory of the RSI; shorter reaches its extremes more often."
    ),
    macd_fast=Parameter(
        I, 12, 2, 200, "bars", "Period of the MACD's fast average; keep it below macd_slow."
    ),
    macd_slow=Parameter(
        I, 26, 2, 200, "bars", "Period of the MACD's slow average; longer sees slower trends."
    ),
    macd_signal=Parameter(
        I, 9, 2, 200, "bars", "Period that smooths the MACD into its signal; longer crosses later."
    ),
    bollinger_period=Parameter(
        I, 20, 2, WINDOW_MAX, "bars", "Window of the bands' mean and deviation."
    ),
    bollinger_width=Parameter(
        F, 2.0, 0.1, 10.0, "deviations", "Distance of the bands from their mean."
    ),
    atr_period=Parameter(
        I, 14, 2, 200, "bars", "Memory of the true range; longer gives steadier stops and sizes."
    ),
    adx_period=Parameter(
        I, 14, 2, 200, "bars", "Memory of the trend's strength and directions; longer is steadier."
    ),
    stochastic_period=Parameter(
        I, 14, 2, WINDOW_MAX, "bars", "Window whose high and low the close is placed between."
    ),
    stochastic_k=Parameter(
        I, 3, 1, MEAN_MAX, "bars", "Smoothing of the stochastic's %K; 1 leaves it raw."
    ),
    stochastic_d=Parameter(
        I, 3, 1, MEAN_MAX, "bars", "Smoothing of %K into %D; longer crosses later."
    ),
)

READING = block(value=F, ready=I)
RSI = block(value=F, ready=I, flat=I, still=I, gain=AVERAGE, loss=AVERAGE)
MACD = block(value=F, signal=F, histogram=F, ready=I, fast=AVERAGE, slow=AVERAGE, smoothed=AVERAGE)
ADX = block(
    value=F, ready=I, plus=F, minus=F, directed=I,
    risen=F, fallen=F, ranged=F, seen=I, average=AVERAGE,
)  # fmt: skip
VWAP = block(value=F, ready=I, turnover=F, volume=F, day_begins_ns=I)

INDICATORS = block(
    bars=I, previous_high=F, previous_low=F, previous_close=F,
    ema_fast=AVERAGE, ema_slow=AVERAGE, rsi=RSI, macd=MACD, bollinger=BOLLINGER,
    true_range=READING, atr=AVERAGE, adx=ADX, stochastic=STOCHASTIC, obv=READING, vwap=VWAP,
)  # fmt: skip


def indicators_step(own, parameters, bar):
    """Feed one closed bar to every indicator, wanted or not: all of them are features."""
    ema_step(own.ema_fast, parameters.ema_fast, bar.close)
    ema_step(own.ema_slow, parameters.ema_slow, bar.close)
    macd_step(own.macd, parameters, bar.close)
    bollinger_step(own.bollinger, parameters, bar.close)
    stochastic_step(own.stochastic, parameters, bar)
    vwap_step(own.vwap, bar)
    if own.bars == 0:
        own.obv.value = bar.volume
        own.obv.ready = 1
    else:
        change_step(own, parameters, bar)
    own.bars += 1
    own.previous_high = bar.high
    own.previous_low = bar.low
    own.previous_close = bar.close


def change_step(own, parameters, bar):
    """Feed what moved since the bar before to the indicators of movement."""
    change = bar.close - own.previous_close
    rsi_step(own.rsi, parameters.rsi_period, change)
    obv_step(own.obv, change, bar.volume)
    own.true_range.value = max(bar.high, own.previous_close) - min(bar.low, own.previous_close)
    own.true_range.ready = 1
    wilder_step(own.atr, parameters.atr_period, own.true_range.value)
    rise = bar.high - own.previous_high
    fall = own.previous_low - bar.low
    adx_step(own.adx, parameters.adx_period, rise, fall, own.true_range.value)


def rsi_step(own, period, change):
    """Gains as a share of all movement, 0 to 100.

    `flat` is 1 when the last `period` closes were the same: the value is then an echo of what was
    before, or TA-Lib's 0 when nothing was, which looks oversold. No signal may be read from it.
    """
    gain = 0.0
    loss = 0.0
    if change > 0.0:
        gain = change
    else:
        loss = -change
    wilder_step(own.gain, period, gain)
    wilder_step(own.loss, period, loss)
    own.ready = own.gain.ready
    own.still = own.still + 1 if change == 0.0 else 0
    own.flat = own.ready if own.still >= period else 0
    own.value = 100.0 * ratio(own.gain.value, own.gain.value + own.loss.value)


def macd_step(own, parameters, close):
    """Fast average less slow one, its signal and the difference; all three begin together."""
    if (
        own.fast.period != parameters.macd_fast
        or own.slow.period != parameters.macd_slow
        or own.smoothed.period != parameters.macd_signal
    ):
        macd_start(own, parameters)
    average_step(own.slow, close)
    # The fast average begins later, so that both are ready with the same bar.
    if own.slow.seen > own.slow.period - own.fast.period:
        average_step(own.fast, close)
    if own.slow.ready == 1 and own.fast.ready == 1:
        value = own.fast.value - own.slow.value
        average_step(own.smoothed, value)
        if own.smoothed.ready == 1:
            own.value = value
            own.signal = own.smoothed.value
            own.histogram = value - own.smoothed.value
            own.ready = 1


def macd_start(own, parameters):
    """Forget every value; from now on the periods of the parameters."""
    ema_start(own.fast, parameters.macd_fast)
    ema_start(own.slow, parameters.macd_slow)
    ema_start(own.smoothed, parameters.macd_signal)
    own.value = 0.0
    own.signal = 0.0
    own.histogram = 0.0
    own.ready = 0


def adx_step(own, period, rise, fall, true_range):
    """Strength of the trend (`value`), and its directions up and down (`plus`, `minus`), 0 to 100.

    The directions come first (`directed` is 1), the strength `period` - 1 bars later (`ready`).
    """
    if own.average.period != period:
        adx_start(own, period)
    least_rise = max(fall, 0.0)
    least_fall = max(rise, 0.0)
    risen = rise if rise > least_rise else 0.0
    fallen = fall if fall > least_fall else 0.0
    own.seen += 1
    if own.seen < period:
        own.risen += risen
        own.fallen += fallen
        own.ranged += true_range
    else:
        weight = own.average.weight
        own.risen += risen - own.risen * weight
        own.fallen += fallen - own.fallen * weight
        own.ranged += true_range - own.ranged * weight
        direction_step(own)


def adx_start(own, period):
    """Forget every bar; from now on sums and an average of `period`."""
    own.value = 0.0
    own.ready = 0
    own.plus = 0.0
    own.minus = 0.0
    own.directed = 0
    own.risen = 0.0
    own.fallen = 0.0
    own.ranged = 0.0
    own.seen = 0
    wilder_start(own.average, period)


def direction_step(own):
    """The directions as shares of the range, and how one-sided they are into the average."""
    own.plus = 100.0 * ratio(own.risen, own.ranged)
    own.minus = 100.0 * ratio(own.fallen, own.ranged)
    own.directed = 1
    moved = own.risen + own.fallen
    if moved > 0.0:
        average_step(own.average, 100.0 * abs(own.risen - own.fallen) / moved)
    elif own.average.ready == 0:
        # As TA-Lib: a bar without direction counts 0 in the first mean and is skipped after it.
        average_step(own.average, 0.0)
    own.value = own.average.value
    own.ready = own.average.ready


def obv_step(own, change, volume):
    """On-balance volume: added when the close rose, taken off when it fell."""
    bought = volume if change > 0.0 else 0.0
    sold = volume if change < 0.0 else 0.0
    own.value += bought - sold


def vwap_step(own, bar):
    """Volume-weighted average of the typical price since 00:00 UTC; ready with the first volume."""
    since_ns = bar.open_time_ns - own.day_begins_ns
    if since_ns < 0 or since_ns >= DAY_NS:
        vwap_start(own, bar.open_time_ns // DAY_NS * DAY_NS)
    vwap_add(own, bar)


def vwap_start(own, day_begins_ns):
    """Forget every bar; from now on the day that begins at `day_begins_ns`."""
    own.value = 0.0
    own.ready = 0
    own.turnover = 0.0
    own.volume = 0.0
    own.day_begins_ns = day_begins_ns


def vwap_add(own, bar):
    """One more bar into the running average, whatever day it is."""
    own.turnover += (bar.high + bar.low + bar.close) * THIRD * bar.volume
    own.volume += bar.volume
    if own.volume > 0.0:
        own.value = own.turnover / own.volume
        own.ready = 1
