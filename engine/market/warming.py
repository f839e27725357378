"""What happened before the engine listened? Closed bars, asked once, so that indicators are warm.

They come before any live record. An exchange that does not answer is not waited for: the engine
then warms up by what it hears.
"""

from typing import NamedTuple

from engine.market.answers import KLINES_WEIGHT, Bar, bars_of, klines_path
from engine.market.exchange_lines import NOTHING_SAID
from engine.market.symbol_feed import UNREADABLE, SymbolFeed
from engine.market.wishes import SECOND_NS, Answer, Wishes
from engine.messages import PAST

PATIENCE_NS = 10 * SECOND_NS
SURELY_OVER_NS = 5 * SECOND_NS  # clocks are not that far apart where trading is allowed


# Lengths in seconds that Binance tells bars of (rest-api.md, Kline/Candlestick data).
INTERVALS = {
    60: "1m", 180: "3m", 300: "5m", 900: "15m", 1_800: "30m", 3_600: "1h", 7_200: "2h",
    14_400: "4h", 21_600: "6h", 28_800: "8h", 43_200: "12h", 86_400: "1d",
}  # fmt: skip


class Past(NamedTuple):
    """Which bars are wanted: so many of an interval (1m), that begin at `since_ns` or later."""

    bars: int = 120
    interval: str = "1m"
    since_ns: int = 0


class Warming:
    """One question a symbol; the answers as records in order of time."""

    def __init__(self, feeds: dict[str, SymbolFeed], wishes: Wishes, rest: str, past: Past) -> None:
        self.feeds, self.wishes, self.rest, self.past = feeds, wishes, rest, past
        self.unasked = list(feeds)
        self.asked: dict[int, str] = {}
        self.bars: list[tuple[int, str, Bar]] = []
        self.began_ns = 0
        self.failed: dict[str, str] = {}  # symbols, and why their bars did not come

    def begin(self, now_ns: int) -> None:
        """Ask."""
        self.began_ns = now_ns
        self.tick(now_ns)

    def tick(self, now_ns: int) -> None:
        """Ask what weight allows."""
        while self.unasked:
            name = self.unasked[0]
            path = klines_path(name, self.past.interval, min(self.past.bars + 1, 1_000))
            number = self.wishes.ask(self.rest + path, KLINES_WEIGHT, now_ns)
            if not number:
                return
            self.asked[number] = self.unasked.pop(0)

    def owns(self, number: int) -> bool:
        """Whether a question is its own."""
        return number in self.asked

    def answered(self, question: int, answer: Answer, now_ns: int) -> None:
        """A symbol's bars."""
        name = self.asked.pop(question)
        try:
            if answer.status != 200:
                raise ValueError(f"{answer.status} {answer.body[:60].decode(errors='replace')}")
            bars = bars_of(answer.body)
        except NOTHING_SAID as error:
            self.feeds[name].refused.add(UNREADABLE)
            self.failed[name] = str(error).partition("\n")[0]
            return
        if bars and bars[-1].ends_ns > now_ns - SURELY_OVER_NS:
            del bars[-1]
        self.bars += [(bar.ends_ns, name, bar) for bar in bars if self.past.since_ns <= bar[0]]

    def is_over(self, now_ns: int) -> bool:
        """Whether nothing more is waited for."""
        is_told = not self.unasked and not self.asked
        return is_told or now_ns >= self.began_ns + PATIENCE_NS

    def due_ns(self, now_ns: int) -> int:
        """When to look again."""
        if self.unasked:
            return now_ns + SECOND_NS // 4
        return self.began_ns + PATIENCE_NS

    def records(self, now_ns: int) -> bytes:
        """Every bar that came, received now: nothing is decided as if it were then."""
        for name in [*self.unasked, *self.asked.values()]:
            self.failed[name] = "no answer"
        self.asked.clear()
        told = sorted(self.bars, key=lambda row: (row[0], self.feeds[row[1]].number))
        return b"".join(
            self.feeds[name].bar(bar.opened_ns, now_ns, bar.five, PAST) for _, name, bar in told
        )
