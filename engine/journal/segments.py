"""What does a segment look like on disk? A 4096-byte header, 64-byte records, zeros to the end.

A record's check is the CRC-32 of its other 60 bytes, seeded by its sequence; a record of kind 0 is
the end. Files of history have the same form, exactly sized, with their record count in the header.
"""

import errno
import os
import struct
import zlib
from contextlib import suppress
from types import ModuleType
from typing import NamedTuple

from engine.errors import Refused
from engine.messages import RECORD_SIZE

MAGIC, VERSION = b"SUPREME1", 1
HEADER_SIZE = 4096
SEGMENT_SIZE, SEGMENT_SIZE_MIN = 16 << 20, 64 << 10
JOURNAL, HISTORY = 0, 1  # source kind
SIMULATED = 1  # flags, bit 0
RING_RECORDS = 8192  # appended and not yet durable, at most; beyond it append waits
WINDOW_RECORDS = 256  # no write crosses a multiple of it: the most that a power cut can tear
SUFFIX = ".segment"
STARTED = "started.toml"  # beside a journal: the settings its engine was last started with

# magic, version, header size, source kind, flags, journal id, layout digest, code digest, profile
# digest, machine, first sequence, segment size, record count (-1 in a journal), previous hash.
FIELDS = struct.Struct("<8sIIII16s32s32s32s64sqqq32s")
PREVIOUS_AT = FIELDS.size - 32  # where the writer puts the hash when it begins the segment
CRC = struct.Struct("<I")  # the header's last four bytes, over all before them
ZEROS_AT_ONCE = 1 << 17

Place = str | os.PathLike[str]


class Identity(NamedTuple):
    """Whose records these are: digests of 32 bytes, an id of 16, a machine name of up to 64."""

    journal_id: bytes
    layout_digest: bytes
    code_digest: bytes
    profile_digest: bytes
    machine: str
    simulated: bool

    def decides_as(self, other: "Identity") -> bool:
        """Whether the same code decided, over the same layout of the state."""
        ours = other.layout_digest, other.code_digest
        return (self.layout_digest, self.code_digest) == ours


class Header(NamedTuple):
    """The first 4096 bytes of a segment or of a file of history."""

    identity: Identity
    first: int
    segment_size: int
    source: int = JOURNAL
    records: int = -1
    previous: bytes = bytes(32)

    @property
    def capacity(self) -> int:
        """How many records the segment has room for."""
        return capacity_of(self.segment_size)


class JournalFailed(Refused):
    """The disk refused a write or a sync: nothing is acknowledged any more, and trading stops."""

    def __init__(self, number: int, directory: Place, durable: int) -> None:
        why, cure = f"the disk answered: {os.strerror(number)}", "Check the disk"
        if number in (errno.ENOSPC, errno.EDQUOT):
            why, cure = "the disk is full", "Free some space"
        elif number == errno.ENOMEM:
            why, cure = "the engine has no memory left", "Give it more memory"
        super().__init__(
            f"The journal in {directory} cannot be written: {why}.",
            f"All before sequence {durable} is safe, nothing after it counts. {cure}, start again.",
            code=4,
        )


def functions_of(native: ModuleType | None) -> ModuleType:
    """The compiled functions, or the same ones in Python where nothing could be compiled."""
    if native is not None:
        return native
    from engine.journal import plain

    return plain


def capacity_of(segment_size: int) -> int:
    """Records in a segment of that many bytes."""
    return (segment_size - HEADER_SIZE) // RECORD_SIZE


def name_of(first: int) -> str:
    """The file name of the segment that begins with this sequence."""
    return f"{first:020d}{SUFFIX}"


def packed(header: Header) -> bytes:
    """The header as its 4096 bytes."""
    who = header.identity
    fields = FIELDS.pack(
        MAGIC,
        VERSION,
        HEADER_SIZE,
        header.source,
        SIMULATED if who.simulated else 0,
        who.journal_id,
        who.layout_digest,
        who.code_digest,
        who.profile_digest,
        who.machine.encode()[:64],
        header.first,
        header.segment_size,
        header.records,
        header.previous,
    )
    padded = fields.ljust(HEADER_SIZE - CRC.size, b"\0")
    return padded + CRC.pack(zlib.crc32(padded))


def version_of(raw: bytes) -> int:
    """The format version of a file of ours, 0 when it is none."""
    return int(struct.unpack_from("<I", raw, 8)[0]) if raw[:8] == MAGIC and len(raw) > 12 else 0


def parsed(raw: bytes) -> Header | None:
    """The header of these 4096 bytes; None when they are not one, or not wholly written."""
    if len(raw) != HEADER_SIZE or version_of(raw) != VERSION:
        return None
    if CRC.unpack_from(raw, HEADER_SIZE - CRC.size)[0] != zlib.crc32(raw[: -CRC.size]):
        return None
    fields = FIELDS.unpack_from(raw)
    source, flags, *digests, machine, first, segment_size, records, previous = fields[3:]
    name = machine.rstrip(b"\0").decode(errors="ignore")
    journal_id, layout, code, profile = digests
    who = Identity(journal_id, layout, code, profile, name, bool(flags & SIMULATED))
    return Header(who, first, segment_size, source, records, previous)


def write_all(fd: int, raw: bytes, offset: int) -> None:
    """Write every byte at the offset; OSError when the disk does not take them."""
    view = memoryview(raw)
    while view:
        written = os.pwrite(fd, view, offset)
        if not written:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        view, offset = view[written:], offset + written


def read_all(fd: int, size: int, offset: int) -> bytes:
    """Exactly so many bytes from the offset on; OSError when the file ends before."""
    raw = os.pread(fd, size, offset)
    while len(raw) < size:
        more = os.pread(fd, size - len(raw), offset + len(raw))
        if not more:
            raise OSError(errno.EIO, "the file became shorter")
        raw += more
    return raw


def put(path: Place, raw: bytes) -> None:
    """Write a file durably, whole or not at all, over one of that name; OSError."""
    folder, name = os.path.split(os.path.abspath(path))
    draft = os.path.join(folder, f".{name}.{os.getpid()}")
    forget_drafts(folder, name)
    try:
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            write_all(fd, raw, 0)
            os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(draft, path)
        sync_directory(folder)
    finally:
        unlink(draft)


def make_directory(directory: Place) -> None:
    """A directory and those above it, durable with their names: what is in it is lost with them."""
    above = [os.path.dirname(os.path.abspath(directory))]
    while not os.path.isdir(above[-1]):
        above.append(os.path.dirname(above[-1]))
    os.makedirs(directory, mode=0o700, exist_ok=True)
    for folder in above:
        with suppress(PermissionError):  # not ours to read, so it was there before us
            sync_directory(folder)


def sync_directory(directory: Place) -> None:
    """Make the directory's entries durable."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def forget_drafts(folder: Place, suffix: str) -> None:
    """Remove drafts (`.NAMEsuffix.PID`) that killed processes left in a folder."""
    for name in os.listdir(folder):
        named, _, pid = name.rpartition(".")
        is_draft = name.startswith(".") and named.endswith(suffix) and pid.isdigit()
        if is_draft and not os.path.exists(f"/proc/{pid}"):
            unlink(os.path.join(folder, name))


def unlink(path: Place) -> None:
    """Remove a file that somebody else may have removed already."""
    with suppress(FileNotFoundError):
        os.unlink(path)


def prepare(directory: Place, first: int, segment_size: int) -> int:
    """Create a segment full of zeros, durable with its name; its open file.

    OSError leaves nothing behind. The zeros are written, not only reserved: a sync of the first
    write into reserved blocks costs a metadata commit.
    """
    path = os.path.join(directory, name_of(first))
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        for at in range(0, segment_size, ZEROS_AT_ONCE):
            write_all(fd, bytes(min(ZEROS_AT_ONCE, segment_size - at)), at)
        os.fsync(fd)
        sync_directory(directory)
    except BaseException:
        os.close(fd)
        os.unlink(path)
        raise
    return fd


def unwritable(path: Place, error: OSError) -> Refused:
    """The refusal for a file or directory that cannot be made or written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    why = "the disk is full" if full else error.strerror
    fix = "Free some space" if full else "Mend that"
    return Refused(f"Cannot use {path}: {why}.", f"{fix}, or choose another --data-dir.", code=4)
