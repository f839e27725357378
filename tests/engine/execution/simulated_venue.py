"""How does a test talk to the simulated venue alone, without an engine in front of it?"""

from typing import Any

from engine.execution.fills import VENUE, match, receive
from engine.instruments import define, limit
from engine.layout import Plain, bytes_of, fresh
from engine.messages import (
    BUY,
    CANCEL_ORDER,
    LIMIT,
    MARKET,
    RECORD,
    SELL,
    STOP,
    SUBMIT_ORDER,
    BarClosed,
    BookTop,
    TradeTick,
    decode,
)
from engine.state import PARAMETERS, SYMBOL
from engine.strategy.features import see_bar, see_book, see_trade
from tests.builders import E8, ETHER, MINUTE, PLENTY, START

LATENCY_NS = 50_000_000
LOT_E8 = ETHER.lot_e8
CASH_E8 = 10_000 * E8


def record(**fields: int) -> Any:
    """A plain record of these fields."""
    made: Any = Plain(RECORD)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def event_of(message: Any) -> Any:
    """The message's fields as the record that the core reads."""
    symbol, time_ns, received_ns, *rest, _ = message
    five = dict(zip("abcde", rest, strict=False))
    return record(symbol=symbol, time_ns=time_ns, received_ns=received_ns, **five)


class Venue:
    """The venue with one symbol, cash and lots; each market event answers with its reports."""

    def __init__(self, held: int = 0, cash_e8: int = CASH_E8, **parameters: int) -> None:
        self.venue: Any = fresh(VENUE)
        self.symbol: Any = fresh(SYMBOL)
        self.features: Any = fresh(PARAMETERS["features"])
        self.features.half_spread_ticks = 1
        self.paper: Any = fresh(PARAMETERS["paper"])
        for name, row in PARAMETERS["paper"].items():
            setattr(self.paper, name, parameters.get(name, row.default))
        self.venue.cash_e8, self.venue.held[0] = cash_e8, held
        self.now_ns = START
        self.last_id = 0
        one = ETHER
        limits = {"c": one.lots_min, "d": one.lots_max, "e": one.notional_min_e8}
        define(self.symbol.instrument, record(a=one.tick_e8, b=one.lot_e8, **limits))
        prices = {"a": one.price_min, "b": one.price_max, "c": one.market_lots_max}
        limit(self.symbol.instrument, record(**prices))

    def send(self, kind: int, side: int, lots: int, price: int = 0) -> int:
        """An order leaves now; its id."""
        self.last_id += 1
        asked = record(a=self.last_id, b=lots, c=price, received_ns=self.now_ns)
        asked.kind, asked.flags = SUBMIT_ORDER, side + kind * 2
        receive(self.venue, self.paper, asked)
        return self.last_id

    def buy(self, lots: int) -> int:
        """At market."""
        return self.send(MARKET, BUY, lots)

    def sell(self, lots: int) -> int:
        """At market."""
        return self.send(MARKET, SELL, lots)

    def bid(self, lots: int, price: int) -> int:
        """A limit that buys."""
        return self.send(LIMIT, BUY, lots, price)

    def stop(self, lots: int, price: int) -> int:
        """A stop that sells."""
        return self.send(STOP, SELL, lots, price)

    def cancel(self, order_id: int) -> None:
        """A cancel leaves now."""
        asked = record(a=order_id, kind=CANCEL_ORDER, received_ns=self.now_ns)
        receive(self.venue, self.paper, asked)

    def bar(self, opened: int, high: int, low: int, close: int, volume: int = PLENTY) -> list[Any]:
        """The next minute's bar, which begins now."""
        self.now_ns += MINUTE
        prices = (opened, high, low, close, volume)
        told = event_of(BarClosed(0, self.now_ns - MINUTE, self.now_ns, *prices))
        see_bar(self.symbol.features, self.features, self.symbol.instrument, told)
        return self.reports()

    def trade(self, price: int, volume: int = PLENTY, after_ns: int = 1_000_000_000) -> list[Any]:
        """A trade of others."""
        self.now_ns += after_ns
        told = event_of(TradeTick(0, self.now_ns, self.now_ns, price, volume, 1))
        see_trade(self.symbol.features, self.features, self.symbol.instrument, told)
        return self.reports()

    def book(self, bid: int, ask: int, volume: int = PLENTY) -> list[Any]:
        """The best bid and ask, a second later."""
        self.now_ns += 1_000_000_000
        told = event_of(BookTop(0, self.now_ns, self.now_ns, bid, ask, volume, volume))
        see_book(self.symbol.features, told)
        return self.reports()

    def reports(self) -> list[Any]:
        """What the venue says to the market event at hand."""
        facts = self.venue.facts
        facts.count = 0
        match(self.venue, self.symbol, self.paper, 0)
        return [decode(bytes_of(RECORD, row)) for row in facts.table[: facts.count]]


def volume_for(lots: int, share_ppm: int = 100_000) -> int:
    """The market volume of which our share is this many lots."""
    return lots * LOT_E8 * 1_000_000 // share_ppm
