"""What traded last? A symbol's newest trades and aggregates, its bars, and its last price."""

from collections import deque
from collections.abc import Iterable
from itertools import groupby
from typing import Any, NamedTuple

from engine.venues.exchange.market.klines import Bars
from engine.venues.exchange.matching.words import Traded
from engine.venues.exchange.spelling import amount, quote_of

KEPT = 20_000  # trades and aggregates


class Aggregate(NamedTuple):
    """The trades of one taker order at one price."""

    number: int
    price_e8: int
    quantity_e8: int
    first_id: int
    last_id: int
    at_us: int
    is_buyer_maker: bool


class Tape:
    """One symbol's trades as they are read back; ids without a gap."""

    def __init__(self) -> None:
        self.trades: deque[Traded] = deque(maxlen=KEPT)
        self.aggregates: deque[Aggregate] = deque(maxlen=KEPT)
        self.bars = Bars()
        self.aggregated = 0

    @property
    def last(self) -> Traded | None:
        """The newest trade."""
        return self.trades[-1] if self.trades else None

    def take(self, trades: Iterable[Traded]) -> list[Aggregate]:
        """The trades of one call of the exchange; the aggregates they make."""
        made = []
        for _, parts in groupby(trades, taker_and_price):
            group = list(parts)
            for trade in group:
                self.trades.append(trade)
                self.bars.take(trade, quote_of(trade.price_e8, trade.quantity_e8))
            self.aggregated += 1
            made.append(aggregate_of(self.aggregated, group))
        self.aggregates += made
        return made


def taker_and_price(trade: Traded) -> tuple[int, int]:
    """What the trades of one aggregate have in common."""
    taker = trade.seller_order_id if trade.is_buyer_maker else trade.buyer_order_id
    return taker, trade.price_e8


def aggregate_of(number: int, trades: list[Traded]) -> Aggregate:
    """Trades of one taker at one price together."""
    first, last = trades[0], trades[-1]
    quantity = sum(trade.quantity_e8 for trade in trades)
    return Aggregate(
        number,
        first.price_e8,
        quantity,
        first.trade_id,
        last.trade_id,
        last.at_us,
        first.is_buyer_maker,
    )


def trade_row(trade: Traded, unit: int) -> dict[str, Any]:
    """A trade as REST tells it."""
    return {
        "id": trade.trade_id,
        "price": amount(trade.price_e8),
        "qty": amount(trade.quantity_e8),
        "quoteQty": amount(quote_of(trade.price_e8, trade.quantity_e8)),
        "time": trade.at_us // unit,
        "isBuyerMaker": trade.is_buyer_maker,
        "isBestMatch": True,
    }


def aggregate_row(one: Aggregate, unit: int) -> dict[str, Any]:
    """An aggregate as REST tells it, and without event and symbol its stream."""
    return {
        "a": one.number,
        "p": amount(one.price_e8),
        "q": amount(one.quantity_e8),
        "f": one.first_id,
        "l": one.last_id,
        "T": one.at_us // unit,
        "m": one.is_buyer_maker,
        "M": True,
    }


def said_trade(trade: Traded, now_us: int, unit: int) -> dict[str, Any]:
    """A trade as its stream tells it."""
    return {
        "e": "trade",
        "E": now_us // unit,
        "s": trade.symbol,
        "t": trade.trade_id,
        "p": amount(trade.price_e8),
        "q": amount(trade.quantity_e8),
        "T": trade.at_us // unit,
        "m": trade.is_buyer_maker,
        "M": True,
    }
