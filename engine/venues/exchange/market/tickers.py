"""How did a symbol do over the last day, and what did it cost on average? From its own bars.

A window of so many minutes holds the minute that runs and those before it. The average price is
that of the minutes' volume, the last price where nothing traded in them.
"""

from typing import Any, NamedTuple

from engine.venues.exchange.market.klines import MINUTE, Bar, Bars
from engine.venues.exchange.spelling import E8, amount, percentage

DAY_MINUTES, AVERAGE_MINUTES = 1_440, 5
WINDOWS = {
    **{f"{n}m": n for n in range(1, 60)},
    **{f"{n}h": n * 60 for n in range(1, 24)},
    **{f"{n}d": n * DAY_MINUTES for n in range(1, 8)},
}


class Window(NamedTuple):
    """The bars of a window put together, and the price before it."""

    bar: Bar
    before: int
    opens_us: int
    closes_us: int

    @property
    def average(self) -> int:
        """Volume-weighted, in 1e-8."""
        return self.bar.quote * E8 // self.bar.volume if self.bar.volume else self.bar.close

    @property
    def change(self) -> int:
        """From the first price to the last."""
        return self.bar.close - self.bar.open

    @property
    def change_percent(self) -> str:
        """The same as a part of the first."""
        return percentage(self.change, self.bar.open)


def window_of(bars: Bars, minutes: int, now_us: int) -> Window | None:
    """The window that ends now; None before anything traded."""
    bars.go_on(now_us)
    since_us = now_us - now_us % MINUTE - (minutes - 1) * MINUTE
    found = bars.of("1m", since_us)
    if not found:
        return None
    whole = Bar(found[0].opened_us, found[0].open)
    for bar in found:
        whole.join(bar)
    earlier = bars.of("1m", since_us - MINUTE, since_us - 1)
    before = earlier[0].close if earlier else whole.open
    return Window(whole, before, max(since_us, found[0].opened_us), now_us)


def full(symbol: str, window: Window, top: Any, last_e8: int, unit: int) -> dict[str, Any]:
    """The statistics of a day with the book's best prices."""
    (bid, bid_quantity), (ask, ask_quantity) = top
    return {
        **changed(symbol, window),
        "prevClosePrice": amount(window.before),
        "lastPrice": amount(window.bar.close),
        "lastQty": amount(last_e8),
        "bidPrice": amount(bid),
        "bidQty": amount(bid_quantity),
        "askPrice": amount(ask),
        "askQty": amount(ask_quantity),
        **range_of(window),
        **counted(window, unit),
    }


def rolling(symbol: str, window: Window, unit: int) -> dict[str, Any]:
    """The statistics of a window."""
    last = {"lastPrice": amount(window.bar.close)}
    return {**changed(symbol, window), **range_of(window), **last, **counted(window, unit)}


def mini(symbol: str, window: Window, unit: int) -> dict[str, Any]:
    """The few of them that `type=MINI` asks for."""
    last = {"lastPrice": amount(window.bar.close)}
    return {"symbol": symbol, **range_of(window), **last, **counted(window, unit)}


def changed(symbol: str, window: Window) -> dict[str, Any]:
    """By how much the price moved."""
    return {
        "symbol": symbol,
        "priceChange": amount(window.change),
        "priceChangePercent": window.change_percent,
        "weightedAvgPrice": amount(window.average),
    }


def range_of(window: Window) -> dict[str, Any]:
    """Where it began, and its ends."""
    bar = window.bar
    return {
        "openPrice": amount(bar.open),
        "highPrice": amount(bar.high),
        "lowPrice": amount(bar.low),
    }


def counted(window: Window, unit: int) -> dict[str, Any]:
    """How much traded, and when."""
    bar = window.bar
    return {
        "volume": amount(bar.volume),
        "quoteVolume": amount(bar.quote),
        "openTime": window.opens_us // unit,
        "closeTime": window.closes_us // unit,
        "firstId": bar.first_id,
        "lastId": bar.last_id,
        "count": bar.count,
    }
