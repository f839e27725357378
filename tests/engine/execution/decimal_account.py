"""What does an account hold, reckoned by someone else? Decimal arithmetic, fed facts alone."""

from decimal import ROUND_DOWN, ROUND_FLOOR, Context, Decimal, Inexact
from typing import Any, NamedTuple

from engine.instruments import Instrument
from engine.messages import (
    FEE_STEP,
    IN_BASE,
    IN_OTHER,
    IN_QUOTE,
    SELL,
    InstrumentDefined,
    InstrumentLimited,
    OrderFilled,
)

UNIT = Decimal("1e-8")
EXACT = Context(prec=60, traps=[Inexact])


class Holding:
    """One symbol: all base that is held, what was paid for it, and its steps."""

    def __init__(self, instrument: Instrument) -> None:
        self.base = self.cost = Decimal(0)
        self.least = 1  # lots that can be sold
        self.count_in(instrument.tick_e8, instrument.lot_e8)

    def count_in(self, tick_e8: int, lot_e8: int) -> None:
        """Prices and quantities are told in these steps from now on."""
        self.tick, self.lot = Decimal(tick_e8) * UNIT, Decimal(lot_e8) * UNIT

    @property
    def lots(self) -> int:
        """Whole lots of what is held, which alone can be sold."""
        return int((self.base / self.lot).to_integral_value(ROUND_FLOOR))

    def worth(self, price: int, lots: int) -> Decimal:
        """Quote currency, cut to 1e-8 as the venue does."""
        exact = EXACT.multiply(EXACT.multiply(self.tick * price, self.lot), Decimal(lots))
        return exact.quantize(UNIT, ROUND_DOWN)


class Reading(NamedTuple):
    """What two accounts must agree on, in quote."""

    cash: Decimal
    cost: Decimal
    realized: Decimal
    fees: Decimal
    equity: Decimal


class DecimalAccount:
    """Cash, cost, profit and fees from deposits and fills, as an accountant would write them."""

    def __init__(self, instruments: list[Instrument]) -> None:
        self.holdings = [Holding(instrument) for instrument in instruments]
        self.cash = self.deposits = self.realized = self.fees = self.other = Decimal(0)
        self.seen: set[int] = set()

    def deposit(self, amount_e8: int) -> None:
        """Cash in or out."""
        self.cash += amount_e8 * UNIT
        self.deposits += amount_e8 * UNIT

    def measure(self, said: InstrumentDefined | InstrumentLimited) -> None:
        """A symbol's steps."""
        holding = self.holdings[said.symbol]
        if isinstance(said, InstrumentDefined):
            holding.count_in(said.tick_e8, said.lot_e8)
        else:
            holding.least = max(said.lot_step, 1)

    def take(self, fill: OrderFilled) -> None:
        """One fill, counted once."""
        if fill.fill_id in self.seen:
            return
        self.seen.add(fill.fill_id)
        holding, fee = self.holdings[fill.symbol], fill.fee_e8 * UNIT
        paid = {fill.flags // FEE_STEP: fee}
        worth, base = holding.worth(fill.price, fill.lots), holding.lot * fill.lots
        in_base = cut_share(worth, fill.fee_e8, int(base / UNIT)) if IN_BASE in paid else Decimal(0)
        self.fees += paid.get(IN_QUOTE, Decimal(0)) + in_base
        self.cash -= paid.get(IN_QUOTE, Decimal(0))
        self.other -= paid.get(IN_OTHER, Decimal(0))
        if fill.flags & SELL:
            self.cash += worth
            was_open = holding.lots >= holding.least or holding.cost != 0
            sold = cut_share(holding.cost, fill.lots, holding.lots)
            self.realized += worth - sold
            holding.cost -= sold
            holding.base -= base
        else:
            self.cash -= worth
            holding.cost += worth
            holding.base += base
        holding.cost -= in_base
        holding.base -= paid.get(IN_BASE, Decimal(0))
        # What is left cannot be sold: it was lost.
        if fill.flags & SELL and was_open and 0 <= holding.lots < holding.least:
            self.realized -= holding.cost
            holding.cost = Decimal(0)

    def reading(self, bids: list[int]) -> Reading:
        """The books with everything valued at the bids."""
        held = zip(self.holdings, bids, strict=True)
        value = sum((one.worth(bid, one.lots) for one, bid in held), Decimal(0))
        cost = sum((one.cost for one in self.holdings), Decimal(0))
        return Reading(self.cash, cost, self.realized, self.fees, self.cash + value)


def cut_share(amount: Decimal, part: int, whole: int) -> Decimal:
    """The part's share of an amount, cut to 1e-8."""
    if part >= whole:
        return amount
    wide = Context(prec=60)
    return wide.divide(amount * part, Decimal(whole)).quantize(UNIT, ROUND_DOWN)


def reading_of(state: Any, symbols: int) -> Reading:
    """The same from the engine's own books."""
    account = state.account
    cost = sum(state.symbols[number].position.cost_e8 for number in range(symbols))
    amounts = (account.cash_e8, cost, account.realized_e8, account.fees_e8, account.equity_e8)
    return Reading(*[amount * UNIT for amount in amounts])


def bids_of(state: Any, symbols: int) -> list[int]:
    """The bid of each symbol, as the engine sees it."""
    return [state.symbols[number].features.market.bid for number in range(symbols)]
