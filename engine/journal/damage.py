"""How is a journal refused? In two lines: which file, which record, and what to do."""

from typing import TYPE_CHECKING

from engine.errors import Refused
from engine.journal.segments import Header, Place, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.journal.measuring import Segment


def foreign(directory: Place, why: str) -> Refused:
    """The refusal of a journal that this engine may not continue."""
    return Refused(
        f"The journal in {directory} cannot be continued: {why}.",
        f"Start with a fresh directory (--data-dir DIR), or move {directory} away and start again.",
        code=4,
    )


def missing(directory: Place, first: int) -> Refused:
    """The refusal of a gap: the segment with this first sequence."""
    return Refused(
        f"The journal in {directory} has a gap: {name_of(first)} is missing or empty.",
        "Put the file back from a backup, or start with a fresh directory (--data-dir DIR).",
        code=4,
    )


def damaged_at(path: str, header: Header, position: int) -> Refused:
    """The refusal of a bad record, by its place."""
    place = f"record {position} (sequence {header.first + position}) is not what was written"
    return damaged(path, place)


def damaged(path: str, why: str) -> Refused:
    """The refusal of a file that is not what was written."""
    return Refused(
        f"The journal is damaged: in {path}, {why}.",
        "Put the file back from a backup, or start with a fresh directory (--data-dir DIR).",
        code=4,
    )


def unreached(directory: Place, segments: "Sequence[Segment]", reached: int) -> Refused:
    """The refusal of a journal that ends before what was durable once."""
    if not segments or segments[-1].records == segments[-1].header.capacity:
        return missing(directory, segments[-1].end if segments else 0)
    last = segments[-1]
    place = f"record {last.records} (sequence {last.end}) is gone"
    return damaged(last.path, f"{place}: all before sequence {reached} was there once")
