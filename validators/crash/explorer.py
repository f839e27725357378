"""Does the journal come back whole from every state that a power cut may leave on the disk?

The calls of a real engine are traced, states are rebuilt from them, and the real recovery runs on
each: what it finds must be the beginning of what was written, and hold all that the engine was
told is durable.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import NamedTuple

from engine.errors import Refused
from engine.journal.measuring import Segment
from engine.journal.recovery import Recovered, chunks, recover
from engine.journal.segments import HEADER_SIZE
from engine.messages import RECORD_SIZE
from validators.crash.marked import DURABLE
from validators.crash.power import TORN_INSIDE, WHOLE, Disk, State
from validators.crash.tracing import MARKED, Ended, Step, lived, steps

IN_MEMORY = "/dev/shm"  # noqa: S108  a folder of our own is made there
WORST_MAX = 100
IN_DOUBT = 0.9  # of the cuts fall where something is under way
FOLDERS = ("journal", "snapshots")  # of a data directory: what recovery reads
CLEAN, CUT, REFUSED = "whole", "an unfinished write cut", "refused"
DEATHS = ("pwrite64", "fdatasync")  # calls at which a life ends, so that the next one recovers


class Life(NamedTuple):
    """What an engine did, in one life or more, and what it had written in the end."""

    place: str  # the data directory
    mark: str  # the file that received each sequence it was told is durable
    ends: list[Ended]
    steps: list[Step]
    last: list[int]  # number of each life's last step
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
    faults: Sequence[str] | None = None,
    launcher: Sequence[str] = MARKED,
) -> Life:
    """Trace an engine in one life for each fault, all below `home`; one killed twice by default.

    A fault is spelled as strace does, none for a life without; AssertionError when the last life
    does not end well.
    """
    draw = Random(seed)  # noqa: S311  a run must be the same again
    deaths = [f"{draw.choice(DEATHS)}:signal=KILL:when={draw.randint(2, 20)}" for _ in range(2)]
    place, marks = home / "data", home / "marks"
    marks.mkdir(parents=True)
    command = [*launcher, str(marks), str(seed), *words, "--data-dir", str(place), "--json"]
    mark = str(marks / DURABLE)
    found: list[Step] = []
    ends: list[Ended] = []
    last: list[int] = []
    for number, fault in enumerate([*deaths, ""] if faults is None else faults):
        trace = home / f"trace{number}"
        ends.append(lived(command, fault, trace=str(trace)))
        seen = steps(trace, str(home))
        found += [one for one in seen if one.call.path == mark or is_read(one, str(place))]
        last.append(len(found) - 1)
    if ends[-1].code:
        raise AssertionError(f"the last life ended with {ends[-1].code}: {ends[-1].errors}")
    return Life(str(place), mark, ends, found, last, written(place / "journal"))


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
    with in_memory() as folder:
        for number, (now, told) in enumerate(along(life)):
            for _ in range(cuts[number]):
                state = now.after_a_cut(draw)
                end = judged(folder, state, life, told, disk)
                explored.states[state.kind] += 1
                explored.ends[end] += 1
                if not is_good(end, state.kind):
                    explored.problems.append(f"after step {number}, {state.kind}: {end}")
    return explored


def worst_cuts(life: Life, disk: ModuleType | None) -> list[str]:
    """What is lost when the disk has nothing but what was synced.

    After some hundred acknowledgements, and at each life's end, which shows what all of it claimed.
    """
    draw, problems = Random(0), []  # noqa: S311  a trial must be the same again
    marks = [number for number, step in enumerate(life.steps) if step.call.path == life.mark]
    tried = {*draw.sample(marks, min(len(marks), WORST_MAX)), *life.last}
    with in_memory() as folder:
        for number, (now, told) in enumerate(along(life)):
            if number in tried:
                end = judged(folder, now.after_a_cut(draw, 0.0), life, told, disk)
                problems += [] if is_good(end, WHOLE) else [f"after step {number}: {end}"]
    return problems


def along(life: Life) -> Iterator[tuple[Disk, int]]:
    """The disk after each step, and how much the engine had been told is durable."""
    now, told = Disk(), 0
    for step in life.steps:
        if step.call.path != life.mark:
            now.take(step)
        told = max(
            told, int.from_bytes(step.call.raw, "little") if step.call.path == life.mark else 0
        )
        yield now, told


def in_memory() -> TemporaryDirectory[str]:
    """A folder that needs no disk, where there is one."""
    return TemporaryDirectory(dir=IN_MEMORY if os.path.isdir(IN_MEMORY) else None)


def is_good(end: str, kind: str) -> bool:
    """Only a disk that tore a sector and kept a later one may be taken for a damaged one."""
    return end in (CLEAN, CUT) or (end == REFUSED and kind == TORN_INSIDE)


def drawn_cuts(life: Life, states: int, draw: Random) -> Counter[int]:
    """After which steps the power is cut how often; most where something is under way."""
    doubtful = [number for number, (now, _) in enumerate(along(life)) if not now.is_settled]
    rest = range(len(life.steps))
    return Counter(
        draw.choice(doubtful if draw.random() < IN_DOUBT else rest) for _ in range(states)
    )


def judged(folder: str, state: State, life: Life, told: int, disk: ModuleType | None) -> str:
    """How recovery ends in a folder of these files."""
    within = {os.path.relpath(path, life.place): raw for path, raw in state.files.items()}
    lay({name: raw for name, raw in within.items() if name.startswith(FOLDERS)}, folder)
    try:
        found = recover(os.path.join(folder, "journal"), native=disk)
    except Refused:
        return REFUSED
    if found.sequence < told:
        return "acknowledged records are lost"
    if content(found) != life.written[: found.sequence * RECORD_SIZE]:
        return "what was found is not what was written"
    if found.segments and rest_of(found.segments[-1]):
        return "an unfinished write was left in place"
    return CUT if found.cut_bytes else CLEAN


def lay(files: dict[str, bytes], folder: str) -> None:
    """Leave these files alone in it, of those that recovery reads."""
    for name in FOLDERS:
        shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
        os.mkdir(os.path.join(folder, name))
    for name, raw in files.items():
        with open(os.path.join(folder, name), "wb", buffering=0) as file:
            file.write(raw)


def rest_of(last: Segment) -> bytes:
    """What follows the last record, but for zeros."""
    with open(last.path, "rb", buffering=0) as file:
        file.seek(HEADER_SIZE + last.records * RECORD_SIZE)
        return file.read().strip(b"\0")
