"""What may a disk hold after a power cut? What was synced, and of all else any part.

Rebuilt from the calls a process made: sectors of 512 bytes that no sync covered are there as they
were before or after any write under way, each on its own; a name that its folder's sync did not
cover (a file made, renamed, removed) is as it was before or after. One sector may be torn besides.
A sync that failed covers nothing, nor does a later one what is not written again.
"""

import os
from random import Random
from typing import NamedTuple

from validators.crash.tracing import SYNCS, WRITES, Step

SECTOR = 512
NEVER = 1 << 62  # a number that no sync reaches
TORN = 0.25  # of the states have a torn sector
WHOLE, TORN_LAST, TORN_INSIDE = "whole sectors", "torn at the end", "torn inside"


class File:
    """One file as programs see it, as it surely lies on the disk, and the sectors between."""

    def __init__(self) -> None:
        self.seen, self.sure = bytearray(), bytearray()
        self.under_way: dict[int, list[tuple[int, bytes]]] = {}

    def write(self, offset: int, raw: bytes, number: int) -> None:
        """Bytes that programs see from now on; the disk may have each sector at any time."""
        put(self.seen, offset, raw)
        for sector in range(offset // SECTOR, (offset + len(raw) - 1) // SECTOR + 1):
            content = bytes(self.seen[sector * SECTOR : (sector + 1) * SECTOR])
            self.under_way.setdefault(sector, []).append((number, content))

    def settle(self, number: int) -> None:
        """All that was written up to this number is on the disk."""
        for sector, versions in list(self.under_way.items()):
            done = [at for at, (written, _) in enumerate(versions) if written <= number]
            if done:
                put(self.sure, sector * SECTOR, versions[done[-1]][1])
                del versions[: done[-1] + 1]
            if not versions:
                del self.under_way[sector]

    def forget(self) -> None:
        """A sync failed: a system may call clean what it could not write, and never try again."""
        for versions in self.under_way.values():
            versions[:] = [(NEVER, content) for _, content in versions]


class Change(NamedTuple):
    """A folder's entry: a name went, a name came; a node of None is a folder."""

    number: int
    gone: str
    come: str
    node: File | None


class State(NamedTuple):
    """Files after a power cut, and what kind of cut it was."""

    files: dict[str, bytes]
    kind: str


class Disk:
    """The files below one folder, after some of the steps of a trace."""

    def __init__(self) -> None:
        self.seen: dict[str, File | None] = {}
        self.sure: dict[str, File | None] = {}
        self.changes: list[Change] = []
        self._number = 0
        self._began: dict[int, int] = {}
        self._synced_at_once: set[str] = set()

    @property
    def is_settled(self) -> bool:
        """Whether a power cut would change nothing."""
        nodes = [node for node in self.seen.values() if node]
        return not self.changes and not any(node.under_way for node in nodes)

    def take(self, step: Step) -> None:
        """One more step; what a sync promises holds once it ended."""
        call = step.call
        if not step.is_end:
            self._number += 1
            self._began[id(call)] = self._number
            self._begin(step)
            return
        began = self._began.pop(id(call))
        node = self.seen.get(call.path)
        if step.has_failed and node:
            node.forget()
        elif call.name in SYNCS or (call.name in WRITES and call.path in self._synced_at_once):
            self._settle(call.path, began)

    def after_a_cut(self, draw: Random, share: float = -1.0) -> State:
        """One of the states that the disk may be in now; the worst with a share of 0.

        The share is how much of what was under way it had taken, drawn when it is not given.
        """
        share = draw.choice((0.0, 1.0, draw.random())) if share < 0 else share
        names = dict(self.sure)
        for change in self.changes:
            if draw.random() < share:
                applied(names, change)
        lost = [path + "/" for path, node in self.seen.items() if not node and path not in names]
        files = {
            path: node for path, node in names.items() if node and not path.startswith(tuple(lost))
        }
        kept = {path: chosen(node, share, draw) for path, node in files.items()}
        kind = tear(files, kept, draw) if draw.random() < TORN else WHOLE
        return State({path: image(node, kept[path]) for path, node in files.items()}, kind)

    def _begin(self, step: Step) -> None:
        name, path, raw, other, words = step.call
        node = self.seen.get(path)
        if name == "openat" and "O_CREAT" in words and path not in self.seen:
            self._change("", path, File())
        elif name == "mkdir":
            self._change("", path, None)
        elif name in ("rename", "unlink"):
            self._change(path, other, node)
        elif name in WRITES and node:
            offset = step.call.offset if name == "pwrite64" else len(node.seen)
            node.write(offset, raw, self._number)
        if name == "openat" and "SYNC" in words:
            self._synced_at_once.add(path)

    def _change(self, gone: str, come: str, node: File | None) -> None:
        self.changes.append(Change(self._number, gone, come, node))
        applied(self.seen, self.changes[-1])

    def _settle(self, path: str, number: int) -> None:
        node = self.seen.get(path)
        if node:
            node.settle(number)
            return
        for change in [one for one in self.changes if one.number <= number]:
            if os.path.dirname(change.come or change.gone) == path:
                applied(self.sure, change)
                self.changes.remove(change)


def put(file: bytearray, offset: int, raw: bytes) -> None:
    """Write into a file that grows with zeros."""
    file.extend(bytes(max(0, offset + len(raw) - len(file))))
    file[offset : offset + len(raw)] = raw


def applied(names: dict[str, File | None], change: Change) -> None:
    """The entries after a change."""
    names.pop(change.gone, None)
    if change.come:
        names[change.come] = change.node


def chosen(node: File, share: float, draw: Random) -> dict[int, bytes]:
    """The sectors that the disk had taken, each as one of its writes left it."""
    return {
        sector: versions[-1][1] if draw.random() < share else draw.choice(versions)[1]
        for sector, versions in node.under_way.items()
        if draw.random() < share
    }


def tear(files: dict[str, File], kept: dict[str, dict[int, bytes]], draw: Random) -> str:
    """Leave the end of one sector that was taken as it was before; the kind of state this makes."""
    touched = [path for path in kept if kept[path]]
    if not touched:
        return WHOLE
    path = draw.choice(touched)
    last = max(kept[path])
    sector = last if draw.random() < 0.5 else draw.choice(list(kept[path]))
    content = kept[path][sector]
    half = draw.randrange(1, len(content)) if len(content) > 1 else 0
    before = files[path].sure[sector * SECTOR :][:SECTOR].ljust(len(content), b"\0")
    kept[path][sector] = content[:half] + before[half : len(content)]
    return TORN_LAST if sector == last else TORN_INSIDE


def image(node: File, kept: dict[int, bytes]) -> bytes:
    """The file with these sectors."""
    raw = bytearray(node.sure)
    for sector, content in sorted(kept.items()):
        put(raw, sector * SECTOR, content)
    return bytes(raw)
