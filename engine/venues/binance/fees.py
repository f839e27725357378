"""What did a trade cost, and in which asset? Commission and balances as the core counts them."""

from typing import Any, NamedTuple

from engine.instruments import Instrument
from engine.venues.asking import Holding, Trade

QUOTE, BASE, OTHER = 0, 1, 2  # of what a fee is: the symbol's quote, its base, another asset
TELLS_ASSET = "fee_in" in Trade._fields
TELLS_REST = "dust_e8" in Holding._fields


class Fee(NamedTuple):
    """A fee in 1e-8 of its asset."""

    amount_e8: int
    within: int


def fee_of(amount_e8: int, asset: str, instrument: Instrument, other: str) -> Fee:
    """A commission; one of nothing needs no asset. Of an asset that nobody counts it is none."""
    if amount_e8 == 0 or asset == instrument.quote:
        return Fee(amount_e8, QUOTE)
    if asset == instrument.base:
        return Fee(amount_e8, BASE)
    return Fee(amount_e8, OTHER) if asset == other else Fee(0, QUOTE)


def with_fee(trade: Trade, fee: Fee) -> Trade:
    """The trade with its fee; where the asset cannot be told, the balances will tell it."""
    told: Any = trade
    if TELLS_ASSET:
        changed: Trade = told._replace(fee_e8=fee.amount_e8, fee_in=fee.within)
        return changed
    return trade._replace(fee_e8=fee.amount_e8 if fee.within == QUOTE else 0)


def with_rest(holding: Holding, dust_e8: tuple[int, ...], fee_asset_e8: int | None) -> Holding:
    """The holding with what lies beside whole lots, and of the other asset that pays fees."""
    told: Any = holding
    if not TELLS_REST:
        return holding
    changed: Holding = told._replace(dust_e8=dust_e8, fee_asset_e8=fee_asset_e8)
    return changed
