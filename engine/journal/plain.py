"""How is the journal written where nothing can be compiled? By the functions of native.c again.

The same names and bytes, more slowly: here the writing thread competes for the interpreter's lock.
"""

import errno
import os
import struct
import threading
from contextlib import suppress
from importlib import import_module
from typing import Any
from zlib import crc32

from engine.journal.segments import CRC, HEADER_SIZE, RING_RECORDS, WINDOW_RECORDS, write_all
from engine.messages import HEARTBEAT, RECORD_SIZE

NO_ROOM, FAILED = -1, -2
SEQUENCE = struct.Struct("<Q")
READ_AT_ONCE = 1 << 16


class Handle:
    """One journal being written; `changed` guards it and tells of every change."""

    def __init__(self, fd: int, first: int, used: int, capacity: int) -> None:
        self.fd, self.first, self.capacity = fd, first, capacity
        self.following: tuple[int, bytes, int, int] | None = None
        self.pending = bytearray()
        self.sequence = self.durable = self.wanted = first + used
        self.failure, self.stopping = 0, False
        self.changed = threading.Condition()
        self.sha = _hashed(fd, HEADER_SIZE + used * RECORD_SIZE)
        self.eventfd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    @property
    def full(self) -> bool:
        """Whether the current segment holds all it can."""
        return self.durable == self.first + self.capacity

    def has_work(self) -> bool:
        """Whether the writer must wake: for what is wanted, or a window of what can wait."""
        waiting = self.sequence - self.durable
        ready = waiting >= WINDOW_RECORDS or (waiting > 0 and self.wanted > self.durable)
        if self.full:
            ready = self.following is not None
        return bool(self.failure or self.stopping or ready)


def journal_open(fd: int, first: int, used: int, capacity: int) -> Handle:
    """A handle to append after `used` records of the segment; takes the fd over."""
    return Handle(fd, first, used, capacity)


def journal_run(handle: Handle) -> int:
    """The writer thread's whole life; the errno that ended it, 0 when it was stopped."""
    import signal  # here: it brings enum, which nothing else in the engine needs

    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        while _worked(handle):
            pass
    except OSError as error:
        journal_fail(handle, error.errno or errno.EIO)
    os.eventfd_write(handle.eventfd, 1)
    return handle.failure


def journal_append(handle: Handle, records: bytes) -> int:
    """Seal the records and queue them: the sequence after them, NO_ROOM or FAILED."""
    _must_be_records(records)
    with handle.changed:
        if handle.failure:
            return FAILED
        if len(handle.pending) + len(records) > RING_RECORDS * RECORD_SIZE:
            return NO_ROOM
        handle.pending += journal_seal(records, handle.sequence)
        handle.sequence += len(records) // RECORD_SIZE
        if max(records[4::RECORD_SIZE]) > HEARTBEAT:
            handle.wanted = max(handle.wanted, handle.sequence)
        if handle.has_work():
            handle.changed.notify_all()
        return handle.sequence


def journal_sequence(handle: Handle) -> int:
    """The next sequence."""
    return handle.sequence


def journal_durable(handle: Handle) -> int:
    """All before this sequence is on the disk."""
    return handle.durable


def journal_collect(handle: Handle) -> int:
    """Clear the eventfd; all before this sequence is on the disk."""
    with suppress(BlockingIOError):
        os.eventfd_read(handle.eventfd)
    return handle.durable


def journal_failure(handle: Handle) -> int:
    """The errno that stopped the writer, 0 while all is well."""
    return handle.failure


def journal_fileno(handle: Handle) -> int:
    """An eventfd, readable after each commit."""
    return handle.eventfd


def journal_wait(handle: Handle, sequence: int, timeout_ms: int) -> bool:
    """Whether all before the sequence is durable; at most the time given."""

    def settled() -> bool:
        return handle.durable >= sequence or bool(handle.failure)

    with handle.changed:
        _want(handle, sequence)
        handle.changed.wait_for(settled, timeout_ms / 1000)
        return handle.durable >= sequence


def journal_await_room(handle: Handle, records: int, timeout_ms: int) -> bool:
    """Whether that many records may be appended; at most the time given."""
    free = (RING_RECORDS - records) * RECORD_SIZE

    def settled() -> bool:
        return len(handle.pending) <= free or bool(handle.failure)

    with handle.changed:
        handle.changed.wait_for(settled, timeout_ms / 1000)
        return len(handle.pending) <= free


def journal_next(handle: Handle, fd: int, header: bytes, hash_at: int, capacity: int) -> bool:
    """Hand over the prepared next segment; whether it was taken."""
    with handle.changed:
        if handle.following is not None:
            return False
        handle.following = fd, header, hash_at, capacity
        handle.changed.notify_all()
        return True


def journal_fail(handle: Handle, number: int) -> int:
    """End all acknowledgement with this errno; the first one stays."""
    with handle.changed:
        handle.failure = handle.failure or number
        handle.changed.notify_all()
        return handle.failure


def journal_flush(handle: Handle) -> int:
    """Make all that was appended so far durable without delay."""
    with handle.changed:
        _want(handle, handle.sequence)
    return 0


def journal_stop(handle: Handle) -> int:
    """Let the writer return once all that was appended is durable."""
    with handle.changed:
        handle.stopping = True
        handle.changed.notify_all()
    return 0


def journal_close(handle: Handle) -> int:
    """Close the files, after the writer returned."""
    journal_fail(handle, errno.EBADF)
    following = [handle.following[0]] if handle.following else []
    for fd in (handle.fd, handle.eventfd, *following):
        if fd >= 0:
            os.close(fd)
    handle.fd = handle.eventfd = -1
    handle.following = None
    return 0


def journal_seal(records: bytes, first: int) -> bytes:
    """The records with their checks."""
    _must_be_records(records)
    sealed = bytearray(records)
    view = memoryview(sealed)
    for number, at in enumerate(range(0, len(sealed), RECORD_SIZE)):
        CRC.pack_into(sealed, at, _check_of(view[at : at + RECORD_SIZE], first + number))
    return bytes(sealed)


def journal_verify(buffer: Any, offset: int, first: int) -> int:
    """How many records are good from the offset on, up to the first that is not."""
    view = memoryview(buffer)
    good = 0
    for at in range(offset, len(view) - RECORD_SIZE + 1, RECORD_SIZE):
        record = view[at : at + RECORD_SIZE]
        if not record[4] or CRC.unpack_from(record)[0] != _check_of(record, first + good):
            break
        good += 1
    return good


def journal_hash(fd: int, size: int) -> bytes:
    """SHA-256 of the file's first bytes."""
    digest: bytes = _hashed(fd, size).digest()
    return digest


def _want(handle: Handle, sequence: int) -> None:
    handle.wanted = max(handle.wanted, sequence)
    handle.changed.notify_all()


def _must_be_records(records: bytes) -> None:
    """A record of kind 0 would mean the end of the segment."""
    if not records or len(records) % RECORD_SIZE or not all(records[4::RECORD_SIZE]):
        raise ValueError("records must be whole, 64 bytes each, and of a kind above 0")


def _check_of(record: memoryview, sequence: int) -> int:
    return crc32(record[4:], crc32(SEQUENCE.pack(sequence)))


def _hashed(fd: int, size: int) -> Any:
    """A running SHA-256 of the file's first bytes."""
    sha = _sha256()
    for at in range(0, size, READ_AT_ONCE):
        wanted = min(READ_AT_ONCE, size - at)
        block = os.pread(fd, wanted, at)
        if len(block) != wanted:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        sha.update(block)
    return sha


def _sha256() -> Any:
    """Python's own where it ships one: hashlib brings OpenSSL's 3 MB."""
    for name in ("_sha2", "_sha256", "hashlib"):
        try:
            return import_module(name).sha256()
        except ImportError:
            continue
    raise ImportError("this Python has no SHA-256")


def _worked(handle: Handle) -> bool:
    """One commit or one rotation; False when there is nothing left to do."""
    with handle.changed:
        handle.changed.wait_for(handle.has_work)
        if handle.failure:
            return False
        records = bytes(handle.pending[: _commit_size(handle)])
    if handle.full and handle.following is not None:
        _rotate(handle, *handle.following)
        return True
    if records:
        _commit(handle, records)
    return bool(records)


def _commit_size(handle: Handle) -> int:
    """Bytes up to the end of the window or of the segment."""
    position = handle.durable - handle.first
    window_end = (position // WINDOW_RECORDS + 1) * WINDOW_RECORDS
    return (min(window_end, handle.capacity) - position) * RECORD_SIZE


def _commit(handle: Handle, records: bytes) -> None:
    write_all(handle.fd, records, HEADER_SIZE + (handle.durable - handle.first) * RECORD_SIZE)
    os.fdatasync(handle.fd)
    with handle.changed:
        handle.durable += len(records) // RECORD_SIZE
        handle.changed.notify_all()
    os.eventfd_write(handle.eventfd, 1)
    handle.sha.update(records)
    with handle.changed:
        del handle.pending[: len(records)]
        handle.changed.notify_all()


def _rotate(handle: Handle, fd: int, header: bytes, hash_at: int, capacity: int) -> None:
    """Begin the next segment: its header closes the chain and is synced before any record."""
    chained = header[:hash_at] + handle.sha.digest() + header[hash_at + 32 : HEADER_SIZE - CRC.size]
    sealed = chained + CRC.pack(crc32(chained))
    write_all(fd, sealed, 0)
    os.fdatasync(fd)
    os.close(handle.fd)
    with handle.changed:
        handle.fd, handle.first, handle.capacity = fd, handle.durable, capacity
        handle.following = None
    handle.sha = _sha256()
    handle.sha.update(sealed)
