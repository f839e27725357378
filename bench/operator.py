"""What does watching cost: a status from the shell, and the engine's memory while it is watched?"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.figures import Figure
from bench.market import native
from bench.measuring import median
from bench.memory import resident_now_mb
from bench.start import processor_ns
from engine.control.client import Link, connect
from engine.core import ROOT
from engine.telemetry import percentile

STATUS_ROUNDS, STATUS_MAX_MS = 11, 150.0
WATCHERS, WATCHED_SECONDS, RESIDENT_MAX_MB = 3, 6.0, 28.0
COMMAND = [sys.executable, "-m", "supreme_cli"]


def figures() -> list[Figure]:
    """One engine at ten minutes a second, asked and watched."""
    native()
    with engine() as (process, folder):
        status = [*COMMAND, "status", "--json", "--data-dir", folder]
        taken = median([processor_ns(status) for _ in range(STATUS_ROUNDS)]) / 1e6
        links = [connect(folder, 5.0) for _ in range(WATCHERS)]
        watched(links)
        resident = resident_now_mb(process)
        for link in links:
            link.close()
    return [
        Figure(
            "`supreme status --json`, processor time",
            f"{taken:.0f} ms",
            f"<= {STATUS_MAX_MS:.0f} ms",
            taken <= STATUS_MAX_MS,
        ),
        Figure(
            f"memory of an engine watched by {WATCHERS} consoles at 2 Hz",
            f"{resident:.1f} MB resident",
            f"<= {RESIDENT_MAX_MB:.0f} MB",
            resident <= RESIDENT_MAX_MB,
        ),
    ]


def watched(links: list[Link]) -> None:
    """Read every link's pictures for a while, as consoles do, with their questions between."""
    streams = [link.watch(2.0) for link in links]
    end = time.monotonic() + WATCHED_SECONDS
    while time.monotonic() < end:
        for link, stream in zip(links, streams, strict=True):
            next(stream)
            link.ask("latency")
            link.ask("notices")


@contextmanager
def engine() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running engine and its data directory, which goes away with it."""
    with tempfile.TemporaryDirectory(prefix="supreme-bench-") as folder:
        words = ["run", "--quiet", "--speed", "600", "--data-dir", folder]
        process = subprocess.Popen(
            [*COMMAND, *words],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            while not os.path.exists(os.path.join(folder, "control", "socket")):
                if process.poll() is not None:
                    raise subprocess.CalledProcessError(process.returncode, words)
                time.sleep(0.02)
            yield process, folder
        finally:
            process.terminate()
            process.communicate(timeout=30)


def p99_over(link: Link, seconds: float) -> dict[str, int]:
    """The 99th percentile of what an engine measured of itself in the next seconds, in ns."""
    before = link.ask("latency")
    time.sleep(seconds)
    after = link.ask("latency")
    found = {}
    for name in ("decided", "reacted"):
        pairs = zip(after[name]["counts"], before[name]["counts"], strict=True)
        counts = [late - early for late, early in pairs]
        found[name] = percentile(counts, sum(counts), 0.99)
    return found
