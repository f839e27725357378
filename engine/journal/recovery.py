"""What does the journal on disk hold, is every byte of it what was written, and where does it end?

Only the last write can be unfinished, and it lies within one window (`WINDOW_RECORDS`): that tail
is cut. Any other bad byte is damage, and damage is refused, never repaired.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from engine.errors import Refused
from engine.journal import plain
from engine.journal.segments import (
    HEADER_SIZE,
    JOURNAL,
    SUFFIX,
    VERSION,
    WINDOW_RECORDS,
    Header,
    Identity,
    name_of,
    parsed,
    sync_directory,
    unwritable,
    version_of,
    write_all,
)
from engine.messages import RECORD_SIZE

READ_AT_ONCE = 1 << 18
SECTOR_RECORDS = 512 // RECORD_SIZE  # a disk writes a sector wholly or not at all


class Segment(NamedTuple):
    """One verified segment: where it is, what it says, how many good records it holds."""

    path: Path
    header: Header
    records: int


class Recovered(NamedTuple):
    """What survived: the segments in order, the next sequence, and what was cut from the end."""

    segments: tuple[Segment, ...]
    sequence: int
    cut_records: int
    cut_bytes: int


def recover(
    directory: Path, identity: Identity | None = None, native: ModuleType | None = None
) -> Recovered:
    """Verify all, cut the unfinished last write, sync; only for the one who holds the lock.

    Refused (code 4) for damage, a missing segment, or a journal of other code than `identity`.
    """
    try:
        return _recover(directory, identity, native or plain)
    except OSError as error:
        raise unwritable(directory, error) from error


def records(
    directory: Path, native: ModuleType | None = None
) -> Iterator[tuple[int, memoryview]]:
    """(first sequence, verified records) in chunks of at most 256 KiB; changes nothing.

    Ends at the last whole record; a directory without a journal yields nothing. Refused (code 4)
    for damage.
    """
    yield from chunks(survey(directory, native or plain))


def chunks(segments: tuple[Segment, ...]) -> Iterator[tuple[int, memoryview]]:
    """(first sequence, records) of verified segments, in chunks of at most 256 KiB."""
    for segment in segments:
        with open(segment.path, "rb", buffering=0) as file:
            for at in range(0, segment.records * RECORD_SIZE, READ_AT_ONCE):
                wanted = min(READ_AT_ONCE, segment.records * RECORD_SIZE - at)
                chunk = os.pread(file.fileno(), wanted, HEADER_SIZE + at)
                yield segment.header.first + at // RECORD_SIZE, memoryview(chunk)
