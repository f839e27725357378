"""Agent: EMA, RSI and MACD vote; two of three agreeing is 67 % confidence, all three 100 %."""

from engine.layout import F, I, Parameter, block

OWN = block(ups=I, downs=I)
PARAMETERS = block(
    rsi_middle=Parameter(F, 50.0, 1.0, 99.0, "", "RSI above it votes up, below it down."),
)
CAUSE_UP, CAUSE_DOWN, CAUSE_SPLIT, CAUSE_FLAT, CAUSE_WARMING = 1, 2, 3, 4, 5
CAUSES = {
    CAUSE_UP: "votes up",
    CAUSE_DOWN: "votes down",
    CAUSE_SPLIT: "votes split",
    CAUSE_FLAT: "flat market",
    CAUSE_WARMING: "warming up",
}


def ballot(difference):
    """One indicator's vote: 1 up, -1 down, 0 abstains."""
    return 1 if difference > 0.0 else -1 if difference < 0.0 else 0


def propose(own, parameters, indicators, intent):
    """Long when most votes are up, flat when most are down; confidence is the agreeing share."""
    if indicators.macd.ready == 0 or indicators.rsi.ready == 0 or indicators.ema_slow.ready == 0:
        intent.cause = CAUSE_WARMING
        return
    if indicators.rsi.flat == 1:
        # A halted market has RSI 0 by convention; that is silence, not a signal.
        intent.cause = CAUSE_FLAT
        return
    votes = ballot(indicators.ema_fast.value - indicators.ema_slow.value)
    votes += ballot(indicators.rsi.value - parameters.rsi_middle)
    votes += ballot(indicators.macd.histogram)
    intent.confidence = (3.0 + abs(votes)) / 6.0
    if votes > 0:
        own.ups += 1
        intent.target = 1.0
        intent.cause = CAUSE_UP
    elif votes < 0:
        own.downs += 1
        intent.target = 0.0
        intent.cause = CAUSE_DOWN
    else:
        intent.cause = CAUSE_SPLIT
