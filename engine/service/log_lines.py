"""Which errors did the logs tell of? Their lines, read on from where they were left."""

import os
import zlib
from collections.abc import Iterator
from json import dumps, loads

from engine.log import LEVELS

READ_AT_ONCE = 1 << 16
LINES_AT_ONCE = 500
# Kept whatever their level: how the process began and ended.
LIVES = ("EngineStarted", "EngineStopped")
Line = tuple[str, str, str, str, str, str]


class LogTail:
    """Follows a log by its name, over its turning; the older file is read first.

    A line is known by its file, place and content, so that reading twice keeps it once.
    """

    def __init__(self, path: str, source: str) -> None:
        self.path, self.source = path, source
        self._places: dict[int, int] = {}  # file -> how far it was read

    def read(self) -> list[Line]:
        """The next lines worth keeping, at most some hundred."""
        lines: list[Line] = []
        seen: dict[int, int] = {}
        for path in (f"{self.path}.1", self.path):
            try:
                fd = os.open(path, os.O_RDONLY)
            except OSError:
                continue
            try:
                number = os.fstat(fd).st_ino
                seen[number] = self._places.get(number, 0)
                while len(lines) < LINES_AT_ONCE:
                    raw = os.pread(fd, READ_AT_ONCE, seen[number])
                    whole = raw[: raw.rfind(b"\n") + 1]
                    if not whole:
                        break
                    lines += self._worth(whole, number, seen[number])
                    seen[number] += len(whole)
            finally:
                os.close(fd)
        self._places = seen
        return lines

    def _worth(self, whole: bytes, number: int, at: int) -> Iterator[Line]:
        for raw in whole.splitlines(keepends=True):
            moment, level, event, fields = parsed(raw)
            if event in LIVES or (level in LEVELS[2:] and "after" not in fields):
                which = f"{number:x}-{at:x}-{zlib.crc32(raw):08x}"
                yield which, moment, self.source, level, event, dumps(fields)
            at += len(raw)


def parsed(raw: bytes) -> tuple[str, str, str, dict[str, object]]:
    """Time, level, event and the rest of a line in either form; empty for one of none."""
    text = raw.replace(b"\0", b"").decode(errors="replace").strip()
    if text.startswith("{"):
        try:
            said = loads(text)
            return said.pop("at"), said.pop("level"), said.pop("event"), said
        except (ValueError, KeyError, AttributeError):
            return "", "", "", {}
    moment, level, event, *rest = [*text.split(None, 3), "", "", "", ""][:4]
    is_outcome = rest[0].startswith("after=")
    return moment, level, event, {"after": 0} if is_outcome else {"said": rest[0]}
