"""How soon is one there? `supreme --help` beside bare Python; `supreme run` until it is ready."""

import os
import subprocess
import sys
import tempfile
import time

from bench.figures import Figure
from bench.market import native
from bench.measuring import median
from engine.core import ROOT

HELP_ROUNDS, RUN_ROUNDS = 21, 5
HELP_RATIO_MAX = 2.0
READY_MAX_SECONDS = 1.0
BARE = [sys.executable, "-c", "pass"]
HELP = [sys.executable, "-m", "supreme_cli", "--help"]
RUN = [sys.executable, "-m", "supreme_cli", "run", "--data-dir"]


def figures() -> list[Figure]:
    """Processor time of the help screen; time by the clock until the engine says its first word."""
    native()
    taken: dict[str, list[int]] = {"bare": [], "help": []}
    for _ in range(HELP_ROUNDS):
        taken["bare"].append(processor_ns(BARE))
        taken["help"].append(processor_ns(HELP))
    bare, shown = median(taken["bare"]) / 1e6, median(taken["help"]) / 1e6
    ready = median([ready_ns() for _ in range(RUN_ROUNDS)]) / 1e9
    return [
        Figure(
            "start: `supreme --help`, processor time",
            f"{shown:.1f} ms, bare Python {bare:.1f} ms: x{shown / bare:.2f}",
            f"<= x{HELP_RATIO_MAX:.0f}",
            shown <= HELP_RATIO_MAX * bare,
        ),
        Figure(
            "start: `supreme run` until its first status, by the clock",
            f"{ready:.2f} s",
            f"< {READY_MAX_SECONDS:.0f} s",
            ready < READY_MAX_SECONDS,
        ),
    ]


def processor_ns(command: list[str]) -> int:
    """User and system time of a whole process."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return int((used.ru_utime + used.ru_stime) * 1e9)


def ready_ns() -> int:
    """From the command to the engine's first status line, on a fresh directory."""
    with tempfile.TemporaryDirectory(prefix="supreme-bench-") as folder:
        began = time.perf_counter_ns()
        process = subprocess.Popen(
            [*RUN, folder], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        said = process.stderr.readline() if process.stderr else ""
        taken = time.perf_counter_ns() - began
        process.terminate()
        process.communicate(timeout=30)
    if not said:
        raise subprocess.CalledProcessError(process.returncode, RUN)
    return taken
