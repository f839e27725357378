"""Who may write in a data directory? The one engine that holds its lock."""

import fcntl
import os

from engine.errors import Refused
from engine.journal.segments import Place, make_directory, unwritable


class Lock:
    """A held data directory; the system frees it when the process ends, however it ends."""

    def __init__(self, fd: int, data_dir: Place) -> None:
        self._fd, self._data_dir = fd, data_dir

    def must_be_ours(self) -> None:
        """Refused (code 4) when the directory, or its journal, was removed or replaced under us.

        Another engine could then start at the same path, and none would find what we write.
        """
        try:
            is_ours = os.path.samestat(os.stat(self._data_dir), os.fstat(self._fd))
            os.stat(os.path.join(self._data_dir, "journal"))
        except (FileNotFoundError, NotADirectoryError):
            is_ours = False
        if not is_ours:
            raise Refused(
                f"The directory of this engine was removed or replaced: {self._data_dir}.",
                "What it did since cannot be found again. Leave a running engine's files alone.",
                code=4,
            )

    def release(self) -> None:
        """Let another engine in."""
        os.close(self._fd)


def hold(data_dir: Place, holder: str = "engine") -> Lock:
    """Lock the directory, making it if need be; Refused (code 4) if another holder has it."""
    try:
        make_directory(data_dir)
        fd = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise unwritable(data_dir, error) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _sign(data_dir)
    except BlockingIOError:
        os.close(fd)
        raise _held_by_another(data_dir, holder) from None
    except OSError as error:
        os.close(fd)
        raise unwritable(data_dir, error) from error
    return Lock(fd, data_dir)


def _sign(data_dir: Place) -> None:
    """Leave our pid for whoever comes; the file is no lock, and may be removed without harm."""
    with open(os.path.join(data_dir, "lock"), "w", encoding="ascii") as file:
        file.write(str(os.getpid()))


def _held_by_another(data_dir: Place, holder: str) -> Refused:
    try:
        with open(os.path.join(data_dir, "lock"), encoding="ascii", errors="replace") as file:
            pid = file.read(20) or "unknown"
    except OSError:
        pid = "unknown"
    return Refused(
        f"Another {holder} (pid {pid}) is running in {data_dir}.",
        "Stop it (Ctrl-C, or kill that pid), or start this one with --data-dir DIR.",
        code=4,
    )
