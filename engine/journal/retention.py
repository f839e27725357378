"""Which segments may go? Those whose records a kept checkpoint replaces, if they are old enough."""

import os
from typing import NamedTuple

from engine.journal.checkpoints import read
from engine.journal.measuring import Segment
from engine.journal.segments import HEADER_SIZE, sync_directory, unlink
from engine.journal.verification import Whole
from engine.messages import RECORD_SIZE

DAY_NS = 86_400_000_000_000


class Going(NamedTuple):
    """What a compaction would remove: segments from the oldest on, and checkpoints before them."""

    segments: tuple[Segment, ...]
    checkpoints: tuple[str, ...]
    first: int  # the first sequence that stays

    @property
    def size(self) -> int:
        """Bytes that become free."""
        files = [one.path for one in self.segments] + list(self.checkpoints)
        return sum(os.path.getsize(path) for path in files)


def older_than(whole: Whole, days: int) -> int:
    """The sequence before which segments are older than so many days by the journal's own time.

    0 days keep everything.
    """
    if not days or not whole.segments:
        return 0
    horizon_ns = newest_ns(whole.segments[-1]) - days * DAY_NS
    old = [one.end for one in whole.segments[:-1] if newest_ns(one) < horizon_ns]
    return max(old, default=0)


def newest_ns(segment: Segment) -> int:
    """When the last record of a segment was received; 0 of an empty one."""
    if not segment.records:
        return 0
    with open(segment.path, "rb", buffering=0) as file:
        last = HEADER_SIZE + (segment.records - 1) * RECORD_SIZE
        return int.from_bytes(os.pread(file.fileno(), 8, last + 16), "little")


def going(whole: Whole, before: int, *, erases: bool = False) -> Going:
    """What may go of the records before a sequence: whole segments, as far as a start needs none.

    A start must still find the oldest good checkpoint and all records after it; where records shall
    be erased the newest one is enough, and those before it go too.
    """
    good = [(one.path, found.spot.segment) for one in whole.checkpoints
            if not one.fault and (found := read(one.path))]  # fmt: skip
    needed = [segment for _, segment in good]
    bound = min(before, (max if erases else min)(needed, default=0))
    leaving = tuple(one for one in whole.segments[:-1] if one.end <= bound)
    first = leaving[-1].end if leaving else whole.first
    bad = [one.path for one in whole.checkpoints if one.fault]
    return Going(leaving, (*bad, *(path for path, segment in good if segment < first)), first)


def remove(leaving: Going) -> None:
    """Remove it, the oldest first: whenever this is cut short, no gap is left. OSError.

    Each is gone for good before the next goes: a disk may keep what was removed first.
    """
    for path in (*leaving.checkpoints, *(one.path for one in leaving.segments)):
        unlink(path)
        sync_directory(os.path.dirname(path))
