"""What does a check of this box answer, and what is it asked about?"""

import os
from pathlib import Path
from typing import NamedTuple

OK, WARNING, FAIL = "ok", "warning", "fail"
VERDICTS = (OK, WARNING, FAIL)  # from good to bad


class Finding(NamedTuple):
    """How it stands, what is so, and what to do where that is not well."""

    verdict: str
    what: str
    fix: str = ""


class Place(NamedTuple):
    """The data directory, which need not be there yet, and where sockets of long paths lie."""

    directory: Path
    runtime: Path

    def standing(self) -> Path:
        """The data directory, or the nearest one above it that exists."""
        ways = (self.directory, *self.directory.parents)
        return next(way for way in ways if os.path.exists(way))

    def homes(self) -> list[Path]:
        """Where engines keep journals: here or one level below, the newest first; OSError."""
        ways = (self.directory, *self.below())
        found = [home for home in ways if os.path.isdir(home / "journal")]
        return sorted(found, key=lambda home: os.stat(home / "journal").st_mtime, reverse=True)

    def below(self) -> list[Path]:
        """What lies one level below it; OSError."""
        try:
            return [self.directory / name for name in os.listdir(self.directory)]
        except FileNotFoundError:
            return []


def ok(what: str) -> Finding:
    """All is well."""
    return Finding(OK, what)


def warning(what: str, fix: str) -> Finding:
    """An engine runs here, but somebody should know."""
    return Finding(WARNING, what, fix)


def fail(what: str, fix: str) -> Finding:
    """No engine runs here, or none that could be trusted."""
    return Finding(FAIL, what, fix)
