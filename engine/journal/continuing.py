"""Which segment does a writer go on in? The last one, or a fresh one where other code begins."""

import os
from types import ModuleType

from engine.journal.head import NOTHING, renote
from engine.journal.measuring import Segment
from engine.journal.recovery import Recovered
from engine.journal.segments import (
    HEADER_SIZE,
    Header,
    Identity,
    Place,
    packed,
    prepare,
    write_all,
)
from engine.messages import RECORD_SIZE


def last_segment(
    directory: Place, identity: Identity, recovered: Recovered, size: int, disk: ModuleType
) -> tuple[Header, int, int]:
    """The segment to go on in, how many records it holds, its open file; OSError.

    What other code wrote stays as it is: the next segment says that it is of this code.
    """
    last = recovered.segments[-1] if recovered.segments else None
    if last is not None and last.header.identity.decides_as(identity):
        return last.header, last.records, os.open(last.path, os.O_RDWR)
    header = Header(identity, 0, size) if last is None else after(last, identity, size, disk)
    if last is not None and last.records == 0:
        # A header cut in the middle must pass for one of a segment that was never begun.
        renote(
            directory, recovered.segments[-2].header.first if recovered.segments[1:] else NOTHING
        )
        fd = os.open(last.path, os.O_RDWR)
    else:
        fd = prepare(directory, header.first, size)
    write_all(fd, packed(header), 0)
    os.fdatasync(fd)
    return header, 0, fd


def after(last: Segment, identity: Identity, size: int, disk: ModuleType) -> Header:
    """The header of the segment after one of other code; in its very place if that is empty."""
    if last.records == 0:
        return last.header._replace(identity=identity)
    with open(last.path, "rb", buffering=0) as file:
        digest = disk.journal_hash(file.fileno(), HEADER_SIZE + last.records * RECORD_SIZE)
    return Header(identity, last.end, size, previous=digest)


def changed_from(recovered: Recovered) -> bytes:
    """The digest of the other code that decided all there is; empty where ours did some of it."""
    others = [one.header for one in recovered.segments if one.header.first < recovered.ours_from]
    is_new = bool(others) and recovered.ours_from >= recovered.sequence > 0
    return others[-1].identity.code_digest if is_new else b""
