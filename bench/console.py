"""Is the console light? Bytes on the wire beside btop, memory, the cost of its first picture."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.figures import Absent, Figure
from bench.market import native
from bench.measuring import median
from bench.terminal import Terminal
from engine.core import ROOT

COLUMNS, ROWS = 80, 24
WATCHED_S = 30.0
SETTLED_S = 6.0  # the first paint, and a market that has begun to trade
BUSY_SPEED = "600"  # ten minutes of the market a second: a fill now, a decision nearly always
ROUNDS = 9
BYTES_MAX = 3_000
RESIDENT_MAX_MB = 60.0
PAINT_RATIO_MAX = 1.4
PAINTED = b"EXPOSURE"  # in the first frame that shows a picture
CONSOLE = [sys.executable, "-m", "supreme_cli", "console", "--data-dir"]
TEXTUAL = [sys.executable, "-c", f"import textual.app; print({PAINTED.decode()!r}); input()"]


def figures() -> list[Figure]:
    """A real engine, the real console, a real terminal."""
    native()
    with an_engine() as place:
        ours, resident = watched([*CONSOLE, place])
        return [
            Figure(
                f"console: bytes a second at {COLUMNS}x{ROWS}, 2 Hz, busy engine",
                f"{ours:,.0f} B/s over {WATCHED_S:.0f} s",
                f"<= {BYTES_MAX:,} B/s",
                ours <= BYTES_MAX,
            ),
            beside_btop(ours),
            Figure(
                "  its memory then",
                f"{resident:.1f} MB resident",
                f"<= {RESIDENT_MAX_MB:.0f} MB",
                resident <= RESIDENT_MAX_MB,
            ),
            first_paint(place),
        ]


def beside_btop(ours: float) -> Figure:
    """The same seconds of btop as it comes, once every two of them."""
    what = "  beside btop as it comes, in the same run"
    if shutil.which("btop") is None:
        return Figure(what, str(Absent("btop is not installed")))
    theirs, _ = watched(["btop"])
    figure = f"{theirs:,.0f} B/s: ours are {ours / theirs:.2f} of it"
    return Figure(what, figure, "fewer", ours < theirs)


def first_paint(place: str) -> Figure:
    """Processor time until the first picture is drawn, beside importing the same library."""
    taken: dict[str, list[int]] = {"console": [], "textual": []}
    painted_ns([*CONSOLE, place])  # once for the compiled files, which an installation has
    for _ in range(ROUNDS):
        taken["console"].append(painted_ns([*CONSOLE, place]))
        taken["textual"].append(painted_ns(TEXTUAL))
    ours, theirs = median(taken["console"]) / 1e6, median(taken["textual"]) / 1e6
    return Figure(
        "  processor time to its first picture",
        f"{ours:.0f} ms, `import textual.app` {theirs:.0f} ms: x{ours / theirs:.2f}",
        f"<= x{PAINT_RATIO_MAX:g}",
        ours <= PAINT_RATIO_MAX * theirs,
    )


def watched(command: list[str]) -> tuple[float, float]:
    """Bytes a second and resident memory of a program that has settled."""
    with Terminal(command, COLUMNS, ROWS) as terminal:
        terminal.read(SETTLED_S)
        began = time.monotonic()
        drawn = terminal.read(WATCHED_S)
        return len(drawn) / (time.monotonic() - began), terminal.resident_mb()


def painted_ns(command: list[str]) -> int:
    """Processor time from its start until the word is on the terminal."""
    with Terminal(command, COLUMNS, ROWS, PYTHONDONTWRITEBYTECODE="") as terminal:
        drawn = terminal.read(10.0, lambda seen: PAINTED in seen)
        if PAINTED not in drawn:
            raise subprocess.CalledProcessError(terminal.wait(1.0) or 1, command)
        return terminal.processor_ns()


@contextmanager
def an_engine() -> Iterator[str]:
    """A busy engine on a simulated market; its data directory."""
    with tempfile.TemporaryDirectory(prefix="supreme-bench-") as place:
        run = [sys.executable, "-m", "supreme_cli", "run", "--speed", BUSY_SPEED]
        process = subprocess.Popen(
            [*run, "--data-dir", place], cwd=ROOT, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            if process.stderr is None or not process.stderr.readline():
                raise subprocess.CalledProcessError(process.wait(), run)
            yield place
        finally:
            process.terminate()
            process.communicate(timeout=30)
