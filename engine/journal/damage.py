"""How is a journal refused? In two lines: which file, which record, and what to do."""

import os
from typing import TYPE_CHECKING

from engine.errors import Refused
from engine.journal.segments import Header, Place, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.journal.measuring import Segment

FROM_BACKUP = "Put the file back from a backup, or start with a fresh directory (--data-dir DIR)."


class Damaged(Refused):
    """A journal that is not what was written: in which file, and where in it if that is known."""

    def __init__(self, what: str, path: str, record: int = -1, sequence: int = -1) -> None:
        super().__init__(what, FROM_BACKUP, code=4)
        self.path, self.record, self.sequence = path, record, sequence


def foreign(directory: Place, why: str) -> Refused:
    """The refusal of a journal that this engine may not continue."""
    return Refused(
        f"The journal in {directory} cannot be continued: {why}.",
        f"Start with a fresh directory (--data-dir DIR), or move {directory} away and start again.",
        code=4,
    )


def open_end(end: int, proved: int) -> str:
    """What is known of the end of a journal that nobody closed: where it is, and what proves it."""
    return (
        f"it was not closed: it ends at sequence {end:,}, and all before {proved:,} is known to "
        "have been durable; had there been more, nothing here would tell"
    )


def missing(directory: Place, first: int) -> Damaged:
    """The refusal of a gap: the segment with this first sequence."""
    what = f"The journal in {directory} has a gap: {name_of(first)} is missing or empty."
    return Damaged(what, os.path.join(directory, name_of(first)), 0, first)


def damaged_at(path: str, header: Header, position: int, why: str = "") -> Damaged:
    """The refusal of a bad record, by its place."""
    sequence = header.first + position
    why = why or "is not what was written"
    what = f"The journal is damaged: in {path}, record {position} (sequence {sequence}) {why}."
    return Damaged(what, path, position, sequence)


def damaged(path: str, why: str) -> Damaged:
    """The refusal of a file that is not what was written."""
    return Damaged(f"The journal is damaged: in {path}, {why}.", path)


def unreached(directory: Place, segments: "Sequence[Segment]", reached: int) -> Damaged:
    """The refusal of a journal that ends before what was durable once."""
    if not segments or segments[-1].records == segments[-1].header.capacity:
        return missing(directory, segments[-1].end if segments else 0)
    last = segments[-1]
    why = f"is gone: all before sequence {reached} was there once"
    return damaged_at(last.path, last.header, last.records, why)
