"""What must a person know of, who has seen it, and how long was each component there? Kept on disk.

A small file holds all of it, replaced whole and synced, so that it outlives the service, a making
anew of the tables, and power.
"""

import os
import time
from collections.abc import Callable, Iterable
from json import dumps
from threading import RLock
from typing import Any

from engine.resilience.availability import Transition, availability
from engine.resilience.incidents import ACK as ACKNOWLEDGE
from engine.resilience.incidents import CLOSE, HEALTHY, Incident, Incidents, Told, from_plain
from engine.resilience.ladder import Step
from engine.service.noted import NAME, kept_in

MOVES_KEPT = 512  # of each component
ALL, ACK = "all", "ack"
QUIET = (ACKNOWLEDGE, CLOSE, HEALTHY)
NS = 1_000_000_000


class Alerts:
    """The incidents of a data directory and the comings and goings of its components.

    Any thread may tell of trouble; `say` gets a line for the log, `now_ns` is the wall clock.
    """

    def __init__(
        self, folder: str, say: Callable[..., None], now_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._path, self._say, self._now_ns = os.path.join(folder, NAME), say, now_ns
        kept = kept_in(folder)
        self._incidents = Incidents(self._told, map(from_plain, kept["incidents"]))
        self._moves: dict[str, list[list[Any]]] = kept["moves"]
        self._turn, self._changed = RLock(), False

    def wrong(self, component: str, kind: str, cause: str, tried: Iterable[Step] = ()) -> None:
        """Something is wrong now; what is known already is not raised again."""
        with self._turn:
            known = {(one.component, one.kind) for one in self._incidents.open.values()}
            if (component, kind) not in known:
                self._incidents.raised(component, kind, self._now_ns(), cause=cause, tried=tried)
            self._write()

    def well(self, component: str, of: Callable[[str], bool] = lambda _kind: True) -> None:
        """A component is healthy again: its incidents, those `of` some kinds, close."""
        with self._turn:
            self._incidents.healthy(component, self._now_ns(), of)
            self._write()

    def up(self, component: str, at_ns: int = 0, *, is_up: bool) -> None:
        """How a component is from now, or that moment, on."""
        with self._turn:
            moves = self._moves.setdefault(component, [])
            if not moves or moves[-1][1] != is_up:
                at_ns = max(at_ns or self._now_ns(), moves[-1][0] if moves else 0)
                self._moves[component] = [*moves, [at_ns, is_up]][-MOVES_KEPT:]
                self._changed = True
            self._write()

    def tend(self) -> None:
        """Say again what nobody has acknowledged."""
        with self._turn:
            self._incidents.due(self._now_ns())
            self._write()

    def sign(self, act: str, which: str, who: str, note: str) -> list[Incident]:
        """Acknowledge or close one incident or `all`; Refused where there is none such."""
        sign = self._incidents.acknowledge if act == ACK else self._incidents.close
        with self._turn:
            numbers = [number_of(which)] if which != ALL else [
                one.number for one in self._incidents.open.values()
                if act != ACK or not one.acknowledged_ns
            ]  # fmt: skip
            done = [sign(number, self._now_ns(), who=who, note=note) for number in numbers]
            self._write()
        return done

    def _told(self, told: Told) -> None:
        self._changed = True
        one = told.incident
        level = "info" if told.event in QUIET else one.severity
        tried = [f"{step[2]} {step[3]}: {step[7]}" for step in one.tried if step[7]]
        self._say(
            level, "Incident", number=one.number, event=told.event, component=one.component,
            kind=one.kind, cause=one.cause, tried=tried, told=one.told,
            by=one.closed_by or one.acknowledged_by, note=one.note,
        )  # fmt: skip

    def _write(self) -> None:
        if not self._changed:
            return
        rows = [*self._incidents.closed, *self._incidents.open.values()]
        said = {"incidents": [one.as_plain() for one in rows], "moves": self._moves}
        draft = f"{self._path}.draft"
        try:
            with open(draft, "w", encoding="utf-8") as file:
                file.write(dumps(said))
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self._path)
            self._changed = False
        except OSError as error:
            self._say("warning", "AlertsNotWritten", why=error.strerror)


def number_of(which: str) -> int:
    """The number of an incident; one that never was for anything else."""
    return int(which) if which.isdigit() else -1


def availabilities(moves: dict[str, list[list[Any]]], to_ns: int) -> list[dict[str, Any]]:
    """Of each component from its first known moment to this one; times in seconds."""
    found = []
    for component, rows in moves.items():
        steps = [Transition(*row) for row in rows]
        from_ns = min(steps[0].at_ns, to_ns)
        one = availability(steps, from_ns, to_ns, is_up=steps[0].is_up)
        found.append({
            "component": component, "is_up": steps[-1].is_up, "share": one.share,
            "uptime_s": one.uptime_ns / NS, "downtime_s": one.downtime_ns / NS,
            "outages": one.incidents, "since_ns": from_ns,
        })  # fmt: skip
    return found
