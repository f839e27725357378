"""What happens to one event? It is decided, journaled, and only then asked of the venue."""

import time
from collections import deque
from typing import Any

from engine.errors import Refused
from engine.messages import CANCEL_ORDER, ORDER_ACCEPTED, SUBMIT_ORDER, split
from engine.ports import Journal, Log, Venue
from engine.telemetry import Durations

# Commands that wait for their cause to be durable. Beyond it the loop waits for the disk.
WAITING_MAX = 1024
DURABLE_SECONDS_MAX = 30.0


class Loop:
    """The path of every event, the same for a file, a simulated market and a real one."""

    def __init__(self, core: Any, journal: Journal, venue: Venue, log: Log) -> None:
        self.core, self.journal, self.venue, self.log = core, journal, venue, log
        self.waiting: deque[tuple[int, bytes, int]] = deque()
        self.asked = Durations()  # from decided to sent, the cause durable
        self.malformed = 0

    def take(self, record: bytes, preface: bytes = b"") -> None:
        """One event and all that the venue makes of it; texts before it are journaled with it."""
        pending = [record]
        for event in pending:
            if not self._decide(event, preface):
                continue
            reports = self.venue.attend(event)
            if reports is not None:
                pending += split(reports)
            preface = b""

    def _decide(self, event: bytes, preface: bytes) -> bool:
        """Decide, journal, tell; what is asked of the venue waits for its cause to be durable.

        False for an event that is none: neither the journal nor the venue sees it.
        """
        try:
            outcomes: bytes | None = self.core.process(event)
        except ValueError:
            self.malformed += 1  # refused before it reached the core, so it is not journaled
            return False
        told = preface + event
        after = self.journal.append(told if outcomes is None else told + outcomes)
        if event[4] >= ORDER_ACCEPTED:
            self.log.outcome(after, event)
        if outcomes is None:
            return True
        asked = []
        for outcome in split(outcomes):
            self.log.outcome(after, outcome)
            if outcome[4] in (SUBMIT_ORDER, CANCEL_ORDER):
                asked.append(outcome)
        if asked:
            self._hold(after, b"".join(asked))
        return True

    def _hold(self, after: int, commands: bytes) -> None:
        """Queue commands behind their cause; the market waits where venue or bound wants it."""
        self.waiting.append((after, commands, time.perf_counter_ns()))
        if self.venue.patient or len(self.waiting) >= WAITING_MAX:
            if not self.journal.wait(after, DURABLE_SECONDS_MAX):
                raise Refused(
                    f"the disk took longer than {DURABLE_SECONDS_MAX:.0f} s to keep a record",
                    "nothing was sent without it; check the disk and start again",
                    code=5,
                )
            self.release()

    def release(self) -> None:
        """Send every command whose cause has become durable."""
        while self.waiting and self.waiting[0][0] <= self.journal.durable:
            _, commands, decided_ns = self.waiting.popleft()
            self.venue.send(commands)
            self.asked.add(time.perf_counter_ns() - decided_ns)
