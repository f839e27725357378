"""How large are a journal's files, and how much disk does it keep free? The profile's keys."""

from collections.abc import Mapping

from engine.errors import Refused
from engine.layout import I, Parameter

PAGE = 4096  # a journal file consists of whole ones
ROWS: dict[str, Parameter] = {
    "journal.segment_bytes": Parameter(
        I, 16 << 20, 1 << 16, 1 << 30, "bytes", "Size of one journal file."
    ),
    "journal.keep_days": Parameter(
        I, 0, 0, 36_500, "days", "Age up to which compaction keeps records; 0 for ever."
    ),
    "journal.free_disk_floor_bytes": Parameter(
        I, 256 << 20, 0, 1 << 50, "bytes", "Free disk below which nothing more is bought."
    ),
    "journal.reserved_bytes": Parameter(
        I, 32 << 20, 0, 1 << 40, "bytes", "Disk kept back for cancels and exits once it is full."
    ),
}


def contradictions(values: Mapping[str, int | float]) -> list[Refused]:
    """Values, each possible in itself, that no journal can have."""
    size = values.get("journal.segment_bytes", 0)
    if size % PAGE:
        what = f"journal.segment_bytes = {size} is impossible"
        return [Refused(what, f"give a multiple of {PAGE}")]
    return []
