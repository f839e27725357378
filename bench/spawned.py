"""What does a real engine process keep of what it was sent? `supreme run`, watched from outside.

What counts is the journal it leaves, verified record by record and hash by hash; what it took is
the processor time of all its threads, as its kernel counts it.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.figures import Absent
from bench.market import native
from bench.venue import processor_s
from engine.core import ROOT
from engine.journal.segments import HEADER_SIZE
from engine.journal.verification import verified
from engine.messages import BOOK_TOP, RECORD_SIZE

RUN = [sys.executable, "-m", "supreme_cli", "run", "--quiet"]
WITHIN_S = 60.0
SECONDS = float(os.environ.get("SUPREME_BENCH_RUN_SECONDS", "60"))  # of one run
KEYS = {"EXCHANGE_API_KEY": "bench-key", "EXCHANGE_SECRET": "bench-secret"}
KINDS = 256
BEGUN_RECORDS = 4_096


class Engine(NamedTuple):
    """A running engine, and where it lives."""

    process: subprocess.Popen[str]
    home: Path

    def spent_s(self) -> float:
        """Processor time it took until now."""
        return processor_s(self.process.pid)

    def ended(self) -> "list[int]":
        """Stop it; how many records of each kind its journal holds, all of them verified."""
        self.process.terminate()
        self.process.wait(WITHIN_S)
        counts = np.zeros(KINDS, np.int64)
        for segment in verified(self.home / "journal", native()).segments:
            size = segment.records * RECORD_SIZE
            raw = np.fromfile(segment.path, np.uint8, size, offset=HEADER_SIZE)
            counts += np.bincount(raw[4::RECORD_SIZE], minlength=KINDS)
        return [int(count) for count in counts]


class Kept(NamedTuple):
    """What one run of so many seconds left: records of the market, and all by kind."""

    seconds: float
    spent_s: float
    counts: list[int]

    @property
    def market(self) -> int:
        """Bars, trades and tops of the book."""
        return sum(self.counts[: BOOK_TOP + 1])


@contextmanager
def spawned(words: list[str], environment: Mapping[str, str] = {}) -> Iterator[Engine]:
    """An engine in a directory of its own, which goes away with it."""
    native()
    with tempfile.TemporaryDirectory(prefix="supreme-bench-") as folder:
        home = Path(folder) / "home"
        command = [*RUN, *words, "--data-dir", str(home)]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            yield Engine(process, home)
        finally:
            process.terminate()
            process.wait(WITHIN_S)


@contextmanager
def beside(module: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A process of this benchmark at the other end; what it prints are its lines."""
    command = [sys.executable, "-m", module, *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate()


def at(port: str) -> dict[str, str]:
    """What an engine is told of a venue on this port of this machine."""
    return {
        "SUPREME_EXCHANGE__REST_URL": f"http://127.0.0.1:{port}",
        "SUPREME_EXCHANGE__STREAM_URL": f"ws://127.0.0.1:{port}",
        "SUPREME_EXCHANGE__API_URL": f"ws://127.0.0.1:{port}/ws-api/v3",
        **KEYS,
    }


def said(process: subprocess.Popen[str]) -> str:
    """The next line of a process beside. Absent when it has none to say."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise Absent("a process of this benchmark ended before it said anything")
    return line.strip()


def begun(engine: Engine) -> None:
    """Wait until it has kept records of the market."""
    end = time.monotonic() + WITHIN_S
    path = engine.home / "journal"
    while time.monotonic() < end and engine.process.poll() is None:
        for segment in path.glob("*.segment"):
            with segment.open("rb") as file:
                file.seek(HEADER_SIZE)
                kinds = file.read(BEGUN_RECORDS * RECORD_SIZE)[4::RECORD_SIZE]
            if any(0 < kind <= BOOK_TOP for kind in kinds):
                return
        time.sleep(0.01)
    raise Absent("the engine kept no record of a market")


def watched(engine: Engine, seconds: float) -> Kept:
    """From now on for so long: what it keeps of it, the journal's few opening records included."""
    began_s, before_s = time.monotonic(), engine.spent_s()
    time.sleep(seconds)
    if engine.process.poll() is not None:
        raise Absent("the engine ended while it was measured")
    took_s, spent_s = time.monotonic() - began_s, engine.spent_s() - before_s
    return Kept(took_s, spent_s, engine.ended())
