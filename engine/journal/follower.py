"""What has been written since? A journal that another process writes, followed record by record.

A record is read from the page cache once its check holds; it may not be durable yet. Whoever keeps
something made of it must be able to find out later that the journal became shorter.
"""

import os
from types import ModuleType

from engine.errors import Refused
from engine.journal.segments import (
    HEADER_SIZE,
    JOURNAL,
    SUFFIX,
    Header,
    Place,
    functions_of,
    name_of,
    parsed,
)
from engine.messages import RECORD_SIZE

READ_AT_ONCE = 1 << 18
NOTHING = memoryview(b"")


class Replaced(Exception):
    """The files that were followed are not those of the journal any more."""


class Follower:
    """Reads on from a sequence, over rotations; `read` never waits.

    `identity` is that of the journal, None before its first record.
    """

    def __init__(
        self, directory: Place, sequence: int = 0, native: ModuleType | None = None
    ) -> None:
        self.directory, self.sequence = os.fspath(directory), sequence
        self._disk = functions_of(native)
        self._fd = -1
        self._header: Header | None = None

    @property
    def header(self) -> Header | None:
        """The header of the segment at hand, None before there is one."""
        return self._header

    def read(self) -> memoryview:
        """The next good records, at most 256 KiB; nothing where none are written yet.

        `sequence` is then that of the record after them. Raises Replaced when the files were
        exchanged, Refused (code 4) for a gap.
        """
        if self._header is None and not self._open_containing():
            return NOTHING
        while True:
            chunk = self._good()
            if chunk or not self._open_next():
                return chunk

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._header = -1, None

    def _good(self) -> memoryview:
        if self._header is None:
            return NOTHING
        position = self.sequence - self._header.first
        wanted = min(READ_AT_ONCE, (self._header.capacity - position) * RECORD_SIZE)
        chunk = os.pread(self._fd, wanted, HEADER_SIZE + position * RECORD_SIZE)
        good: int = self._disk.journal_verify(chunk, 0, self.sequence) if chunk else 0
        if good and not position:
            # Other code that finds it empty begins it anew, in its very place.
            self._header = parsed(os.pread(self._fd, HEADER_SIZE, 0)) or self._header
        self.sequence += good
        return memoryview(chunk)[: good * RECORD_SIZE]

    def _open_containing(self) -> bool:
        """The segment that holds the sequence, or is about to."""
        try:
            firsts = sorted(
                int(name.removesuffix(SUFFIX))
                for name in os.listdir(self.directory)
                if name.endswith(SUFFIX) and name.removesuffix(SUFFIX).isdigit()
            )
        except FileNotFoundError:
            return False
        before = [first for first in firsts if first <= self.sequence]
        if firsts and not before:
            raise Refused(
                f"the journal in {self.directory} has a gap: {name_of(self.sequence)} is missing",
                "put the file back from a backup",
                code=4,
            )
        for first in reversed(before):
            if found := self._begun(first):
                self._take(*found)
                return True
        return False

    def _begun(self, first: int) -> tuple[int, Header] | None:
        """The open file and header of the segment of this first sequence, once it was begun."""
        try:
            fd = os.open(os.path.join(self.directory, name_of(first)), os.O_RDONLY)
        except FileNotFoundError:
            return None
        header = parsed(os.pread(fd, HEADER_SIZE, 0))
        if header is None or header.source != JOURNAL or header.first != first:
            os.close(fd)
            return None
        return fd, header

    def _take(self, fd: int, header: Header) -> None:
        self.close()
        self._fd, self._header = fd, header

    def _open_next(self) -> bool:
        """Whether a next segment was begun where this one ends; Replaced if it does not follow."""
        if self._header is None or not self._is_there(self._header.first):
            raise Replaced
        before, held = self._header, self.sequence - self._header.first
        found = self._begun(self.sequence) if held else None
        if found is None:
            return False
        digest = self._disk.journal_hash(self._fd, HEADER_SIZE + held * RECORD_SIZE)
        self._take(*found)
        after = found[1]
        if after.identity.journal_id != before.identity.journal_id or after.previous != digest:
            raise Replaced
        return True

    def _is_there(self, first: int) -> bool:
        """Whether the file at hand still has its name."""
        try:
            found = os.stat(os.path.join(self.directory, name_of(first)))
        except FileNotFoundError:
            return False
        return found.st_ino == os.fstat(self._fd).st_ino
