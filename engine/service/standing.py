"""How does the service stand? A small file for whoever asks, and the one place of its alarms."""

import os
import time
from collections import deque
from collections.abc import Callable
from json import dumps, loads
from threading import Lock
from typing import Any

from engine.log import Log
from engine.service.alerts import Alerts
from engine.service.noted import FOLDER

NAME = "standing.json"
ALARMS_KEPT = 16
STEPS_WAITING = 1_000  # of recoveries, until they are kept
WRITE_EVERY_S = 1.0


class Standing:
    """What `supreme status` shows of the service; written at most once a second."""

    def __init__(self, folder: str, log: Log, now_ns: Callable[[], int] = time.time_ns) -> None:
        """`now_ns` is the wall clock."""
        self.now_ns, self.log, self._path = now_ns, log, os.path.join(folder, NAME)
        self.sequence, self.is_behind, self.compared = 0, True, -1
        self.is_late = False  # more is written than was read at once, again and again
        self.postgres: dict[str, Any] | None = None
        self.alarms: list[dict[str, Any]] = []
        self.ended: int | None = None  # the exit code; None while it runs, and after a kill
        self._written_s = 0.0
        self._turn = Lock()
        self.alerts = Alerts(folder, self.say, now_ns)
        self.steps: deque[tuple[Any, ...]] = deque(maxlen=STEPS_WAITING)

    def say(self, level: str, event: str, /, **fields: Any) -> None:
        """A line in the service's log, from whichever of its threads."""
        with self._turn:
            self.log.say(level, event, **fields)
            self.log.flush()

    def alarm(self, what: str, component: str = "service", kind: str = "failed") -> None:
        """Something is wrong that ends in exit code 1, and an incident begins."""
        self.say("critical", "Alarm", what=what)
        self.alerts.wrong(component, kind, what)
        self.alarms = [*self.alarms, {"at_s": self.now_ns() / 1e9, "what": what}][-ALARMS_KEPT:]
        self.write()

    def tend(self) -> None:
        """Write when it is time."""
        if time.monotonic() - self._written_s >= WRITE_EVERY_S:
            self.write()

    def write(self) -> None:
        """Write now; a disk that does not take it is told once by what else is written there."""
        self._written_s = time.monotonic()
        said = {
            "pid": os.getpid(),
            "at_s": self.now_ns() / 1e9,
            "sequence": self.sequence,
            "behind": self.is_behind,
            "compared": self.compared,
            "postgres": self.postgres,
            "alarms": self.alarms,
            "ended": self.ended,
        }
        draft = f"{self._path}.draft"
        try:
            with self._turn, open(draft, "w", encoding="utf-8") as file:
                file.write(dumps(said))
                file.flush()
                os.replace(draft, self._path)
        except OSError as error:
            self.say("warning", "StandingNotWritten", why=error.strerror)


def folder_of(data_dir: str) -> str:
    """Where the service of a data directory keeps its things, its lock among them."""
    return os.path.join(data_dir, FOLDER)


def standing_of(data_dir: str) -> dict[str, Any]:
    """What the newest service there said last, empty where none ever did."""
    try:
        with open(os.path.join(folder_of(data_dir), NAME), encoding="utf-8") as file:
            found: dict[str, Any] = loads(file.read())
    except (OSError, ValueError):
        return {}
    return found
