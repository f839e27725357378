"""With which settings was an engine started? It keeps them beside its journal, without secrets.

The journal itself holds the core's keys alone; and where the others came from (options, variables,
a file that was changed since) nobody can ask later.
"""

import os
from collections.abc import Mapping
from typing import NamedTuple

from engine.errors import Refused
from engine.journal.segments import STARTED, put
from engine.parts import Engine
from engine.profile import as_toml, examine

FIRST_LINE_MAX = 200


class Settings(NamedTuple):
    """All values and texts by their keys, and the first line of their file."""

    opening: str
    values: dict[str, int | float]
    texts: Mapping[str, str]


def keep_settings(engine: Engine, data_dir: str) -> None:
    """Write what holds since this start; where that fails, it is said, and none are kept of it."""
    journal_id, epoch = engine.journal.identity.journal_id, engine.kept.epoch - 1
    profile = engine.profile
    text = as_toml(profile.values, opening(journal_id, epoch), profile.texts)
    try:
        put(os.path.join(data_dir, STARTED), text.encode())
    except OSError as error:
        engine.log.say("warning", "SettingsNotKept", why=error.strerror)


def settings_of(data_dir: str, journal_id: bytes, epoch: int = 0) -> Settings | None:
    """The settings of the last start of a journal; None where they were not kept.

    An `epoch` above 0 must be that of the start: what an older one left says nothing of it.
    """
    path = os.path.join(data_dir, STARTED)
    try:
        with open(path, encoding="utf-8") as file:
            line = file.readline(FIRST_LINE_MAX).strip().removeprefix("# ")
        whose = opening(journal_id, epoch)
        if line != whose and (epoch or not line.startswith(whose.removesuffix("0."))):
            return None
        profile, wrong = examine(path)
    except (OSError, ValueError, Refused):  # gone, no text, no TOML
        return None
    return None if wrong else Settings(line, profile.values, profile.texts)


def opening(journal_id: bytes, epoch: int) -> str:
    """The first line of the file: of which journal and start it is."""
    return f"What the engine of journal {journal_id.hex()} was started with in epoch {epoch}."
