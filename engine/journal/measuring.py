"""What does one segment hold, is it what was written, and where do its good records end?"""

import os
from types import ModuleType
from typing import NamedTuple

from engine.journal.damage import damaged, damaged_at, foreign
from engine.journal.segments import (
    HEADER_SIZE,
    JOURNAL,
    SUFFIX,
    VERSION,
    WINDOW_RECORDS,
    Header,
    Place,
    name_of,
    parsed,
    read_all,
    version_of,
    write_all,
)
from engine.messages import RECORD_SIZE

READ_AT_ONCE = 1 << 18
SECTOR_RECORDS = 512 // RECORD_SIZE  # a disk writes a sector wholly or not at all


class Segment(NamedTuple):
    """One segment: where it is, what it says, how many good records it holds."""

    path: str
    header: Header
    records: int
    is_verified: bool = True

    @property
    def end(self) -> int:
        """The sequence after its last record."""
        return self.header.first + self.records


def files(directory: Place) -> list[str]:
    """The segment files, oldest first."""
    names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
    return [
        os.path.join(directory, name)
        for name in names
        if name.endswith(SUFFIX) and name[: -len(SUFFIX)].isdigit()
    ]


def never_begun(path: str) -> bool:
    """Whether it holds no record, and no header or half of one."""
    with open(path, "rb", buffering=0) as file:
        if version_of(raw := file.read(HEADER_SIZE)) > VERSION or parsed(raw):
            return False
        return not _written_after(file.fileno(), HEADER_SIZE)


def _written_after(fd: int, offset: int) -> bool:
    """Whether any byte from the offset on is not zero."""
    while chunk := os.pread(fd, READ_AT_ONCE, offset):
        if chunk.strip(b"\0"):
            return True
        offset += len(chunk)
    return False


def header_of(path: str) -> Header:
    """The header of a segment; Refused (4) when it is damaged or of a later format."""
    with open(path, "rb", buffering=0) as file:
        raw = file.read(HEADER_SIZE)
    if version_of(raw) > VERSION:
        raise foreign(os.path.dirname(path), f"its format is {version_of(raw)}, ours is {VERSION}")
    header = parsed(raw)
    if header is None or header.source != JOURNAL:
        raise damaged(path, "its header is not what was written")
    if os.path.basename(path) != name_of(header.first):
        raise damaged(path, f"by its header it begins with sequence {header.first}")
    return header


def measured(path: str, header: Header, disk: ModuleType) -> Segment:
    """The segment with its count of good records; Refused when the rest is no unfinished write.

    A writer may be at work meanwhile, so that more is good at a second look.
    """
    with open(path, "rb", buffering=0) as file:
        fd = file.fileno()
        if os.fstat(fd).st_size != header.segment_size:
            raise damaged(path, f"it should have {header.segment_size} bytes")
        good = _good_from(fd, header, 0, disk)
        while _is_damage(fd, header, good, disk):
            seen, good = good, _good_from(fd, header, good, disk)
            if seen == good:
                raise damaged_at(path, header, good)
    return Segment(path, header, good)


def trusted(path: str, header: Header) -> Segment:
    """A closed segment by its name, header and size alone."""
    if os.path.getsize(path) != header.segment_size:
        raise damaged(path, f"it should have {header.segment_size} bytes")
    return Segment(path, header, header.capacity, is_verified=False)


def _good_from(fd: int, header: Header, start: int, disk: ModuleType) -> int:
    """The position of the first record from `start` on that is not good."""
    good, whole = start, True
    while whole and good < header.capacity:
        wanted = min(READ_AT_ONCE, (header.capacity - good) * RECORD_SIZE)
        chunk = read_all(fd, wanted, HEADER_SIZE + good * RECORD_SIZE)
        count = disk.journal_verify(chunk, 0, header.first + good)
        whole = count * RECORD_SIZE == wanted
        good += count
    return good


def _is_damage(fd: int, header: Header, good: int, disk: ModuleType) -> bool:
    """Whether what follows the good records cannot be one write that a crash cut short."""
    tail = _tail(fd, header, good)
    after = HEADER_SIZE + good * RECORD_SIZE + len(tail)
    return _written_after(fd, after) or _is_mixed(tail, header, good, disk)


def _tail(fd: int, header: Header, good: int) -> bytes:
    """What follows the good records in their window: all that one write can have touched."""
    end = min((good // WINDOW_RECORDS + 1) * WINDOW_RECORDS, header.capacity)
    return read_all(fd, (end - good) * RECORD_SIZE, HEADER_SIZE + good * RECORD_SIZE)


def _is_mixed(tail: bytes, header: Header, good: int, disk: ModuleType) -> bool:
    """Whether a good record follows a broken one, or a missing one of the same sector.

    A power cut may keep a later sector of a write and lose an earlier one, but it leaves each
    sector as it was before or after.
    """
    broken = missing = False
    for number in range(len(tail) // RECORD_SIZE):
        position = good + number
        record = tail[number * RECORD_SIZE :][:RECORD_SIZE]
        missing = missing and position % SECTOR_RECORDS != 0
        if not any(record):
            missing = True
        elif not disk.journal_verify(record, 0, header.first + position):
            broken = True
        elif broken or missing:
            return True
    return False


def tail_of(last: Segment) -> bytes:
    """What an unfinished write left after the good records."""
    with open(last.path, "rb", buffering=0) as file:
        return _tail(file.fileno(), last.header, last.records).rstrip(b"\0")


def cut_tail(last: Segment) -> bytes:
    """Zero what an unfinished write left after the good records, and sync; what was cut.

    What programs read may never have reached the disk: after a sync that failed, a system may call
    clean what it could not write. So the last write's window and the header are written again.
    """
    tail = tail_of(last)
    window = max(last.records - 1, 0) // WINDOW_RECORDS * WINDOW_RECORDS
    start = HEADER_SIZE + window * RECORD_SIZE
    with open(last.path, "r+b", buffering=0) as file:
        fd = file.fileno()
        good = read_all(fd, (last.records - window) * RECORD_SIZE, start)
        write_all(fd, good + bytes(len(tail)), start)
        write_all(fd, read_all(fd, HEADER_SIZE, 0), 0)
        os.fdatasync(fd)  # what only the page cache survived a killed process must not be lost now
    return tail
