"""Is the book in step, and what must be asked to bring it there?

Updates that come too early wait a moment for the one before them: two connections that overlap
tell the same in turns. What does not come is a gap, and then only a new snapshot helps.
"""

from engine.market.book import Book, Snapshot, Update
from engine.resilience.backoff import longest_ns
from engine.resilience.settings import Backoff

EARLY_MAX = 64  # updates that wait for the one before them
EARLY_NS = 500_000_000
ANSWER_NS = 5_000_000_000  # a snapshot that takes longer is asked for again
CALM_NS = 10_000_000_000  # in step for so long, the next gap is the first one again
PACE = Backoff(base_delay_ms=250, max_delay_ms=10_000, multiplier=2.0, jitter=0)


class Keeper:
    """A book and the wish for a snapshot; every amount in 1e-8, times by our clock."""

    def __init__(self) -> None:
        self.book = Book()
        self.early: list[Update] = []
        self.early_ns = 0  # since when something waits
        self.asked_ns = 0  # when a snapshot was asked for that has not come
        self.fell_ns = 0  # since when it is out of step, 0 while in step
        self.restored_ns = 0  # when it came into step
        self.next_ns = 0  # no snapshot is asked for before
        self.tries = self.too_old = 0

    def take(self, update: Update, now_ns: int) -> None:
        """The next update that was heard."""
        if self.book.in_step and update.previous > self.book.last:
            self.early.append(update)
            self.early_ns = self.early_ns or now_ns
            if len(self.early) > EARLY_MAX:
                self._give_up()
        else:
            self.book.take(update)
            self._catch_up()
        self._note(now_ns)

    def restore(self, snapshot: Snapshot, now_ns: int) -> None:
        """A snapshot came, maybe late; one from before the first update kept is none."""
        self.asked_ns = 0
        kept = sorted(self.book.waiting)
        if kept and snapshot.last < kept[0].previous:
            self.too_old += 1
        else:
            self.book.waiting.clear()
            self.book.restore(snapshot)
            self.early = sorted(self.early + kept)
            self.early_ns = now_ns if self.early else 0
            self._catch_up()
        self._note(now_ns)

    def begin_again(self, now_ns: int) -> None:
        """Its exchange numbers its updates anew: what is known of it is of another book."""
        self.book.last = -1
        self.book.waiting.clear()
        self.early.clear()
        self.early_ns = 0
        self._note(now_ns)

    def failed(self) -> None:
        """The snapshot that was asked for does not come."""
        self.asked_ns = 0

    def tick(self, now_ns: int) -> None:
        """Time passed: what waited too long is a gap."""
        if self.early and now_ns >= self.early_ns + EARLY_NS:
            self._give_up()
            self._note(now_ns)
        if self.asked_ns and now_ns >= self.asked_ns + ANSWER_NS:
            self.failed()

    def due_ns(self) -> int:
        """When `tick` or `must_ask` may have something to say next; 0 if only a message helps."""
        waits = [self.early_ns + EARLY_NS] if self.early else []
        if self.asked_ns:
            waits.append(self.asked_ns + ANSWER_NS)
        elif not self.book.in_step and self.book.waiting:
            waits.append(max(self.next_ns, 1))
        return min(waits, default=0)

    def must_ask(self, now_ns: int) -> bool:
        """Whether a snapshot is wanted now: updates are kept already, so that nothing is missed."""
        is_wanted = not self.book.in_step and bool(self.book.waiting)
        return is_wanted and not self.asked_ns and now_ns >= self.next_ns

    def asked(self, now_ns: int) -> None:
        """A snapshot is asked for; the next one not at once."""
        self.asked_ns = now_ns
        self.next_ns = now_ns + longest_ns(PACE, self.tries)
        self.tries += 1

    def postpone(self, until_ns: int) -> None:
        """No question may be asked now."""
        self.next_ns = max(self.next_ns, until_ns)

    def _catch_up(self) -> None:
        """What came early, as far as it follows now."""
        if not self.early or not self.book.in_step:
            return
        self.early.sort()
        follow = 0
        for update in self.early:
            if not self.book.in_step or update.previous > self.book.last:
                break
            self.book.take(update)
            follow += 1
        del self.early[:follow]
        if not self.early:
            self.early_ns = 0

    def _give_up(self) -> None:
        """The one before them does not come."""
        self.early.sort()
        kept, self.early, self.early_ns = self.early, [], 0
        for update in kept:
            self.book.take(update)

    def _note(self, now_ns: int) -> None:
        if not self.book.in_step:
            self.fell_ns = self.fell_ns or now_ns
        elif self.fell_ns:
            self.fell_ns, self.restored_ns = 0, now_ns
        elif now_ns >= self.restored_ns + CALM_NS:
            self.tries = 0
