"""What does a recording look like? Lines of one, written for a test."""

import json
from typing import Any

HEARD_NS = 1_723_161_254_000_000_000  # 2024-08-08 23:54:14 UTC
MS = 1_000_000
AHEAD_MS = 1_250  # by which the exchange's clock is ahead of ours


def line(after_ms: int, stream: str, **body: Any) -> str:
    """A message of a combined stream, heard so many ms after the first."""
    message = {"stream": f"ethusdt@{stream}", "data": {"s": "ETHUSDT", **body}}
    return f"{HEARD_NS + after_ms * MS} {json.dumps(message)}"


def trade(after_ms: int, number: int, price: str = "2683.80", **changes: Any) -> str:
    """A spot trade of 0.5."""
    at_ms = HEARD_NS // MS + after_ms + AHEAD_MS
    body = {"e": "trade", "E": at_ms, "t": number, "p": price, "q": "0.5", "T": at_ms}
    return line(after_ms, "trade", **(body | {"m": True, "M": True} | changes))


def depth(after_ms: int, first: int, last: int, bids: Any = (), asks: Any = ()) -> str:
    """A change of the spot book by updates `first` to `last`."""
    at_ms = HEARD_NS // MS + after_ms + AHEAD_MS
    body = {"e": "depthUpdate", "E": at_ms, "U": first, "u": last}
    return line(after_ms, "depth@100ms", **body, b=list(bids), a=list(asks))


def ticker(after_ms: int, update: int, bid: str, ask: str, volume: str = "1") -> str:
    """The exchange's own best bid and ask, of one volume."""
    return line(after_ms, "bookTicker", u=update, b=bid, B=volume, a=ask, A=volume)


def snapshot(after_ms: int, last: int, bids: Any, asks: Any) -> str:
    """The whole book as REST tells it: it names no symbol."""
    body = {"lastUpdateId": last, "bids": list(bids), "asks": list(asks)}
    return f"{HEARD_NS + after_ms * MS} {json.dumps(body)}"
