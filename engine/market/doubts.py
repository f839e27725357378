"""Can a symbol's market be believed now? If not, why: nobody tells it, late, by another clock."""

from collections.abc import Iterable
from typing import NamedTuple

from engine.market.failover import SECOND_NS
from engine.market.sources import BookSeen, Source
from engine.market.symbol_feed import SymbolFeed
from engine.market.timing import Timing
from engine.messages import DOUBTS

# As `engine.messages.DOUBTS` numbers them for a record.
NO_SOURCE, QUIET, APART, LATE, OUT_OF_STEP = DOUBTS[1:6]
LOOK_NS = SECOND_NS  # between two looks while nothing is heard


class Limits(NamedTuple):
    """From when on a market is doubted, ns."""

    quiet_ns: int = 30 * SECOND_NS  # neither a trade nor a price of the symbol
    late_ns: int = 2 * SECOND_NS  # messages take so much longer than the shortest did
    apart_ns: int = 4 * SECOND_NS  # clocks; the exchange refuses orders stamped 5 s before
    book_ns: int = 2 * SECOND_NS  # a book out of step for longer


class Change(NamedTuple):
    """From `at_ns` on symbol `number` is doubted for this reason; "": it is believed again."""

    number: int
    name: str
    at_ns: int
    why: str


class Doubts:
    """What is doubted, by symbol, and what of it was told already."""

    def __init__(self, names: Iterable[str], timing: Timing, limits: Limits) -> None:
        self.timing, self.limits = timing, limits
        self.looked_ns = 0
        self.told: dict[str, str] = dict.fromkeys(names, "")

    def now(self) -> dict[str, str]:
        """Each symbol's reason as it was told last; before anybody looked nothing was heard."""
        return self.told if self.looked_ns else dict.fromkeys(self.told, NO_SOURCE)

    def reasons(self, feeding: Source | None, now_ns: int) -> dict[str, str]:
        """Each symbol's reason, "" while there is none."""
        if feeding is None:
            return dict.fromkeys(self.told, NO_SOURCE)
        shared, books = self._shared(), feeding.books()
        return {
            name: shared or self._own(feed, books.get(name), now_ns)
            for name, feed in feeding.feeds.items()
        }

    def changes(self, feeding: Source | None, now_ns: int) -> list[Change]:
        """What is not as it was told."""
        reasons = self.reasons(feeding, now_ns)
        changed = [
            Change(number, name, now_ns, why)
            for number, (name, why) in enumerate(reasons.items())
            if why != self.told[name]
        ]
        self.told, self.looked_ns = reasons, now_ns
        return changed

    def due_ns(self, now_ns: int) -> int:
        """When to look again, though nothing was heard."""
        return max(self.looked_ns, now_ns - LOOK_NS) + LOOK_NS

    def _shared(self) -> str:
        if abs(self.timing.apart_ns) > self.limits.apart_ns:
            return APART
        return LATE if self.timing.late_ns > self.limits.late_ns else ""

    def _own(self, feed: SymbolFeed, book: BookSeen | None, now_ns: int) -> str:
        heard_ns = max(feed.top_ns, feed.trade_ns)
        if not heard_ns or now_ns > heard_ns + self.limits.quiet_ns:
            return QUIET
        out_of_step = book is not None and not book.in_step and book.since_ns
        if book is not None and out_of_step and now_ns > book.since_ns + self.limits.book_ns:
            return OUT_OF_STEP
        return ""
