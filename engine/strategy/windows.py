"""What do the last bars say together: Bollinger bands, the stochastic, and the short mean it uses?

No window is scanned on each bar. A ring is filled a lap at a time; when a lap ends, each place gets
the sum (or extreme) of itself and all later places of that lap. The window is then this lap so far
and, from `at` on, what is left of the lap before: two numbers joined, and nothing to subtract.
A period beyond the ring is never ready, instead of written past the ring's end.
"""

from math import sqrt

from engine.arithmetic import ratio
from engine.layout import F, I, block

# Powers of two, and the masks that keep a place in its ring; compiled code checks no bounds.
WINDOW_MAX, PLACES = 64, 63
MEAN_MAX, MEAN_PLACES = 8, 7
GRAIN = 98304.0  # 1.5 * 2**16: added and taken off again, it leaves a multiple of 2**-36

MEAN = block(value=F, ready=I, period=I, share=F, at=I, total=F, ring=(F, MEAN_MAX))

BOLLINGER = block(
    upper=F, middle=F, lower=F, ready=I, period=I, share=F, at=I, anchor=F,
    lap_sum=F, lap_squares=F,
    closes=(F, WINDOW_MAX), sums=(F, WINDOW_MAX), squares=(F, WINDOW_MAX),
)  # fmt: skip

STOCHASTIC = block(
    k=F, d=F, ready=I, flat=I, period=I, filled=I, at=I, lap_high=F, lap_low=F,
    highs=(F, WINDOW_MAX), lows=(F, WINDOW_MAX), raw=MEAN, smoothed=MEAN,
)  # fmt: skip


def bollinger_step(own, parameters, close):
    """Mean of the window, and bands `bollinger_width` population deviations away from it.

    Sums are measured from an anchor that is itself a close of the window, so they are never much
    larger than what they tell apart, and a window that did not move deviates by exactly 0.0.
    """
    if own.period != parameters.bollinger_period:
        bollinger_start(own, parameters.bollinger_period)
    at = own.at & PLACES
    offset = close - own.anchor
    own.closes[at] = close
    own.lap_sum += offset
    own.lap_squares += offset * offset
    own.at = at + 1
    if at + 1 >= own.period:
        bollinger_lap(own, at)
    if own.ready == 1:
        at = own.at & PLACES
        total = own.lap_sum + own.sums[at]
        mean = total * own.share
        variance = (own.lap_squares + own.squares[at] - total * mean) * own.share
        reach = 0.0
        if variance > 0.0:
            reach = parameters.bollinger_width * sqrt(variance)
        own.middle = own.anchor + mean
        own.upper = own.middle + reach
        own.lower = own.middle - reach


def bollinger_start(own, period):
    """Forget every close; from now on a window of `period`."""
    own.upper = 0.0
    own.middle = 0.0
    own.lower = 0.0
    own.ready = 0
    own.period = min(period, WINDOW_MAX)
    own.share = ratio(1.0, float(period))
    own.at = 0
    own.lap_sum = 0.0
    own.lap_squares = 0.0


def bollinger_lap(own, last):
    """End a lap: the sums from each place on, measured from the lap's last close."""
    anchor = own.closes[last]
    total = 0.0
    squares = 0.0
    for back in range(last + 1):
        place = last - back
        offset = own.closes[place] - anchor
        total += offset
        squares += offset * offset
        own.sums[place] = total
        own.squares[place] = squares
    own.anchor = anchor
    own.lap_sum = 0.0
    own.lap_squares = 0.0
    own.at = 0
    own.ready = 1


def stochastic_step(own, parameters, bar):
    """Where the close lies from the window's low (0) to its high (100), as means: %K, and %D of %K.

    A window without range counts 0 as TA-Lib says, which looks oversold: `flat` is 1 then.
    """
    if (
        own.period != parameters.stochastic_period
        or own.raw.period != parameters.stochastic_k
        or own.smoothed.period != parameters.stochastic_d
    ):
        stochastic_start(own, parameters)
    extremes_step(own, bar.high, bar.low)
    if own.filled == 1:
        at = own.at & PLACES
        high = max(own.lap_high, own.highs[at])
        low = min(own.lap_low, own.lows[at])
        mean_step(own.raw, 100.0 * ratio(bar.close - low, high - low))
        if own.raw.ready == 1:
            mean_step(own.smoothed, own.raw.value)
        if own.smoothed.ready == 1:
            own.k = own.raw.value
            own.d = own.smoothed.value
            own.flat = 1 if high == low else 0
            own.ready = 1


def stochastic_start(own, parameters):
    """Forget every bar; from now on the window and the means of the parameters."""
    own.k = 0.0
    own.d = 0.0
    own.ready = 0
    own.flat = 0
    own.period = min(parameters.stochastic_period, WINDOW_MAX)
    own.filled = 0
    own.at = 0
    mean_start(own.raw, parameters.stochastic_k)
    mean_start(own.smoothed, parameters.stochastic_d)


def extremes_step(own, high, low):
    """One more bar into the lap's extremes; when the lap ends, the extremes from each place on."""
    at = own.at & PLACES
    if at == 0:
        own.lap_high = high
        own.lap_low = low
    else:
        own.lap_high = max(own.lap_high, high)
        own.lap_low = min(own.lap_low, low)
    own.highs[at] = high
    own.lows[at] = low
    own.at = at + 1
    if at + 1 >= own.period:
        extremes_lap(own, at)


def extremes_lap(own, last):
    """End a lap: each place gets the extremes of itself and all later places."""
    high = own.highs[last]
    low = own.lows[last]
    for back in range(last + 1):
        place = last - back
        high = max(high, own.highs[place])
        low = min(low, own.lows[place])
        own.highs[place] = high
        own.lows[place] = low
    own.at = 0
    own.filled = 1


def mean_step(own, x):
    """Plain mean of the last values of a started mean; ready with value number `period`.

    Values are cut to multiples of 2**-36, whose sums are exact: the running sum never drifts.
    """
    at = own.at & MEAN_PLACES
    x = (x + GRAIN) - GRAIN
    own.total += x - own.ring[at]
    own.ring[at] = x
    own.at = at + 1
    if at + 1 >= own.period:
        own.at = 0
        own.ready = 1
    if own.ready == 1:
        own.value = own.total * own.share


def mean_start(own, period):
    """Forget every value; from now on a mean of `period` of them."""
    own.value = 0.0
    own.ready = 0
    own.period = min(period, MEAN_MAX)
    own.share = ratio(1.0, float(period))
    own.at = 0
    own.total = 0.0
    for place in range(MEAN_MAX):
        own.ring[place] = 0.0
