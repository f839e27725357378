"""What do journal tests share? Records that tell themselves apart, a writer in its own process."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import ModuleType

from engine.journal.head import CLOSED, DURABLE, OPEN, note
from engine.journal.recovery import records
from engine.journal.segments import HEADER_SIZE, SEGMENT_SIZE_MIN, Identity
from engine.journal.writer import Journal
from engine.messages import PACKED, RECORD_SIZE

ROOT = Path(__file__).resolve().parents[3]
CAPACITY = (SEGMENT_SIZE_MIN - HEADER_SIZE) // RECORD_SIZE
OURS = Identity(b"J" * 16, b"L" * 32, b"C" * 32, b"P" * 32, "test box", simulated=True)


def record(number: int) -> bytes:
    """A record that no other number has, without a zero byte at its end."""
    spread = number * 0x9E3779B97F4A7C15 % (1 << 63)
    kind = 1 + number % 200
    return PACKED.pack(0, kind, 0, 0, number, number + 1, spread, number, -1, -2, -3)


def run_of(first: int, count: int) -> bytes:
    """Records with consecutive numbers."""
    return b"".join(record(number) for number in range(first, first + count))


def batches(seed: int, total: int) -> Iterator[int]:
    """Sizes of appends: mostly one or two records, now and then a burst."""
    random, left = Random(seed), total
    while left:
        size = min(left, random.choice((1, 1, 2, 7, 40, 300)))
        left -= size
        yield size


def written(directory: Path, count: int, native: ModuleType | None = None) -> list[Path]:
    """A journal of that many records, closed; its segment files that hold a header."""
    journal = Journal.open(directory, OURS, segment_size=SEGMENT_SIZE_MIN, native=native)
    journal.append(run_of(0, count))
    journal.close()
    for path in segments_in(directory):
        if not path.read_bytes().strip(b"\0"):
            path.unlink()  # a prepared one: each test says itself whether there is one
    return segments_in(directory)


def left_open(directory: Path) -> None:
    """Take away what a clean close noted, as if its writer had been killed instead."""
    (directory / DURABLE).unlink(missing_ok=True)
    note(directory, OPEN, CLOSED)


def content(directory: Path, native: ModuleType | None = None) -> bytes:
    """All that the journal holds, as it was appended."""
    return unsealed(b"".join(bytes(chunk) for _, chunk in records(directory, native)))


def unsealed(sealed: bytes) -> bytes:
    """Records with their checks taken out again."""
    return b"".join(
        b"\0\0\0\0" + sealed[at + 4 : at + RECORD_SIZE] for at in range(0, len(sealed), RECORD_SIZE)
    )


def offset_of(position: int) -> int:
    """Where in a segment's file a record begins."""
    return HEADER_SIZE + position * RECORD_SIZE


def segments_in(directory: Path) -> list[Path]:
    """The segment files, oldest first."""
    return sorted(directory.glob("*.segment"))


def change(path: Path, offset: int, raw: bytes) -> None:
    """Overwrite bytes of a file."""
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(raw)


def writing(
    directory: Path, native: ModuleType | None, shim: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run keep.py over a directory, with the fault shim if given."""
    compiled = (native.__file__ if native else None) or "plain"
    command = [sys.executable, str(Path(__file__).with_name("keep.py")), str(directory), compiled]
    preload = {"LD_PRELOAD": str(shim)} if shim else {}
    chosen = os.environ | {"PYTHONPATH": str(ROOT)} | preload | environment
    return subprocess.run(
        command, env=chosen, capture_output=True, text=True, timeout=120, check=False
    )


def acknowledged(done: subprocess.CompletedProcess[str]) -> int:
    """The last sequence that the writing process was told is durable."""
    told = [int(number) for number in re.findall(r"^durable (\d+)\n", done.stdout, re.MULTILINE)]
    return max(told, default=0)
