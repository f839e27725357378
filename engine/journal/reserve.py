"""What is kept back for the day the disk is full? Room for cancels and exits, held by one file."""

import errno
import os
from contextlib import suppress

from engine.journal.segments import Place, prepare

NAME = "reserve"
FULL = (errno.ENOSPC, errno.EDQUOT)


class Reserve:
    """So many bytes of disk, held until a segment finds no room without them."""

    def __init__(self, directory: Place, size: int) -> None:
        self._directory, self._size = directory, size
        self._path = os.path.join(directory, NAME)
        self.is_full = False  # whether the disk took the newest segment only out of what was held

    def fill(self) -> None:
        """Have the disk hold them.

        Without them a full disk stops trading sooner, which is no reason not to trade now.
        """
        with suppress(OSError):
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                if self._size:
                    os.posix_fallocate(fd, 0, self._size)
                os.ftruncate(fd, self._size)
            finally:
                os.close(fd)

    def segment(self, first: int, size: int) -> int:
        """A prepared segment, on a full disk out of what is held; its open file, or OSError."""
        is_full = False
        while True:
            try:
                fd = prepare(self._directory, first, size)
            except OSError as error:
                is_full = error.errno in FULL
                if is_full and self._give_up(size):
                    continue
                raise
            finally:
                was_full, self.is_full = self.is_full, is_full
            if was_full and not is_full:
                self.fill()
            return fd

    def _give_up(self, size: int) -> bool:
        """Free so many bytes of what is held; whether there were any."""
        try:
            fd = os.open(self._path, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            held = os.fstat(fd).st_size
            os.ftruncate(fd, max(held - size, 0))
            os.fsync(fd)  # the blocks are free once the shorter file is durable
        finally:
            os.close(fd)
        return held > 0
