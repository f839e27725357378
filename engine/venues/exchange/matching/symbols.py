"""What does the exchange keep of one symbol, and where do a symbol's rules come from?"""

from collections import deque
from typing import TYPE_CHECKING

from engine.instruments import Instrument
from engine.venues.exchange.matching.averages import Average
from engine.venues.exchange.matching.book import Book
from engine.venues.exchange.matching.stops import Stops
from engine.venues.exchange.matching.words import Rules

if TYPE_CHECKING:
    from engine.venues.exchange.matching.orders import Order


class Market:
    """One symbol: its book, its waiting orders, its counters; ids count from 1 for each symbol."""

    __slots__ = (
        *("rules", "status", "book", "stops", "woken", "average", "last_price_e8"),
        *("last_order_id", "last_trade_id", "last_execution_id", "last_prevented_id"),
    )

    def __init__(self, rules: Rules) -> None:
        self.rules, self.status = rules, rules.status
        self.book, self.stops = Book(), Stops()
        self.woken: deque[Order] = deque()  # reached by a trade, not yet sent to the book
        self.average = Average(rules.average_minutes)
        self.last_price_e8 = 0  # 0 before the first trade
        self.last_order_id = self.last_trade_id = self.last_execution_id = 0
        self.last_prevented_id = 0

    def average_price_e8(self, now_us: int) -> int:
        """What filters take as the market's price: the average, else the last; 0 for neither."""
        return self.average.price_e8(now_us) or self.last_price_e8


def rules_of(instrument: Instrument) -> Rules:
    """An instrument's filters as the exchange's rules, in 1e-8."""
    tick, lot = instrument.tick_e8, instrument.lot_e8
    return Rules(
        name=instrument.name,
        base=instrument.base,
        quote=instrument.quote,
        tick_e8=tick,
        step_e8=lot,
        price_min_e8=instrument.price_min * tick,
        price_max_e8=instrument.price_max * tick,
        quantity_min_e8=instrument.lots_min * lot,
        quantity_max_e8=instrument.lots_max * lot,
        market_quantity_max_e8=instrument.market_lots_max * lot,
        notional_min_e8=instrument.notional_min_e8,
    )
