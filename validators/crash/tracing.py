"""What calls did a process make on its files, in which order? strace tells, bytes included.

strace also makes calls fail, wait or kill, so that a fault is aimed at a call and not at a time.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
WRITES, SYNCS, NAMES = ("pwrite64", "write"), ("fdatasync", "fsync"), ("rename", "unlink", "mkdir")
CALLS = ",".join((*WRITES, *SYNCS, *NAMES, "openat"))
BYTES_MAX = 1 << 18  # of one write: more than the journal writes at once
SECONDS_MAX = 300
MARKED = (sys.executable, "-m", "validators.crash.marked")  # and its words: see there
LINE = re.compile(r"(\d+) +(?:(\w+)\((.*)|<\.\.\. \w+ resumed>(.*))")
TEXT = re.compile(r'["<]((?:\\x[0-9a-f]{2})*)[">]')
RESULT = re.compile(r"= (-?\d+)(?:<| |$)")


class Call(NamedTuple):
    """One call that was let through: on a path, with the rest of its arguments."""

    name: str
    path: str
    raw: bytes  # what was written
    other: str  # the new name of a rename
    words: str  # flags of an openat, size and offset of a write

    @property
    def offset(self) -> int:
        """Where in its file a pwrite64 begins."""
        return int(self.words.rpartition(", ")[2])


class Step(NamedTuple):
    """A call begins, or it has ended: other calls may lie between the two."""

    call: Call
    is_end: bool
    has_failed: bool = False


class Ended(NamedTuple):
    """The life of a process under strace; a negative code is the signal that ended it."""

    code: int
    output: str
    errors: str


def hindrance() -> str:
    """Why strace cannot be used here, or nothing."""
    if shutil.which("strace") is None:
        return "needs strace"
    probe = subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], check=False)
    return "strace may not trace here" if probe.returncode else ""


def lived(command: Sequence[str], fault: str = "", *, on: str = "", trace: str = "") -> Ended:
    """Run it with a fault as strace spells it, on calls of one path if given; its calls traced.

    A trace of all files cannot be had together with a path.
    """
    options = ["-e", f"trace={CALLS if trace else fault.partition(':')[0] or 'none'}"]
    options += [] if "signal=" in fault else ["--seccomp-bpf"]  # it lets no signal pass
    options += ["-e", f"inject={fault}"] if fault else []
    options += ["-P", on] if on else []
    options += ["-y", "-xx", "-s", str(BYTES_MAX), "-o", trace or os.devnull]
    done = subprocess.run(
        ["strace", "-f", "-qq", *options, *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def steps(trace: Path, below: str) -> list[Step]:
    """The calls on files below this folder, in order; of those that failed only the syncs."""
    spelled = "".join(f"\\x{byte:02x}" for byte in os.fsencode(below))
    begun: dict[str, tuple[int, Call]] = {}
    found: list[Step | None] = []
    with open(trace, encoding="ascii") as lines:
        for line in lines:
            matched = LINE.match(line) if spelled in line or " resumed>" in line else None
            if matched is None:
                continue
            thread, name, arguments, rest = matched.groups()
            if name and (call := call_of(name, arguments)).path.startswith(below):
                begun[thread] = len(found), call
                found.append(Step(call, is_end=False))
            if thread in begun and (result := RESULT.search(rest or without_texts(arguments))):
                at, call = begun.pop(thread)
                has_failed = int(result[1]) < 0
                if has_failed and call.name not in SYNCS:
                    found[at] = None
                else:
                    found.append(Step(call, is_end=True, has_failed=has_failed))
    for at, _ in begun.values():
        found[at] = None  # killed on its way into the kernel
    return [step for step in found if step]


def call_of(name: str, arguments: str) -> Call:
    """The call of these arguments, as strace writes them."""
    texts = [bytes.fromhex(text.replace("\\x", "")) for text in TEXT.findall(arguments)]
    words = without_texts(arguments).partition(")")[0].partition(" <unfinished")[0]
    paths = [os.fsdecode(text) for text in texts[:2]]
    if name == "openat":
        return Call(name, os.path.join(*paths), b"", "", words)
    other = paths[1] if name == "rename" else ""
    return Call(name, paths[0] if paths else "", texts[1] if len(texts) > 1 else b"", other, words)


def without_texts(arguments: str) -> str:
    """The arguments with every text and path taken out."""
    return TEXT.sub("", arguments)
