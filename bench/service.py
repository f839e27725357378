"""Is the engine as quick with PostgreSQL gone, and what does the service beside it cost?"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median

from bench.figures import Absent, Figure
from bench.market import native
from bench.memory import resident_now_mb
from bench.operator import p99_over
from engine.control.client import Link, connect
from engine.core import ROOT
from engine.errors import Refused
from engine.log import Log
from engine.service.projecting import Projecting
from engine.service.standing import Standing, folder_of, standing_of
from validators import postgres_server

PAIRS = 9
SECONDS, SETTLED_S = 60.0, 3.0
RATIO_MAX, BACK_MAX_S, RESIDENT_MAX_MB = 1.2, 60.0, 64.0
FLAT_OUT_S = 8.0
IDLE_S = 10.0
COMMAND = [sys.executable, "-m", "supreme_cli"]


def figures() -> list[Figure]:
    """A real engine, its service, and a PostgreSQL that comes and goes."""
    native()
    if why := postgres_server.absent():
        raise Absent(why)
    return [*beside_postgres(), followed()]


def beside_postgres() -> list[Figure]:
    """Stretches with PostgreSQL and without, in turn; then what was lost, and what it takes."""
    with (
        tempfile.TemporaryDirectory(prefix="supreme-bench-") as place,
        tempfile.TemporaryDirectory() as folder,
        postgres_server.running(Path(folder), "fsync=on") as there,
        process(["run", "--quiet", "--speed", "60", "--data-dir", place]),
        process(["serve", "--data-dir", linked(place).data_dir], POSTGRES_URL=there.url) as service,
    ):
        link = linked(place)
        until(place, connected=True)
        pairs, backs = [], []
        for number in range(PAIRS):
            taken: dict[bool, dict[str, int]] = {}
            for is_there in (True, False) if number % 2 else (False, True):
                backs += turned(there, place, connected=is_there)
                time.sleep(SETTLED_S)
                taken[is_there] = p99_over(link, SECONDS)
            pairs.append({name: taken[False][name] / taken[True][name] for name in taken[True]})
        turned(there, place, connected=True)
        resident, busy = resident_now_mb(service), processor_share(service.pid)
        return [
            *ratios(pairs),
            Figure(
                "  PostgreSQL back after it was gone, without restart",
                f"{max(backs, default=0.0):.1f} s at most of {len(backs)}",
                f"<= {BACK_MAX_S:.0f} s",
                max(backs, default=0.0) <= BACK_MAX_S,
            ),
            lost(place, link),
            Figure(
                "  memory of `supreme serve`, PostgreSQL connected",
                f"{resident:.1f} MB resident",
                f"<= {RESIDENT_MAX_MB:.0f} MB",
                resident <= RESIDENT_MAX_MB,
            ),
            Figure("  its processor time, 150 events a second", f"{busy:.1%} of a core"),
        ]


def ratios(pairs: list[dict[str, float]]) -> list[Figure]:
    """The median of each pair's ratio, of deciding alone and of the way from the record's time."""
    found = []
    for name in pairs[0]:
        ratio = median(pair[name] for pair in pairs)
        what = f"service: p99 of {name}, PostgreSQL gone over running"
        said = f"x{ratio:.2f}, {len(pairs)} pairs of {SECONDS:.0f} s"
        found.append(Figure(what, said, f"<= x{RATIO_MAX:g}", ratio <= RATIO_MAX))
    return found


def turned(there: postgres_server.Server, place: str, *, connected: bool) -> list[float]:
    """Start or stop PostgreSQL if it is not so; the seconds from its start until it is used."""
    if standing_of(place)["postgres"]["connected"] == connected:
        return []
    if not connected:
        there.stop()
        until(place, connected=False)
        return []
    there.start()
    began = time.monotonic()
    until(place, connected=True)
    return [time.monotonic() - began]


def until(place: str, *, connected: bool) -> None:
    """Wait for the service to say so."""
    while (standing_of(place).get("postgres") or {}).get("connected") is not connected:
        time.sleep(0.05)


def lost(place: str, link: Link) -> Figure:
    """What the engine had journaled by now must come to PostgreSQL."""
    goal = link.ask("sequence")["sequence"]
    end = time.monotonic() + BACK_MAX_S
    while (at := standing_of(place)["postgres"]["sequence"]) < goal and time.monotonic() < end:
        time.sleep(0.1)
    behind = max(goal - at, 0)
    return Figure("  records that did not come to PostgreSQL", f"{behind}", "none", behind == 0)


def followed() -> Figure:
    """A long journal from its first record into new tables, in this process."""
    with tempfile.TemporaryDirectory(prefix="supreme-bench-") as place:
        words = ["run", "--quiet", "--speed", "max", "--for", str(FLAT_OUT_S), "--data-dir", place]
        subprocess.run([*COMMAND, *words], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        folder = folder_of(place)
        os.makedirs(folder)
        log = Log(str(Path(folder) / "service.log"), "info", "json", "")
        one = Projecting(place, native(), Standing(folder, log))
        began = time.process_time()
        one.finish(600.0)
        taken = time.process_time() - began
        one.close()
        count = one.standing.sequence
        log.close()
    return Figure("  follower, fold and tables", f"{count / taken:,.0f} records/s of {count:,}")


def processor_share(pid: int) -> float:
    """The share of a core that a process takes over some seconds."""
    before = processor_s(pid)
    time.sleep(IDLE_S)
    return (processor_s(pid) - before) / IDLE_S


def processor_s(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def linked(place: str) -> Link:
    """A link to the engine that is starting there."""
    end = time.monotonic() + 60.0
    while time.monotonic() < end:
        with suppress(Refused):
            return connect(place, 10.0)
        time.sleep(0.05)
    raise Absent("the engine does not start")


@contextmanager
def process(words: list[str], **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A command of ours in the background, ended as an operator would."""
    one = subprocess.Popen(
        [*COMMAND, *words], cwd=ROOT, env={**os.environ, **environment},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        yield one
    finally:
        one.send_signal(signal.SIGTERM)
        one.wait(60)
