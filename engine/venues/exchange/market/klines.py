"""What bars do a venue's own trades make? Seconds and minutes kept, longer ones put together.

A bar without a trade stands at the close before it, with no volume. Before the first trade there
are none.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from engine.venues.exchange.matching.words import Traded
from engine.venues.exchange.spelling import amount

SECOND, MINUTE = 1_000_000, 60_000_000  # us
HOUR, DAY = 60 * MINUTE, 1440 * MINUTE
LENGTHS = {
    "1s": SECOND,
    **{f"{n}m": n * MINUTE for n in (1, 3, 5, 15, 30)},
    **{f"{n}h": n * HOUR for n in (1, 2, 4, 6, 8, 12)},
    **{f"{n}d": n * DAY for n in (1, 3)},
    "1w": 7 * DAY,
    "1M": 0,  # as long as the month is
}
FIRST_MONDAY = 4 * DAY  # 1970-01-05: weeks begin on Mondays
SECONDS_KEPT, MINUTES_KEPT = 7_200, 20_160  # two hours, two weeks


class Bar:
    """One interval of one symbol; amounts in 1e-8, times in us, ids -1 where nothing traded."""

    __slots__ = (
        *("opened_us", "open", "high", "low", "close", "volume", "quote"),
        *("count", "taker_volume", "taker_quote", "first_id", "last_id"),
    )

    def __init__(self, opened_us: int, price: int) -> None:
        self.opened_us = opened_us
        self.open = self.high = self.low = self.close = price
        self.volume = self.quote = self.count = self.taker_volume = self.taker_quote = 0
        self.first_id = self.last_id = -1

    def take(self, trade: Traded, quote_e8: int) -> None:
        """One more trade."""
        price = trade.price_e8
        if not self.count:
            self.open = self.high = self.low = price
            self.first_id = trade.trade_id
        self.high, self.low, self.close = max(self.high, price), min(self.low, price), price
        self.volume += trade.quantity_e8
        self.quote += quote_e8
        self.count += 1
        self.last_id = trade.trade_id
        if not trade.is_buyer_maker:
            self.taker_volume += trade.quantity_e8
            self.taker_quote += quote_e8

    def join(self, later: "Bar") -> None:
        """Grow by a later bar."""
        if later.count:
            if not self.count:
                self.open, self.high, self.low = later.open, later.high, later.low
                self.first_id = later.first_id
            self.high, self.low = max(self.high, later.high), min(self.low, later.low)
            self.close, self.last_id = later.close, later.last_id
        for name in ("volume", "quote", "count", "taker_volume", "taker_quote"):
            setattr(self, name, getattr(self, name) + getattr(later, name))


class Bars:
    """A symbol's bars, from its trades in the order in which they happened."""

    def __init__(self) -> None:
        self.seconds: deque[Bar] = deque(maxlen=SECONDS_KEPT)
        self.minutes: deque[Bar] = deque(maxlen=MINUTES_KEPT)

    def take(self, trade: Traded, quote_e8: int) -> None:
        """One more trade."""
        if not self.minutes:
            for kept, length in ((self.seconds, SECOND), (self.minutes, MINUTE)):
                kept.append(Bar(trade.at_us - trade.at_us % length, trade.price_e8))
        self.go_on(trade.at_us)
        self.seconds[-1].take(trade, quote_e8)
        self.minutes[-1].take(trade, quote_e8)

    def go_on(self, now_us: int) -> None:
        """Begin the bars that have begun by now."""
        if not self.minutes:
            return
        for kept, length, most in (
            (self.seconds, SECOND, SECONDS_KEPT),
            (self.minutes, MINUTE, MINUTES_KEPT),
        ):
            last = kept[-1]
            begins = max(last.opened_us + length, now_us - now_us % length - most * length)
            for opened_us in range(begins, now_us + 1, length):
                kept.append(Bar(opened_us, last.close))

    def of(self, interval: str, since_us: int = 0, until_us: int = 1 << 62) -> list[Bar]:
        """All bars of an interval that open within these times, the one that runs included."""
        if interval in ("1s", "1m"):
            return list(
                within(self.seconds if interval == "1s" else self.minutes, since_us, until_us)
            )
        since_us = opening_of(interval, since_us)
        found = []
        minutes = within(self.minutes, since_us, until_us + 31 * DAY)
        for opened_us, parts in groupby(minutes, lambda bar: opening_of(interval, bar.opened_us)):
            bars = list(parts)
            whole = Bar(opened_us, bars[0].open)
            whole.close = bars[0].close
            for bar in bars:
                whole.join(bar)
            found.append(whole)
        return [bar for bar in found if bar.opened_us <= until_us]

    def last(self, interval: str, now_us: int) -> Bar | None:
        """The bar that runs."""
        found = self.of(interval, opening_of(interval, now_us))
        return found[-1] if found else None


def within(kept: deque[Bar], since_us: int, until_us: int) -> Iterator[Bar]:
    """Those that open within these times."""
    first = bisect_left(kept, since_us, key=lambda bar: bar.opened_us)
    end = bisect_left(kept, until_us + 1, key=lambda bar: bar.opened_us)
    return (kept[place] for place in range(first, end))


def opening_of(interval: str, at_us: int) -> int:
    """When the bar that holds a time opened."""
    length = LENGTHS[interval]
    if interval == "1w":
        return at_us - (at_us - FIRST_MONDAY) % length
    if interval == "1M":
        return month_of(at_us, 0)
    return at_us - at_us % length


def closing_of(interval: str, opened_us: int) -> int:
    """The last microsecond of a bar."""
    if interval == "1M":
        return month_of(opened_us, 1) - 1
    return opened_us + LENGTHS[interval] - 1


def month_of(at_us: int, later: int) -> int:
    """The beginning of a time's month, or of the one after it."""
    day = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)
    year, month = divmod(day.year * 12 + day.month - 1 + later, 12)
    return int(datetime(year, month + 1, 1, tzinfo=UTC).timestamp()) * SECOND


def row_of(bar: Bar, interval: str, unit: int) -> list[Any]:
    """A bar as REST tells it; its times in `unit` microseconds."""
    closed_us = closing_of(interval, bar.opened_us)
    return [
        bar.opened_us // unit,
        *(amount(price) for price in (bar.open, bar.high, bar.low, bar.close)),
        amount(bar.volume),
        closed_us // unit,
        amount(bar.quote),
        bar.count,
        amount(bar.taker_volume),
        amount(bar.taker_quote),
        "0",
    ]


def said_of(bar: Bar, symbol: str, interval: str, now_us: int, unit: int) -> dict[str, Any]:
    """A bar as its stream tells it; closed once its last microsecond has passed."""
    closed_us = closing_of(interval, bar.opened_us)
    named = {
        "t": bar.opened_us // unit,
        "T": closed_us // unit,
        "s": symbol,
        "i": interval,
        "f": bar.first_id,
        "L": bar.last_id,
        "o": amount(bar.open),
        "c": amount(bar.close),
        "h": amount(bar.high),
        "l": amount(bar.low),
        "v": amount(bar.volume),
        "n": bar.count,
        "x": now_us > closed_us,
        "q": amount(bar.quote),
        "V": amount(bar.taker_volume),
        "Q": amount(bar.taker_quote),
        "B": "0",
    }
    return {"e": "kline", "E": now_us // unit, "s": symbol, "k": named}
