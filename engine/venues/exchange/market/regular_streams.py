"""What does the public hear at regular times? Bars, tickers, averages, and the best levels.

Bars of a second every second, longer ones every two, and each once more when it has closed;
tickers every second; the best levels every 100 ms or every second.
"""

import re
from collections.abc import Callable
from typing import Any

from engine.venues.exchange.market import tickers
from engine.venues.exchange.market.klines import LENGTHS, Bar, closing_of, opening_of, said_of
from engine.venues.exchange.market.listeners import Listeners, Make, Name, name_of
from engine.venues.exchange.market.tape import Tape
from engine.venues.exchange.market.tickers import Window
from engine.venues.exchange.matching.exchange import Exchange
from engine.venues.exchange.spelling import amount, levels

TICKS_A_SECOND = 10
PARTIAL = re.compile(r"depth(5|10|20)(@100ms|@1000ms)?")
ALL_MINIS, ALL_TICKERS = "!miniTicker@arr", "!ticker@arr"


class RegularStreams:
    """The streams that follow the clock."""

    def __init__(self, exchange: Exchange, tapes: dict[str, Tape], listeners: Listeners) -> None:
        self.exchange, self.tapes, self.listeners = exchange, tapes, listeners
        self.told: dict[str, tuple[int, int]] = {}  # of a bar's stream: its opening, its trades
        self.ticks = 0

    def tick(self, now_us: int) -> None:
        """Called every 100 ms."""
        self.ticks += 1
        for tape in self.tapes.values():
            tape.bars.go_on(now_us)
        self.told = {
            stream: told for stream, told in self.told.items() if stream in self.listeners.of
        }
        for stream in list(self.listeners.of):
            self.tell(stream, now_us)

    def is_time(self, seconds: int) -> bool:
        """Whether so many seconds have passed again."""
        return self.ticks % (TICKS_A_SECOND * seconds) == 0

    def tell(self, stream: str, now_us: int) -> None:
        """One stream, if it is its time."""
        name = name_of(stream)
        if stream in (ALL_MINIS, ALL_TICKERS):
            if self.is_time(1):
                self.listeners.say(stream, lambda unit: self.all_of(stream, now_us, unit))
        elif name.symbol in self.tapes:
            self.tell_of(stream, name, now_us)

    def tell_of(self, stream: str, name: Name, now_us: int) -> None:
        """One stream of one symbol."""
        partial = PARTIAL.fullmatch(name.kind)
        if partial:
            if partial[2] == "@100ms" or self.is_time(1):
                self.listeners.say(stream, self.best_levels(name.symbol, int(partial[1])))
        elif name.kind.startswith("kline_"):
            self.tell_bars(stream, name, now_us)
        elif self.is_time(1):
            self.tell_ticker(stream, name, now_us)

    def best_levels(self, symbol: str, limit: int) -> Make:
        """The best levels of a book."""
        book = self.exchange.books[symbol]
        bids, asks = book.depth(limit)
        last = book.last_update_id
        return lambda _: {"lastUpdateId": last, "bids": levels(bids), "asks": levels(asks)}

    def tell_bars(self, stream: str, name: Name, now_us: int) -> None:
        """The bar told last, once it has closed; at its time the one that runs, if it changed."""
        interval = name.kind.removeprefix("kline_")
        if interval not in LENGTHS:
            return
        opened, count = self.told.get(stream, (0, -1))
        opening = opening_of(interval, now_us)
        if opened and opened != opening:
            self.say_bar(stream, name, self.bar(name.symbol, interval, opened), now_us)
            opened = 0
        elif not self.is_time(1 if interval == "1s" else 2):
            return
        bar = self.bar(name.symbol, interval, opening)
        if bar is not None:
            if (opening, bar.count) != (opened, count):
                self.say_bar(stream, name, bar, now_us)
            self.told[stream] = (opening, bar.count)

    def bar(self, symbol: str, interval: str, opened: int) -> Bar | None:
        """The bar that opened then."""
        found = self.tapes[symbol].bars.of(interval, opened, closing_of(interval, opened))
        return found[0] if found else None

    def say_bar(self, stream: str, name: Name, bar: Bar | None, now_us: int) -> None:
        """A bar to those who listen."""
        interval = name.kind.removeprefix("kline_")
        if bar is not None:
            self.listeners.say(
                stream, lambda unit: said_of(bar, name.symbol, interval, now_us, unit)
            )

    def tell_ticker(self, stream: str, name: Name, now_us: int) -> None:
        """What is told every second of one symbol."""
        make = SAID.get(name.kind)
        if make is not None:
            tape = self.tapes[name.symbol]
            window = tickers.window_of(tape.bars, minutes_of(name.kind), now_us)
            if window is not None:
                top = self.exchange.books[name.symbol].best()
                self.listeners.say(stream, lambda unit: make(name.symbol, window, tape, top, unit))

    def all_of(self, stream: str, now_us: int, unit: int) -> list[dict[str, Any]]:
        """A ticker of each symbol that ever traded."""
        make = SAID["miniTicker" if stream == ALL_MINIS else "ticker"]
        found = []
        for symbol, tape in self.tapes.items():
            window = tickers.window_of(tape.bars, tickers.DAY_MINUTES, now_us)
            if window is not None:
                top = self.exchange.books[symbol].best()
                found.append(make(symbol, window, tape, top, unit))
        return found


def minutes_of(kind: str) -> int:
    """How long a ticker's window is."""
    return tickers.AVERAGE_MINUTES if kind == "avgPrice" else tickers.DAY_MINUTES


def said_mini(symbol: str, window: Window, _tape: Tape, _top: Any, unit: int) -> dict[str, Any]:
    """The mini ticker's stream."""
    bar = window.bar
    return {
        "e": "24hrMiniTicker",
        "E": window.closes_us // unit,
        "s": symbol,
        "c": amount(bar.close),
        **ends_of(bar),
    }


def said_full(symbol: str, window: Window, tape: Tape, top: Any, unit: int) -> dict[str, Any]:
    """The ticker's stream."""
    (bid, bid_quantity), (ask, ask_quantity) = top
    bar, last = window.bar, tape.last
    return {
        "e": "24hrTicker",
        "E": window.closes_us // unit,
        "s": symbol,
        "p": amount(window.change),
        "P": window.change_percent,
        "w": amount(window.average),
        "x": amount(window.before),
        "c": amount(bar.close),
        "Q": amount(last.quantity_e8 if last else 0),
        "b": amount(bid),
        "B": amount(bid_quantity),
        "a": amount(ask),
        "A": amount(ask_quantity),
        **ends_of(bar),
        "O": window.opens_us // unit,
        "C": window.closes_us // unit,
        "F": bar.first_id,
        "L": bar.last_id,
        "n": bar.count,
    }


def ends_of(bar: Bar) -> dict[str, str]:
    """Where a window began, its ends, and how much traded."""
    return {
        "o": amount(bar.open),
        "h": amount(bar.high),
        "l": amount(bar.low),
        "v": amount(bar.volume),
        "q": amount(bar.quote),
    }


def said_average(symbol: str, window: Window, tape: Tape, _top: Any, unit: int) -> dict[str, Any]:
    """The average price's stream."""
    return {
        "e": "avgPrice",
        "E": window.closes_us // unit,
        "s": symbol,
        "i": f"{tickers.AVERAGE_MINUTES}m",
        "w": amount(window.average),
        "T": tape.last.at_us // unit if tape.last else 0,
    }


SAID: dict[str, Callable[[str, Window, Tape, Any, int], dict[str, Any]]] = {
    "miniTicker": said_mini,
    "ticker": said_full,
    "avgPrice": said_average,
}
