"""Does the market hold its promises whatever lines, answers and clocks do?"""

import json
import random
from collections import Counter
from itertools import pairwise

import pytest

from engine.market.stream_lines import SAID_WITHIN_NS
from engine.market.warming import Past
from engine.market.wishes import Answer, Ask, Close, Connect, Say, Wish
from engine.messages import BOOK_TOP, TRADE_TICK, decode, split
from tests.engine.market.played import MS, SECOND, START_NS, opened_market

GARBAGE = [b"", b"{}", b"[]", b"\xff", b"{" * 50, b'{"error":{"code":2},"id":1}']
BAD = [
    Answer(0, {}, b"refused"),
    Answer(429, {"retry-after": "3"}, b"{}"),
    Answer(418, {}, b""),
    Answer(500, {}, b"busy"),
    Answer(200, {}, b"<html>"),
    Answer(200, {"x-mbx-used-weight-1m": "2900"}, b'{"code":-1}'),
]
SEEDS = [*range(24), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(24, 600))]


class Storm:
    """An exchange at its worst, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.market = opened_market(past=Past(10) if seed % 2 else None)
        self.now_ns = START_NS
        self.trade_id, self.update = 1_000, 5_000
        self.moved = self.update  # the last update that a change of the book told
        self.lines: dict[int, bool] = {}
        self.said: dict[int, list[int]] = {}
        self.records: list[bytes] = []
        self.trades: list[dict] = []
        self.asked: list[Ask] = []
        self.market.begin(self.now_ns)

    def give(self, records: bytes) -> None:
        """What the engine gets."""
        self.records += split(records)

    def step(self) -> None:
        """Something happens, and time goes on, sometimes back."""
        pass_ns = self.rng.choice([0, MS, 40 * MS, 300 * MS, 2 * SECOND, -MS])
        if self.rng.random() < 0.01:
            pass_ns = self.rng.choice([30, 90, 3_600, 86_400]) * SECOND
        self.now_ns += pass_ns
        what = self.rng.choices([self.speak, self.answer, self.tick, self.lose], [12, 3, 4, 0.15])
        what[0]()
        while wishes := self.market.wishes():
            for wish in wishes:
                self.fulfil(wish)
        assert len(self.lines) <= 2

    def fulfil(self, wish: Wish) -> None:
        """A wish, or its failure."""
        if isinstance(wish, Connect):
            if self.rng.random() < 0.3:
                self.give(self.market.lost(wish.line, "refused", self.now_ns))
            else:
                self.lines[wish.line] = False
                self.market.opened(wish.line, self.now_ns)
        elif isinstance(wish, Say):
            self.said.setdefault(wish.line, []).append(self.market.now_ns)
            self.lines[wish.line] = True
            text = json.dumps({"result": None, "id": json.loads(wish.text)["id"]}).encode()
            self.give(self.market.hear(wish.line, text, self.now_ns))
        elif isinstance(wish, Close):
            self.lines.pop(wish.line, None)
        else:
            self.asked.append(wish)

    def speak(self) -> None:
        """A message on every line, some lost, some twice, some nonsense."""
        at_ms = self.now_ns // MS
        kind = self.rng.choice(["trade", "bookTicker", "depthUpdate"])
        bid = self.rng.randrange(260_000, 270_000)
        best = {"b": f"{bid / 100:.8f}", "B": "1.00000000", "a": f"{bid / 100 + 1:.8f}", "A": "2.5"}
        if kind == "trade":
            self.trade_id += 1
            body = {"e": kind, "E": at_ms, "s": "ETHUSDT", "t": self.trade_id, "p": best["b"]}
            body |= {"q": "0.1", "T": at_ms, "m": False, "M": True}
            row = {"id": self.trade_id, "price": best["b"], "qty": "0.1", "time": at_ms}
            self.trades.append(row | {"isBuyerMaker": False})
        else:
            self.update += 1
            body = {"u": self.update, "s": "ETHUSDT", **best}
            if kind == "depthUpdate":
                levels = {"b": [[best["b"], "1.0"]], "a": []}
                body |= {"e": kind, "E": at_ms, "U": self.moved + 1, **levels}
                self.moved = self.update
        text = json.dumps({"stream": "ethusdt@x", "data": body}).encode()
        for line, subscribed in list(self.lines.items()):
            times = self.rng.choices([0, 1, 2], [1, 20, 1])[0] if subscribed else 0
            for _ in range(times):
                self.give(self.market.hear(line, text, self.now_ns))
            if self.rng.random() < 0.01:
                self.give(self.market.hear(line, self.rng.choice(GARBAGE), self.now_ns))

    def answer(self) -> None:
        """A question's answer, good, bad or never."""
        if not self.asked:
            return
        ask = self.asked.pop(self.rng.randrange(len(self.asked)))
        if self.rng.random() < 0.2:
            return
        rows: object = self.trades[-1_000:]
        if "/depth" in ask.url:
            rows = {"lastUpdateId": self.update, "bids": [["2500", "1"]], "asks": [["2800", "1"]]}
        elif "/klines" in ask.url:
            rows = []
        good = Answer(200, {}, json.dumps(rows).encode())
        answer = self.rng.choice(BAD) if self.rng.random() < 0.3 else good
        self.give(self.market.answered(ask.question, answer, self.now_ns))

    def tick(self) -> None:
        """Time is up."""
        self.give(self.market.tick(self.now_ns))
        assert self.market.due_ns() > self.market.now_ns

    def lose(self) -> None:
        """A line breaks."""
        for line in list(self.lines)[:1]:
            del self.lines[line]
            self.give(self.market.lost(line, "reset", self.now_ns))


@pytest.mark.parametrize("seed", SEEDS)
def test_each_trade_once_and_time_never_back(seed):
    """Five hundred steps of a storm; afterwards, in calm, the market is told and in step."""
    storm = Storm(seed)
    for _ in range(500):
        storm.step()

    told = [decode(record) for record in storm.records]
    times = [one.received_ns for one in told]
    counts = Counter(one.trade_id for one in told if type(one).__name__ == "TradeTick")
    assert times == sorted(times)
    assert set(counts.values()) <= {1}
    assert len(told) > 50
    for said in storm.said.values():
        assert all(later - at >= SAID_WITHIN_NS for at, later in pairwise(said))
    storm.rng = random.Random(7)
    storm.rng.random = lambda: 0.5  # type: ignore[method-assign]
    storm.now_ns = storm.market.now_ns + 7 * 86_400 * SECOND  # the longest ban is over
    before = len(storm.records)
    for _ in range(3_000):
        storm.now_ns += 30 * MS
        for calm in (storm.speak, storm.answer, storm.tick):
            calm()
            for wish in storm.market.wishes():
                storm.fulfil(wish)
    kinds = Counter(record[4] for record in storm.records[before:])
    seen = storm.market.seen()
    assert kinds[TRADE_TICK] > 300
    assert kinds[BOOK_TOP] > 300
    assert seen.feeding.source == "binance streams"
    assert seen.symbols[0].doubt == ""
