"""Where do files of keys lie, and who may read them? Their owner alone, each written whole.

`DIR/keys/NAME.key`, where DIR is a data directory, or the folder above all data directories for
keys that every engine may use; of one name in both, the data directory's counts.
"""

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import Refused
from engine.journal.segments import make_directory, put, sync_directory, unwritable
from engine.secrets.header import damaged
from engine.secrets.keys import Keys, named
from engine.secrets.sealed import BYTES_MAX, Lock, Sealed, opened, read, seal

FOLDER, SUFFIX = "keys", ".key"
OTHERS = stat.S_IRWXG | stat.S_IRWXO
WAIT_SECONDS, LOOK_SECONDS = 10.0, 0.02  # for another command that changes the same folder
Homes = list[str]  # data directories, the first to be written to


def folder_of(home: str) -> str:
    """Where a data directory keeps keys."""
    return os.path.join(home, FOLDER)


def all_in(homes: Homes) -> dict[str, str]:
    """The path of each file of keys by its name; OSError."""
    found: dict[str, str] = {}
    for home in homes:
        folder = folder_of(home)
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        for name in names:
            if name.endswith(SUFFIX) and not name.startswith("."):
                found.setdefault(name.removesuffix(SUFFIX), os.path.join(folder, name))
    return dict(sorted(found.items()))


def path_of(name: str, homes: Homes) -> str:
    """The file of these keys; Refused with the names there are when it is not there."""
    known = all_in(homes)
    if named(name, "the name") in known:
        return known[name]
    there = f"there are {', '.join(known)}" if known else "there are none"
    raise Refused(
        f"there are no keys {name} in {folder_of(homes[0])}",
        f"{there}; supreme keys add makes some",
    )


def look(path: str) -> Sealed:
    """A file of keys, whole and private, its name its own; Refused (4) otherwise."""
    file = read(private(path), path)
    if os.path.basename(path) != file.header.name + SUFFIX:
        raise damaged(path, f"it holds the keys {file.header.name}, under another name")
    return file


def private(path: str) -> bytes:
    """What a file holds that nobody else may read; Refused (4) where others may, or it is big.

    A pipe is as good: `<(pass show ...)`.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}", "name another file") from error
    try:
        must_be_private(os.fstat(fd), path, os.geteuid())
        raw = b""
        while more := os.read(fd, BYTES_MAX + 1 - len(raw)):
            raw += more
    finally:
        os.close(fd)
    if len(raw) > BYTES_MAX:
        raise Refused(f"{path} is larger than {BYTES_MAX:,} bytes", "it is another file", code=4)
    return raw


def must_be_private(found: os.stat_result, path: str, uid: int) -> None:
    """Refused (4) for what others than this user may read or own, (2) for neither file nor pipe.

    To a group root may give its own files: systemd and Kubernetes hand secrets over like that.
    """
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISFIFO(found.st_mode)):
        raise Refused(f"{path} is no file", "name a file")
    if found.st_uid not in (0, uid):
        raise Refused(f"{path} belongs to somebody else", "copy it, then use the copy", code=4)
    given = stat.S_IRGRP if found.st_uid == 0 != uid else 0
    if found.st_mode & OTHERS & ~given:
        raise Refused(f"others may read {path}", f"chmod 600 {path}", code=4)


def add(keys: Keys, lock: Lock, home: str, *, now: str) -> str:
    """Seal keys into a new file, durable with its name; its path. Refused (4) for a known name."""
    with alone_in(home) as folder:
        path = os.path.join(folder, keys.name + SUFFIX)
        if os.path.lexists(path):
            raise Refused(
                f"there are keys {keys.name} in {folder} already",
                f"choose another name, or first: supreme keys remove {keys.name}",
                code=4,
            )
        put(path, seal(keys, lock, added=now, now=now))
    return path


def rotate(path: str, locks: tuple[Lock, Lock], *, now: str) -> Sealed:
    """Seal the same keys anew: opened by the first lock, sealed by the second."""
    with alone_in(os.path.dirname(os.path.dirname(path))):
        file = look(path)
        keys = opened(file, locks[0])
        put(path, seal(keys, locks[1], added=file.header.added, now=now))
    return look(path)


def remove(path: str) -> None:
    """Remove a file of keys for good."""
    with alone_in(os.path.dirname(os.path.dirname(path))) as folder:
        os.unlink(path)
        sync_directory(folder)


@contextmanager
def alone_in(home: str) -> Iterator[str]:
    """A data directory's folder of keys, its owner's alone, while nobody else changes it.

    Refused (4) where it cannot be made or written.
    """
    folder = folder_of(home)
    try:
        make_directory(folder)
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            found = os.fstat(fd)
            if found.st_uid != os.geteuid():
                raise Refused(f"{folder} belongs to somebody else", "choose --data-dir", code=4)
            if found.st_mode & OTHERS:
                os.fchmod(fd, 0o700)
            take(fd, folder)
            yield folder
        finally:
            os.close(fd)
    except OSError as error:
        raise unwritable(folder, error) from error


def take(fd: int, folder: str) -> None:
    """Hold a folder's lock, which closing it gives back; Refused (5) where another one keeps it."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise Refused(
                    f"another supreme keys holds {folder}", "end it, then repeat this", code=5
                ) from None
            time.sleep(LOOK_SECONDS)
        else:
            return
