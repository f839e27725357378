"""What does an engine do while its disk is slow, fails or is full? Real calls, made to fail."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from validators.degrade.life import (
    SETTINGS,
    Engine,
    end_of,
    engine,
    exported,
    journal_is_whole,
    market_in,
    supreme,
    undisturbed,
)
from validators.degrade.outcome import Broken, Judge, Outcome, until

SPEED = 200.0
PACED = ("--speed", f"{SPEED:g}")
SLOW_MS, SLOW_S = 400, 4.0
DISK_BYTES, RESERVED_BYTES, LEFT_BYTES = 8 << 20, 1 << 20, 16_384
UNTRACEABLE = "needs strace and the right to attach it to our own processes (ptrace)"
FAILS, DELAYS = "error=EIO", f"delay_enter={SLOW_MS}000"


@contextmanager
def traced(pid: int, what: str) -> Iterator[None]:
    """While it lasts, each fdatasync of this process is as told; Broken where it cannot be."""
    words = ["strace", "-f", "-p", str(pid), "-e", "trace=fdatasync", "-o", "/dev/null"]
    tracer = subprocess.Popen(
        [*words, "-e", f"inject=fdatasync:{what}"], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert tracer.stderr is not None
    try:
        said = tracer.stderr.readline()
        if "attached" not in said:
            raise Broken(f"strace does not attach: {said.strip()}")
        yield
    finally:
        if tracer.poll() is None:
            tracer.send_signal(signal.SIGINT)  # detaches; the process goes on
        tracer.communicate(timeout=30)


def untraceable() -> str:
    """Why no call of an engine can be made to fail here, or nothing."""
    if shutil.which("strace") is None:
        return UNTRACEABLE
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        try:
            with traced(child.pid, FAILS):
                return ""
        except Broken:
            return UNTRACEABLE
        finally:
            child.kill()


def failing(scratch: Path) -> Outcome:
    """The disk refuses a sync: it stops with 4, and what it acknowledged is there."""
    judge, words = Judge(), market_in(scratch)
    home = scratch / "home"
    with engine(home, *words, *PACED) as one:
        with traced(one.child.pid, FAILS):
            began = time.monotonic()
            acknowledged = supreme("pause", "--data-dir", str(home)).returncode == 0
            code = one.end() if acknowledged else one.ended()
            ended_s = time.monotonic() - began
        said = one.said.strip().splitlines()
    judge.must(code == 4, f"it ended with {code}, not with 4")
    judge.must(not acknowledged, "it acknowledged what it could not sync")
    judge.must(len(said) == 2 and "cannot be written" in said[0], f"it said {said[:3]}")
    judge.must(journal_is_whole(home), "the journal is not whole")
    with Engine(home, "run", "--quiet", *words, *PACED) as again:
        recovery_s = again.answering()
        again.end()
    digest = end_of(home, words)["state_digest"]
    same = digest == undisturbed(scratch)
    judge.must(same, "what came after the failure is not what would have been")
    return judge.outcome(recovery_s, code=code, ended_s=round(ended_s, 2))


def slow(scratch: Path) -> Outcome:
    """Each sync takes long: orders wait for it, none is lost, and it goes on as before."""
    judge, words = Judge(), market_in(scratch)
    expected, home = undisturbed(scratch), scratch / "home"
    with engine(home, *words, *PACED) as one:
        before, began = one.status(), time.monotonic()
        with traced(one.child.pid, DELAYS):
            time.sleep(SLOW_S)  # how long the disk is slow is what is chosen here
        healed = time.monotonic()
        until(lambda: kept_pace(one, before["events"], began), "it catches up with its market")
        recovery_s = time.monotonic() - healed
        orders = one.status()["orders"] - before["orders"]
        waited_ms = one.asked("latency")["latency_ns"]["asked"]["longest"]
        one.end()
    waited_ms //= 1_000_000
    judge.must(orders > 0, "there was no order while the disk was slow")
    judge.must(waited_ms >= SLOW_MS, f"an order was sent after {waited_ms} ms, before its sync")
    state = end_of(home, words)
    judge.must(state["state_digest"] == expected, "the state is not that of a good disk")
    return judge.outcome(recovery_s, sync_ms=SLOW_MS, waited_ms=waited_ms, orders=orders)


def kept_pace(one: Engine, events: int, began: float) -> bool:
    """Whether the heartbeats of all the time since then were taken, two a market second."""
    due = events + (time.monotonic() - began) * SPEED * 2
    found: int = one.status().get("events", 0)
    return found >= due


def unmountable() -> str:
    """Why no disk can be filled here, or nothing."""
    if os.geteuid():
        return "needs root: a small filesystem of its own is mounted to be filled"
    with tempfile.TemporaryDirectory() as place:
        if not mounted(Path(place)):
            return "needs the right to mount a small filesystem"
        unmount(Path(place))
    return ""


def mounted(place: Path) -> bool:
    """Whether a small filesystem in memory is there now."""
    words = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "tmpfs", str(place)]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def unmount(place: Path) -> None:
    """It is gone, whatever still stands in it."""
    subprocess.run(["umount", "-l", str(place)], check=True)


def full(scratch: Path) -> Outcome:
    """No room is left: nothing is bought, what is held is sold, and with room it goes on."""
    place = scratch / "disk"
    place.mkdir()
    if not mounted(place):
        raise Broken("the small filesystem was not mounted")
    try:
        return filled(place)
    finally:
        unmount(place)


def filled(place: Path) -> Outcome:
    """The same, on the disk that is to be full."""
    judge, home, filler = Judge(), place / "home", place / "filler"
    small = ("journal.free_disk_floor_bytes=0", f"journal.reserved_bytes={RESERVED_BYTES}")
    words = [*SETTINGS, *(word for change in small for word in ("--set", change))]
    with engine(home, *words, "--speed", "60") as one:
        until(lambda: one.status().get("held"), "it holds something")
        fill(filler)
        until(lambda: one.status().get("paused"), "entries are paused")
        entries = entries_in(home)
        sold = supreme("flatten", "--confirm", "FLATTEN", "--data-dir", str(home))
        judge.must(
            sold.returncode == 0, f"flatten ended with {sold.returncode}: {sold.stderr[:99]}"
        )
        judge.must(one.status().get("held") == 0, "what was held could not be sold")
        judge.must(entries_in(home) == entries, "something was bought on a full disk")
        filler.unlink()
        began = time.monotonic()
        until(lambda: supreme("resume", "--data-dir", str(home)).returncode == 0, "it resumes")
        until(lambda: entries_in(home) > entries, "it buys again")
        recovery_s = time.monotonic() - began
        judge.must(one.is_alive, "the engine ended")
        one.end()
    judge.must(journal_is_whole(home), "the journal is not whole")
    # Not by the log, which lies on the same full disk.
    reasons = [row["text"] for row in exported(home) if row.get("says") == "reason"]
    judge.must(reasons[:1] == ["disk full"], f"the first act was not for the disk: {reasons[:1]}")
    return judge.outcome(recovery_s, disk_mb=DISK_BYTES >> 20, entries=entries)


def entries_in(home: Path) -> int:
    """How many entries the journal holds."""
    rows = exported(home)
    return sum(row["kind"] == "SubmitOrder" and not row["flags"] for row in rows)


def fill(filler: Path) -> None:
    """Take all but a few bytes of its filesystem."""
    volume = os.statvfs(filler.parent)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, volume.f_bavail * volume.f_frsize - LEFT_BYTES)
