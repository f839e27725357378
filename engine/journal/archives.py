"""How is a journal kept elsewhere? In one tar file, verified after it is written.

The open segment goes in up to its last good record, so a backup is whole while the engine writes;
notes of how far it reached are made again when it is restored (`restoring.py`).
"""

import io
import json
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import IO, Any, NamedTuple

from engine.errors import Refused
from engine.journal.checkpoints import FOLDER
from engine.journal.measuring import Segment
from engine.journal.segments import (
    HEADER_SIZE,
    forget_drafts,
    make_directory,
    sync_directory,
    unlink,
    unwritable,
)
from engine.journal.verification import Whole
from engine.messages import RECORD_SIZE

JOURNAL, MANIFEST, PROFILE = "journal", "manifest.json", "profile.toml"
SCHEMA = "supreme.backup/1"
MANIFEST_BYTES_MAX = 16 << 20
NAMES = re.compile(r"(journal/\d{20}\.segment|snapshots/\d{20}\.snapshot|profile\.toml)")
COPY_AT_ONCE = 1 << 20

Progress = Callable[[int], object]  # so many more bytes are done


class Archive(NamedTuple):
    """A verified backup: its file, and what its manifest says."""

    path: str
    manifest: dict[str, Any]


class Part(NamedTuple):
    """One file of a backup: its name in it, where it lies, and how much of it belongs in."""

    name: str
    path: str
    size: int


def parts_of(whole: Whole) -> list[Part]:
    """What of a journal goes into a backup: its segments, the open one cut, and its checkpoints."""
    segments = [Part(f"{JOURNAL}/{os.path.basename(one.path)}", one.path, size_of(one))
                for one in whole.segments]  # fmt: skip
    good = [one.path for one in whole.checkpoints if not one.fault]
    kept = [Part(f"{FOLDER}/{os.path.basename(path)}", path, os.path.getsize(path))
            for path in good]  # fmt: skip
    return segments + kept


def size_of(segment: Segment) -> int:
    """Bytes of a segment up to its last good record."""
    return HEADER_SIZE + segment.records * RECORD_SIZE


def back_up(path: str, whole: Whole, profile: str, told: dict[str, Any], done: Progress) -> Archive:
    """Write a verified journal and the profile's text into a new tar file, and verify that.

    `told` is more for the manifest. The file appears complete or not at all. Refused (4) where it
    exists or the disk does not take it.
    """
    folder, name = os.path.split(os.path.abspath(path))
    draft = os.path.join(folder, f".{name}.{os.getpid()}")
    if os.path.exists(path):
        raise Refused(f"{path} exists already", "choose another name", code=4)
    try:
        make_directory(folder)
        forget_drafts(folder, ".tar")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            write_tar(file, whole, profile, told, done)
            file.flush()
            os.fsync(file.fileno())
        archive = check(draft)
        os.replace(draft, path)
        sync_directory(folder)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        unlink(draft)
    return Archive(path, archive.manifest)


def write_tar(
    file: IO[bytes], whole: Whole, profile: str, told: dict[str, Any], done: Progress
) -> None:
    """All parts, the profile, and last the manifest that names each with its SHA-256."""
    files: dict[str, dict[str, Any]] = {}
    with tarfile.open(fileobj=file, mode="w") as tar:
        for part in parts_of(whole):
            with open(part.path, "rb") as source:
                hashed = Hashed(source, part.size, done)
                tar.addfile(member(part.name, part.size), hashed)
            files[part.name] = {"bytes": part.size, "sha256": hashed.digest()}
        add(tar, PROFILE, profile.encode())
        files[PROFILE] = {"bytes": len(profile.encode()), "sha256": digest(profile.encode())}
        who = whole.segments[-1].header.identity
        manifest = {
            "schema": SCHEMA,
            "journal": who.journal_id.hex(),
            "code": (who.code_digest + who.layout_digest).hex(),
            "machine": who.machine,
            "simulated": who.simulated,
            "first": whole.first,
            "end": whole.end,
            **told,
            "files": files,
        }
        add(tar, MANIFEST, json.dumps(manifest, indent=1).encode())


def member(name: str, size: int) -> tarfile.TarInfo:
    """A file's head in the tar: nobody's, readable by its owner alone."""
    head = tarfile.TarInfo(name)
    head.size, head.mode = size, 0o600
    return head


def add(tar: tarfile.TarFile, name: str, raw: bytes) -> None:
    """These bytes under this name."""
    tar.addfile(member(name, len(raw)), io.BytesIO(raw))


def digest(raw: bytes) -> str:
    """SHA-256 in hex."""
    return sha256(raw).hexdigest()


class Hashed(io.RawIOBase):
    """The first bytes of a file, hashed as they are read."""

    def __init__(self, source: IO[bytes], size: int, done: Progress = lambda _bytes: None) -> None:
        self._source, self._left, self._done, self._sha = source, size, done, sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes; none after the last that belongs in."""
        raw = self._source.read(min(size, self._left) if size >= 0 else self._left)
        self._left -= len(raw)
        self._sha.update(raw)
        self._done(len(raw))
        return raw

    def digest(self) -> str:
        """SHA-256 in hex of what was read."""
        return self._sha.hexdigest()


def check(path: str) -> Archive:
    """Read a backup and hold each file against its manifest; Refused (4) if one byte differs."""
    found: dict[str, dict[str, Any]] = {}
    manifest = manifest_of(path)
    for name, source in files_in(path):
        hashed, size = Hashed(source, 1 << 62), 0
        try:
            while raw := hashed.read(COPY_AT_ONCE):
                size += len(raw)
        except tarfile.TarError as error:
            raise spoiled(path, f"{name} in it is cut") from error
        found[name] = {"bytes": size, "sha256": hashed.digest()}
    wrong = next((name for name in found if found[name] != manifest["files"].get(name)), "")
    wrong = wrong or next((name for name in manifest["files"] if name not in found), "")
    if wrong:
        raise spoiled(path, f"{wrong} in it is not what was written")
    return Archive(path, manifest)


def files_in(path: str) -> Iterator[tuple[str, IO[bytes]]]:
    """Each file of a backup with its name, the manifest aside; Refused (4) for anything else."""
    try:
        with tarfile.open(path, "r:") as tar:
            for head in tar:
                if head.name == MANIFEST:
                    continue
                source = tar.extractfile(head) if head.isreg() else None
                if source is None or not NAMES.fullmatch(head.name):
                    raise spoiled(path, f"{head.name} does not belong in it")
                yield head.name, source
    except tarfile.TarError as error:
        raise spoiled(path, str(error)) from error


def manifest_of(path: str) -> dict[str, Any]:
    """What a backup says of itself; Refused (4) when it says nothing."""
    try:
        with tarfile.open(path, "r:") as tar:
            source = tar.extractfile(MANIFEST)
            said = json.loads(source.read(MANIFEST_BYTES_MAX)) if source else {}
    except (tarfile.TarError, KeyError, ValueError) as error:
        raise spoiled(path, "it has no manifest") from error
    if not isinstance(said, dict) or said.get("schema") != SCHEMA:
        raise spoiled(path, "its manifest is of another kind")
    return said


def spoiled(path: str, why: str) -> Refused:
    """The refusal of a file that is no whole backup."""
    return Refused(f"{path} is no whole backup: {why}", "use another one", code=4)
