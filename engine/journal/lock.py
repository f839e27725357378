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
        fd = os.open(os.path.join(data_dir, "lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise unwritable(data_dir, error) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(fd, 0)
        os.pwrite(fd, str(os.getpid()).encode(), 0)
    except BlockingIOError:
        raise _held_by_another(data_dir, fd) from None
    except OSError as error:
        os.close(fd)
        raise unwritable(data_dir, error) from error
    return Lock(fd)


def _held_by_another(data_dir: Place, fd: int) -> Refused:
    pid = os.pread(fd, 20, 0).decode(errors="replace") or "unknown"
    os.close(fd)
    return Refused(
        f"Another engine (pid {pid}) is running in {data_dir}.",
        "Stop it (Ctrl-C, or kill that pid), or start this one with --data-dir DIR.",
        code=4,
    )
