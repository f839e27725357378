"""What does the journal on disk hold, is every byte of it what was written, and where does it end?

Only the last write can be unfinished, and it lies within one window (`WINDOW_RECORDS`): that tail
is cut, unless something else proves that it was durable once. Any other bad byte is damage, and
damage is refused, never repaired.
"""

import os
import time
from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

from engine.journal.checkpoints import Checkpoint, Found, find, first_of, spot_of
from engine.journal.damage import damaged, damaged_at, foreign, missing, unreached
from engine.journal.head import DURABLE, NOTHING, OPEN, closed_at, noted
from engine.journal.measuring import (
    READ_AT_ONCE,
    Segment,
    cut_tail,
    files,
    header_of,
    measured,
    never_begun,
    trusted,
)
from engine.journal.segments import (
    HEADER_SIZE,
    Header,
    Identity,
    Place,
    functions_of,
    read_all,
    sync_directory,
    unwritable,
)
from engine.messages import RECORD_SIZE

NONE_FOUND = Found(None, 0, ())
NEVER = 1 << 62


class Recovered(NamedTuple):
    """What survived: the segments in order, the next sequence, and what was cut from the end.

    `base` is the checkpoint to go on from, `words` tell why others are not used; the check took
    so many seconds. From `ours_from` on it was decided by the code that asks; what comes before is
    told, not decided. All before `proved` was durable once; `left_open` by whoever wrote it, there
    may have been more than is here now.
    """

    segments: tuple[Segment, ...]
    sequence: int
    cut_records: int
    cut_bytes: int
    base: Checkpoint | None = None
    words: tuple[str, ...] = ()
    seconds: float = 0.0
    ours_from: int = 0
    proved: int = 0
    left_open: bool = False


class Begun(NamedTuple):
    """The begun segments, oldest first, and what is known of them beside: before they are read."""

    headers: list[tuple[str, Header]]
    found: Found
    reached: int  # so many records were durable once
    ours_from: int = 0
    closed: int = NOTHING  # the sequence at which it was, OPEN, or NOTHING when that is not known


def recover(
    directory: Place, identity: Identity | None = None, native: ModuleType | None = None
) -> Recovered:
    """Verify from the newest checkpoint on, cut the unfinished last write, sync; under the lock.

    Segments before it are held by name, header and size; without one all is verified. Refused
    (code 4) for damage, a missing segment, or another kind of market than that of `identity`.
    """
    try:
        return _recover(directory, identity, functions_of(native))
    except OSError as error:
        raise unwritable(directory, error) from error


def records(
    directory: Place, native: ModuleType | None = None, since: int = 0
) -> Iterator[tuple[int, memoryview]]:
    """(first sequence, verified records) in chunks of at most 256 KiB; changes nothing.

    Ends at the last whole record; a directory without a journal yields nothing. Refused (code 4)
    for damage.
    """
    try:
        segments = survey(directory, functions_of(native)).segments
    except OSError as error:
        raise unwritable(directory, error) from error
    yield from chunks(segments, since)


def chunks(segments: tuple[Segment, ...], since: int = 0) -> Iterator[tuple[int, memoryview]]:
    """(first sequence, records) of segments from a sequence on, in chunks of at most 256 KiB."""
    for segment in segments:
        start = max(since - segment.header.first, 0)
        with open(segment.path, "rb", buffering=0) as file:
            for at in range(start * RECORD_SIZE, segment.records * RECORD_SIZE, READ_AT_ONCE):
                wanted = min(READ_AT_ONCE, segment.records * RECORD_SIZE - at)
                chunk = read_all(file.fileno(), wanted, HEADER_SIZE + at)
                yield segment.header.first + at // RECORD_SIZE, memoryview(chunk)


def survey(
    directory: Place,
    disk: ModuleType,
    identity: Identity | None = None,
    *,
    whole: bool = True,
) -> Recovered:
    """Every segment, verified record by record and hash by hash; changes nothing.

    Not `whole`: only from the newest checkpoint on that the code of `identity` may go on from.
    """
    began = time.monotonic()
    begun = _begun(directory, identity)
    base = begun.found.usable
    if begun.headers and begun.headers[0][1].first:
        base = base or begun.found.elder
        _must_be_covered(begun.headers[0][1].first, base, directory)
    segments: list[Segment] = []
    for path, header in begun.headers:
        if segments:
            segments[-1] = _followed(segments[-1], header, path, disk)
        is_old = not whole and base is not None and header.first < base.spot.segment
        segments.append(trusted(path, header) if is_old else measured(path, header, disk))
    sequence = segments[-1].end if segments else 0
    if begun.reached > sequence:
        raise unreached(directory, segments, begun.reached)
    if base is not None:
        _must_hold(base, segments, disk)
    took = time.monotonic() - began
    left_open = begun.closed not in (NOTHING, sequence)
    proved = max(begun.reached, segments[-1].header.first if segments else 0)  # or not begun
    known = begun.found.words, took, begun.ours_from, proved, left_open
    return Recovered(tuple(segments), sequence, 0, 0, base, *known)


def _recover(directory: Place, identity: Identity | None, disk: ModuleType) -> Recovered:
    found = survey(directory, disk, identity, whole=False)
    for path in set(files(directory)) - {segment.path for segment in found.segments}:
        os.unlink(path)
    if not found.segments:
        return found
    cut = cut_tail(found.segments[-1])
    sync_directory(directory)
    cut_records = sum(any(cut[at : at + RECORD_SIZE]) for at in range(0, len(cut), RECORD_SIZE))
    return found._replace(cut_records=cut_records, cut_bytes=len(cut))


def _begun(directory: Place, identity: Identity | None) -> Begun:
    """The segments that hold a header; a prepared one that was never begun is not among them.

    Refused when the newest that was noted is gone or emptied.
    """
    # The notes first: a writer may be at work.
    newest, durable, closed = noted(directory), noted(directory, DURABLE), closed_at(directory)
    durable = max(durable, NOTHING if closed == OPEN else closed)
    paths, prepared = files(directory), NEVER
    while paths and never_begun(paths[-1]):
        prepared = first_of(paths.pop())
    headers = [(path, header_of(path)) for path in paths]
    if newest > (headers[-1][1].first if headers else -1):
        raise missing(directory, newest)
    if not headers:
        return Begun(headers, NONE_FOUND, max(durable, 0))
    ours = theirs = headers[-1][1].identity
    if identity:
        _must_be_alike(theirs, identity, directory)
        ours = identity._replace(journal_id=theirs.journal_id)
    ours_from = run_of([header for _, header in headers], ours)
    found = find(directory, ours, ours_from)
    reached = max(durable, found.reached, proved_by(prepared, headers[-1][1]))
    return Begun(headers, found, reached, ours_from, closed)


def proved_by(prepared: int, last: Header) -> int:
    """Before which sequence all was durable once, since the segment after `last` was prepared.

    That is done when half of it is durable; or anywhere, by other code, at its very end.
    """
    end = last.first + last.capacity
    if prepared > end:
        return NOTHING
    return end - last.capacity // 2 if prepared == end else prepared


def run_of(headers: list[Header], ours: Identity) -> int:
    """The first sequence of the newest segments that this code decided, NEVER for none."""
    first = NEVER
    for header in reversed(headers):
        if not header.identity.decides_as(ours):
            break
        first = header.first
    return first


def _must_be_covered(first: int, base: Checkpoint | None, directory: Place) -> None:
    """What was removed from the front is replaced by a checkpoint after it, or it is a gap."""
    if base is None or base.spot.segment < first:
        raise missing(directory, 0 if base is None else base.spot.segment)


def _must_hold(base: Checkpoint, segments: list[Segment], disk: ModuleType) -> None:
    """The records up to the checkpoint are those it was made of."""
    spot = base.spot
    path = next((one.path for one in segments if one.header.first == spot.segment), "")
    if not path:
        raise missing(os.path.dirname(segments[0].path), spot.segment)
    if spot_of(path, spot.segment, spot.sequence, disk) != spot:
        raise damaged(path, f"what comes before sequence {spot.sequence} is not in its snapshot")


def _followed(previous: Segment, header: Header, path: str, disk: ModuleType) -> Segment:
    """The chain: next sequence, same journal, and the hash of all that came before it."""
    held = header.first - previous.header.first
    if held > previous.header.capacity:
        raise missing(os.path.dirname(path), previous.end)
    if previous.records < held:
        raise damaged_at(previous.path, previous.header, previous.records)
    if header.identity.journal_id != previous.header.identity.journal_id:
        raise damaged(path, "it belongs to another journal")
    if not previous.is_verified:
        return previous._replace(records=held)
    with open(previous.path, "rb", buffering=0) as file:
        digest = disk.journal_hash(file.fileno(), HEADER_SIZE + held * RECORD_SIZE)
    if previous.records > held or digest != header.previous:
        raise damaged(previous.path, "its hash is not the one the next segment holds")
    return previous


def _must_be_alike(theirs: Identity, ours: Identity, directory: Place) -> None:
    """A simulation must never look real."""
    if theirs.simulated != ours.simulated:
        kind = "a simulated" if theirs.simulated else "a real"
        raise foreign(directory, f"it is of {kind} market")
