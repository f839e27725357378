"""How is one line of streams held open? Opened, subscribed at a pace the exchange allows, renewed.

The exchange ends every line after 24 hours and says so shortly before when it must earlier: the
next line is then open and subscribed before the old one is given up.
"""

import json
from collections import deque
from typing import Any

from engine.errors import Refused
from engine.market.wishes import Wishes
from engine.resilience.backoff import wait_ns
from engine.resilience.settings import Backoff

SECOND_NS = 1_000_000_000
SAID_WITHIN_NS = SECOND_NS // 3  # the exchange takes 5 messages a second, its pings' answers too
STREAMS_MAX = 1_024  # of a line
STREAMS_A_MESSAGE = 100
OPENING_NS = 10 * SECOND_NS
AGE_NS = (24 * 3_600 - 600) * SECOND_NS  # renewed ten minutes before the exchange would end it
LIVED_NS = 60 * SECOND_NS  # a line that lived so long failed by itself, not because of us
OPENED_MAX, OPENED_WITHIN_NS = 100, 300 * SECOND_NS  # the exchange allows 300 from an address
PACE = Backoff(base_delay_ms=500, max_delay_ms=30_000, multiplier=2.0, jitter=1)


class Line:
    """One connection, until it is lost or closed."""

    def __init__(self, number: int, asked_ns: int, streams: list[str]) -> None:
        self.number, self.asked_ns = number, asked_ns
        self.opened_ns = 0
        self.next_ns = 0  # nothing is said before
        self.unsaid: deque[list[str]] = deque(
            streams[at : at + STREAMS_A_MESSAGE] for at in range(0, len(streams), STREAMS_A_MESSAGE)
        )
        self.unanswered: set[int] = set()
        self.is_heard = False

    @property
    def is_ready(self) -> bool:
        """Whether all its streams flow."""
        return bool(self.opened_ns) and self.is_heard and not self.unsaid and not self.unanswered


class Lines:
    """The line that is listened to, and the one that follows it."""

    def __init__(self, url: str, streams: list[str], wishes: Wishes, draw: Any) -> None:
        if len(streams) > STREAMS_MAX:
            raise Refused(
                f"{len(streams):,} streams are more than the {STREAMS_MAX:,} of one line.",
                "Take fewer symbols, or fewer kinds of stream.",
            )
        self.url, self.streams, self.wishes, self.draw = url, streams, wishes, draw
        self.current: Line | None = None
        self.successor: Line | None = None
        self.asked: deque[int] = deque(maxlen=OPENED_MAX)  # when lines were wished
        self.next_ns = self.tries = self.requests = self.renewals = 0
        self.is_wanted = False

    def both(self) -> list[Line]:
        """The lines there are."""
        return [line for line in (self.current, self.successor) if line is not None]

    def opened(self, number: int, now_ns: int) -> None:
        """A line is open: it is subscribed from now on."""
        for line in self.both():
            if line.number == number and not line.opened_ns:
                line.opened_ns = now_ns
        self.tick(now_ns)

    def lost(self, number: int, now_ns: int) -> bool:
        """A line is gone; whether nothing is left to listen to."""
        if self.successor is not None and self.successor.number == number:
            self.successor = None
            self._wait(now_ns)
            return False
        if self.current is None or self.current.number != number:
            return False
        lived_ns = now_ns - self.current.opened_ns if self.current.opened_ns else 0
        self.tries = 0 if lived_ns >= LIVED_NS else self.tries
        self.current, self.successor = self.successor, None
        self._wait(now_ns)
        return self.current is None or not self.current.is_heard

    def heard(self, number: int) -> None:
        """A market message of a line; a successor that is ready takes its place."""
        for line in self.both():
            if line.number == number:
                line.is_heard = True
        if self.successor is not None and self.successor.is_ready and self.current is not None:
            self.wishes.close(self.current.number)
            self.current, self.successor = self.successor, None
            self.renewals += 1

    def answered(self, number: int, request: Any) -> None:
        """The exchange took a subscription."""
        for line in self.both():
            if line.number == number:
                line.unanswered.discard(request)

    def renew(self, now_ns: int) -> None:
        """The current line will end: have the next one ready."""
        if self.successor is None and self.current is not None and self._may_open(now_ns):
            self.successor = self._open(now_ns)

    def drop(self, line: Line) -> None:
        """Close a line of which nothing good comes; to be told as lost."""
        self.wishes.close(line.number)

    def end(self) -> None:
        """Close all."""
        for line in self.both():
            self.wishes.close(line.number)
        self.current = self.successor = None
        self.is_wanted = False

    def tick(self, now_ns: int) -> None:
        """Time passed: what is due is opened, said, renewed."""
        if self.is_wanted and self.current is None and self._may_open(now_ns):
            self.current = self._open(now_ns)
        for line in self.both():
            if line.opened_ns and line.unsaid and now_ns >= line.next_ns:
                self._subscribe(line, now_ns)
        opened_ns = self.current.opened_ns if self.current is not None else 0
        if opened_ns and now_ns >= opened_ns + AGE_NS:
            self.renew(now_ns)

    def stuck(self, now_ns: int) -> Line | None:
        """A line that does not open."""
        late = [
            line
            for line in self.both()
            if not line.opened_ns and now_ns >= line.asked_ns + OPENING_NS
        ]
        return late[0] if late else None

    def due_ns(self) -> int:
        """When `tick` or `stuck` may have something to do, 0 if only a message can."""
        waits = [self.next_ns] if self.is_wanted and self.current is None else []
        for line in self.both():
            if not line.opened_ns:
                waits.append(line.asked_ns + OPENING_NS)
            elif line.unsaid:
                waits.append(line.next_ns)
        if self.current is not None and self.current.opened_ns and self.successor is None:
            waits.append(max(self.current.opened_ns + AGE_NS, self.next_ns))
        return min(waits, default=0)

    def _subscribe(self, line: Line, now_ns: int) -> None:
        self.requests += 1
        body = {"method": "SUBSCRIBE", "params": line.unsaid.popleft(), "id": self.requests}
        line.unanswered.add(self.requests)
        line.next_ns = now_ns + SAID_WITHIN_NS
        self.wishes.say(line.number, json.dumps(body, separators=(",", ":")))

    def _open(self, now_ns: int) -> Line:
        self.asked.append(now_ns)
        return Line(self.wishes.connect(self.url), now_ns, self.streams)

    def _wait(self, now_ns: int) -> None:
        self.next_ns = now_ns + wait_ns(PACE, self.tries, self.draw)
        self.tries += 1

    def _may_open(self, now_ns: int) -> bool:
        if now_ns < self.next_ns:
            return False
        full = len(self.asked) == OPENED_MAX and now_ns < self.asked[0] + OPENED_WITHIN_NS
        if full:
            self.next_ns = self.asked[0] + OPENED_WITHIN_NS
        return not full
