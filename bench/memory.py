"""How much memory does a paper `supreme run` take, and does it take more with every event?"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.figures import Figure
from bench.market import NEVER_STOPPED, native
from engine.core import ROOT

RESIDENT_MAX_MB, RESIDENT_AIM_MB = 26.0, 20.0
SETTLED_SECONDS = 4.0
WATCHED_SECONDS = float(os.environ.get("SUPREME_BENCH_WATCH_SECONDS", "14"))
GROWTH_EVENTS = 10_000_000
GROWTH_MAX_MB = 1.0  # the allocator's own noise; a byte leaked by each event would be ten times it
RUN = [sys.executable, "-m", "supreme_cli", "run"]
# Small segments, so that several come and go; and a drawdown that ends nothing.
FLAT_OUT = ["--speed", "max", "--json", "--set", "journal.segment_bytes=1048576"]
FLAT_OUT += [word for change in NEVER_STOPPED for word in ("--set", change)]


def figures() -> list[Figure]:
    """At its usual pace after a while, and flat out between two moments."""
    native()
    bare = resident_mb([sys.executable, "-I", "-S", "-c", "import time; time.sleep(9)"], 0.5)
    paced = resident_mb(RUN, SETTLED_SECONDS)
    return [
        Figure(
            f"memory of a paper `supreme run` after {SETTLED_SECONDS:.0f} s",
            f"{paced:.1f} MB resident (bare Python {bare:.1f})",
            f"<= {RESIDENT_MAX_MB:.0f} MB",
            paced <= RESIDENT_MAX_MB,
        ),
        Figure(
            "  the same against the aim",
            f"{paced - bare:.1f} MB above bare Python",
            f"aim {RESIDENT_AIM_MB:.0f} MB",
            paced <= RESIDENT_AIM_MB,
            is_aim=True,
        ),
        growth(),
    ]


def resident_mb(command: list[str], seconds: float) -> float:
    """Resident memory of a process after so many seconds; `supreme run` gets its own directory."""
    with started(command) as process:
        time.sleep(seconds)
        return resident_now_mb(process)


def growth() -> Figure:
    """Flat out; what it grows between two moments, as if it went on so to ten million events.

    SUPREME_BENCH_WATCH_SECONDS makes it watch longer, until those events have really passed.
    """
    with started([*RUN, *FLAT_OUT]) as process:
        time.sleep(SETTLED_SECONDS)
        began_mb, began = resident_now_mb(process), time.monotonic()
        time.sleep(WATCHED_SECONDS)
        grown_mb = resident_now_mb(process) - began_mb
        watched = time.monotonic() - began
        process.terminate()
        told, _ = process.communicate(timeout=30)
    events = json.loads(told)["events"] * watched / (watched + SETTLED_SECONDS)
    projected_mb = grown_mb * GROWTH_EVENTS / events
    return Figure(
        f"  growth over {events / 1e6:.1f} M events",
        f"{grown_mb:+.2f} MB, {projected_mb:+.2f} MB by {GROWTH_EVENTS / 1e6:.0f} M",
        f"<= {GROWTH_MAX_MB:.0f} MB by {GROWTH_EVENTS / 1e6:.0f} M",
        projected_mb <= GROWTH_MAX_MB,
    )


@contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A process with a data directory that goes away with it."""
    with tempfile.TemporaryDirectory(prefix="supreme-bench-") as folder:
        own = ["--data-dir", folder] if "run" in command else []
        process = subprocess.Popen(
            [*command, *own],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=30)


def resident_now_mb(process: subprocess.Popen[str]) -> float:
    """Resident memory of a running process, as its kernel counts it."""
    if process.poll() is not None or not os.path.exists(f"/proc/{process.pid}/status"):
        raise subprocess.CalledProcessError(process.returncode, "supreme run")
    with open(f"/proc/{process.pid}/status") as file:
        found = re.search(r"^VmRSS:\s+(\d+) kB", file.read(), re.MULTILINE)
    return int(found.group(1)) / 1024 if found else float("nan")
