"""Where does the service's fold begin? Where it remembers, or as near the first record as it can.

A snapshot holds the state; what the tables need beside it is remembered in them. Without that the
journal is folded from its first record, and from a bare snapshot only where those were removed.
"""

import os
from collections.abc import Mapping
from types import ModuleType
from typing import Any, NamedTuple

from engine.core import code_digest, layout_digest
from engine.journal.checkpoints import Checkpoint, find, first_of, is_of, kept, read, spot_in
from engine.journal.damage import missing
from engine.journal.measuring import files, header_of, never_begun
from engine.journal.recovery import run_of
from engine.journal.segments import Header, Identity


class Start(NamedTuple):
    """The journal's newest header, what other code decided of it, and the state to begin from."""

    newest: Header
    ours_from: int
    base: Checkpoint | None = None
    memory: dict[str, Any] | None = None

    @property
    def ours(self) -> Identity:
        """The journal's identity, were it of this code."""
        return ours_in(self.newest)

    @property
    def is_bare(self) -> bool:
        """Whether what came before is known by a snapshot alone."""
        return self.base is not None and self.memory is None

    def holds_for(self, header: Header) -> bool:
        """Whether a later segment was decided by the code that was thought to decide it."""
        is_ours = header.identity.decides_as(self.ours)
        return header.first < self.newest.first or is_ours == (self.ours_from <= header.first)


def start_of(
    journal: str, memories: Mapping[int, dict[str, Any]], disk: ModuleType
) -> Start | None:
    """Where to begin, None before there is a journal.

    Refused (4) for a damaged header, and where nothing stands for records that were removed.
    """
    paths = files(journal) if os.path.isdir(journal) else []
    while paths and never_begun(paths[-1]):
        paths.pop()
    if not paths:
        return None
    headers = [header_of(path) for path in paths]
    start = Start(headers[-1], run_of(headers, ours_in(headers[-1])))
    for path in kept(journal):
        memory = memories.get(first_of(path))
        if memory is not None and (one := usable(path, journal, start, disk)):
            return start._replace(base=one, memory=memory)
    if headers[0].first == 0:
        return start
    found = find(journal, start.ours, start.ours_from)
    if (base := found.usable or found.elder) is None or base.spot.segment < headers[0].first:
        raise missing(journal, 0)
    return start._replace(base=base)


def usable(path: str, journal: str, start: Start, disk: ModuleType) -> Checkpoint | None:
    """The snapshot in a file, if this code made it of this very journal, and goes on from it."""
    one, ours = read(path), start.ours
    if one is None or one.journal_id != ours.journal_id or not is_of(one, ours):
        return None
    if one.spot.sequence < start.ours_from:
        return None
    try:
        return one if spot_in(journal, one.spot.sequence, disk) == one.spot else None
    except OSError:  # the segment it ends in was removed
        return None


def ours_in(header: Header) -> Identity:
    """The identity of a journal, were it of this code."""
    return header.identity._replace(code_digest=code_digest(), layout_digest=layout_digest())
