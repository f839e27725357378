"""What does the journal on disk hold, is every byte of it what was written, and where does it end?

Only the last write can be unfinished, and it lies within one window (`WINDOW_RECORDS`): that tail
is cut. Any other bad byte is damage, and damage is refused, never repaired.
"""

import os
from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

from engine.errors import Refused
from engine.journal.head import noted
from engine.journal.segments import (
    HEADER_SIZE,
    JOURNAL,
    SUFFIX,
    VERSION,
    WINDOW_RECORDS,
    Header,
    Identity,
    Place,
    functions_of,
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

    path: str
    header: Header
    records: int


class Recovered(NamedTuple):
    """What survived: the segments in order, the next sequence, and what was cut from the end."""

    segments: tuple[Segment, ...]
    sequence: int
    cut_records: int
    cut_bytes: int


def recover(
    directory: Place, identity: Identity | None = None, native: ModuleType | None = None
) -> Recovered:
    """Verify all, cut the unfinished last write, sync; only for the one who holds the lock.

    Refused (code 4) for damage, a missing segment, or a journal of other code than `identity`.
    """
    try:
        return _recover(directory, identity, functions_of(native))
    except OSError as error:
        raise unwritable(directory, error) from error


def records(directory: Place, native: ModuleType | None = None) -> Iterator[tuple[int, memoryview]]:
    """(first sequence, verified records) in chunks of at most 256 KiB; changes nothing.

    Ends at the last whole record; a directory without a journal yields nothing. Refused (code 4)
    for damage.
    """
    try:
        segments = survey(directory, functions_of(native))
    except OSError as error:
        raise unwritable(directory, error) from error
    yield from chunks(segments)


def chunks(segments: tuple[Segment, ...]) -> Iterator[tuple[int, memoryview]]:
    """(first sequence, records) of verified segments, in chunks of at most 256 KiB."""
    for segment in segments:
        with open(segment.path, "rb", buffering=0) as file:
            for at in range(0, segment.records * RECORD_SIZE, READ_AT_ONCE):
                wanted = min(READ_AT_ONCE, segment.records * RECORD_SIZE - at)
                chunk = os.pread(file.fileno(), wanted, HEADER_SIZE + at)
                yield segment.header.first + at // RECORD_SIZE, memoryview(chunk)


def survey(directory: Place, disk: ModuleType) -> tuple[Segment, ...]:
    """Every segment, verified record by record and hash by hash; changes nothing."""
    segments: list[Segment] = []
    for path, header in _all_begun(directory):
        if segments:
            _must_follow(segments[-1], header, path, disk)
        elif header.first:
            raise _missing(directory, 0)
        segments.append(_measured(path, header, disk))
    return tuple(segments)


def _recover(directory: Place, identity: Identity | None, disk: ModuleType) -> Recovered:
    begun = _all_begun(directory)
    if identity and begun:
        _must_be_ours(begun[-1][1], identity, directory)
    segments = survey(directory, disk)
    for path in set(_files(directory)) - {segment.path for segment in segments}:
        os.unlink(path)
    if not segments:
        return Recovered((), 0, 0, 0)
    cut = _cut(segments[-1])
    sync_directory(directory)
    sequence = segments[-1].header.first + segments[-1].records
    cut_records = sum(any(cut[at : at + RECORD_SIZE]) for at in range(0, len(cut), RECORD_SIZE))
    return Recovered(segments, sequence, cut_records, len(cut))


def _files(directory: Place) -> list[str]:
    """The segment files, oldest first."""
    names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
    return [
        os.path.join(directory, name)
        for name in names
        if name.endswith(SUFFIX) and name[: -len(SUFFIX)].isdigit()
    ]


def _all_begun(directory: Place) -> list[tuple[str, Header]]:
    """The begun segments; Refused when the newest that was noted is gone or emptied."""
    newest = noted(directory)  # first: a writer may be at work
    begun = _begun(directory)
    if newest > (begun[-1][1].first if begun else -1):
        raise _missing(directory, newest)
    return begun


def _begun(directory: Place) -> list[tuple[str, Header]]:
    """The segments that hold a header; a prepared one that was never begun is not among them."""
    paths = _files(directory)
    while paths and _never_begun(paths[-1]):
        paths.pop()
    return [(path, _header_of(path)) for path in paths]


def _never_begun(path: str) -> bool:
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


def _header_of(path: str) -> Header:
    with open(path, "rb", buffering=0) as file:
        raw = file.read(HEADER_SIZE)
    if version_of(raw) > VERSION:
        raise _foreign(os.path.dirname(path), f"its format is {version_of(raw)}, ours is {VERSION}")
    header = parsed(raw)
    if header is None or header.source != JOURNAL:
        raise _damaged(path, "its header is not what was written")
    if os.path.basename(path) != name_of(header.first):
        raise _damaged(path, f"by its header it begins with sequence {header.first}")
    return header


def _measured(path: str, header: Header, disk: ModuleType) -> Segment:
    """The segment with its count of good records; Refused when the rest is no unfinished write.

    A writer may be at work meanwhile, so that more is good at a second look.
    """
    with open(path, "rb", buffering=0) as file:
        fd = file.fileno()
        if os.fstat(fd).st_size != header.segment_size:
            raise _damaged(path, f"it should have {header.segment_size} bytes")
        good = _good_from(fd, header, 0, disk)
        while _is_damage(fd, header, good, disk):
            seen, good = good, _good_from(fd, header, good, disk)
            if seen == good:
                raise _damaged_at(path, header, good)
    return Segment(path, header, good)


def _good_from(fd: int, header: Header, start: int, disk: ModuleType) -> int:
    """The position of the first record from `start` on that is not good."""
    good, whole = start, True
    while whole and good < header.capacity:
        wanted = min(READ_AT_ONCE, (header.capacity - good) * RECORD_SIZE)
        chunk = os.pread(fd, wanted, HEADER_SIZE + good * RECORD_SIZE)
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
    return os.pread(fd, (end - good) * RECORD_SIZE, HEADER_SIZE + good * RECORD_SIZE)


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


def _cut(last: Segment) -> bytes:
    """Zero what an unfinished write left after the good records, and sync; what was cut."""
    with open(last.path, "r+b", buffering=0) as file:
        fd = file.fileno()
        tail = _tail(fd, last.header, last.records).rstrip(b"\0")
        write_all(fd, bytes(len(tail)), HEADER_SIZE + last.records * RECORD_SIZE)
        os.fdatasync(fd)  # what only the page cache survived a killed process must not be lost now
    return tail


def _must_follow(previous: Segment, header: Header, path: str, disk: ModuleType) -> None:
    """The chain: next sequence, same journal, and the hash of all that came before it."""
    held = header.first - previous.header.first
    if held > previous.header.capacity:
        raise _missing(os.path.dirname(path), previous.header.first + previous.records)
    if previous.records < held:
        raise _damaged_at(previous.path, previous.header, previous.records)
    if header.identity.journal_id != previous.header.identity.journal_id:
        raise _damaged(path, "it belongs to another journal")
    with open(previous.path, "rb", buffering=0) as file:
        digest = disk.journal_hash(file.fileno(), HEADER_SIZE + held * RECORD_SIZE)
    if previous.records > held or digest != header.previous:
        raise _damaged(previous.path, "its hash is not the one the next segment holds")


def _must_be_ours(header: Header, ours: Identity, directory: Place) -> None:
    """Replaying it must decide as it was decided, and a simulation must never look real."""
    theirs = header.identity
    if theirs.layout_digest != ours.layout_digest:
        raise _foreign(directory, "its layout of the state differs")
    if theirs.code_digest != ours.code_digest:
        raise _foreign(directory, "the code that decided differs")
    if theirs.simulated != ours.simulated:
        kind = "a simulated" if theirs.simulated else "a real"
        raise _foreign(directory, f"it is of {kind} market")


def _foreign(directory: Place, why: str) -> Refused:
    return Refused(
        f"The journal in {directory} cannot be continued: {why}.",
        f"Start with a fresh directory (--data-dir DIR), or move {directory} away and start again.",
        code=4,
    )


def _missing(directory: Place, first: int) -> Refused:
    return Refused(
        f"The journal in {directory} has a gap: {name_of(first)} is missing or empty.",
        "Put the file back from a backup, or start with a fresh directory (--data-dir DIR).",
        code=4,
    )


def _damaged_at(path: str, header: Header, position: int) -> Refused:
    place = f"record {position} (sequence {header.first + position}) is not what was written"
    return _damaged(path, place)


def _damaged(path: str, why: str) -> Refused:
    return Refused(
        f"The journal is damaged: in {path}, {why}.",
        "Put the file back from a backup, or start with a fresh directory (--data-dir DIR).",
        code=4,
    )
