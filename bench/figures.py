"""What was measured, and does it hold? One row a figure, printed as a table with the machine."""

import os
import platform
import sys
from typing import NamedTuple

from engine.core import core_path
from engine.journal.segments import SEGMENT_SIZE


class Figure(NamedTuple):
    """One line of the table; `met` is None where nothing is promised and it stands beside."""

    what: str
    figure: str
    limit: str = ""
    met: bool | None = None
    is_aim: bool = False  # hoped for, not promised

    @property
    def is_broken(self) -> bool:
        """Whether a promise was not kept."""
        return self.met is False and not self.is_aim


class Absent(Exception):
    """Why a row cannot be measured here, in one line."""


WIDTHS = (68, 46, 25)


def header() -> str:
    """The machine and the versions every figure belongs to."""
    load = " ".join(f"{load:.1f}" for load in os.getloadavg())
    return (
        f"{processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"load {load}\n"
        f"Python {platform.python_version()}, {core_path().name}, "
        f"journal segments of {SEGMENT_SIZE >> 20} MB\n"
        "Times of one core are process CPU time unless a row says otherwise; medians of "
        "interleaved rounds.\n"
    )


def processor() -> str:
    """The processor's own name."""
    try:
        with open("/proc/cpuinfo") as file:
            names = [row.partition(":")[2].strip() for row in file if row.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.machine()


def line(figure: Figure) -> str:
    """One line of the table."""
    verdict = {True: "met", False: "not reached" if figure.is_aim else "MISSED", None: ""}
    cells = [text.ljust(width) for text, width in zip(figure[:3], WIDTHS, strict=True)]
    return "  ".join([*cells, verdict[figure.met]]).rstrip()


def show(figures: list[Figure]) -> None:
    """Print lines as soon as they are known."""
    for figure in figures:
        print(line(figure), flush=True)


def head_line() -> str:
    """The names of the columns."""
    return line(Figure("what", "figure", "limit")) + "  verdict\n" + "-" * (sum(WIDTHS) + 14)


def note(text: str) -> None:
    """Say what is going on, beside the table."""
    print(f"  {text}", file=sys.stderr, flush=True)
