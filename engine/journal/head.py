"""Which segment is the newest that was begun? Noted beside the segments, so that it is missed.

A segment says who came before it; nothing in the newest one can say that it was ever there.
"""

import os
import struct
import zlib

from engine.journal.segments import Place, write_all

NAME = "head"
NOTHING = -1
FIRST = struct.Struct("<Q")
SLOT = struct.Struct("<QI4x")  # first sequence, its CRC-32; twice: a cut write leaves one whole


def note(directory: Place, first: int) -> None:
    """Say durably that the segment of this first sequence was begun.

    Only of a segment whose header is durable: what is noted and not there is refused.
    """
    slot = SLOT.pack(first, zlib.crc32(FIRST.pack(first)))
    flags = os.O_WRONLY | os.O_CREAT | os.O_DSYNC
    fd = os.open(os.path.join(directory, NAME), flags, 0o600)
    try:
        write_all(fd, slot + slot, 0)
    finally:
        os.close(fd)


def noted(directory: Place) -> int:
    """The first sequence of the newest segment that was noted, NOTHING without a whole note."""
    try:
        with open(os.path.join(directory, NAME), "rb", buffering=0) as file:
            raw = file.read(2 * SLOT.size)
    except (FileNotFoundError, NotADirectoryError):
        return NOTHING
    newest = NOTHING
    for at in range(0, len(raw) - SLOT.size + 1, SLOT.size):
        first, check = SLOT.unpack_from(raw, at)
        if check == zlib.crc32(FIRST.pack(first)):
            newest = max(newest, first)
    return newest
