"""What do the answers of the exchange's REST tell? The newest trades, the best prices, bars."""

import json
from typing import Any, NamedTuple

from engine.market.book import Snapshot, Top
from engine.market.exchange_lines import (
    Ticker,
    Trade,
    amount,
    snapshot_of,
    time_of,
    unit_of,
    whole,
)
from engine.messages import BUYER_IS_MAKER

DEPTH_WEIGHT = {5: 5, 100: 5, 500: 25, 1000: 50, 5000: 250}  # by how many levels are asked for
TRADES_WEIGHT, KLINES_WEIGHT = 25, 2
TRADES_MAX = 1_000


class Told(NamedTuple):
    """A trade and when it was, by the exchange's clock."""

    trade: Trade
    time_ns: int


class Bar(NamedTuple):
    """A bar: begin and end in ns, then open, high, low, close and volume in 1e-8."""

    opened_ns: int
    ends_ns: int
    five: tuple[int, ...]


def depth_path(symbol: str, levels: int) -> str:
    """The question for a book of so many levels a side."""
    return f"/api/v3/depth?symbol={symbol}&limit={levels}"


def trades_path(symbol: str) -> str:
    """The question for the newest trades."""
    return f"/api/v3/trades?symbol={symbol}&limit={TRADES_MAX}"


def klines_path(symbol: str, interval: str, count: int) -> str:
    """The question for the newest bars; the last of them is not over."""
    return f"/api/v3/klines?symbol={symbol}&interval={interval}&limit={count}"


def trades_of(body: bytes) -> list[Told]:
    """The trades of an answer by id; one of NOTHING_SAID if it is none."""
    told = [trade_of(row) for row in json.loads(body)]
    return sorted(told, key=lambda one: one.trade.trade_id)


def trade_of(row: dict[str, Any]) -> Told:
    """One trade of an answer."""
    flags = BUYER_IS_MAKER if row["isBuyerMaker"] is True else 0
    amounts = amount(row["price"]), amount(row["qty"])
    trade = Trade(whole(row["id"]), *amounts, flags, is_aggregate=False)
    return Told(trade, time_of(row["time"]))


def snapshot_in(body: bytes) -> Snapshot:
    """The book of an answer; one of NOTHING_SAID if it is none."""
    return snapshot_of(json.loads(body))


def best_of(snapshot: Snapshot) -> Ticker:
    """The best prices of a book that was told whole; LookupError if a side is empty."""
    bid, ask = snapshot.bids[0], snapshot.asks[0]
    return Ticker(snapshot.last, Top(bid[0], ask[0], bid[1], ask[1]))


def bars_of(body: bytes) -> list[Bar]:
    """The bars of an answer in order; one of NOTHING_SAID if it is none."""
    return sorted(bar_of(row) for row in json.loads(body))


def bar_of(row: list[Any]) -> Bar:
    """One bar of an answer, whose end is told as the last moment before it."""
    ends_ns = time_of(row[6]) + unit_of(row[6])
    return Bar(time_of(row[0]), ends_ns, tuple(amount(cell) for cell in row[1:6]))
