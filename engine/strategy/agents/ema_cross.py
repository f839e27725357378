"""Agent: long while the fast EMA of MACD lies above its slow one, flat while below."""

from engine.layout import I, Parameter, block

OWN = block(crossings=I, last=I)
PARAMETERS = block(
    bars_min=Parameter(I, 300, 0, 1_000_000, "bars", "Says nothing before this many bars."),
)
CAUSE_ABOVE, CAUSE_BELOW, CAUSE_WARMING = 6, 7, 11
CAUSES = {
    CAUSE_ABOVE: "fast above slow",
    CAUSE_BELOW: "fast below slow",
    CAUSE_WARMING: "too few bars",
}


def propose(own, parameters, indicators, intent):
    """The level of MACD decides, with full confidence: a baseline, not a claim."""
    if indicators.bars <= parameters.bars_min:
        intent.cause = CAUSE_WARMING
        return
    above = 1 if indicators.macd.value > 0.0 else 0
    if above != own.last:
        own.crossings += 1
    own.last = above
    intent.confidence = 1.0
    intent.target = 1.0 if above == 1 else 0.0
    intent.cause = CAUSE_ABOVE if above == 1 else CAUSE_BELOW
