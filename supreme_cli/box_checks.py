"""Is this machine fit for an engine: Python, memory, user, terminal, clock, compiled core?"""

import os
import platform
import select
import sys
import time
from importlib.util import find_spec
from shutil import which

from engine import core as cores
from supreme_cli.findings import Finding, Place, fail, ok, warning

PYTHON_LEAST = (3, 11)
MEMORY_LEAST, MEMORY_ENOUGH = 64 << 20, 256 << 20  # an engine alone; with service and console
WIDTH, HEIGHT = 80, 24
EARLIEST, LATEST = 1_735_689_600, 4_102_444_800  # 2025 and 2100: no clock of today is outside
LOOK_SECONDS, SHIFT_MS_MAX = 0.1, 5
UNSYNCHRONISED = 0x40  # STA_UNSYNC of <sys/timex.h>
MEGABYTE = 1 << 20
CHECKOUT = cores.ROOT / "pyproject.toml"  # a checkout builds its core, a package comes with one


def python(_place: Place) -> Finding:
    """Version and platform: the engine needs Linux's epoll and eventfd."""
    version = platform.python_version()
    what = f"Python {version} on {platform.system()} {platform.machine()}"
    if sys.version_info < PYTHON_LEAST:
        return fail(f"{what}; 3.11 is needed", "install a newer Python, then make run")
    if not hasattr(os, "eventfd") or not hasattr(select, "epoll"):
        return fail(f"{what}; the engine needs Linux", "run it on Linux, or in a container")
    return ok(what)


def memory(_place: Place) -> Finding:
    """What may still be used, by the machine's count and the container's."""
    ours = group_memory()
    return enough(machine_memory() if ours is None else min(machine_memory(), ours))


def enough(available: int) -> Finding:
    """What that many bytes are good for."""
    what = f"{available // MEGABYTE:,} MB of memory available"
    if available < MEMORY_LEAST:
        return fail(what, f"free some: an engine alone needs {MEMORY_LEAST // MEGABYTE} MB")
    if available < MEMORY_ENOUGH:
        want = MEMORY_ENOUGH // MEGABYTE
        return warning(what, f"free some: engine, service and console want {want} MB")
    return ok(what)


def machine_memory() -> int:
    """Bytes that Linux would give away without swapping."""
    with open("/proc/meminfo") as file:
        rows = dict(line.split(":", 1) for line in file)
    return int(rows["MemAvailable"].split()[0]) * 1024


def group_memory() -> int | None:
    """Bytes left to our control group, None where it has no limit."""
    try:
        with open("/proc/self/cgroup") as file:
            ours = next(line[3:].strip() for line in file if line.startswith("0::"))
        with open(f"/sys/fs/cgroup{ours}/memory.max") as limit:
            most = int(limit.read())
        with open(f"/sys/fs/cgroup{ours}/memory.current") as used:
            return most - int(used.read())
    except (OSError, StopIteration, ValueError):  # another version of groups, or "max"
        return None


def user(_place: Place) -> Finding:
    """Who we are: an engine needs no privileges."""
    if os.geteuid() == 0:
        return warning("running as root", "use an account of its own: the engine needs no more")
    return ok(f"running as user {os.geteuid()}, not root")


def terminal(_place: Place) -> Finding:
    """Whether a person sees live lines here, and how."""
    name, encoding = os.environ.get("TERM", ""), sys.stdout.encoding.lower()
    fd = next((fd for fd in (1, 2, 0) if os.isatty(fd)), None)
    if fd is None:
        return ok(f"no terminal: plain lines, {encoding}")
    columns, lines = os.get_terminal_size(fd)
    what = f"{name or 'no TERM'}, {columns}x{lines}, {encoding}, {colours()}"
    if name in ("", "dumb"):
        return warning(f"{what}: no live lines", "export TERM=xterm-256color, if it is one")
    if not encoding.startswith("utf"):
        return warning(what, "export LANG=C.UTF-8: frames and glyphs need it")
    if columns < WIDTH or lines < HEIGHT:
        return warning(what, f"make it {WIDTH}x{HEIGHT} or larger")
    return ok(what)


def colours() -> str:
    """How many colours may be used."""
    if os.environ.get("NO_COLOR"):
        return "no colours (NO_COLOR)"
    if os.environ.get("COLORTERM") in ("truecolor", "24bit"):
        return "16 million colours"
    return "256 colours" if "256color" in os.environ.get("TERM", "") else "few colours"


def clock(_place: Place) -> Finding:
    """Whether time runs, runs evenly, and is the world's."""
    now, before = time.time(), time_ahead()
    if not EARLIEST < now < LATEST:
        return fail(f"the clock says {time.strftime('%Y-%m-%d', time.gmtime(now))}", "set it")
    time.sleep(LOOK_SECONDS)
    shift_ms = (time_ahead() - before) * 1000
    if abs(shift_ms) > SHIFT_MS_MAX:
        what = f"the clock was moved by {shift_ms:+.0f} ms while it was looked at"
        return warning(what, "find out who sets it")
    return synchronised(kernel_clock())


def time_ahead() -> float:
    """Real time less monotonic time, of the closest of some pairs of looks."""
    looks = []
    for _ in range(5):
        first, real, second = time.monotonic(), time.time(), time.monotonic()
        looks.append((second - first, real - first))
    return min(looks)[1]


def synchronised(told: tuple[int, int] | None) -> Finding:
    """What the kernel knows of its clock: status and largest error in us, or nothing."""
    if told is None:
        what = "the clock runs evenly; the kernel does not tell whether it is synchronised"
        return warning(what, "see that the host runs chrony or systemd-timesyncd")
    status, error_us = told
    if status & UNSYNCHRONISED:
        what = "the clock runs evenly, but nothing synchronises it"
        return warning(what, "start chrony or systemd-timesyncd: exchanges check our times")
    return ok(f"the clock runs evenly and is synchronised, within {error_us / 1000:,.0f} ms")


def kernel_clock() -> tuple[int, int] | None:
    """Status and largest error in us; asking needs no privileges. None where it is not told."""
    import ctypes

    class Timex(ctypes.Structure):
        """The beginning of struct timex, and room for the rest of it."""

        _fields_ = [
            ("modes", ctypes.c_uint),  # 0: only asked
            *((name, ctypes.c_long) for name in ("offset", "freq", "maxerror", "esterror")),
            ("status", ctypes.c_int),
            ("rest", ctypes.c_byte * 512),
        ]

    told = Timex()
    try:
        refused = ctypes.CDLL(None).adjtimex(ctypes.byref(told)) == -1
    except AttributeError:
        return None
    return None if refused else (told.status, told.maxerror)


def core(_place: Place) -> Finding:
    """Whether the machine code of exactly these sources is there and loads."""
    if cores.load_native() is not None:
        return ok(f"compiled from these sources: {cores.core_path().name}")
    if cores.core_path().exists():
        return fail(f"{cores.core_path()} does not load", "remove it, then: make build")
    stale = any(cores.BUILT.glob("core-*.so"))
    if not CHECKOUT.exists():
        if stale:
            return fail("compiled from other sources than these", "install the package again")
        return warning("not compiled: some hundred times slower", "install a wheel with its core")
    what = "built from other sources" if stale else "not built"
    return warning(
        f"{what}: the plain functions run, some hundred times slower", f"{missing()}make build"
    )


def missing() -> str:
    """What must be installed before the core can be built, as the beginning of advice."""
    lacks = []
    if not any(map(which, ("cc", "gcc", "clang"))):
        lacks.append("install gcc or clang, ")
    if find_spec("numba") is None:
        lacks.append(".venv/bin/pip install '.[jit]', ")
    return "".join(lacks) + "then: " if lacks else ""
