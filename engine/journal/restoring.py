"""How is a backup brought back? Unpacked aside, verified, and only then given its names.

Whenever that is cut short, the journal is not there; what else had its name already is noted, and
whoever comes next takes it back.
"""

import os
import shutil
from contextlib import suppress
from types import ModuleType
from typing import IO

from engine.errors import Refused
from engine.journal.archives import COPY_AT_ONCE, JOURNAL, PROFILE, files_in
from engine.journal.checkpoints import FOLDER
from engine.journal.head import CLOSED, DURABLE, NEWEST, note
from engine.journal.segments import (
    HEADER_SIZE,
    STARTED,
    parsed,
    put,
    sync_directory,
    unlink,
    unwritable,
)
from engine.journal.verification import Whole, verified

DRAFT = ".restoring-"  # and the process: a folder that is to become a data directory's content
NAMED = "named"  # in a draft: what leaves it before the journal does, a line each


def restore(path: str, home: str, native: ModuleType | None) -> Whole:
    """Unpack a checked backup into a data directory without a journal, and verify what came of it.

    Only for the one who holds the directory's lock. The journal appears whole or not at all, and
    what another one left that was killed is removed. Refused (4) when a journal is there.
    """
    draft = os.path.join(home, f"{DRAFT}{os.getpid()}")
    try:
        take_back(home)
        must_be_vacant(home)
        unpack(path, draft)
        journal = os.path.join(draft, JOURNAL)
        whole = verified(journal, native)
        note(journal, whole.segments[-1].header.first, NEWEST)
        for name in (DURABLE, CLOSED):
            note(journal, whole.end, name)
        name_all(draft, home)
    except OSError as error:
        raise unwritable(home, error) from error
    finally:
        take_back(home)
    return verified(os.path.join(home, JOURNAL), native)


def unpack(path: str, draft: str) -> None:
    """Every file of a backup into a folder, durable with its name; OSError."""
    for name, source in files_in(path):
        target = os.path.join(draft, name)
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        unpack_file(source, target)
    with open(os.path.join(draft, PROFILE), "rb") as file:
        put(os.path.join(draft, STARTED), file.read())
    for folder, _, _ in os.walk(draft, topdown=False):
        sync_directory(folder)


def unpack_file(source: IO[bytes], target: str) -> None:
    """One file, durable; a segment gets back the zeros at its end."""
    with open(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b") as file:
        shutil.copyfileobj(source, file, COPY_AT_ONCE)
        file.seek(0)
        header = parsed(file.read(HEADER_SIZE)) if target.endswith(".segment") else None
        at = file.seek(0, os.SEEK_END)
        while header and at < header.segment_size:
            at += file.write(bytes(min(COPY_AT_ONCE, header.segment_size - at)))
        file.flush()
        os.fsync(file.fileno())


def name_all(draft: str, home: str) -> None:
    """Give everything its name, the journal last: without it nothing was restored."""
    names = [FOLDER, STARTED]
    if not os.path.lexists(os.path.join(home, PROFILE)):  # a profile there stays
        names.append(PROFILE)
    names = [name for name in names if os.path.exists(os.path.join(draft, name))]
    put(os.path.join(draft, NAMED), "\n".join(names).encode())
    for name in names:
        os.replace(os.path.join(draft, name), os.path.join(home, name))
    sync_directory(home)
    os.replace(os.path.join(draft, JOURNAL), os.path.join(home, JOURNAL))
    sync_directory(home)


def take_back(home: str) -> None:
    """Remove drafts, and what left one whose journal did not; under the lock nobody is at work."""
    for draft in drafts(home):
        for name in named_by(draft, home):
            remove(os.path.join(home, name))
            sync_directory(home)
        shutil.rmtree(draft, ignore_errors=True)


def named_by(draft: str, home: str) -> list[str]:
    """What has left a draft whose journal has not; where another journal began since, nothing."""
    if not os.path.isdir(os.path.join(draft, JOURNAL)) or holds_files(home, JOURNAL):
        return []
    try:
        with open(os.path.join(draft, NAMED), encoding="utf-8") as file:
            names = file.read().splitlines()
    except FileNotFoundError:
        return []
    ours = [name for name in names if name in (FOLDER, PROFILE, STARTED)]
    return [name for name in ours if not os.path.lexists(os.path.join(draft, name))]


def remove(path: str) -> None:
    """Remove a file, or a folder with all that is in it, if it is there."""
    if os.path.isdir(path):
        shutil.rmtree(path)
    else:
        unlink(path)


def drafts(home: str) -> list[str]:
    """The folders of restores that are not done."""
    names = sorted(os.listdir(home)) if os.path.isdir(home) else []
    ours = [name for name in names if name.startswith(DRAFT) and name[len(DRAFT) :].isdigit()]
    return [os.path.join(home, name) for name in ours]


def left_behind(home: str) -> list[str]:
    """The folders of restores that were killed."""
    alive = [os.path.exists(f"/proc/{path.rpartition('-')[2]}") for path in drafts(home)]
    return [path for path, is_alive in zip(drafts(home), alive, strict=True) if not is_alive]


def must_be_vacant(home: str) -> None:
    """Refused (4) where a journal or snapshots are: they are not overwritten."""
    going = {name for draft in drafts(home) for name in named_by(draft, home)}
    if any(holds_files(home, name) for name in (JOURNAL, FOLDER) if name not in going):
        what = f"{home} holds a journal or snapshots already: they are not overwritten"
        raise Refused(what, "move it away, or choose another --data-dir", code=4)


def holds_files(home: str, name: str) -> bool:
    """Whether there is anything in a folder of a data directory."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return bool(os.listdir(os.path.join(home, name)))
    return False
