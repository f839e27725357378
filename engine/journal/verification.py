"""Is a journal whole: every record, hash, note and checkpoint? Read beside whoever writes it."""

from types import ModuleType
from typing import NamedTuple

from engine.journal.checkpoints import Checkpoint, first_of, kept, read, spot_of
from engine.journal.measuring import Segment, tail_of
from engine.journal.recovery import survey
from engine.journal.segments import Place, functions_of, unwritable


class Kept(NamedTuple):
    """A checkpoint's file, the sequence it stands at, and what is wrong with it."""

    path: str
    sequence: int
    fault: str


class Whole(NamedTuple):
    """A journal without damage; what a crash left of its last write is cut by the next start."""

    segments: tuple[Segment, ...]
    unfinished_bytes: int
    checkpoints: tuple[Kept, ...]
    ours_from: int = 0  # what comes before was decided by other code than the newest did
    proved: int = 0  # all before it was durable once
    left_open: bool = False  # its writer did not close it: there may have been more than is here

    @property
    def first(self) -> int:
        """The first sequence it holds: what came before was removed."""
        return self.segments[0].header.first if self.segments else 0

    @property
    def end(self) -> int:
        """The sequence after the last good record."""
        return self.segments[-1].end if self.segments else 0

    def good(self) -> list[Checkpoint]:
        """The checkpoints that can stand for what came before them, oldest first."""
        found = [read(one.path) for one in reversed(self.checkpoints) if not one.fault]
        return [one for one in found if one is not None]

    def base(self) -> Checkpoint | None:
        """Where a fold of all of it begins: at the first record (None), or after what is gone.

        As a start does it: of what other code kept, the newest.
        """
        if not self.first:
            return None
        good = self.good()
        elders = [one for one in good if one.spot.sequence < self.ours_from]
        return (elders or good[:1])[-1]


def verified(directory: Place, native: ModuleType | None = None) -> Whole:
    """Verify all; changes nothing. Damaged (4) names the first place that is not what was written.

    A bad checkpoint is no damage: it is told of, since no start would use it.
    """
    disk = functions_of(native)
    paths = kept(directory)  # first: a writer may be at work
    try:
        found = survey(directory, disk)
        segments = found.segments
        unfinished = len(tail_of(segments[-1])) if segments else 0
        checkpoints = [Kept(path, first_of(path), fault(path, segments, disk)) for path in paths]
    except OSError as error:
        raise unwritable(directory, error) from error
    known = found.ours_from, found.proved, found.left_open
    return Whole(segments, unfinished, tuple(checkpoints), *known)


def fault(path: str, segments: tuple[Segment, ...], disk: ModuleType) -> str:
    """Why a checkpoint cannot stand for what came before it, empty when it can."""
    checkpoint = read(path)
    if checkpoint is None:
        return "it is not what was written"
    return why_not(checkpoint, segments, disk)


def why_not(checkpoint: Checkpoint, segments: tuple[Segment, ...], disk: ModuleType) -> str:
    """Why a whole checkpoint does not fit these verified segments, empty when it does."""
    if not segments or checkpoint.journal_id != segments[-1].header.identity.journal_id:
        return "it is of another journal"
    spot = checkpoint.spot
    if spot.segment < segments[0].header.first:
        return "the records after it were removed"
    if spot.sequence > segments[-1].end:
        return "it stands after the end"
    at = next((one for one in segments if one.header.first == spot.segment), None)
    if at is None or spot_of(at.path, at.header.first, spot.sequence, disk) != spot:
        return "the records before it are others"
    return ""
