"""How does a program behave on a real terminal? A pseudo terminal that reads, answers, counts."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable
from typing import Self

TICK_S = 0.05
# What a terminal is asked at the start, and what a common one answers.
ANSWERS = ((b"\x1b[?2026$p", b"\x1b[?2026;2$y"), (b"\x1b[6n", b"\x1b[1;1R"))


class Terminal:
    """One program on a pseudo terminal of its own."""

    def __init__(self, command: list[str], columns: int, rows: int, **environment: str) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            usual = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
            named = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
            time.sleep(TICK_S)  # the size below comes first
            os.execvpe(command[0], command, {**named, **usual, "LC_ALL": "", **environment})
        self.resize(columns, rows)
        self.received = b""
        self.code: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait(5.0)
        os.close(self.fd)

    def resize(self, columns: int, rows: int) -> None:
        """Another size of the window."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.fd, keys.encode())

    def read(self, seconds: float, until: Callable[[bytes], bool] = lambda _: False) -> bytes:
        """What it draws in so many seconds, or until that is enough."""
        end, drawn = time.monotonic() + seconds, b""
        while time.monotonic() < end and not until(drawn):
            if not select.select([self.fd], [], [], TICK_S)[0]:
                continue
            try:
                raw = os.read(self.fd, 1 << 16)
            except OSError:
                break  # it has ended
            drawn += raw
            for asked, answer in ANSWERS:
                if asked in raw:
                    os.write(self.fd, answer)
        self.received += drawn
        return drawn

    def wait(self, seconds: float) -> int | None:
        """Its exit code, reading what it still says; None when it has not ended by then."""
        end = time.monotonic() + seconds
        while self.code is None and time.monotonic() < end:
            self.read(TICK_S)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def processor_ns(self) -> int:
        """Processor time so far, in nanoseconds, as the scheduler counts it, all threads."""
        total = 0
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{thread}/schedstat") as file:
                total += int(file.read().split()[0])
        return total

    def resident_mb(self) -> float:
        """Resident memory now."""
        with open(f"/proc/{self.pid}/status") as file:
            found = re.search(r"^VmRSS:\s+(\d+) kB", file.read(), re.MULTILINE)
        return int(found.group(1)) / 1024 if found else float("nan")
