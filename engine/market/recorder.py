"""What is kept of a live market, and when does a file end? Records a symbol, and raw messages.

Files are bounded in size and time, all of them together in size. A disk that is full ends the
recording with what was flushed.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from engine.instruments import Instrument
from engine.journal.segments import Header, unwritable
from engine.market.growing_files import RAW_SUFFIX, RawGrowth, RecordGrowth, named, rescue
from engine.market.history import SUFFIX
from engine.market.series import NOBODY
from engine.market.tapes import LABELLED
from engine.messages import RECORD_SIZE

if TYPE_CHECKING:
    from types import ModuleType

SECOND_NS = 1_000_000_000
MEGABYTE = 1 << 20
UNWRITTEN_MAX = 4 * MEGABYTE  # of a file; more is flushed at once


class Bounds(NamedTuple):
    """Of what is kept: bytes, ns."""

    file_size: int = 256 * MEGABYTE
    file_ns: int = 24 * 3_600 * SECOND_NS
    total_size: int = 10_240 * MEGABYTE
    flush_ns: int = 2 * SECOND_NS


class Kept(NamedTuple):
    """A file that is finished: `told` records or messages."""

    path: str
    told: int
    size: int


class Recorder:
    """Files in one folder; times by our clock, OSError as Refused (code 4)."""

    def __init__(
        self,
        folder: str,
        instruments: Sequence[Instrument],
        bounds: Bounds,
        native: "ModuleType | None" = None,
        **kinds: bool,
    ) -> None:
        """Kinds: `raw` keeps messages too, `simulated` labels the market."""
        self.folder, self.instruments, self.bounds, self.native = (
            folder,
            instruments,
            bounds,
            native,
        )
        self.keeps_raw = kinds.get("raw", False)
        identity = NOBODY._replace(simulated=kinds.get("simulated", False))
        self.header = Header(identity, 0, 0)
        self.records: dict[int, RecordGrowth] = {}
        self.raw: RawGrowth | None = None
        self.began: dict[str, int] = {}
        self.finished: list[Kept] = []
        self.flushed_ns = 0
        self.told = [0] * len(instruments)
        try:
            os.makedirs(folder, exist_ok=True)
            self.rescued = rescue(folder)
        except OSError as error:
            raise unwritable(folder, error) from error

    def take(self, records: bytes) -> None:
        """Records that came now, of whichever symbols."""
        number = records[6] | records[7] << 8
        if len(records) == RECORD_SIZE:
            self._keep(number, records)
            return
        for at in range(0, len(records), RECORD_SIZE):
            record = records[at : at + RECORD_SIZE]
            self._keep(record[6] | record[7] << 8, record)

    def hear(self, text: bytes, received_ns: int, address: str = "") -> None:
        """A message as it came; an answer with the address that was asked."""
        if not self.keeps_raw:
            return
        if self.raw is None:
            path = named(self.folder, "live", received_ns, RAW_SUFFIX)
            self.raw = self._opened(RawGrowth, path)
            self.began[path] = received_ns
            if self.header.identity.simulated:
                self.raw.add(LABELLED, received_ns)
        self.raw.add(text, received_ns, address)
        if len(self.raw.unwritten) > UNWRITTEN_MAX:
            self.flush(received_ns)

    def tick(self, now_ns: int) -> None:
        """Time passed: flush, and end the files that are full or old."""
        if now_ns >= self.flushed_ns + self.bounds.flush_ns:
            self.flush(now_ns)
        for growth in self._open_ones():
            is_old = now_ns >= self.began[growth.path] + self.bounds.file_ns
            if is_old or growth.size >= self.bounds.file_size:
                self._end(growth)

    def flush(self, now_ns: int) -> None:
        """All that came is on the disk."""
        self.flushed_ns = now_ns
        for growth in self._open_ones():
            try:
                growth.flush()
            except OSError as error:
                raise unwritable(growth.path, error) from error

    def close(self) -> list[Kept]:
        """End every file; all files of this recording."""
        for growth in self._open_ones():
            self._end(growth)
        return self.finished

    @property
    def size(self) -> int:
        """Bytes of all files."""
        finished = sum(kept.size for kept in self.finished)
        return finished + sum(growth.size for growth in self._open_ones())

    @property
    def is_full(self) -> bool:
        """Whether no more may be kept."""
        return self.size >= self.bounds.total_size

    def _keep(self, number: int, record: bytes) -> None:
        growth = self.records.get(number)
        if growth is None:
            growth = self._begin(number, int.from_bytes(record[16:24], "little"))
        growth.add(record)
        self.told[number] += 1
        if len(growth.unwritten) > UNWRITTEN_MAX:
            self.flush(self.flushed_ns)

    def _begin(self, number: int, received_ns: int) -> RecordGrowth:
        instrument = self.instruments[number]
        path = named(self.folder, f"{instrument.name}-live", received_ns, SUFFIX)
        growth: RecordGrowth = self._opened(
            RecordGrowth, path, instrument, self.header, self.native
        )
        self.records[number], self.began[path] = growth, received_ns
        return growth

    def _opened(self, kind, path, *parts):  # type: ignore[no-untyped-def]
        try:
            return kind(path, *parts)
        except OSError as error:
            raise unwritable(path, error) from error

    def _open_ones(self) -> "list[RecordGrowth | RawGrowth]":
        return [*self.records.values(), *([self.raw] if self.raw else [])]

    def _end(self, growth: "RecordGrowth | RawGrowth") -> None:
        self.records = {n: one for n, one in self.records.items() if one is not growth}
        self.raw = None if growth is self.raw else self.raw
        try:
            if growth.close():
                self.finished.append(Kept(growth.path, growth.told, growth.draft.size))
        except OSError as error:
            raise unwritable(growth.path, error) from error
