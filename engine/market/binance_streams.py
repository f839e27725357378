"""What do Binance's streams tell the engine, and what must be asked beside them?

Best prices and trades as they happen, the book's changes ten times a second; for the book a
snapshot, and for trades missing between two lines the newest ones, are asked over REST.
"""

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.market.answers import (
    DEPTH_WEIGHT,
    TRADES_WEIGHT,
    depth_path,
    snapshot_in,
    trades_of,
    trades_path,
)
from engine.market.exchange_lines import NOTHING_SAID
from engine.market.failover import FAILING, GAPPED, LOST, SECOND_NS, STARTING, Standing
from engine.market.listening import SHUTDOWN, Listener
from engine.market.sources import BookSeen
from engine.market.stream_lines import Line, Lines
from engine.market.symbol_feed import UNREADABLE, SymbolFeed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.market.answers import Told
    from engine.market.wishes import Answer, Wishes

GAPS_MAX, GAPS_WITHIN_NS = 10, 60 * SECOND_NS  # more gaps are no accident: another line is opened
MISSING_NS = 2 * SECOND_NS  # trades still missing after so long are asked for
SNAPSHOT_LEVELS = 1_000
TICKS = ("trade", "bookTicker", "depth@100ms")


class Addresses(NamedTuple):
    """Where the exchange is reached: ws(s)://host[:port] and http(s)://host[:port]."""

    streams: str = "wss://stream.binance.com:9443"
    rest: str = "https://api.binance.com"


class BinanceStreams:
    """A source: one line of combined streams of all symbols, their books beside."""

    def __init__(
        self,
        listener: Listener,
        standing: Standing,
        wishes: "Wishes",
        addresses: Addresses,
        **options: "Any",
    ) -> None:
        """Options: `kinds` of streams, `draw` from [0, 1) for jitter."""
        self.listener, self.standing, self.wishes = listener, standing, wishes
        self.addresses = addresses
        kinds: Sequence[str] = options.get("kinds", TICKS)
        draw: Callable[[], float] = options["draw"]
        names = [f"{name.lower()}@{kind}" for name in listener.feeds for kind in kinds]
        self.lines = Lines(f"{addresses.streams}/stream", names, wishes, draw)
        self.listener.is_feeding = False
        self.snapshots: dict[int, str] = {}  # questions: whose book
        self.recent: dict[int, str] = {}  # questions: whose trades
        self.recent_ns: dict[str, int] = {}  # whose trades are missing: when they are asked for
        self.gaps: deque[int] = deque(maxlen=GAPS_MAX + 1)
        self.gaps_seen = 0

    def begin(self, now_ns: int) -> None:
        """Be wanted."""
        self.lines.is_wanted = True
        self.lines.tick(now_ns)

    def end(self, now_ns: int) -> None:
        """Be wanted no more."""
        self.lines.end()
        self._forget_questions(now_ns)

    @property
    def feeds(self) -> dict[str, SymbolFeed]:
        """Each symbol's way to the engine."""
        return self.listener.feeds

    def take_over(self, now_ns: int, *, anew: bool) -> bytes:
        """Feed from now on."""
        if anew:
            self.listener.held.clear()
        return self.listener.take_over(now_ns)

    def step_back(self) -> None:
        """Feed no more, but keep the books."""
        self.listener.step_back()

    def opened(self, line: int, now_ns: int) -> None:
        """A line is open."""
        self.lines.opened(line, now_ns)

    def lost(self, line: int, why: str, now_ns: int) -> None:
        """A line is gone."""
        if self.lines.lost(line, now_ns):
            self.standing.signal(LOST, now_ns, why)

    def hear(self, line: int, text: bytes, now_ns: int) -> bytes:
        """A message of a line; its records."""
        records = self.listener.hear(text, now_ns)
        if self.listener.notices:
            self._heed(line, now_ns)
        else:
            self.standing.heard_ns = now_ns
            if self.lines.successor is not None or self.standing.state == STARTING:
                self.lines.heard(line)
                self.standing.hear(now_ns)
        return records

    def answered(self, question: int, answer: "Answer", now_ns: int) -> bytes:
        """A snapshot, or trades that were missing."""
        name = self.snapshots.pop(question, "")
        if name and answer.status != 200:
            self.listener.keepers[name].failed()
        try:
            if name and answer.status == 200:
                return self.listener.restored(name, snapshot_in(answer.body), now_ns)
            name = self.recent.pop(question, "")
            if name and answer.status == 200 and self.listener.is_feeding:
                return self._fill(name, trades_of(answer.body), now_ns)
        except NOTHING_SAID:
            if name in self.listener.keepers:
                self.listener.keepers[name].failed()
            return self.listener.refused.add(UNREADABLE)
        return b""

    def _fill(self, name: str, told: "list[Told]", now_ns: int) -> bytes:
        """The trades that were missing; those that are not among the newest never come."""
        feed = self.listener.feeds[name]
        records = b"".join(feed.trade(one.trade, one.time_ns, now_ns) for one in told)
        if told:
            feed.trades.give_up(told[-1].trade.trade_id)
        return records

    def tick(self, now_ns: int) -> None:
        """Time passed."""
        self.standing.tick(now_ns)
        self._count_gaps(now_ns)
        current = self.lines.current
        if current is not None and current.opened_ns and self._is_dumb(current, now_ns):
            self._drop(current, now_ns)
        stuck = self.lines.stuck(now_ns)
        if stuck is not None:
            self.lines.drop(stuck)
            self.lost(stuck.number, "it does not open", now_ns)
        self.lines.tick(now_ns)
        if self.lines.current is not None and self.lines.current.opened_ns:
            self._ask(now_ns)

    def due_ns(self, now_ns: int) -> int:
        """When `tick` may have something to do."""
        waits = [self.standing.due_ns(now_ns), self.lines.due_ns()]
        waits += [keeper.due_ns() for keeper in self.listener.keepers.values()]
        waits += self.recent_ns.values()
        current = self.lines.current
        if current is not None and current.opened_ns:
            waits.append(self._deadline_ns(current))
        return min((wait for wait in waits if wait), default=0)

    def owns(self, number: int) -> bool:
        """Whether a line or question is its own."""
        if number in self.snapshots or number in self.recent:
            return True
        return any(line.number == number for line in self.lines.both())

    def books(self) -> dict[str, BookSeen]:
        """How each symbol's book stands."""
        return {
            name: BookSeen(
                keeper.book.in_step, keeper.fell_ns, keeper.book.gaps, keeper.book.applied
            )
            for name, keeper in self.listener.keepers.items()
        }

    def _heed(self, line: int, now_ns: int) -> None:
        """What the exchange says of the line itself."""
        while self.listener.notices:
            notice = self.listener.notices.popleft()
            if notice.get("e") == SHUTDOWN:
                self.lines.renew(now_ns)
            elif "result" in notice and notice["result"] is None:
                self.lines.answered(line, notice.get("id"))
            else:
                self.standing.signal(FAILING, now_ns, f"it answers {str(notice)[:80]}")

    def _deadline_ns(self, line: Line) -> int:
        """When a line that says nothing is given up."""
        return max(line.opened_ns, self.standing.heard_ns) + self.standing.patience.silence_ns

    def _is_dumb(self, line: Line, now_ns: int) -> bool:
        return now_ns >= self._deadline_ns(line)

    def _drop(self, line: Line, now_ns: int) -> None:
        seconds = self.standing.patience.silence_ns / SECOND_NS
        self.lines.drop(line)
        self.lost(line.number, f"silent for {seconds:g} s", now_ns)

    def _count_gaps(self, now_ns: int) -> None:
        gaps = sum(keeper.book.gaps for keeper in self.listener.keepers.values())
        for _ in range(min(gaps - self.gaps_seen, GAPS_MAX + 1)):
            self.gaps.append(now_ns)
        self.gaps_seen = gaps
        if len(self.gaps) > GAPS_MAX and self.gaps[0] > now_ns - GAPS_WITHIN_NS:
            self.gaps.clear()
            why = f"more than {GAPS_MAX} gaps a minute"
            self.standing.signal(GAPPED, now_ns, why)
            self.lines.renew(now_ns)

    def _ask(self, now_ns: int) -> None:
        """Snapshots of books out of step, and trades that are missing."""
        for name, keeper in self.listener.keepers.items():
            keeper.tick(now_ns)
            if keeper.must_ask(now_ns):
                self._ask_snapshot(name, now_ns)
        for name, feed in self.listener.feeds.items():
            if not feed.trades.missing:
                self.recent_ns.pop(name, None)
            elif now_ns >= self.recent_ns.setdefault(name, now_ns + MISSING_NS):
                url = self.addresses.rest + trades_path(name)
                number = self.wishes.ask(url, TRADES_WEIGHT, now_ns)
                self.recent_ns[name] = now_ns + 5 * MISSING_NS
                if number:
                    self.recent[number] = name

    def _ask_snapshot(self, name: str, now_ns: int) -> None:
        keeper = self.listener.keepers[name]
        url = self.addresses.rest + depth_path(name, SNAPSHOT_LEVELS)
        number = self.wishes.ask(url, DEPTH_WEIGHT[SNAPSHOT_LEVELS], now_ns)
        if number:
            keeper.asked(now_ns)
            self.snapshots = {k: v for k, v in self.snapshots.items() if v != name}
            self.snapshots[number] = name
        else:
            keeper.postpone(now_ns + SECOND_NS)

    def _forget_questions(self, now_ns: int) -> None:
        for name in self.snapshots.values():
            self.listener.keepers[name].failed()
            self.listener.keepers[name].tick(now_ns)
        self.snapshots.clear()
        self.recent.clear()
