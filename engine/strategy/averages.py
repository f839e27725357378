"""How does an average follow its values: the recursion under EMA, MACD, RSI, ATR and ADX?

`value += (x - value) * weight`, begun with the mean of the first `period` values; the weight is
2 / (period + 1) for an exponential average and 1 / period for Wilder's.
A changed period begins the average anew: until it is ready again its value is 0.0.
"""

from engine.arithmetic import ratio
from engine.layout import F, I, block

AVERAGE = block(value=F, ready=I, period=I, weight=F, seen=I, total=F)


def ema_step(own, period, x):
    """Exponential average of the values; ready with value number `period`."""
    if own.period != period:
        ema_start(own, period)
    average_step(own, x)


def wilder_step(own, period, x):
    """Wilder's average, which forgets half as fast as the exponential one of the same period."""
    if own.period != period:
        wilder_start(own, period)
    average_step(own, x)


def ema_start(own, period):
    """Forget every value; from now on an exponential average of `period`."""
    average_start(own, period, ratio(2.0, period + 1.0))


def wilder_start(own, period):
    """Forget every value; from now on Wilder's average of `period`."""
    average_start(own, period, ratio(1.0, float(period)))


def average_start(own, period, weight):
    """Forget every value; from now on an average of `period` with `weight`."""
    own.value = 0.0
    own.ready = 0
    own.period = period
    own.weight = weight
    own.seen = 0
    own.total = 0.0


def average_step(own, x):
    """One more value into an average that was started."""
    if own.ready == 1:
        own.value += (x - own.value) * own.weight
    else:
        own.seen += 1
        own.total += x
        if own.seen >= own.period:
            own.value = ratio(own.total, float(own.seen))
            own.ready = 1
