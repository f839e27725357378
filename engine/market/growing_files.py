"""How does a recording reach the disk? In files that are whole up to what was flushed last.

A file grows under a draft's name, locked by who writes it. After a crash the next recording cuts
off what was not surely written and gives the file its name: nothing flushed is lost.
"""

import fcntl
import gzip
import os
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.instruments import Instrument, definition_records
from engine.journal.segments import (
    HEADER_SIZE,
    HISTORY,
    Header,
    functions_of,
    packed,
    parsed,
    sync_directory,
    write_all,
)
from engine.market.history import SUFFIX, SYMBOL_AT
from engine.messages import RECORD_SIZE

if TYPE_CHECKING:
    from types import ModuleType

DRAFT = ".part"
RAW_SUFFIX = ".raw.gz"
GZIP_WINDOW = 31  # of zlib: a gzip member
PACKED_TO = 4
LEVEL = 3  # of its compression: a busy line must not wait for it


def named(folder: str, stem: str, at_ns: int, suffix: str) -> str:
    """A path that nothing has yet, told by the moment it begins."""
    second, rest_ns = divmod(at_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H%M%S")
    moment += f".{rest_ns // 1_000_000:03d}Z"
    number, path = 1, os.path.join(folder, f"{stem}_{moment}{suffix}")
    while os.path.exists(path) or os.path.exists(path + DRAFT):
        number += 1
        path = os.path.join(folder, f"{stem}_{moment}-{number}{suffix}")
    return path


class Draft:
    """A file on its way; `size` bytes of it are surely on the disk."""

    def __init__(self, path: str) -> None:
        self.path, self.size = path, 0
        self.fd = os.open(path + DRAFT, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        fcntl.flock(self.fd, fcntl.LOCK_EX)
        sync_directory(os.path.dirname(path))

    def append(self, raw: bytes) -> None:
        """Write at the end, durably."""
        write_all(self.fd, raw, self.size)
        os.fdatasync(self.fd)
        self.size += len(raw)

    def end(self, *, is_told: bool) -> bool:
        """Give it its name; where nothing was told leave nothing, and say so."""
        if is_told:
            finish(self.path, self.fd, self.size)
        else:
            os.unlink(self.path + DRAFT)
            os.close(self.fd)
        return is_told


def finish(path: str, fd: int, size: int) -> None:
    """A draft of so many good bytes becomes the file."""
    os.ftruncate(fd, size)
    os.fsync(fd)
    os.rename(path + DRAFT, path)
    sync_directory(os.path.dirname(path))
    os.close(fd)


class RecordGrowth:
    """One symbol's records; `count` of them, its definition included, are on the disk."""

    def __init__(
        self, path: str, instrument: Instrument, header: Header, native: "ModuleType | None"
    ) -> None:
        self.path, self.header, self.disk = path, header, functions_of(native)
        self.instrument = instrument
        self.unwritten = bytearray()
        self.count = self.told = 0
        self.draft = Draft(path)

    @property
    def size(self) -> int:
        """Bytes, those that wait included."""
        return self.draft.size + len(self.unwritten)

    def add(self, records: bytes) -> None:
        """Records of this symbol, which is symbol 0 of its file."""
        if not self.told:
            received_ns = int.from_bytes(records[16:24], "little")
            self.unwritten += definition_records(0, self.instrument, received_ns)
        start = len(self.unwritten)
        self.unwritten += records
        if records[SYMBOL_AT] or records[SYMBOL_AT + 1]:
            zeros = bytes(len(records) // RECORD_SIZE)
            self.unwritten[start + SYMBOL_AT :: RECORD_SIZE] = zeros
            self.unwritten[start + SYMBOL_AT + 1 :: RECORD_SIZE] = zeros
        self.told += len(records) // RECORD_SIZE

    def flush(self) -> None:
        """All that was added is on the disk, and the header says so."""
        if not self.unwritten:
            return
        if not self.draft.size:
            self.draft.append(bytes(HEADER_SIZE))
        sealed = self.disk.journal_seal(bytes(self.unwritten), self.count)
        self.draft.append(sealed)
        self.count += len(sealed) // RECORD_SIZE
        self.unwritten.clear()
        size = HEADER_SIZE + self.count * RECORD_SIZE
        header = self.header._replace(source=HISTORY, segment_size=size, records=self.count)
        write_all(self.draft.fd, packed(header), 0)
        os.fdatasync(self.draft.fd)

    def close(self) -> bool:
        """The file has its name; False if nothing came, and then there is none."""
        self.flush()
        return self.draft.end(is_told=self.told > 0)


class RawGrowth:
    """Messages as they came, a line each: when it was heard, then its JSON. Packed by gzip."""

    def __init__(self, path: str) -> None:
        self.path, self.told = path, 0
        self.unwritten = bytearray()
        self.draft = Draft(path)

    @property
    def size(self) -> int:
        """Bytes, those that wait as what they will about be packed to."""
        return self.draft.size + len(self.unwritten) // PACKED_TO

    def add(self, text: bytes, received_ns: int, address: str = "") -> None:
        """A message; an answer with the address that was asked."""
        line = text.replace(b"\n", b" ")
        asked = f"{address} -> " if address else ""
        self.unwritten += b"%s%d%s %s\n" % (
            asked.encode(),
            received_ns,
            b":" if address else b"",
            line,
        )
        self.told += 1

    def flush(self) -> None:
        """All that was added is on the disk."""
        if self.unwritten:
            self.draft.append(gzip.compress(bytes(self.unwritten), LEVEL, mtime=0))
            self.unwritten.clear()

    def close(self) -> bool:
        """The file has its name; False if nothing came, and then there is none."""
        self.flush()
        return self.draft.end(is_told=self.told > 0)


def rescue(folder: str) -> list[str]:
    """Drafts whose writer is gone become files, cut to what is whole; their paths."""
    rescued = []
    for name in sorted(os.listdir(folder)):
        path, suffix = os.path.join(folder, name.removesuffix(DRAFT)), name.removesuffix(DRAFT)
        if not name.endswith((SUFFIX + DRAFT, RAW_SUFFIX + DRAFT)) or os.path.exists(path):
            continue
        fd = os.open(path + DRAFT, os.O_RDWR)
        with suppress(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            size = good_records(fd) if suffix.endswith(SUFFIX) else good_members(fd)
            if size:
                finish(path, fd, size)
                rescued.append(path)
                continue
            os.unlink(path + DRAFT)
        os.close(fd)
    return rescued


def good_records(fd: int) -> int:
    """The bytes of a draft of records that its header vouches for."""
    header = parsed(os.pread(fd, HEADER_SIZE, 0))
    size = HEADER_SIZE + header.records * RECORD_SIZE if header else 0
    return size if size <= os.fstat(fd).st_size else 0


def good_members(fd: int) -> int:
    """The bytes of a draft of raw messages up to the last gzip member that is whole."""
    good = 0
    with open(os.dup(fd), "rb") as file, suppress(zlib.error):
        raw = file.read(1 << 20)
        reader, taken = zlib.decompressobj(GZIP_WINDOW), 0
        while raw:
            reader.decompress(raw)
            taken += len(raw) - len(reader.unused_data)
            raw = reader.unused_data or file.read(1 << 20)
            if reader.eof:
                good, reader = taken, zlib.decompressobj(GZIP_WINDOW)
    return good
