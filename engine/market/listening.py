"""What does a message of a stream tell the engine? Records, ready for it; the rest is counted.

The messages that come most often are read by their shape (`fixed_shapes`), all others as JSON and
by the same rules as a recording's lines (`exchange_lines`). While another source feeds the
engine, books are kept and the newest messages held, so that taking over loses nothing.
"""

import json
from collections import deque
from typing import TYPE_CHECKING, Any

from engine.market.book import Snapshot, Update
from engine.market.exchange_lines import (
    NOTHING_SAID,
    Heard,
    Ticker,
    Trade,
    amount,
    time_of,
    understood,
)
from engine.market.fixed_shapes import levels_in, moment_of, ticker_in, trade_in, update_in
from engine.market.keeping import Keeper
from engine.market.symbol_feed import (
    RENUMBERED_NS,
    UNKNOWN,
    UNREADABLE,
    Refusals,
    SymbolFeed,
)
from engine.market.timing import Timing
from engine.messages import BUYER_IS_MAKER

if TYPE_CHECKING:
    from re import Match

HELD_MAX = 8_192  # messages kept while another source feeds; of more the oldest go
NOTICES_MAX = 64
SHUTDOWN = "serverShutdown"


class Listener:
    """Messages of one exchange's streams, from whichever connection; `notices` are about those."""

    def __init__(self, feeds: "dict[str, SymbolFeed]", timing: Timing, refused: Refusals) -> None:
        self.feeds = feeds
        self.named = {name.encode(): feed for name, feed in self.feeds.items()}
        self.keepers = {name: Keeper() for name in self.feeds}
        self.moved_ns: dict[str, int] = {}  # the newest change of each book, by its own time
        self.timing, self.refused = timing, refused
        self.is_feeding = True
        self.held: deque[bytes] = deque(maxlen=HELD_MAX)
        self.notices: deque[dict[str, Any]] = deque(maxlen=NOTICES_MAX)

    def hear(self, text: bytes, received_ns: int) -> bytes:
        """The records of a message, none for most; `received_ns` never goes back."""
        match = ticker_in(text)
        if match:
            return self._ticker(match, received_ns) if self.is_feeding else self._hold(text)
        match = trade_in(text)
        if match:
            return self._trade(match, received_ns) if self.is_feeding else self._hold(text)
        match = update_in(text)
        if match:
            return self._update(match, received_ns)
        try:
            return self._other(json.loads(text.decode()), text, received_ns)
        except NOTHING_SAID:
            return self.refused.add(UNREADABLE)

    def take_over(self, now_ns: int) -> bytes:
        """Feed the engine from now on, beginning with what it was not told yet."""
        self.is_feeding = True
        held, self.held = self.held, deque(maxlen=HELD_MAX)
        records = [self.hear(text, now_ns) for text in held]
        tops = [self._book_top(name, now_ns, now_ns) for name in self.keepers]
        return b"".join(records + tops)

    def step_back(self) -> None:
        """Another source feeds the engine."""
        self.is_feeding = False

    def _hold(self, text: bytes) -> bytes:
        self.held.append(text)
        return b""

    def _ticker(self, match: "Match[bytes]", received_ns: int) -> bytes:
        _, update, name, *parts = match.groups()
        feed = self.named.get(name)
        if feed is None:
            return self.refused.add(UNKNOWN)
        bid, bid_rest, volume, rest, ask, ask_rest, ask_volume, ask_volume_rest = parts
        best = (
            int(bid + bid_rest),
            int(ask + ask_rest),
            int(volume + rest),
            int(ask_volume + ask_volume_rest),
        )
        return feed.top(int(update), best, received_ns, received_ns)

    def _trade(self, match: "Match[bytes]", received_ns: int) -> bytes:
        _, name, number, price, price_rest, volume, volume_rest, ms, us, maker = match.groups()
        feed = self.named.get(name)
        if feed is None:
            return self.refused.add(UNKNOWN)
        time_ns = moment_of(ms, us)
        self.timing.note(time_ns, received_ns)
        flags = BUYER_IS_MAKER if maker == b"true" else 0
        amounts = int(price + price_rest), int(volume + volume_rest)
        said = Trade(int(number), *amounts, flags, is_aggregate=False)
        return feed.trade(said, time_ns, received_ns)

    def _update(self, match: "Match[bytes]", received_ns: int) -> bytes:
        _, ms, us, name, first, last, bids, asks = match.groups()
        if name not in self.named:
            return self.refused.add(UNKNOWN)
        said = Update(int(first) - 1, int(last), levels_in(bids), levels_in(asks))
        return self._moved(name.decode(), said, moment_of(ms, us), received_ns)

    def _other(self, message: Any, text: bytes, received_ns: int) -> bytes:
        body = message["data"] if "stream" in message else message
        if type(body) is not dict:
            return b""  # a list of all symbols: nothing of it was asked for
        if body.get("e") == "kline":
            return self._bar(body, received_ns) if self.is_feeding else self._hold(text)
        said = understood(message, "", received_ns)
        if said is None:
            if "result" in body or "error" in body or "code" in body or body.get("e") == SHUTDOWN:
                self.notices.append(body)
            return b""
        feed = self.feeds.get(said.symbol)
        if feed is None:
            return self.refused.add(UNKNOWN)
        if isinstance(said.said, Update):
            return self._moved(said.symbol, said.said, said.time_ns, received_ns)
        return self._told(feed, said) if self.is_feeding else self._hold(text)

    def _told(self, feed: SymbolFeed, said: Heard) -> bytes:
        if isinstance(said.said, Ticker):
            return feed.top(said.said.update, said.said.top, said.time_ns, said.received_ns)
        if isinstance(said.said, Trade):
            self.timing.note(said.time_ns, said.received_ns)
            return feed.trade(said.said, said.time_ns, said.received_ns)
        return b""

    def _moved(self, name: str, update: Update, time_ns: int, received_ns: int) -> bytes:
        self.timing.note(time_ns, received_ns)
        keeper, newest_ns = self.keepers[name], self.moved_ns.get(name, time_ns)
        if update.last <= keeper.book.last and time_ns > newest_ns + RENUMBERED_NS:
            keeper.begin_again(received_ns)
            self.feeds[name].number_again()
        self.moved_ns[name] = max(newest_ns, time_ns)
        keeper.take(update, received_ns)
        return self._book_top(name, time_ns, received_ns)

    def _book_top(self, name: str, time_ns: int, received_ns: int) -> bytes:
        """The best prices of a kept book, where they are newer than what was told."""
        book = self.keepers[name].book
        if not self.is_feeding or book.last <= self.feeds[name].top_update or book.top is None:
            return b""
        return self.feeds[name].book_top(book.last, book.top, time_ns, received_ns)

    def _bar(self, body: dict[str, Any], received_ns: int) -> bytes:
        feed, bar = self.feeds.get(body["s"]), body["k"]
        if feed is None:
            return self.refused.add(UNKNOWN)
        if bar["x"] is not True:
            return b""
        five = tuple(amount(bar[name]) for name in "ohlcv")
        return feed.bar(time_of(bar["t"]), received_ns, five)

    def restored(self, name: str, snapshot: Snapshot, now_ns: int) -> bytes:
        """A snapshot of a symbol's book came."""
        self.keepers[name].restore(snapshot, now_ns)
        return self._book_top(name, now_ns, now_ns)
