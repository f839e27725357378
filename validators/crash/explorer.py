"""Does the journal come back whole from every state that a power cut may leave on the disk?

The calls of a real engine are traced, states are rebuilt from them, and the real recovery runs on
each: what it finds must be the beginning of what was written, and hold all that the engine was
told is durable.
"""

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from signal import SIGKILL
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import NamedTuple

from engine.errors import Refused
from engine.journal.measuring import Segment
from engine.journal.recovery import Recovered, chunks, recover
from engine.journal.segments import HEADER_SIZE
from engine.messages import RECORD_SIZE
from validators.crash.marked import DURABLE
from validators.crash.power import TORN_INSIDE, Disk, State
from validators.crash.tracing import MARKED, Step, lived, steps

IN_MEMORY = "/dev/shm"  # noqa: S108  a folder of our own is made there
IN_DOUBT = 0.9  # of the cuts fall where something is under way
FOLDERS = ("journal", "snapshots")  # of a data directory: what recovery reads
CLEAN, CUT, REFUSED = "whole", "an unfinished write cut", "refused"
DEATHS = ("pwrite64", "fdatasync")  # calls at which a life ends, so that the next one recovers


class Life(NamedTuple):
    """What an engine did, in one life or more, and what it had written in the end."""

    place: str  # the data directory
    mark: str  # the file that received each sequence it was told is durable
    steps: list[Step]
    written: bytes  # every record, sealed


class Explored(NamedTuple):
    """States by kind, how they ended, and the first of what was wrong."""

    states: Counter[str]
    ends: Counter[str]
    problems: list[str]


def traced_life(
    home: Path,
    words: Sequence[str],
    seed: int,
    *,
    deaths: int = 2,
    launcher: Sequence[str] = MARKED,
) -> Life:
    """Trace an engine that is killed so many times and then lives to its end; all below `home`."""
    draw = Random(seed)  # noqa: S311  a run must be the same again
    place, marks = home / "data", home / "marks"
    marks.mkdir()
    command = [*launcher, str(marks), str(seed), *words, "--data-dir", str(place)]
    found: list[Step] = []
    for number in range(deaths + 1):
        trace = home / f"trace{number}"
        fault = f"{draw.choice(DEATHS)}:signal=KILL:when={draw.randint(2, 20)}"
        ended = lived(command, fault if number < deaths else "", trace=str(trace))
        if ended.code != (-SIGKILL if number < deaths else 0):
            raise AssertionError(f"a traced engine ended with {ended.code}: {ended.errors}")
        found += steps(trace, [str(home)])
    mark = str(marks / DURABLE)
    kept = [step for step in found if step.call.path == mark or is_read(step, str(place))]
    return Life(str(place), mark, kept, written(place / "journal"))


def is_read(step: Step, place: str) -> bool:
    """Whether recovery may see what this step did: to what it reads, or to a folder above."""
    path = step.call.path
    below = tuple(os.path.join(place, name) for name in FOLDERS)
    return path.startswith(below) or place.startswith(path)


def written(journal: Path, disk: ModuleType | None = None) -> bytes:
    """Every record of a journal, sealed."""
    return content(recover(journal, native=disk))


def content(found: Recovered) -> bytes:
    """What was recovered, sealed."""
    return b"".join(bytes(chunk) for _, chunk in chunks(found.segments))


def explore(life: Life, disk: ModuleType | None, states: int, draw: Random) -> Explored:
    """So many power cuts at drawn moments, each to a drawn state, recovered by these functions."""
    cuts = drawn_cuts(life, states, draw)
    explored = Explored(Counter(), Counter(), [])
    now, told = Disk(), 0
    with TemporaryDirectory(dir=IN_MEMORY if os.path.isdir(IN_MEMORY) else None) as folder:
        for number, step in enumerate(life.steps):
            if step.call.path != life.mark:
                now.take(step)
            elif step.call.raw:
                told = max(told, int.from_bytes(step.call.raw, "little"))
            for _ in range(cuts[number]):
                state = now.after_a_cut(draw)
                lay(state, life.place, folder)
                end = judged(folder, life.written, told, disk)
                explored.states[state.kind] += 1
                explored.ends[end] += 1
                if not is_good(end, state.kind):
                    explored.problems.append(f"after step {number}, {state.kind}: {end}")
    return explored


def is_good(end: str, kind: str) -> bool:
    """Only a disk that tore a sector and kept a later one may be taken for a damaged one."""
    return end in (CLEAN, CUT) or (end == REFUSED and kind == TORN_INSIDE)


def drawn_cuts(life: Life, states: int, draw: Random) -> Counter[int]:
    """After which steps the power is cut how often; most where something is under way."""
    now, doubtful = Disk(), []
    for number, step in enumerate(life.steps):
        if step.call.path != life.mark:
            now.take(step)
        if not now.is_settled:
            doubtful.append(number)
    rest = range(len(life.steps))
    return Counter(
        draw.choice(doubtful if draw.random() < IN_DOUBT else rest) for _ in range(states)
    )


def lay(state: State, place: str, folder: str) -> None:
    """The files that recovery reads, as they are in this state."""
    for name in FOLDERS:
        shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
        os.mkdir(os.path.join(folder, name))
    for path, raw in state.files.items():
        within = os.path.relpath(path, place)
        if within.startswith(FOLDERS):
            with open(os.path.join(folder, within), "wb", buffering=0) as file:
                file.write(raw)


def judged(folder: str, whole: bytes, told: int, disk: ModuleType | None) -> str:
    """How recovery ends in this folder."""
    try:
        found = recover(os.path.join(folder, "journal"), native=disk)
    except Refused:
        return REFUSED
    if found.sequence < told:
        return "acknowledged records are lost"
    if content(found) != whole[: found.sequence * RECORD_SIZE]:
        return "what was found is not what was written"
    if found.segments and rest_of(found.segments[-1]):
        return "an unfinished write was left in place"
    return CUT if found.cut_bytes else CLEAN


def rest_of(last: Segment) -> bytes:
    """What follows the last record, but for zeros."""
    with open(last.path, "rb", buffering=0) as file:
        file.seek(HEADER_SIZE + last.records * RECORD_SIZE)
        return file.read().strip(b"\0")
