"""Does a killed engine come back to where one never killed would be, whatever it was doing?

Each kill is aimed at a call: strace ends the process on its way into it. An engine is killed again
and again in one directory, then left to live to its end.
"""

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from random import Random
from signal import SIGKILL
from typing import NamedTuple

from engine.journal.recovery import survey
from engine.journal.segments import HEADER_SIZE, functions_of, name_of, parsed
from engine.messages import RECORD_SIZE, split
from validators.crash.explorer import content
from validators.crash.marked import DURABLE, SENT
from validators.crash.tracing import MARKED, lived

CHECK = 4  # bytes of a record that the journal alone fills in
KILLS_A_LIFE = 10  # in one directory, before the engine may live to its end


class Aim(NamedTuple):
    """Which call ends the engine: on the file of this name, at most so often before it."""

    call: str
    on: str
    before: int


# What the engine is doing -> where it is killed. {current} is the newest segment, {next} the one
# after it. Each thread counts its calls for itself.
AIMS = {
    "append": (Aim("pwrite64", "data/journal/{current}", 12),),
    "sync": (Aim("fdatasync", "data/journal/{current}", 12),),
    "acknowledge": (Aim("write", f"marks/{DURABLE}", 30),),
    "send": (Aim("write", f"marks/{SENT}", 1),),
    "rotate": (
        Aim("openat", "data/journal/{next}", 0),
        Aim("pwrite64", "data/journal/{next}", 1),
        Aim("fsync", "data/journal/{next}", 0),
        Aim("fdatasync", "data/journal/{next}", 1),
    ),
    "snapshot": (
        Aim("openat", "data/snapshots", 3),
        Aim("rename", "", 4),  # after those of a start: what it was started with, its notes
        Aim("fsync", "data/snapshots", 0),
    ),
    "idle": (Aim("epoll_wait", "", 3),),
}
# What it must be told besides, so that it does this: a life that ends by itself keeps a snapshot.
WORDS = {"snapshot": ("--for", "0.1"), "idle": ("--speed", "1")}


class Killed(NamedTuple):
    """How often an engine died doing what, at which call, and the first of what was wrong."""

    doing: Counter[str]
    calls: Counter[str]
    commands: int  # that had been sent before some kill
    problems: list[str]


class Trial:
    """One engine, killed again and again; all of it lies below `home`."""

    def __init__(self, home: Path, words: Sequence[str], seed: int) -> None:
        self.home = home
        self.journal, self.marks = home / "data" / "journal", home / "marks"
        self.marks.mkdir(parents=True)
        launcher = [*MARKED, str(self.marks), str(seed)]
        self.command = [*launcher, *words, "--data-dir", str(home / "data"), "--json"]
        self.draw = Random(seed)  # noqa: S311  a run must be the same again

    def kill(self, doing: str) -> Aim | None:
        """Let it live until it is killed while it does this; None when it ended before."""
        aim = self.draw.choice(AIMS[doing])
        at = 1 + self.draw.randint(0, aim.before)
        on = str(self.home / aim.on.format(**self._names())) if aim.on else ""
        command = [*self.command, *WORDS.get(doing, ())]
        ended = lived(command, f"{aim.call}:signal=KILL:when={at}", on=on)
        if ended.code not in (0, -SIGKILL):
            raise AssertionError(f"a life ended with {ended.code}: {ended.errors}")
        return aim if ended.code else None

    def live(self) -> str:
        """The digest of its state at the end; AssertionError when it does not get there."""
        ended = lived(self.command)
        if ended.code:
            raise AssertionError(f"the last life ended with {ended.code}: {ended.errors}")
        digest: str = json.loads(ended.output)["state_digest"]
        return digest

    def losses(self) -> list[str]:
        """What it was told is durable, or has sent, and is not in the journal."""
        told, sent = read(self.marks / DURABLE), read(self.marks / SENT)
        found = survey(self.journal, functions_of(None))
        kept = {record[CHECK:] for record in split(content(found))}
        lost = [record for record in split(sent) if record[CHECK:] not in kept]
        problems = [f"{len(lost)} commands that were sent are not there"] if lost else []
        if found.sequence < int.from_bytes(told[-8:], "little"):
            problems.append("acknowledged records are not there")
        return problems

    def commands(self) -> int:
        """How many commands it has sent."""
        return len(read(self.marks / SENT)) // RECORD_SIZE

    def _names(self) -> dict[str, str]:
        segments = sorted(self.journal.glob("*.segment"))
        headers = [parsed(path.read_bytes()[:HEADER_SIZE]) for path in segments]
        newest = [header for header in headers if header]
        first, end = (
            (newest[-1].first, newest[-1].first + newest[-1].capacity) if newest else (0, 0)
        )
        return {"current": name_of(first), "next": name_of(end)}


def kill_often(folder: Path, words: Sequence[str], kills: int, seed: int) -> Killed:
    """So many kills, ten at most in one directory, doing one thing after another."""
    killed, commands = Killed(Counter(), Counter(), 0, []), 0
    expected = Trial(folder / "whole", words, seed).live()
    doings, number = cycle(AIMS), 0
    while killed.doing.total() < kills:
        number += 1
        trial = Trial(folder / str(number), words, seed + number)
        for doing in islice(doings, min(KILLS_A_LIFE, kills - killed.doing.total())):
            aim = trial.kill(doing)
            killed.doing[doing] += aim is not None
            if aim:
                killed.calls[aim.call] += 1
            killed.problems.extend(f"{number}, {doing}: {what}" for what in trial.losses())
        commands += trial.commands()
        if trial.live() != expected:
            killed.problems.append(f"{number}: another state than without a kill")
        shutil.rmtree(folder / str(number))
    return killed._replace(commands=commands)


def read(path: Path) -> bytes:
    """A file's bytes, none where it was not made yet."""
    return path.read_bytes() if path.exists() else b""
