"""What reaches the engine from outside? One stream of records, whichever source feeds it now.

Without I/O: it says which lines it wants open, what is to be said and asked, and is told what
came. Records come back ready for the loop, by `received_ns` that never goes back.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from engine.market.doubts import Change, Doubts, Limits
from engine.market.failover import BEGUN, ENDED, IDLE, Choice, Standing, Switch
from engine.market.sources import BookSeen, Source
from engine.market.symbol_feed import Refusals, SymbolFeed
from engine.market.timing import Timing
from engine.market.warming import Warming
from engine.market.wishes import Answer, Close, Wish, Wishes

CHANGES_MAX = 1_024  # if nobody asks for them, the oldest go
LOOK_NS = 50_000_000  # from a message to a look at what it made due: each would cost too much
PAUSE_NS = 1_000_000  # between two looks: no loop may spin on what cannot be done yet


class Parts(NamedTuple):
    """What a live market is made of; the sources in order of preference share all else."""

    sources: Sequence[Source]
    feeds: dict[str, SymbolFeed]
    timing: Timing
    wishes: Wishes
    refused: Refusals
    limits: Limits = Limits()
    warming: Warming | None = None  # asked before any source is begun


class SourceSeen(NamedTuple):
    """How one source stands: `state` since, why, when it was heard last (0: never)."""

    name: str
    state: str
    since_ns: int
    why: str
    heard_ns: int


class SymbolSeen(NamedTuple):
    """How one symbol stands; `doubt` is empty while its market can be believed."""

    name: str
    doubt: str
    top_ns: int
    trade_ns: int
    book: BookSeen | None
    trades_missing: int
    repeated: int


class Seen(NamedTuple):
    """The market's state for whoever watches."""

    feeding: Switch
    sources: list[SourceSeen]
    symbols: list[SymbolSeen]
    refused: dict[str, int]
    apart_ns: int
    late_ns: int
    weight: int


class LiveMarket:
    """Several sources behind one; every method takes the time, ns of our clock."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.sources = list(parts.sources)
        self.choice = Choice([source.standing for source in self.sources])
        self.doubts = Doubts(parts.feeds, parts.timing, parts.limits)
        self.feeding: Source | None = None
        self.fed = parts.feeds  # of whose market the newest records are
        self.warming = parts.warming
        self.routes: dict[int, Source] = {}
        self.changed: deque[Change] = deque(maxlen=CHANGES_MAX)
        self.now_ns = self.ticked_ns = self.planned_ns = 0
        self.is_heard = False  # since the last look

    def begin(self, now_ns: int) -> None:
        """Want the market: what was before, then what is."""
        self._at(now_ns)
        if self.warming is not None:
            self.warming.begin(self.now_ns)
        else:
            self._look(self.now_ns)
        self._plan()

    def end(self) -> None:
        """Want it no more: every line is closed."""
        for source in self.sources:
            source.end(self.now_ns)

    @property
    def is_wishing(self) -> bool:
        """Whether the network is to do something."""
        return bool(self.parts.wishes.waiting)

    def wishes(self) -> list[Wish]:
        """What the network is to do, once."""
        wishes = self.parts.wishes.taken()
        for wish in wishes:
            if isinstance(wish, Close):
                self.routes.pop(wish.line, None)
        return wishes

    def hear(self, line: int, text: bytes, received_ns: int) -> bytes:
        """A message of a line, as it came (UTF-8); its records."""
        received_ns = self._at(received_ns)
        source = self.routes.get(line) or self._route(line)
        if source is None:
            return b""  # it was closed meanwhile
        self.is_heard = True
        records = source.hear(line, text, received_ns)
        return records + self._look(received_ns) if source.standing.moved else records

    def opened(self, line: int, now_ns: int) -> None:
        """A line that was wished is open."""
        source = self._route(line)
        if source is not None:
            source.opened(line, self._at(now_ns))
            self._plan()

    def lost(self, line: int, why: str, now_ns: int) -> bytes:
        """A line that was wished is closed, or cannot be opened; records of who takes over."""
        source = self._route(line)
        self.routes.pop(line, None)
        if source is not None:
            source.lost(line, why, self._at(now_ns))
        records = self._look(self.now_ns)
        self._plan()
        return records

    def answered(self, question: int, answer: Answer, now_ns: int) -> bytes:
        """What became of a question; its records."""
        self.parts.wishes.note(answer, self._at(now_ns))
        if self.warming is not None and self.warming.owns(question):
            self.warming.answered(question, answer, self.now_ns)
            records = self._warmed()
            self._plan()
            return records
        source = self._route(question)
        self.routes.pop(question, None)
        if source is None:
            return b""
        records = source.answered(question, answer, self.now_ns) + self._look(self.now_ns)
        self._plan()
        return records

    def tick(self, now_ns: int) -> bytes:
        """Time passed; records of who takes over."""
        self.ticked_ns, self.is_heard = self._at(now_ns), False
        records = self._tick()
        self._plan()
        return records

    def _tick(self) -> bytes:
        if self.warming is not None:
            self.warming.tick(self.now_ns)
            return self._warmed()
        for source in self.sources:
            if source.standing.state != IDLE:
                source.tick(self.now_ns)
        records = self._look(self.now_ns)
        self.changed += self.doubts.changes(self.feeding, self.now_ns)
        return records

    def due_ns(self) -> int:
        """When `tick` has something to do next: cheap, to be asked as often as one likes."""
        if self.is_heard:
            return min(self.planned_ns, self.ticked_ns + LOOK_NS)
        return self.planned_ns

    def _plan(self) -> None:
        self.planned_ns = max(self._due_ns(), self.now_ns + PAUSE_NS)

    def _due_ns(self) -> int:
        if self.warming is not None:
            return self.warming.due_ns(self.now_ns)
        waits = [source.due_ns(self.now_ns) for source in self.sources]
        waits += [self.choice.due_ns(self.now_ns), self.doubts.due_ns(self.now_ns)]
        return min(wait for wait in waits if wait)

    def changes(self) -> list[Change]:
        """Which symbols' market began or ceased to be in doubt since this was asked last."""
        changed = list(self.changed)
        self.changed.clear()
        return changed

    def seen(self) -> Seen:
        """How all stands."""
        reasons = self.doubts.reasons(self.feeding, self.now_ns)
        books = {name: book for source in self.sources for name, book in source.books().items()}
        return Seen(
            feeding=self.choice.switches[-1],
            sources=[seen_source(source.standing) for source in self.sources],
            symbols=[
                seen_symbol(feed, reasons[name], books.get(name)) for name, feed in self.fed.items()
            ],
            refused=dict(self.parts.refused),
            apart_ns=self.parts.timing.apart_ns,
            late_ns=self.parts.timing.late_ns,
            weight=self.parts.wishes.weight(self.now_ns),
        )

    def _at(self, now_ns: int) -> int:
        self.now_ns = max(self.now_ns, now_ns)
        return self.now_ns

    def _route(self, number: int) -> Source | None:
        """Whose a line or question is."""
        for source in self.sources:
            if source.owns(number):
                self.routes[number] = source
                return source
        self.routes.pop(number, None)
        return None

    def _warmed(self) -> bytes:
        """What was before, once it is all there; then the sources begin."""
        if self.warming is None or not self.warming.is_over(self.now_ns):
            return b""
        records, self.warming = self.warming.records(self.now_ns), None
        return records + self._look(self.now_ns)

    def _look(self, now_ns: int) -> bytes:
        """Begin who is wanted, end who is not, let the best feed."""
        if self.warming is not None:
            return b""
        records = self._switch(now_ns) if self.choice.choose(now_ns) else b""
        for source in self.sources:
            is_wanted = self.choice.is_wanted(source.standing, now_ns)
            if is_wanted and source.standing.signal(BEGUN, now_ns):
                source.begin(now_ns)
            elif not is_wanted and source.standing.signal(ENDED, now_ns):
                source.end(now_ns)
        return records

    def _switch(self, now_ns: int) -> bytes:
        if self.feeding is not None:
            self.feeding.step_back()
        chosen = self.choice.feeding
        self.feeding = next((one for one in self.sources if one.standing is chosen), None)
        if self.feeding is None:
            return b""
        is_other, self.fed = self.feeding.feeds is not self.fed, self.feeding.feeds
        if is_other:
            for feed in self.fed.values():
                feed.begin_anew()
        return self.feeding.take_over(now_ns, anew=is_other)


def seen_source(standing: Standing) -> SourceSeen:
    """One source for whoever watches."""
    return SourceSeen(
        standing.name, standing.state, standing.since_ns, standing.why, standing.heard_ns
    )


def seen_symbol(feed: SymbolFeed, doubt: str, book: BookSeen | None) -> SymbolSeen:
    """One symbol for whoever watches."""
    ids = feed.trades
    missing = len(ids.missing) + ids.given_up
    return SymbolSeen(
        feed.instrument.name, doubt, feed.top_ns, feed.trade_ns, book, missing, ids.repeated
    )
