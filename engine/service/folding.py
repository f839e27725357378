"""What does the journal come to? Folded with the engine's own core, and said as rows on the way."""

import re
import zlib
from bisect import bisect_left
from collections.abc import Callable
from itertools import accumulate
from typing import Any

from engine import core as cores
from engine.errors import Refused
from engine.journal.checkpoints import Checkpoint
from engine.journal.folded import Folding, Kept, image_of, is_settled
from engine.messages import LABEL, RECORD_SIZE, TEXT, decode
from engine.service.rows import OF_A_STATE, SAID, Sayer, Told
from engine.service.schema import Rows

MINUTE_NS = 60_000_000_000
NOTABLE = re.compile(b"[^\x01-\x08]")  # all but the market and the heartbeats
TEXT_AT = 24  # where a text begins in its record
RECEIVED_AT, WORDS_A_RECORD = 2, 8  # where a record's time lies among its words of eight bytes


class Fold:
    """The state after each record, and the rows that the records make.

    `sequence` is that of the next record, `check_sum` the CRC-32 of all before it. Rows of records
    before `since` are left out: they are kept already. What comes before `ours_from` is told, other
    code having decided it.
    """

    def __init__(self, native: Any, journal_id: str, since: int = 0, ours_from: int = 0) -> None:
        self.core, self.since = cores.core_of(native), since
        self.kept, self.is_settled = Kept(), False
        self.sequence = self.check_sum = 0
        self._folding = Folding(self.core, ours_from)
        self._sayer = Sayer(self.core.state, journal_id)
        self._texts: dict[int, list[bytes]] = {}
        self._highest_ns = self._minute_ns = 0
        self._pause: tuple[int, Callable[[], None]] | None = None

    @property
    def epoch(self) -> int:
        """How often an engine was started."""
        return self.kept.epoch - 1

    @property
    def is_ours(self) -> bool:
        """Whether this code decided the last record."""
        return self._folding.ours_from < self.sequence

    def begin_at(self, base: Checkpoint, memory: dict[str, Any] | None) -> None:
        """Go on from a snapshot, with what was remembered there, or what the state itself tells."""
        self.core.restore(image_of(base))
        self.kept, self.sequence = Kept(base.said), base.spot.sequence
        self._sayer.begin_at(self.core.state, base.said)
        self._highest_ns = self.core.state.clock.now_ns
        self._minute_ns = (self._highest_ns // MINUTE_NS + 1) * MINUTE_NS
        if memory is not None:
            self.check_sum, self._highest_ns, self._minute_ns = memory["fold"]
            self._sayer.recall(memory["held"])

    def memory(self) -> dict[str, Any]:
        """What is needed beside a snapshot to say the very same rows from there on."""
        words = [self.check_sum, self._highest_ns, self._minute_ns]
        return {"fold": words, "held": self._sayer.memory()}

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
        self.kept.read(chunk)
        if said:
            self.is_settled = is_settled(chunk, self._folding.span)
        self.sequence += len(said)
        self.check_sum = zlib.crc32(chunk, self.check_sum)

    def _fold(self, chunk: memoryview, first: int) -> None:
        try:
            self._folding.take(first, chunk)
        except Refused as no:
            fix = "use the build that wrote it; supreme replay tells more"
            raise Refused(no.what, fix, code=1) from no

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
