"""What does the journal come to? Folded with the engine's own core, and said as rows on the way."""

import re
import zlib
from bisect import bisect_left
from collections.abc import Callable
from itertools import accumulate
from typing import Any

from engine import core as cores
from engine.errors import Refused
from engine.messages import ENGINE_STARTED, LABEL, RECORD_SIZE, TEXT, decode
from engine.service.rows import OF_A_STATE, SAID, Sayer, Told
from engine.service.schema import Rows

MINUTE_NS = 60_000_000_000
NOTABLE = re.compile(b"[^\x01-\x08]")  # all but the market and the heartbeats
TEXT_AT = 24  # where a text begins in its record
RECEIVED_AT, WORDS_A_RECORD = 2, 8  # where a record's time lies among its words of eight bytes


class Fold:
    """The state after each record, and the rows that the records make.

    `sequence` is that of the next record, `check_sum` the CRC-32 of all before it. Rows of records
    before `since` are left out: they are kept already.
    """

    def __init__(self, native: Any, journal_id: str, since: int = 0) -> None:
        self.core, self.since = cores.core_of(native), since
        self.sequence = self.check_sum = self.epoch = 0
        self._span = cores.Span()
        self._sayer = Sayer(self.core.state, journal_id)
        self._texts: dict[int, list[bytes]] = {}
        self._highest_ns = self._minute_ns = 0
        self._pause: tuple[int, Callable[[], None]] | None = None

    def pause_at(self, sequence: int, call: Callable[[], None]) -> None:
        """Call when all before this sequence is folded, and nothing after it."""
        self._pause = (sequence, call)

    def take(self, chunk: memoryview) -> Rows:
        """Some more records, in their order; Refused (1) when they do not replay."""
        rows: Rows = {}
        while self._pause and self._pause[0] <= self.sequence + len(chunk) // RECORD_SIZE:
            (sequence, call), self._pause = self._pause, None
            cut = (sequence - self.sequence) * RECORD_SIZE
            self._take(chunk[:cut], rows)
            chunk = chunk[cut:]
            call()
        self._take(chunk, rows)
        return rows

    def _take(self, chunk: memoryview, rows: Rows) -> None:
        said = bytes(chunk[4::RECORD_SIZE])
        minutes = self._minutes_in(chunk)
        folded, first = 0, self.sequence
        for at in sorted({found.start() for found in NOTABLE.finditer(said)} | minutes):
            if said[at] in OF_A_STATE or at in minutes:
                self._fold(chunk[folded * RECORD_SIZE : (at + 1) * RECORD_SIZE], first + folded)
                folded = at + 1
            record = bytes(chunk[at * RECORD_SIZE : (at + 1) * RECORD_SIZE])
            self._say(first + at, record, rows)
            if at in minutes:
                self._draw(first + at, rows)
        self._fold(chunk[folded * RECORD_SIZE :], first + folded)
        self.sequence += len(said)
        self.check_sum = zlib.crc32(chunk, self.check_sum)

    def _fold(self, chunk: memoryview, first: int) -> None:
        self._span.start()
        while self._span.at.next * RECORD_SIZE < len(chunk):
            self.core.run_replay(chunk, self._span.out, self._span.raw)
            if self._span.at.differs >= 0:
                raise Refused(
                    f"the journal does not replay: record {first + self._span.at.differs} is not "
                    "what this code decides",
                    "use the build that wrote it; supreme replay tells more",
                    code=1,
                )

    def _say(self, sequence: int, record: bytes, rows: Rows) -> None:
        if record[4] == TEXT:
            self._hear(record)
            return
        say = SAID.get(record[4])
        if say is not None:
            texts = {flags: worded(parts) for flags, parts in self._texts.items()}
            told = Told(sequence, decode(record), texts, self.core.state)
            found: Rows = {}
            say(self._sayer, told, found)
            if sequence >= self.since:
                for table, some in found.items():
                    rows.setdefault(table, []).extend(some)
        self.epoch += record[4] == ENGINE_STARTED
        self._texts = {}

    def _hear(self, record: bytes) -> None:
        """A piece of a text for the record that follows."""
        parts, said = self._texts.setdefault(record[5], []), record[TEXT_AT:]
        if record[5] == LABEL and said in parts:
            parts.clear()  # a start that was killed in its label says it again
        parts.append(said)

    def _draw(self, sequence: int, rows: Rows) -> None:
        """A point of the curve of equity, once there is an account."""
        account = self.core.state.account
        if account.peak_e8 and sequence >= self.since:
            at_ns = self.core.state.clock.now_ns
            row = (sequence, at_ns, account.equity_e8, account.cash_e8, account.drawdown)
            rows.setdefault("equity", []).append(row)

    def _minutes_in(self, chunk: memoryview) -> set[int]:
        """The first record of each minute that begins here: the same ones however it is cut."""
        times = chunk.cast("q")[RECEIVED_AT::WORDS_A_RECORD].tolist()
        highest = list(accumulate(times, max, initial=self._highest_ns))[1:]
        found, number = set(), bisect_left(highest, self._minute_ns)
        while number < len(highest):
            found.add(number)
            self._minute_ns = (highest[number] // MINUTE_NS + 1) * MINUTE_NS
            number = bisect_left(highest, self._minute_ns, number)
        self._highest_ns = highest[-1] if highest else self._highest_ns
        return found


def worded(parts: list[bytes]) -> str:
    """The text of its pieces, as far as it was written; no database takes a zero in one."""
    return b"".join(parts).replace(b"\0", b"").decode(errors="replace")
