"""What is kept back for the day the disk is full? Room for cancels and exits, held by one file."""

import errno
import os

from engine.journal.segments import Place, prepare

NAME = "reserve"
FULL = (errno.ENOSPC, errno.EDQUOT)


class Reserve:
    """So many bytes of disk, held until a segment finds no room without them."""

    def __init__(self, directory: Place, size: int) -> None:
        self._directory, self._size = directory, size
        self._path = os.path.join(directory, NAME)
        self._was_refused = False  # the last segment asked for, for want of room
        self.is_full = False  # whether the newest segment is the last, but for what is held
        self.unmade: OSError | None = None  # why less is held than should be

    def fill(self) -> None:
        """Have the disk hold them, or as many as before where it has no room for all.

        Without them a full disk stops trading sooner, which is no reason not to trade now.
        """
        unmade = None
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                self._fit(fd)
            finally:
                os.close(fd)
        except OSError as error:
            unmade = error
        self.unmade = unmade  # only now: others look at it meanwhile

    def _fit(self, fd: int) -> None:
        """Make the file as large as it should be, every block of it there; OSError."""
        before = os.fstat(fd).st_size
        try:
            if self._size:
                os.posix_fallocate(fd, 0, self._size)
        except OSError:
            os.ftruncate(fd, before)  # what was taken so far would be missed by the journal itself
            raise
        os.ftruncate(fd, self._size)

    def segment(self, first: int, size: int, *, is_last_try: bool = False) -> int:
        """A prepared segment, on a full disk out of what is held; its open file, or OSError.

        The disk is full once that begins. Where nothing is held, once it refused a second time, or
        the last: the first may be somebody's passing file, and room is left in the segment at hand.
        """
        took_held = False
        while True:
            try:
                fd = prepare(self._directory, first, size)
            except OSError as error:
                is_refused = error.errno in FULL
                if is_refused and self._give_up(size):
                    took_held = self.is_full = True
                    continue
                is_final = self.is_full or self._was_refused or is_last_try
                self.is_full = is_refused and is_final
                self._was_refused = is_refused
                raise
            was_full, self.is_full = self.is_full, took_held
            self._was_refused = False
            if not took_held and (was_full or self.unmade):
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
