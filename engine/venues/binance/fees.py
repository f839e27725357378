"""What did a trade cost, and in which asset? Commission as the core counts it."""

from engine.instruments import Instrument
from engine.messages import IN_BASE, IN_OTHER, IN_QUOTE


def fee_of(amount_e8: int, asset: str, instrument: Instrument, other: str) -> tuple[int, int]:
    """A commission in 1e-8 and its asset: of nothing, or of one that nobody counts, it is none."""
    if amount_e8 == 0 or asset == instrument.quote:
        return amount_e8, IN_QUOTE
    if asset == instrument.base:
        return amount_e8, IN_BASE
    return (amount_e8, IN_OTHER) if asset == other else (0, IN_QUOTE)
