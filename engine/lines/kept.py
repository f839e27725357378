"""Which lines exist now, so that one wanted connection is always there? Logic without a socket.

A line that ended is replaced after a wait that grows with every failure; one that has grown old is
replaced before the peer cuts it: the next one opens first, both are heard for a while, then the
old one goes. Whoever hears both passes over what came twice.
"""

from collections.abc import Callable
from typing import Generic, NamedTuple, Protocol, TypeVar

from engine.lines.patience import NEVER_NS, NS_A_SECOND
from engine.lines.quota import Quota
from engine.resilience.backoff import wait_ns
from engine.resilience.settings import Backoff

HOUR_NS = 3600 * NS_A_SECOND
NOT_YET = -1


class Connection(Protocol):
    """What is kept."""

    @property
    def ended(self) -> str:
        """Why it ended; empty while it lives."""

    @property
    def is_open(self) -> bool:
        """Whether it can be used."""

    def close(self, now_ns: int) -> None:
        """Say goodbye."""

    def retry_after_ns(self) -> int:
        """How long the peer asked to stay away; 0 if it did not say."""


class Keeping(NamedTuple):
    """How patient, and for how long a line is good."""

    backoff: Backoff = Backoff(base_delay_ms=500, max_delay_ms=60_000)
    renew_ns: int = 23 * HOUR_NS  # Binance cuts after 24 h
    overlap_ns: int = 5 * NS_A_SECOND  # the old and the next one are both heard
    proven_ns: int = 60 * NS_A_SECOND  # open for so long, the failures before it are forgotten


One = TypeVar("One", bound=Connection)


class Kept(Generic[One]):
    """One wanted connection. `connect(now_ns)` begins one; `draw` gives numbers from [0, 1).

    `turn` is called after every hearing, and when it is due; it makes at most one line.
    """

    def __init__(
        self,
        connect: Callable[[int], One],
        draw: Callable[[], float],
        quota: Quota,
        keeping: Keeping = Keeping(),  # noqa: B008  immutable
    ) -> None:
        self._connect, self._draw, self._quota, self._keeping = connect, draw, quota, keeping
        self.current: One | None = None
        self.next: One | None = None  # opens, or overlaps with the current one
        self.failures = 0  # since a line last proved good
        self.made = 0
        self.last_end = ""  # why the newest line to end did
        self._due_ns = 0  # the next line may be made then
        self._opened_ns = NOT_YET  # the current one
        self._overlap_ns = NOT_YET  # the overlap's end
        self._is_old = self._is_proven = self._is_over = False

    @property
    def lines(self) -> tuple[One, ...]:
        """Those that exist, the current one first."""
        return tuple(one for one in (self.current, self.next) if one is not None)

    @property
    def is_open(self) -> bool:
        """Whether the current one can be used."""
        return self.current is not None and self.current.is_open and not self.current.ended

    def renew(self) -> None:
        """The peer said that it will cut the current line: replace it before it does."""
        self._is_old = True

    def close(self, now_ns: int) -> None:
        """It is not wanted any more."""
        self._is_over = True
        for one in self.lines:
            one.close(now_ns)

    def due_ns(self) -> int:
        """When `turn` must be called though nothing happened."""
        if self._is_over:
            return NEVER_NS
        dues = []
        if self.current is None or (self._is_old and self.next is None):
            dues.append(max(self._due_ns, self._quota.free_ns()))
        if self._overlap_ns != NOT_YET:
            dues.append(self._overlap_ns)
        if self._opened_ns != NOT_YET and not self._is_old:
            dues.append(self._opened_ns + self._keeping.renew_ns)
        return min(dues, default=NEVER_NS)

    def turn(self, now_ns: int) -> One | None:
        """What is to happen now happens; a line that was made, to be listened to."""
        if self._is_over:
            return None
        self._bury(now_ns)
        self._hand_over(now_ns)
        self._look_at_the_current(now_ns)
        if self.current is None:
            self.current = self._make(now_ns)
            return self.current
        if self._is_old and self.next is None:
            self.next = self._make(now_ns)
            return self.next
        return None

    def _bury(self, now_ns: int) -> None:
        """Those that ended; where the current one did, the next takes its place as it is."""
        if self.next is not None and self.next.ended:
            self._failed(self.next, now_ns)
            self.next, self._overlap_ns = None, NOT_YET
        if self.current is not None and self.current.ended:
            if self.next is None:
                self._failed(self.current, now_ns)
            else:
                self.last_end = self.current.ended
            self._follow()

    def _follow(self) -> None:
        self.current, self.next = self.next, None
        self._opened_ns = self._overlap_ns = NOT_YET
        self._is_old = self._is_proven = False

    def _failed(self, one: One, now_ns: int) -> None:
        self.last_end = one.ended
        wait = wait_ns(self._keeping.backoff, self.failures, self._draw)
        self._due_ns = now_ns + max(wait, one.retry_after_ns())
        self.failures += 1

    def _look_at_the_current(self, now_ns: int) -> None:
        if self.current is None or not self.current.is_open:
            return
        if self._opened_ns == NOT_YET:
            self._opened_ns = now_ns
        age_ns = now_ns - self._opened_ns
        if age_ns >= self._keeping.proven_ns and not self._is_proven:
            self._is_proven, self.failures = True, 0
        if age_ns >= self._keeping.renew_ns:
            self._is_old = True

    def _hand_over(self, now_ns: int) -> None:
        """Once the next one is open, the current one stays for the overlap and is then closed."""
        if self.next is None or not self.next.is_open:
            return
        if self._overlap_ns == NOT_YET:
            self._overlap_ns = now_ns + self._keeping.overlap_ns
        elif now_ns >= self._overlap_ns:
            leaving = self.current
            self._follow()
            if leaving is not None:
                leaving.close(now_ns)

    def _make(self, now_ns: int) -> One | None:
        if now_ns < self._due_ns or not self._quota.take(now_ns):
            return None
        self.made += 1
        return self._connect(now_ns)
