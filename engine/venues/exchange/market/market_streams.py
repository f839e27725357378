"""What does the public hear as it happens? Trades, best prices, and the changes of the book.

Changes are told every 100 and every 1000 ms, each beginning where the one before it ended.
"""

from functools import partial
from typing import Any

from engine.venues.exchange.market.listeners import Listeners, Make
from engine.venues.exchange.market.tape import Aggregate, aggregate_row, said_trade
from engine.venues.exchange.matching.exchange import Exchange
from engine.venues.exchange.matching.words import BUY, Changed, Traded
from engine.venues.exchange.spelling import amount

Top = tuple[tuple[int, int], tuple[int, int]]


class Changes:
    """The levels that changed since the last time they were told."""

    def __init__(self) -> None:
        self.told = self.last = 0
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}

    def take(self, event: Changed) -> None:
        """One more change; of one price only the newest counts."""
        side = self.bids if event.side == BUY else self.asks
        side[event.price_e8] = event.quantity_e8
        self.last = event.update_id

    def told_now(self, symbol: str, now_us: int) -> Make:
        """What there is to tell, once; the next begins behind it."""
        first, last, bids, asks = self.told + 1, self.last, self.bids, self.asks
        self.told, self.bids, self.asks = last, {}, {}
        return lambda unit: {
            "e": "depthUpdate",
            "E": now_us // unit,
            "s": symbol,
            "U": first,
            "u": last,
            "b": [[amount(price), amount(left)] for price, left in bids.items()],
            "a": [[amount(price), amount(left)] for price, left in asks.items()],
        }


class MarketStreams:
    """The streams that follow events."""

    def __init__(self, exchange: Exchange, listeners: Listeners) -> None:
        self.exchange, self.listeners = exchange, listeners
        self.quick = {name: Changes() for name in exchange.books}
        self.slow = {name: Changes() for name in exchange.books}
        self.tops: dict[str, Top] = {}
        self.moved: set[str] = set()

    def traded(
        self, symbol: str, trades: list[Traded], aggregates: list[Aggregate], now_us: int
    ) -> None:
        """Trades of one call."""
        low = symbol.lower()
        for trade in trades:
            self.listeners.say(f"{low}@trade", partial(said_trade, trade, now_us))
        for one in aggregates:
            self.listeners.say(f"{low}@aggTrade", partial(said_aggregate, symbol, one, now_us))

    def changed(self, event: Changed) -> None:
        """A level of the book."""
        self.quick[event.symbol].take(event)
        self.slow[event.symbol].take(event)
        self.moved.add(event.symbol)

    def tell_tops(self) -> None:
        """Best prices that are other ones than the last told."""
        moved, self.moved = self.moved, set()
        for symbol in moved:
            book = self.exchange.books[symbol]
            top = book.best()
            if top != self.tops.get(symbol):
                self.tops[symbol] = top
                self.listeners.say(f"{symbol.lower()}@bookTicker", top_of(symbol, book, top))

    def tell_changes(self, now_us: int, *, slowly: bool) -> None:
        """The changes of every book: every 100 ms, and every second `slowly`."""
        for symbol, one in (self.slow if slowly else self.quick).items():
            if one.last == one.told:
                continue
            make = one.told_now(symbol, now_us)
            for speed in ("", "@1000ms") if slowly else ("@100ms",):
                self.listeners.say(f"{symbol.lower()}@depth{speed}", make)


def said_aggregate(symbol: str, one: Aggregate, now_us: int, unit: int) -> dict[str, Any]:
    """An aggregate as its stream tells it."""
    return {"e": "aggTrade", "E": now_us // unit, "s": symbol, **aggregate_row(one, unit)}


def top_of(symbol: str, book: Any, top: Top) -> Make:
    """The best prices as their stream tells them."""
    (bid, bid_quantity), (ask, ask_quantity) = top
    last = book.last_update_id
    return lambda _: {
        "u": last,
        "s": symbol,
        "b": amount(bid),
        "B": amount(bid_quantity),
        "a": amount(ask),
        "A": amount(ask_quantity),
    }
