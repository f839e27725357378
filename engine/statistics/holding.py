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


class Purchase(NamedTuple):
    """What was bought of a symbol at once."""

    price: int  # ticks
    lots: int
    fee_e8: int


def purchases(
    symbols: Sequence[Held], cash_e8: int, share: float, paper: Any
) -> tuple[Purchase, ...]:
    """What this share of the cash a symbol buys at once, as a taker: at the first ask and worse."""
    budget = int(cash_e8 * share) * PPM // (PPM + paper.taker_fee_ppm)
    return tuple(purchase(held, budget, paper) for held in symbols)


def purchase(held: Held, budget_e8: int, paper: Any) -> Purchase:
    """As many lots of a symbol as this much pays, with `paper`'s slippage and fee."""
    price = worse(BUY, held.first_ask, slippage_ticks(held.first_ask, paper))
    lots = int(lots_for(held.instrument, budget_e8, price))
    fee = fee_of(notional_of(held.instrument, price, lots), paper.taker_fee_ppm)
    return Purchase(price, lots, int(fee))


def holding_profit(symbols: Sequence[Held], bought: Sequence[Purchase]) -> int:
    """Profit in 1e-8 quote of doing nothing more, valued at the last bid as the account does."""
    return sum(profit_of(held, one) for held, one in zip(symbols, bought, strict=True))


def profit_of(held: Held, bought: Purchase) -> int:
    """Profit of one symbol."""
    cost = notional_of(held.instrument, bought.price, bought.lots)
    worth = notional_of(held.instrument, held.last_bid, bought.lots)
    return int(worth - cost - bought.fee_e8)
