"""How does a record become durable? Appended here, written and synced by one thread of its own."""

import errno
import os
import time
from _thread import LockType, allocate_lock, start_new_thread
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType

from engine.errors import Refused
from engine.journal.continuing import last_segment
from engine.journal.head import CLOSED, DURABLE, NEWEST, OPEN, note
from engine.journal.recovery import Recovered, recover
from engine.journal.reserve import Reserve
from engine.journal.segments import (
    HEADER_SIZE,
    PREVIOUS_AT,
    SEGMENT_SIZE,
    SEGMENT_SIZE_MIN,
    WINDOW_RECORDS,
    Header,
    Identity,
    JournalFailed,
    Place,
    capacity_of,
    functions_of,
    make_directory,
    packed,
    unwritable,
)
from engine.messages import RECORD_SIZE

STALLED_S = 30.0  # a disk that moves nothing for so long has failed
PATIENCE_S = 0.1  # one native wait; between two of them signals are seen
RETRIES = 8  # attempts to prepare a next segment while the current one fills its second half
MARK_RECORDS = 1 << 14  # between two notes of how much is durable: a later loss of it is seen
NEVER = 1 << 62


class Journal:
    """The journal being written: append, then act once the sequence is durable.

    One thread appends and asks; a second writes; a third sleeps until it has a turn: to note each
    segment once it holds a durable record, and now and then how much is durable, and to prepare the
    next when half of the current one is used. All are there from the start: when memory is short,
    none can be had. After a failure every call but `close` raises JournalFailed, and what was not
    durable never becomes so.
    """

    def __init__(
        self,
        directory: Place,
        identity: Identity,
        recovered: Recovered,
        *,
        segment_size: int,
        reserved: int,
    ) -> None:
        self.directory, self.identity, self.recovered = directory, identity, recovered
        self.unprepared: OSError | None = None
        self.reserve = Reserve(directory, reserved)
        self._segment_size = segment_size
        self._turn, self._is_ending = allocate_lock(), False
        self._turn.acquire()  # free when the third thread has something to do
        self._note_at = NEVER  # a record of the segment that was handed over is durable

    @classmethod
    def open(
        cls,
        directory: Place,
        identity: Identity,
        *,
        segment_size: int = SEGMENT_SIZE,
        native: ModuleType | None = None,
        reserved: int = 0,
    ) -> "Journal":
        """Recover what is there and continue it, or begin; the journal id of a begun one stays.

        So many bytes are reserved for segments that a full disk would not take. Refused (code 4)
        when it is damaged, of other code, or the disk does not take it.
        """
        if segment_size < SEGMENT_SIZE_MIN or segment_size % HEADER_SIZE:
            raise Refused(
                f"A journal segment cannot have {segment_size} bytes.",
                f"Give a multiple of {HEADER_SIZE}, at least {SEGMENT_SIZE_MIN}.",
            )
        try:
            make_directory(directory)
        except OSError as error:
            raise unwritable(directory, error) from error
        recovered = recover(directory, identity, native)
        if recovered.segments:
            journal_id = recovered.segments[-1].header.identity.journal_id
            identity = identity._replace(journal_id=journal_id)
        journal = cls(directory, identity, recovered, segment_size=segment_size, reserved=reserved)
        try:
            journal._start(functions_of(native))
        except OSError as error:
            raise unwritable(directory, error) from error
        return journal

    def _start(self, disk: ModuleType) -> None:
        header, used, fd = last_segment(
            self.directory, self.identity, self.recovered, self._segment_size, disk
        )
        self._inode = os.stat(self.directory).st_ino
        note(self.directory, header.first)
        note(self.directory, OPEN, CLOSED)
        if used:
            self._note(header.first + used, DURABLE)
        self.reserve.fill()
        self._disk = disk
        self._handle = disk.journal_open(fd, header.first, used, header.capacity)
        self._append, self._durable = disk.journal_append, disk.journal_durable
        self._end = header.first + header.capacity
        self._prepare_at = self._end - header.capacity // 2
        self._mark_at = header.first + used + MARK_RECORDS
        self._tend_at = min(self._prepare_at, self._mark_at)
        self._threads = [_started(disk.journal_run, self._handle), _started(self._tend_in_turns)]

    @property
    def sequence(self) -> int:
        """The next sequence: how many records were ever appended."""
        sequence: int = self._disk.journal_sequence(self._handle)
        return sequence

    @property
    def durable(self) -> int:
        """All records before this sequence are on the disk."""
        durable: int = self._durable(self._handle)
        if durable >= self._tend_at:
            self.tend()
        return durable

    def fileno(self) -> int:
        """A file that becomes readable after each commit and at a failure; `collect` clears it."""
        fileno: int = self._disk.journal_fileno(self._handle)
        return fileno

    def append(self, records: bytes) -> int:
        """Queue whole records; the sequence after the last, durable once `durable` reaches it.

        Market records and heartbeats may wait for company: until one of another kind, a window of
        them or a `flush`. Appending waits only while RING_RECORDS are not yet durable.
        """
        sequence: int = self._append(self._handle, records)
        if sequence < 0:
            sequence = self._append_slowly(records)
        if sequence >= self._tend_at:
            self.tend()
        return sequence

    def flush(self) -> None:
        """Let all that was appended become durable without delay; waits for nothing."""
        self._disk.journal_flush(self._handle)

    def collect(self) -> int:
        """Clear the wake-up of `fileno`; what is durable now."""
        durable: int = self._disk.journal_collect(self._handle)
        self._must_be_well()
        if durable >= self._tend_at:
            self.tend()
        return durable

    def wait(self, sequence: int, timeout: float) -> bool:
        """Whether all before the sequence became durable within so many seconds."""
        end = time.monotonic() + timeout
        while (durable := self.durable) < sequence:
            self._must_be_well()
            left = min(end - time.monotonic(), PATIENCE_S)
            if left <= 0:
                return False
            is_tended = self._tend_at == NEVER  # what comes next may be due at any commit
            goal = min(sequence, durable + 1 if is_tended else max(self._tend_at, durable + 1))
            self._disk.journal_wait(self._handle, goal, max(1, int(left * 1000)))
        return True

    def tend(self) -> None:
        """Note what is durable or prepare the next segment when it is time; other calls do too."""
        if self._durable(self._handle) < self._tend_at:
            return
        self._tend_at = NEVER
        self._turn.release()

    def close(self) -> None:
        """Make all that was appended durable and stop; JournalFailed when that cannot be."""
        try:
            if not self._disk.journal_failure(self._handle):
                self._wait_for_all()
        finally:
            self._release()

    def _wait_for_all(self) -> None:
        if not self.wait(self.sequence, STALLED_S):
            self._disk.journal_fail(self._handle, errno.ETIMEDOUT)
            self._must_be_well()
        for name in (DURABLE, CLOSED):  # each proves the end, the last also that it is one
            self._note(self._durable(self._handle), name)

    def _release(self) -> None:
        self._disk.journal_stop(self._handle)
        self._is_ending = True
        with suppress(RuntimeError):  # it has a turn already
            self._turn.release()
        if all(thread.acquire(timeout=STALLED_S) for thread in self._threads):
            self._disk.journal_close(self._handle)

    def _must_be_well(self) -> None:
        failure: int = self._disk.journal_failure(self._handle)
        if failure:
            raise JournalFailed(failure, self.directory, self._durable(self._handle))

    def _append_slowly(self, records: bytes) -> int:
        """Piece by piece, waiting for room before each."""
        step, sequence = WINDOW_RECORDS * RECORD_SIZE, 0
        for at in range(0, len(records), step):
            piece = records[at : at + step]
            while (sequence := self._append(self._handle, piece)) < 0:
                self._wait_for_room(len(piece) // RECORD_SIZE)
        return sequence

    def _wait_for_room(self, records: int) -> None:
        end = time.monotonic() + STALLED_S
        while True:
            self._must_be_well()
            self.tend()
            if self._disk.journal_await_room(self._handle, records, int(PATIENCE_S * 1000)):
                return
            if time.monotonic() > end:
                self._disk.journal_fail(self._handle, errno.ETIMEDOUT)

    def _tend_in_turns(self) -> None:
        """The third thread's life."""
        try:
            while self._turn.acquire() and not self._is_ending:
                self._tend()
        except MemoryError:
            self._disk.journal_fail(self._handle, errno.ENOMEM)

    def _tend(self) -> None:
        """What is due by how much is durable; then when it is due next."""
        durable = self._durable(self._handle)
        if durable >= self._note_at:
            self._note(self._note_at - 1)  # a record of that segment is durable, so is its header
            self._note_at = NEVER
        if durable >= self._mark_at:
            self._note(durable, DURABLE)
            self._mark_at = durable + MARK_RECORDS
        if durable >= self._prepare_at:
            self._prepare()
        self._tend_at = min(self._note_at, self._mark_at, self._prepare_at)

    def _note(self, sequence: int, name: str = NEWEST) -> None:
        """Without the note the journal is as whole as before, only a loss of it is not seen."""
        try:
            if os.stat(self.directory).st_ino == self._inode:  # else it is somebody else's by now
                note(self.directory, sequence, name)
        except OSError as error:
            self.unprepared = error

    def _prepare(self) -> None:
        """One segment of zeros, handed to the writer."""
        is_last_try = self._durable(self._handle) >= self._end
        try:
            fd = self.reserve.segment(self._end, self._segment_size, is_last_try=is_last_try)
        except OSError as error:
            self._postpone(error, is_last_try=is_last_try)
            return
        header = packed(Header(self.identity, self._end, self._segment_size))
        capacity = capacity_of(self._segment_size)
        self._disk.journal_next(self._handle, fd, header, PREVIOUS_AT, capacity)
        self._note_at, self.unprepared = self._end + 1, None
        self._end += capacity
        self._prepare_at = self._end - capacity // 2

    def _postpone(self, error: OSError, *, is_last_try: bool) -> None:
        """Try again a little later; a try begun when the current segment was full is the last."""
        self.unprepared = error
        if is_last_try:
            self._disk.journal_fail(self._handle, error.errno or errno.EIO)
        step = capacity_of(self._segment_size) // (2 * RETRIES)
        self._prepare_at = min(self._durable(self._handle) + step, self._end)


def _started(work: Callable[..., object], *arguments: object) -> LockType:
    """The work in its own thread; the lock is free when it ends. No `threading`: 250 kB."""
    running = allocate_lock()
    running.acquire()

    def run() -> None:
        try:
            work(*arguments)
        finally:
            running.release()

    start_new_thread(run, ())
    return running
