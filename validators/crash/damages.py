"""Is a disk that changed what it held found out? Bits, cuts and zeroed pages, one at a time.

Up to the mark of how much was durable once everything is missed. What was written after it may be
an unfinished write as far as anybody can know: there the end may come sooner, and is told.
"""

import os
from collections import Counter
from pathlib import Path
from random import Random
from types import ModuleType
from typing import NamedTuple

from engine.errors import Refused
from engine.journal.head import DURABLE, noted
from engine.journal.recovery import chunks, recover
from engine.journal.segments import HEADER_SIZE
from engine.journal.verification import verified
from engine.messages import RECORD_SIZE
from validators.crash.explorer import FOLDERS, in_memory, lay

PAGE = 4096
CLOSED, BEFORE, AFTER, SNAPSHOT = "closed", "open before the mark", "open after it", "snapshot"
WHERE = (CLOSED, CLOSED, CLOSED, BEFORE, BEFORE, AFTER, SNAPSHOT)
HOW = ("bit flipped", "cut short", "page zeroed")
REFUSED, TOLD = "refused", "told"
GOES_ON = "goes on"  # from a snapshot after the damage, or before the end


class Specimen(NamedTuple):
    """A journal at rest: its files, its records sealed, and how many were marked as durable."""

    files: dict[str, bytes]
    records: bytes
    first: int  # sequence with which the open segment begins
    mark: int

    def names(self, where: str) -> list[str]:
        """The files of one kind, oldest first."""
        if where == SNAPSHOT:
            return sorted(name for name in self.files if name.endswith(".snapshot"))
        segments = sorted(name for name in self.files if name.endswith(".segment"))
        closed = [name for name in segments if int(Path(name).stem) < self.first]
        return closed if where == CLOSED else segments[len(closed) : len(closed) + 1]

    def bounds(self, where: str, name: str) -> tuple[int, int]:
        """From which byte to which a file of this kind may be damaged."""
        marked = HEADER_SIZE + max(self.mark - self.first, 0) * RECORD_SIZE
        size = len(self.files[name])
        return {BEFORE: (0, marked), AFTER: (marked, size)}.get(where, (0, size))


class Damage(NamedTuple):
    """One file that is not what was written."""

    where: str
    how: str
    name: str
    raw: bytes


class Found(NamedTuple):
    """Damages by where and how, what verifying and starting said of them, and what was wrong."""

    damages: Counter[str]
    verified: Counter[str]
    started: Counter[str]
    problems: list[str]


def specimen(place: Path, disk: ModuleType | None = None) -> Specimen:
    """What lies in this data directory, which nobody uses."""
    journal = place / "journal"
    whole = verified(journal, disk)
    marks = [noted(journal, DURABLE), *(one.sequence for one in whole.checkpoints)]
    files = {
        f"{folder}/{path.name}": path.read_bytes()
        for folder in FOLDERS
        for path in (place / folder).glob("*")
    }
    records = b"".join(bytes(chunk) for _, chunk in chunks(whole.segments))
    return Specimen(files, records, whole.segments[-1].header.first, max(marks))


def damage_often(sound: Specimen, disk: ModuleType | None, count: int, draw: Random) -> Found:
    """So many damages, each verified and each started from."""
    found = Found(Counter(), Counter(), Counter(), [])
    with in_memory() as folder:
        while found.damages.total() < count:
            one = drawn(sound, draw)
            if one is None:
                continue
            lay(sound.files | {one.name: one.raw}, folder)
            said, start = of_verifying(sound, folder, disk), of_starting(sound, folder, disk)
            found.damages[f"{one.where}, {one.how}"] += 1
            found.verified[f"{one.where}: {said}"] += 1
            found.started[f"{one.where}: {start}"] += 1
            if said not in good(one) or start not in (REFUSED, GOES_ON):
                found.problems.append(f"{one.name} {one.how}: {said}, {start}")
    return found


def good(one: Damage) -> tuple[str, ...]:
    """What verifying may say of it."""
    return (
        (TOLD,) if one.where == SNAPSHOT else (REFUSED, TOLD) if one.where == AFTER else (REFUSED,)
    )


def drawn(sound: Specimen, draw: Random) -> Damage | None:
    """A damage; None when these bytes are zeros already, or there is no such place."""
    where, how = draw.choice(WHERE), draw.choice(HOW)
    if not (names := sound.names(where)):
        return None
    name = draw.choice(names)
    low, high = sound.bounds(where, name)
    if low >= high:
        return None
    at, raw = draw.randrange(low, high), bytearray(sound.files[name])
    if how == "cut short":
        del raw[at:]
    elif how == "page zeroed":
        start, end = max(at // PAGE * PAGE, low), min((at // PAGE + 1) * PAGE, high)
        raw[start:end] = bytes(end - start)
    else:
        raw[at] ^= 1 << draw.randrange(8)
    return Damage(where, how, name, bytes(raw)) if raw != sound.files[name] else None


def of_verifying(sound: Specimen, folder: str, disk: ModuleType | None) -> str:
    """What the one who verifies all of it reads."""
    journal = os.path.join(folder, "journal")
    try:
        whole = verified(journal, disk)
    except Refused:
        return REFUSED
    faults = [checkpoint.fault for checkpoint in whole.checkpoints if checkpoint.fault]
    records = b"".join(bytes(chunk) for _, chunk in chunks(whole.segments))
    if records != sound.records[: whole.end * RECORD_SIZE] or whole.end < sound.mark:
        return "what it takes for whole was never written"
    is_told = faults or whole.unfinished_bytes or whole.left_open  # the last with where it ends
    return TOLD if is_told else "nothing was noticed"


def of_starting(sound: Specimen, folder: str, disk: ModuleType | None) -> str:
    """Where the next start begins: what it reads must be what was written."""
    try:
        found = recover(os.path.join(folder, "journal"), native=disk)
    except Refused:
        return REFUSED
    since = found.base.spot.sequence if found.base else 0
    read = b"".join(bytes(chunk) for _, chunk in chunks(found.segments, since))
    is_true = read == sound.records[since * RECORD_SIZE : found.sequence * RECORD_SIZE]
    return GOES_ON if is_true and found.sequence >= sound.mark else "goes on from what is wrong"
