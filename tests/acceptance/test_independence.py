"""Does the engine notice whoever watches it? Interleaved stretches with and without a console."""

import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import pytest

from bench.operator import p99_over
from engine.control.client import Link, connect
from tests.acceptance.running import COMMAND, ROOT

pytest.importorskip("textual", reason="needs textual for the console")
pytestmark = pytest.mark.alone


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Link]:
    """A busy engine, 150 events a second, and a link to it."""
    words = ["run", "--quiet", "--speed", "60", "--data-dir", str(tmp_path)]
    with subprocess.Popen([*COMMAND, *words], cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        while not (tmp_path / "control" / "socket").exists():
            assert process.poll() is None
            time.sleep(0.02)
        link = connect(str(tmp_path), 10.0)
        yield link
        link.close()
        process.terminate()


@contextmanager
def console(link: Link, size: tuple[int, int] = (24, 80)) -> Iterator[int]:
    """A real console on a terminal of its own, read by somebody; its pid."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", *size, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [*COMMAND, "console", "--data-dir", link.data_dir],
        cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, env=environment,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    reading = threading.Thread(target=read_all, args=(ours,), daemon=True)
    reading.start()
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait(10)
        reading.join(10)
        os.close(ours)


def read_all(fd: int) -> None:
    """Until the terminal is closed."""
    while True:
        select.select([fd], [], [], 30)
        try:
            if not os.read(fd, 1 << 16):
                return
        except OSError:
            return


def ratios(link: Link, pairs: int, seconds: float) -> dict[str, float]:
    """With a console over without one, the median of so many pairs in turn."""
    taken: dict[str, list[float]] = {"decided": [], "reacted": []}
    for _ in range(pairs):
        alone = p99_over(link, seconds)
        with console(link):
            time.sleep(2.0)
            watched = p99_over(link, seconds)
        for name, found in taken.items():
            found.append(watched[name] / alone[name])
    told = {name: median(found) for name, found in taken.items()}
    print(
        f"\n{pairs} pairs of {seconds:g} s, decision p99 watched / alone: {told}", file=sys.stderr
    )
    return told


def test_a_console_does_not_slow_decisions(engine: Link):
    """A short look, of enough events for a 99th percentile: no multiple of the time."""
    assert max(ratios(engine, 5, 6.0).values()) < 2.0


@pytest.mark.long
def test_a_console_does_not_slow_decisions_over_minutes(engine: Link):
    """Nine interleaved pairs of 60 s: the median ratio of the decision's p99 is at most 1.2."""
    assert max(ratios(engine, 9, 60.0).values()) <= 1.2


def test_a_console_that_dies_or_stalls_is_not_noticed(engine: Link):
    """Killed -9, stopped while it should read, and on a terminal of 20x5: events go on coming."""
    with console(engine) as pid:
        time.sleep(1.0)
        os.kill(pid, signal.SIGSTOP)
        stalled = p99_over(engine, 2.0)
        os.kill(pid, signal.SIGKILL)
    with console(engine, size=(5, 20)):
        time.sleep(1.5)
        after = p99_over(engine, 2.0)

    assert stalled["decided"] > 0
    assert after["decided"] > 0
    assert engine.ask("notices")["notices"] == []
