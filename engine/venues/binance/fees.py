"""What did a trade cost, and in which asset? Commission as the core counts it."""

from typing import NamedTuple

from engine.instruments import Instrument
from engine.messages import IN_BASE, IN_OTHER, IN_QUOTE


class Fee(NamedTuple):
    """A fee in 1e-8 of its asset."""

    amount_e8: int
    within: int


def fee_of(amount_e8: int, asset: str, instrument: Instrument, other: str) -> Fee:
    """A commission; one of nothing needs no asset. Of an asset that nobody counts it is none."""
    if amount_e8 == 0 or asset == instrument.quote:
        return Fee(amount_e8, IN_QUOTE)
    if asset == instrument.base:
        return Fee(amount_e8, IN_BASE)
    return Fee(amount_e8, IN_OTHER) if asset == other else Fee(0, IN_QUOTE)
