"""Which bars closed before anybody listened? Asked once, so that indicators need not wait for them.

They come to the engine when they are heard: nothing is decided as if it were then.
"""

from engine.market.answers import bars_of, klines_path
from engine.market.symbol_feed import SymbolFeed
from engine.messages import PAST

# Lengths in seconds that Binance tells bars of (rest-api.md, Kline/Candlestick data).
INTERVALS = {
    60: "1m", 180: "3m", 300: "5m", 900: "15m", 1_800: "30m", 3_600: "1h", 7_200: "2h",
    14_400: "4h", 21_600: "6h", 28_800: "8h", 43_200: "12h", 86_400: "1d",
}  # fmt: skip
BARS_MAX = 1_000  # of one answer


def bars_path(symbol: str, bar_seconds: int) -> str:
    """What to ask for the newest bars of this length; nothing for one that is not told."""
    interval = INTERVALS.get(bar_seconds, "")
    return klines_path(symbol, interval, BARS_MAX) if interval else ""


def bars_in(body: bytes, feed: SymbolFeed, after_ns: int, now_ns: int) -> bytes:
    """The records of closed bars that opened after a time; one of NOTHING_SAID if it is none."""
    told = [one for one in bars_of(body) if after_ns < one.opened_ns and one.ends_ns <= now_ns]
    return b"".join(feed.bar(one.opened_ns, now_ns, one.five, PAST) for one in told)
