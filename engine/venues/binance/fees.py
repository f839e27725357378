"""What did a trade cost, and in which asset? Commission as the core counts it."""

from typing import Any, NamedTuple

from engine.instruments import Instrument
from engine.venues.asking import Trade

QUOTE, BASE, OTHER = 0, 1, 2  # of what a fee is: the symbol's quote, its base, another asset


class Fee(NamedTuple):
    """A fee in 1e-8 of its asset."""

    amount_e8: int
    within: int


def fee_of(amount_e8: int, asset: str, instrument: Instrument) -> Fee:
    """A commission; one of nothing needs no asset."""
    if amount_e8 == 0 or asset == instrument.quote:
        return Fee(amount_e8, QUOTE)
    return Fee(amount_e8, BASE if asset == instrument.base else OTHER)


def with_fee(trade: Trade, fee: Fee) -> Trade:
    """The trade with its fee."""
    told: Any = trade
    changed: Trade = told._replace(fee_e8=fee.amount_e8, fee_in=fee.within)
    return changed
