"""How far did the journal reach? Noted beside the segments, so that what is lost is missed.

A segment says who came before it; nothing in the newest one can say that it was ever there, nor how
much of it was.
"""

import os
import struct
import zlib

from engine.journal.segments import Place, sync_directory, unlink, write_all

NEWEST = "head"  # the first sequence of the newest segment that was begun
DURABLE = "durable"  # a sequence before which all was on the disk once
CLOSED = "closed"  # the sequence at which its writer closed it, OPEN before that
NOTHING, OPEN = -1, (1 << 64) - 1
SEQUENCE = struct.Struct("<Q")
SLOT = struct.Struct("<QI4x")  # sequence, its CRC-32; twice: a cut write leaves one whole


def note(directory: Place, sequence: int, name: str = NEWEST) -> None:
    """Say durably how far the journal reached: a sequence under one of the two names.

    Only of what is durable itself: what is noted and not there is refused.
    """
    slot = SLOT.pack(sequence, zlib.crc32(SEQUENCE.pack(sequence)))
    path = os.path.join(directory, name)
    is_new = not os.path.exists(path)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_DSYNC, 0o600)
    try:
        write_all(fd, slot + slot, 0)
    finally:
        os.close(fd)
    if is_new:
        sync_directory(directory)  # or a power cut takes the note's name, and the note with it


def renote(directory: Place, first: int) -> None:
    """Note an earlier segment as the newest, or that there is none; durable."""
    if first == NOTHING:
        unlink(os.path.join(directory, NEWEST))
        sync_directory(directory)
    else:
        note(directory, first)


def noted(directory: Place, name: str = NEWEST) -> int:
    """The highest sequence that was noted under this name, NOTHING without a whole note."""
    try:
        with open(os.path.join(directory, name), "rb", buffering=0) as file:
            raw = file.read(2 * SLOT.size)
    except (FileNotFoundError, NotADirectoryError):
        return NOTHING
    newest = NOTHING
    for at in range(0, len(raw) - SLOT.size + 1, SLOT.size):
        sequence, check = SLOT.unpack_from(raw, at)
        if check == zlib.crc32(SEQUENCE.pack(sequence)):
            newest = max(newest, sequence)
    return newest


def closed_at(directory: Place) -> int:
    """At which sequence its last writer closed it; OPEN if it did not, NOTHING if none ever said.

    Of a journal that older code went on with it is another sequence than its end.
    """
    if not os.path.exists(os.path.join(directory, CLOSED)):
        return NOTHING
    closed = noted(directory, CLOSED)
    return OPEN if closed == NOTHING else closed
