"""Where may a fold begin other than at the first record? At a state kept whole, with its place.

A checkpoint is what users know as a snapshot: the state after exactly the record before its
sequence, what the journal said beside it, and the hash of its segment up to there. It also proves
that the journal once reached so far.
"""

import errno
import os
import struct
from types import ModuleType
from typing import NamedTuple

from engine.core import digest_of_bytes
from engine.journal.measuring import files
from engine.journal.segments import (
    HEADER_SIZE,
    Identity,
    Place,
    forget_drafts,
    make_directory,
    put,
    unlink,
)
from engine.messages import RECORD_SIZE

FOLDER, SUFFIX = "snapshots", ".snapshot"
KEPT = 3  # files: the newest, and two to fall back on
MAGIC, VERSION = b"SUPREMEC", 2
# magic, version, size of the words, journal id, layout digest, code digest, sequence, the segment's
# first sequence, its hash up to there, market records, epoch, the last market record, image size.
FIELDS = struct.Struct("<8sII16s32s32sqq32sqq60sqq")
DIGEST_SIZE = 32
SIZE_MAX = 64 << 20


class Spot(NamedTuple):
    """A place in the chain: so many records came before, and these bytes of the segment."""

    sequence: int
    segment: int  # first sequence of the segment that holds the record before
    digest: bytes  # SHA-256 of the segment's file up to the place


class Said(NamedTuple):
    """What a journal says up to a place beside the state: whose market, and how far it was fed."""

    label: str
    names: dict[int, str]
    market_records: int
    last: bytes  # the last market record, without its check
    epoch: int  # of the next start


class Checkpoint(NamedTuple):
    """A state, its place in the chain of a journal, and whose code made it."""

    journal_id: bytes
    layout_digest: bytes
    code_digest: bytes
    spot: Spot
    said: Said
    image: bytes
    shape: bytes = b""  # what the image's bytes are, for other code


class Found(NamedTuple):
    """The checkpoints of a journal: what fits, how far one proves it to reach, what was wrong.

    `elder` is the newest of other code, for a journal whose first records it stands for.
    """

    usable: Checkpoint | None
    reached: int
    words: tuple[str, ...]
    elder: Checkpoint | None = None


def folder_of(journal: Place) -> str:
    """Where the checkpoints of this journal lie: beside it."""
    return os.path.join(os.path.dirname(os.path.abspath(journal)), FOLDER)


def keep(journal: Place, checkpoint: Checkpoint) -> str:
    """Write it durably, whole or not at all, and forget all but the newest; its path.

    OSError when the disk does not take it.
    """
    folder = folder_of(journal)
    make_directory(folder)
    forget_drafts(folder, SUFFIX)
    path = os.path.join(folder, name_of(checkpoint.spot.sequence))
    put(path, packed(checkpoint))
    for old in kept(journal)[KEPT:]:
        unlink(old)
    return path


def kept(journal: Place) -> list[str]:
    """The files of this journal's checkpoints, newest first."""
    folder = folder_of(journal)
    names = os.listdir(folder) if os.path.isdir(folder) else []
    ours = [name for name in names if name.endswith(SUFFIX) and name[: -len(SUFFIX)].isdigit()]
    return [os.path.join(folder, name) for name in sorted(ours, reverse=True)]


def find(journal: Place, ours: Identity, ours_from: int = 0) -> Found:
    """The newest checkpoint of this journal that the code of `ours` may go on from.

    One that is not what was written, or of another journal, is told of and proves nothing. From
    one before other code decided nobody goes on: what it decided is told from the beginning.
    """
    reached, words = 0, []
    elder: Checkpoint | None = None
    for path in kept(journal):
        checkpoint = read(path)
        if checkpoint is None:
            words.append(f"{path} is not what was written: it is not used")
        elif checkpoint.journal_id != ours.journal_id:
            words.append(f"{path} is of another journal: it is not used")
        else:
            reached = max(reached, checkpoint.spot.sequence)
            if is_of(checkpoint, ours) and checkpoint.spot.sequence >= ours_from:
                return Found(checkpoint, reached, tuple(words))
            words.append(f"{path} is of other code: nothing is replayed from it")
            elder = elder or checkpoint
    return Found(None, reached, tuple(words), elder)


def is_of(checkpoint: Checkpoint, ours: Identity) -> bool:
    """Whether this code would have come to the same state, in the same layout."""
    theirs = checkpoint.layout_digest, checkpoint.code_digest
    return theirs == (ours.layout_digest, ours.code_digest)


def spot_in(journal: Place, sequence: int, disk: ModuleType) -> Spot:
    """The place after so many records, made durable here: what is proved must not be lost; OSError.

    Whoever writes the journal may not have synced all that is read.
    """
    paths = [one for one in files(journal) if first_of(one) < max(sequence, 1)]
    if not paths:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), journal)
    path = paths[-1]
    with open(path, "rb", buffering=0) as file:
        os.fdatasync(file.fileno())
    return spot_of(path, first_of(path), sequence, disk)


def spot_of(path: str, first: int, sequence: int, disk: ModuleType) -> Spot:
    """The place at a sequence in the segment of this file and first sequence; OSError."""
    with open(path, "rb", buffering=0) as file:
        size = HEADER_SIZE + (sequence - first) * RECORD_SIZE
        return Spot(sequence, first, disk.journal_hash(file.fileno(), size))


def first_of(path: str) -> int:
    """The first sequence that a segment's or the sequence that a checkpoint's name says."""
    return int(os.path.basename(path).partition(".")[0])


def name_of(sequence: int) -> str:
    """The file name of a checkpoint."""
    return f"{sequence:020d}{SUFFIX}"


def packed(checkpoint: Checkpoint) -> bytes:
    """A checkpoint as its file, the digest of all before it at the end."""
    spot, said = checkpoint.spot, checkpoint.said
    names = [f"{number} {name}" for number, name in said.names.items()]
    words = "\0".join([said.label.replace("\0", ""), *names]).encode()
    fields = FIELDS.pack(
        MAGIC,
        VERSION,
        len(words),
        checkpoint.journal_id,
        checkpoint.layout_digest,
        checkpoint.code_digest,
        *spot,
        said.market_records,
        said.epoch,
        said.last,
        len(checkpoint.image),
        len(checkpoint.shape),
    )
    whole = fields + words + checkpoint.image + checkpoint.shape
    return whole + digest_of_bytes(whole)


def read(path: Place) -> Checkpoint | None:
    """The checkpoint in a file; None when it is not one, not whole, not under its name or unread.

    A bad sector under it is no reason not to start: an older one, or all records, are there.
    """
    try:
        with open(path, "rb", buffering=0) as file:
            raw = file.read(SIZE_MAX)
    except OSError:  # also: who keeps a newer one removes the oldest
        return None
    checkpoint = parsed(raw)
    named = first_of(os.fspath(path))
    return checkpoint if checkpoint and checkpoint.spot.sequence == named else None


def parsed(raw: bytes) -> Checkpoint | None:
    """The checkpoint of these bytes; None when one of them is not what was written."""
    body = memoryview(raw)[:-DIGEST_SIZE]
    if len(body) < FIELDS.size or digest_of_bytes(bytes(body)) != raw[-DIGEST_SIZE:]:
        return None
    magic, version, words, journal_id, layout, code, *rest = FIELDS.unpack_from(body)
    sequence, segment, digest, market_records, epoch, last, size, shape = rest
    at = FIELDS.size + words
    if (magic, version) != (MAGIC, VERSION) or len(body) != at + size + shape:
        return None
    label, *names = bytes(body[FIELDS.size : at]).decode().split("\0")
    numbered = [name.partition(" ") for name in names]
    said = Said(
        label,
        {int(number): name for number, _, name in numbered},
        market_records,
        last if market_records else b"",
        epoch,
    )
    spot = Spot(sequence, segment, digest)
    image, told = bytes(body[at : at + size]), bytes(body[at + size :])
    return Checkpoint(journal_id, layout, code, spot, said, image, told)
