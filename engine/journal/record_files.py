"""How is history kept? One file a series: a header and exactly its records, whole or not at all."""

import mmap
import os
from collections.abc import Iterable
from types import ModuleType
from typing import NamedTuple

from engine.errors import Refused
from engine.journal.segments import (
    HEADER_SIZE,
    HISTORY,
    VERSION,
    Header,
    Place,
    forget_drafts,
    functions_of,
    packed,
    parsed,
    sync_directory,
    unwritable,
    version_of,
    write_all,
)
from engine.messages import RECORD_SIZE


class RecordFile(NamedTuple):
    """A verified file of history; the records stay on disk until they are read."""

    header: Header
    records: memoryview


def write_record_file(
    path: Place, chunks: Iterable[bytes], header: Header, native: ModuleType | None = None
) -> int:
    """Seal and write whole records; how many. The file appears complete or not at all.

    `header` says whose they are and their first sequence; count and size are filled in. Refused
    (code 4) when the disk does not take them.
    """
    folder, name = os.path.split(os.path.abspath(path))
    draft = os.path.join(folder, f".{name}.{os.getpid()}")
    try:
        forget_drafts(folder, name)
        count = _write(draft, chunks, header, functions_of(native))
        os.replace(draft, path)
        sync_directory(folder)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        if os.path.exists(draft):
            os.unlink(draft)
    return count


def open_record_file(path: Place, native: ModuleType | None = None) -> RecordFile:
    """Header and records of a file of history, every check verified; Refused (code 2) otherwise."""
    try:
        with open(path, "rb", buffering=0) as file:
            raw, size = file.read(HEADER_SIZE), os.fstat(file.fileno()).st_size
            header = _header_of(path, raw, size)
            whole = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
    except OSError as error:
        raise Refused(f"Cannot read {path}: {error.strerror}.", "Check the name.") from error
    records = memoryview(whole)[HEADER_SIZE:]
    good = functions_of(native).journal_verify(records, 0, header.first)
    if good != header.records:
        raise _damaged(path, f"record {good} is not what was written")
    return RecordFile(header, records)


def _write(path: Place, chunks: Iterable[bytes], header: Header, disk: ModuleType) -> int:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        count = 0
        for chunk in chunks:
            sealed = disk.journal_seal(chunk, header.first + count)
            write_all(fd, sealed, HEADER_SIZE + count * RECORD_SIZE)
            count += len(sealed) // RECORD_SIZE
        size = HEADER_SIZE + count * RECORD_SIZE
        write_all(fd, packed(header._replace(source=HISTORY, segment_size=size, records=count)), 0)
        os.fsync(fd)
    finally:
        os.close(fd)
    return count


def _header_of(path: Place, raw: bytes, size: int) -> Header:
    """The header, when it is one of history and the file has exactly its records."""
    if version_of(raw) > VERSION:
        raise _damaged(path, f"its format is {version_of(raw)}, ours is {VERSION}")
    if not version_of(raw):
        raise Refused(f"{path} is not a record file.", "Make one with: supreme data import FILE.")
    header = parsed(raw)
    if header is None or header.source != HISTORY:
        raise _damaged(path, "its header is not that of a record file")
    if size != HEADER_SIZE + header.records * RECORD_SIZE:
        raise _damaged(path, f"it should hold {header.records} records")
    return header


def _damaged(path: Place, why: str) -> Refused:
    return Refused(f"{path} cannot be used: {why}.", "Import it again: supreme data import FILE.")
