"""How is another exchange's market told in the words of the streams that are read already?

A relay gets what a library made of an exchange's messages, and tells trades and best prices as
Binance's streams do. So every exchange is one more address, and the engine needs none of it.
"""

import json
import time
from decimal import Decimal, InvalidOperation
from typing import Any

TRADE, TICKER = "trade", "bookTicker"


class Unusable(ValueError):
    """What a library told is no trade and no price."""


class Relay:
    """One symbol on its way; its numbers grow over the relay's own restarts too."""

    def __init__(self, name: str, began_ns: int | None = None) -> None:
        self.name = name
        began_ns = time.time_ns() if began_ns is None else began_ns
        self.number = self.update = began_ns // 1_000  # more than a message a us there is not
        self.shown: tuple[str, ...] = ()

    def trade(self, told: dict[str, Any]) -> bytes:
        """A trade (`id`, `timestamp` in ms, `price`, `amount`, `side` of the taker); Unusable."""
        at_ms = told.get("timestamp")
        side = told.get("side")
        if not isinstance(at_ms, int) or side not in ("buy", "sell"):
            raise Unusable("a trade without its time or side")
        body = {
            "e": "trade",
            "E": at_ms,
            "s": self.name,
            "t": self._number_of(told.get("id")),
            "p": decimal(told.get("price")),
            "q": decimal(told.get("amount")),
            "T": at_ms,
            "m": side == "sell",
            "M": True,
        }
        return self._wrapped(TRADE, body)

    def best(self, bids: Any, asks: Any) -> bytes:
        """Best prices of a book's sides, the best first; b"" if they are as before; Unusable."""
        if not bids or not asks:
            raise Unusable("a book without a side")
        shown = tuple(decimal(cell) for side in (bids, asks) for cell in side[0][:2])
        if shown == self.shown:
            return b""
        self.shown = shown
        self.update += 1
        bid, bid_volume, ask, ask_volume = shown
        body = {"u": self.update, "s": self.name, "b": bid, "B": bid_volume}
        return self._wrapped(TICKER, body | {"a": ask, "A": ask_volume})

    def _number_of(self, told: object) -> int:
        """A trade's own number, or one of ours where the exchange has none."""
        if isinstance(told, str) and told.isascii() and told.isdecimal() and len(told) <= 18:
            return int(told)
        self.number += 1
        return self.number

    def _wrapped(self, kind: str, body: dict[str, Any]) -> bytes:
        stream = f"{self.name.lower()}@{kind}"
        return json.dumps({"stream": stream, "data": body}, separators=(",", ":")).encode()


def decimal(value: object) -> str:
    """A library's number, text or float, with eight decimals; Unusable if it is none."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Unusable(f"{value!r} is no number") from None
    if not number.is_finite() or number < 0 or number != round(number, 8):
        raise Unusable(f"{value!r} is no amount")
    return f"{number:.8f}"
