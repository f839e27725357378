"""Who may write in a data directory? The one engine that holds its lock."""

import fcntl
import os

from engine.errors import Refused
from engine.journal.segments import Place, unwritable


class Lock:
    """A held data directory; the system frees it when the process ends, however it ends."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def release(self) -> None:
        """Let another engine in."""
        os.close(self._fd)


def hold(data_dir: Place) -> Lock:
    """Lock the directory, making it if need be; Refused (code 4) if another engine has it."""
    try:
        os.makedirs(data_dir, mode=0o700, exist_ok=True)
        fd = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise unwritable(data_dir, error) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _sign(data_dir)
    except BlockingIOError:
        os.close(fd)
        raise _held_by_another(data_dir) from None
    except OSError as error:
        os.close(fd)
        raise unwritable(data_dir, error) from error
    return Lock(fd)


def _sign(data_dir: Place) -> None:
    """Leave our pid for whoever comes; the file is no lock, and may be removed without harm."""
    with open(os.path.join(data_dir, "lock"), "w", encoding="ascii") as file:
        file.write(str(os.getpid()))


def _held_by_another(data_dir: Place) -> Refused:
    try:
        with open(os.path.join(data_dir, "lock"), encoding="ascii", errors="replace") as file:
            pid = file.read(20) or "unknown"
    except OSError:
        pid = "unknown"
    return Refused(
        f"Another engine (pid {pid}) is running in {data_dir}.",
        "Stop it (Ctrl-C, or kill that pid), or start this one with --data-dir DIR.",
        code=4,
    )
