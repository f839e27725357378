"""What does a live market hear? An exchange that plays messages in virtual time, for a test.

It opens lines, takes subscriptions and answers questions for snapshots and trades from what it
played, each after a moment; faults are the test's own rows of messages.
"""

import gzip
import heapq
import json
import random
from collections import Counter
from typing import Any

from engine.instruments import Instrument, text_of_e8
from engine.market.book import Book, Snapshot, Update
from engine.market.exchange_lines import Trade, heard, understood
from engine.market.live import LiveMarket
from engine.market.putting_together import Settings, live_market
from engine.market.wishes import Answer, Ask, Close, Connect, Say

MS, SECOND = 1_000_000, 1_000_000_000
RECORDING = "exchange_fixtures/hftbacktest/binance_spot_ethusdt_20240808.raw.gz"
START_NS = 1_723_161_254_000_000_000
ETH = Instrument(
    "ETHUSDT", "ETH", "USDT", 1_000_000, 10_000, 1, 90_000_000, 10_000_000, 500_000_000,
    1, 100_000_000,
)  # fmt: skip


def recording(shared) -> list[tuple[int, bytes]]:
    """When each message of the real recording was heard, and its text."""
    with gzip.open(shared / RECORDING) as file:
        parts = [line.rstrip().split(b" ", 1) for line in file]
    return [(int(heard_ns), text) for heard_ns, text in parts]


def streamed(tape: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Only what came on the line."""
    return [row for row in tape if row[1].startswith(b'{"stream"')]


class Told:
    """What an exchange said so far, and what it answers by that."""

    def __init__(self) -> None:
        self.book = Book()
        self.trades: list[dict[str, Any]] = []

    def answer_to(self, url: str) -> Answer:
        """The book or the newest trades."""
        rows: Any = self.trades[-1_000:]
        if "/depth" in url:
            levels = 5 if "limit=5" in url and "limit=50" not in url else 5_000
            sides = [self.book.bids.prices[::-1][:levels], self.book.asks.prices[:levels]]
            volumes = [self.book.bids.volumes, self.book.asks.volumes]
            bids, asks = (
                [[text_of_e8(price, 1), text_of_e8(told[price], 1)] for price in prices]
                for prices, told in zip(sides, volumes, strict=True)
            )
            rows = {"lastUpdateId": max(self.book.last, 0), "bids": bids, "asks": asks}
        return Answer(200, {}, json.dumps(rows).encode())

    def remember(self, text: bytes) -> None:
        """The exchange's own state."""
        message = json.loads(text)
        said = understood(message, "?symbol=ETHUSDT", START_NS)
        if said is None:
            return
        if isinstance(said.said, Update):
            self.book.take(said.said)
        elif isinstance(said.said, Snapshot):
            self.book.restore(said.said)
        elif isinstance(said.said, Trade):
            body = message["data"] if "stream" in message else message
            row = {"id": body["t"], "price": body["p"], "qty": body["q"], "time": body["T"]}
            self.trades.append(row | {"isBuyerMaker": body["m"]})


class Exchange:
    """Plays messages to a market; `records` is all that came out, `wishes` all that was wished."""

    def __init__(self, market: LiveMarket, tape: list[tuple[int, bytes]], **options: Any) -> None:
        """Options: `answer_ns` until an answer, `down` spans in which no line opens or speaks."""
        self.market, self.answer_ns = market, options.get("answer_ns", 50 * MS)
        self.down: list[tuple[int, int]] = options.get("down", [])
        self.remembers = True  # what it says; else a test tells it what is true
        self.records: list[bytes] = []
        self.wishes: list[Any] = []
        self.urls: dict[int, str] = {}
        self.lines: dict[int, bool] = {}  # open ones: whether subscribed
        self.told = Told()
        self.events: list[tuple[int, int, str, Any]] = []
        self.count = 0
        self.now_ns = tape[0][0] - SECOND if tape else START_NS
        for at_ns, text in tape:
            self.later(at_ns, "said", text)

    def later(self, at_ns: int, what: str, about: Any) -> None:
        """Something happens then; of one moment in this order."""
        self.count += 1
        heapq.heappush(self.events, (at_ns, self.count, what, about))

    def run(self, until_ns: int) -> "Exchange":
        """Everything up to then, the market's own due times among it."""
        if not self.wishes and not self.market.now_ns:
            self.market.begin(self.now_ns)
        self.fulfil()
        while True:
            at_ns = min(self.events[0][0] if self.events else until_ns, self.market.due_ns())
            if at_ns >= until_ns:
                return self
            self.now_ns = max(self.now_ns, at_ns)
            if self.events and self.events[0][0] <= at_ns:
                _, _, what, about = heapq.heappop(self.events)
                getattr(self, f"do_{what}")(about)
            else:
                self.give(self.market.tick(self.now_ns))
            self.fulfil()

    def give(self, records: bytes) -> None:
        """What the engine would get."""
        self.records += [records[at : at + 64] for at in range(0, len(records), 64)]

    def is_down(self, line: int) -> bool:
        """Whether a line does not speak; another exchange's always does."""
        is_ours = "binance" in self.urls[line]
        return is_ours and any(since <= self.now_ns < until for since, until in self.down)

    def fulfil(self) -> None:
        """What is wished, begun."""
        for wish in self.market.wishes():
            self.wishes.append(wish)
            if isinstance(wish, Connect):
                self.urls[wish.line] = wish.url
                self.later(self.now_ns + self.answer_ns, "connect", wish.line)
            elif isinstance(wish, Say):
                request = json.loads(wish.text)
                self.later(self.now_ns + self.answer_ns, "confirm", (wish.line, request["id"]))
            elif isinstance(wish, Close):
                self.lines.pop(wish.line, None)
            elif isinstance(wish, Ask):
                self.later(self.now_ns + self.answer_ns, "answer", wish)

    def do_connect(self, line: int) -> None:
        """A line opens."""
        if self.is_down(line):
            self.give(self.market.lost(line, "connection refused", self.now_ns))
            return
        self.lines[line] = False
        self.market.opened(line, self.now_ns)

    def do_confirm(self, about: tuple[int, int]) -> None:
        """A subscription is taken."""
        line, number = about
        if line in self.lines:
            self.lines[line] = True
            text = json.dumps({"result": None, "id": number}).encode()
            self.give(self.market.hear(line, text, self.now_ns))

    def do_said(self, text: bytes) -> None:
        """A message on every line that has it."""
        if self.remembers:
            self.told.remember(text)
        if not text.startswith(b'{"stream"'):
            return  # the recording's own answer
        for line, subscribed in list(self.lines.items()):
            if subscribed and not self.is_down(line):
                self.give(self.market.hear(line, text, self.now_ns))

    def do_lose(self, why: str) -> None:
        """Every line breaks."""
        lines, self.lines = self.lines, {}
        for line in lines:
            self.give(self.market.lost(line, why, self.now_ns))

    def do_answer(self, ask: Ask) -> None:
        """A question's answer, as things stand by now."""
        answer = self.told.answer_to(ask.url)
        self.give(self.market.answered(ask.question, answer, self.now_ns))

    def asked(self, part: str) -> int:
        """How many questions named this."""
        return sum(isinstance(wish, Ask) and part in wish.url for wish in self.wishes)

    def of_kind(self, kind: int) -> list[bytes]:
        """The records of one kind."""
        return [record for record in self.records if record[4] == kind]


def opened_market(**changes: Any) -> LiveMarket:
    """A market of ETHUSDT."""
    settings = Settings()._replace(**changes)
    return live_market([ETH], settings, random.Random(1).random)


def kinds_told(tape: list[tuple[int, bytes]]) -> Counter[type]:
    """How many messages of each kind are in a tape."""
    said = [heard(b"%d %s" % row) for row in tape]
    return Counter(type(one.said) for one in said if one)


__all__ = ["ETH", "MS", "SECOND", "START_NS", "Exchange", "Told", "opened_market", "recording"]
