"""What may be claimed of a strategy's trades? One of three verdicts, and the figures behind it."""

from collections.abc import Sequence
from typing import NamedTuple

from engine.statistics.bootstrap import Estimate, estimate
from engine.statistics.trades import Trade

EDGE, NO_EDGE, TOO_LITTLE = "edge", "no edge", "too little data"
TRADES_MIN = 30  # below it no interval is believed


class Evidence(NamedTuple):
    """The closed trades as a sample: wins count after fees, the expectancy is net bp a trade."""

    trades: int
    wins: int
    expectancy: Estimate | None
    verdict: str


def weigh(trades: Sequence[Trade], seed: int) -> Evidence:
    """The evidence of closed trades in time order."""
    expectancy = estimate([trade.net_bp for trade in trades], seed)
    wins = sum(trade.net_e8 > 0 for trade in trades)
    return Evidence(len(trades), wins, expectancy, verdict_on(expectancy))


def verdict_on(expectancy: Estimate | None) -> str:
    """An edge is claimed only of enough trades whose whole interval lies above zero."""
    if expectancy is None or expectancy.sample_size < TRADES_MIN:
        return TOO_LITTLE
    return EDGE if expectancy.low > 0.0 else NO_EDGE
