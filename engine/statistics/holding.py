"""What would buying at the start and doing nothing have earned?"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from engine.execution.assumptions import slippage_ticks, worse
from engine.instruments import PPM, Instrument, fee_of, lots_for, notional_of
from engine.messages import BUY


class Held(NamedTuple):
    """A symbol's first ask and last bid, in ticks."""

    instrument: Instrument
    first_ask: int
    last_bid: int


def holding_profit(symbols: Sequence[Held], cash_e8: int, share: float, paper: Any) -> int:
    """Profit in 1e-8 quote of giving each symbol this share of the cash at once, then waiting.

    Paid as a taker: the first ask, `paper`'s slippage and fee; valued at the last bid, unsold, as
    the account values what it holds.
    """
    budget = int(cash_e8 * share) * PPM // (PPM + paper.taker_fee_ppm)
    return sum(profit_of(held, budget, paper) for held in symbols)


def profit_of(held: Held, budget_e8: int, paper: Any) -> int:
    """Profit of one symbol bought for at most this much."""
    price = worse(BUY, held.first_ask, slippage_ticks(held.first_ask, paper))
    lots = lots_for(held.instrument, budget_e8, price)
    cost = notional_of(held.instrument, price, lots)
    worth = notional_of(held.instrument, held.last_bid, lots)
    return int(worth - cost - fee_of(cost, paper.taker_fee_ppm))
