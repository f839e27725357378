"""What does the market look like to somebody who may only ask? The slower source, over REST.

The best prices come from a book of five levels, not from the ticker's own answer: that one names
no update, and nothing would tell a late answer from a newer one.
"""

from typing import TYPE_CHECKING

from engine.market.answers import (
    DEPTH_WEIGHT,
    TRADES_WEIGHT,
    best_of,
    depth_path,
    snapshot_in,
    trades_of,
    trades_path,
)
from engine.market.exchange_lines import NOTHING_SAID
from engine.market.failover import FAILING, SECOND_NS, Standing
from engine.market.symbol_feed import UNREADABLE, Refusals, SymbolFeed
from engine.market.wishes import MINUTE_NS, Answer, Wishes

if TYPE_CHECKING:
    from engine.market.sources import BookSeen

LEVELS = 5
SHARE = 0.5  # of the weight a minute allows, for all symbols together
PERIOD_NS = SECOND_NS  # no symbol is asked about more often
ANSWER_NS = 5 * SECOND_NS  # a question is asked again then
FAILED_MAX = 3  # answers in a row
BEST, TRADES = "best", "trades"


class Polling:
    """A source: every symbol's best prices and newest trades, asked for in turns."""

    def __init__(
        self,
        feeds: dict[str, SymbolFeed],
        standing: Standing,
        wishes: Wishes,
        rest: str,
        refused: Refusals,
    ) -> None:
        self.feeds, self.standing, self.wishes = feeds, standing, wishes
        self.rest, self.refused = rest, refused
        self.is_wanted = self.is_feeding = False
        self.next_ns = self.failed = 0
        self.turn = -1
        self.asked: dict[int, tuple[str, str, int]] = {}  # question: what, of whom, when

    def begin(self, now_ns: int) -> None:
        """Be wanted."""
        self.is_wanted = True
        self.tick(now_ns)

    def end(self, now_ns: int) -> None:  # noqa: ARG002  the port's word
        """Be wanted no more."""
        self.is_wanted = False
        self.asked.clear()

    def take_over(self, now_ns: int, *, anew: bool) -> bytes:  # noqa: ARG002  it holds nothing
        """Feed from now on; the newest trades are asked for at once."""
        self.is_feeding, self.next_ns = True, 0
        self.tick(now_ns)
        return b""

    def step_back(self) -> None:
        """Feed no more."""
        self.is_feeding = False

    def opened(self, line: int, now_ns: int) -> None:
        """It wishes no lines."""

    def lost(self, line: int, why: str, now_ns: int) -> None:
        """It wishes no lines."""

    def hear(self, line: int, text: bytes, now_ns: int) -> bytes:  # noqa: ARG002  the port's words
        """It wishes no lines."""
        return b""

    def answered(self, question: int, answer: Answer, now_ns: int) -> bytes:
        """Best prices or trades; records only while it feeds."""
        what, name, _ = self.asked.pop(question, ("", "", 0))
        if not what:
            return b""
        try:
            if answer.status != 200:
                raise ValueError(f"{answer.status} {answer.body[:60].decode(errors='replace')}")
            records = self._read(what, self.feeds[name], answer.body, now_ns)
        except NOTHING_SAID as error:
            self._failed(str(error), now_ns, is_answered=answer.status == 200)
            return b""
        self.failed = 0
        self.standing.hear(now_ns)
        return records

    def tick(self, now_ns: int) -> None:
        """Time passed: ask what is due."""
        self.standing.tick(now_ns)
        for number, (_, _, asked_ns) in list(self.asked.items()):
            if now_ns >= asked_ns + ANSWER_NS:
                del self.asked[number]
                self._failed("no answer", now_ns, is_answered=False)
        if self.is_wanted and now_ns >= self.next_ns:
            self.next_ns = now_ns + self._step_ns()
            self.turn = (self.turn + 1) % len(self.feeds)
            name = list(self.feeds)[self.turn]
            waiting = {(what, name) for what, name, _ in self.asked.values()}
            for what in (TRADES, BEST) if self.is_feeding else (BEST,):
                if (what, name) not in waiting:
                    self._ask(what, name, now_ns)

    def due_ns(self, now_ns: int) -> int:
        """When `tick` may have something to do."""
        waits = [asked_ns + ANSWER_NS for _, _, asked_ns in self.asked.values()]
        waits += [self.next_ns] if self.is_wanted else []
        waits.append(self.standing.due_ns(now_ns))
        return min((wait for wait in waits if wait), default=0)

    def owns(self, number: int) -> bool:
        """Whether a question is its own."""
        return number in self.asked

    def books(self) -> "dict[str, BookSeen]":
        """It keeps none."""
        return {}

    def _step_ns(self) -> int:
        """From one symbol's turn to the next one's."""
        weight = TRADES_WEIGHT + DEPTH_WEIGHT[LEVELS]
        least = int(MINUTE_NS * weight / (self.wishes.weight_max * SHARE))
        return max(PERIOD_NS // len(self.feeds), least)

    def _ask(self, what: str, name: str, now_ns: int) -> None:
        path, weight = trades_path(name), TRADES_WEIGHT
        if what == BEST:
            path, weight = depth_path(name, LEVELS), DEPTH_WEIGHT[LEVELS]
        number = self.wishes.ask(self.rest + path, weight, now_ns)
        if number:
            self.asked[number] = (what, name, now_ns)

    def _read(self, what: str, feed: SymbolFeed, body: bytes, now_ns: int) -> bytes:
        if what == BEST:
            best = best_of(snapshot_in(body))
            return feed.top(best.update, best.top, now_ns, now_ns) if self.is_feeding else b""
        told = trades_of(body)
        if not self.is_feeding or not told:
            return b""
        if feed.trades.last < 0:  # what happened before anybody listened is history, not news
            feed.begin_behind(told[-1].trade.trade_id, told[-1].time_ns)
        return b"".join(feed.trade(one.trade, one.time_ns, now_ns) for one in told)

    def _failed(self, why: str, now_ns: int, *, is_answered: bool) -> None:
        if is_answered:
            self.refused.add(UNREADABLE)
        self.failed += 1
        if self.failed >= FAILED_MAX:
            self.standing.signal(FAILING, now_ns, why.partition("\n")[0])
