"""Is there a Redis of our own to break? One in a folder, that keeps nothing and can be killed."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

READY_S = 30.0
PROGRAM = "redis-server"


def absent() -> str:
    """Why there can be no server here, or nothing."""
    return "" if shutil.which(PROGRAM) else f"needs Redis's program ({PROGRAM})"


class Server:
    """A Redis reached through a socket in a folder; what it holds is gone when it stops."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.folder, self.place, self._settings = folder, folder / "redis.sock", settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """How a client finds it."""
        return f"unix://{self.place}"

    def start(self) -> None:
        """Returns when it takes connections."""
        self.place.unlink(missing_ok=True)
        usual = ("--port", "0", "--save", "", "--appendonly", "no", "--dir", str(self.folder))
        self._process = subprocess.Popen(
            [PROGRAM, *usual, "--unixsocket", str(self.place), *self._settings],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        end = time.monotonic() + READY_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise TimeoutError("Redis did not start")
            time.sleep(0.01)

    def stop(self, how: signal.Signals = signal.SIGKILL) -> None:
        """SIGKILL is a crash."""
        if self._process:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def freeze(self) -> None:
        """It neither answers nor refuses."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        self._signal(signal.SIGCONT)

    def flush(self) -> None:
        """Everything it holds is gone."""
        with socket.socket(socket.AF_UNIX) as there:
            there.connect(str(self.place))
            there.sendall(b"FLUSHALL\r\n")
            there.recv(64)

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as there:
            try:
                there.connect(str(self.place))
            except OSError:
                return False
        return True


@contextmanager
def running(folder: Path, *settings: str) -> Iterator[Server]:
    """A server that has started, and is gone after it; `settings` are words of its command line."""
    server = Server(folder, *settings)
    try:
        server.start()
        yield server
    finally:
        server.thaw()
        server.stop()
