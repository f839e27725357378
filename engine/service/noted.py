"""Which incidents does the service keep? Its small file, for whoever looks at it from outside."""

import os
from itertools import groupby
from json import loads
from typing import Any, NamedTuple

from engine.resilience.incidents import CLOSED, Incident, from_plain

FOLDER, NAME = "service", "alerts.json"
NONE: tuple[int, int, int] = (0, 0, 0)


class Noted(NamedTuple):
    """One incident that is not over, as it is shown; times in wall clock nanoseconds."""

    number: int
    component: str
    kind: str
    severity: str
    cause: str
    tried: str  # what was tried, in words, empty where nothing was
    raised_ns: int
    seen: int  # how often it was raised
    acknowledged_by: str  # empty while nobody has
    note: str


class Looking:
    """Looks into the file of a data directory, and reads it only when it is another one."""

    def __init__(self, data_dir: str) -> None:
        self.folder = os.path.join(data_dir, FOLDER)
        self.noted: tuple[Noted, ...] = ()  # the oldest first
        self.reads = 0
        self._known = NONE

    def look(self) -> bool:
        """Whether it is another file than the one read last; then it was read."""
        found = self._found()
        if found == self._known:
            return False
        rows = kept_in(self.folder)["incidents"]
        every = sorted(map(from_plain, rows), key=lambda one: one.number)
        self.noted = tuple(noted(one) for one in every if one.state != CLOSED)
        self._known = found
        self.reads += 1
        return True

    def _found(self) -> tuple[int, int, int]:
        try:
            file = os.stat(os.path.join(self.folder, NAME))
        except OSError:
            return NONE
        return file.st_ino, file.st_mtime_ns, file.st_size


def noted(one: Incident) -> Noted:
    """An incident as it is shown."""
    ended = [(str(row[2]), str(row[7])) for row in one.tried if row[7]]
    counted = [(*step, len([*group])) for step, group in groupby(ended)]
    tried = ", ".join(
        f"{rung} {outcome}" + (f" {times} times" if times > 1 else "")
        for rung, outcome, times in counted
    )
    return Noted(
        *(one.number, one.component, one.kind, one.severity, one.cause, tried),
        *(one.raised_ns, one.seen, one.acknowledged_by, one.note),
    )


def kept_in(folder: str) -> dict[str, Any]:
    """What the file of a service's folder holds; nothing where there is none, or a broken one."""
    try:
        with open(os.path.join(folder, NAME), encoding="utf-8") as file:
            kept: dict[str, Any] = loads(file.read())
        for row in kept["incidents"]:
            from_plain(row)
        kept["moves"].items()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {"incidents": [], "moves": {}}
    return kept
