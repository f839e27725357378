"""What happens when the disk is nearly full? Nothing more is bought; cancels and exits go on."""

import os
from typing import TYPE_CHECKING

from engine.desk import objection, signed
from engine.messages import OperatorPaused, encode

if TYPE_CHECKING:
    from engine.parts import Engine

WHO = "engine"


class Scarcity:
    """Watches the room that the journal has left, and pauses entries once when it grows short.

    Once there is a quarter more than the floor again, a new shortage is a new one. Only an operator
    ends the pause.
    """

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self.floor_bytes = int(engine.profile.values["journal.free_disk_floor_bytes"])
        self.why = ""
        self.told: dict[str, str] = {}  # what the disk did not take, by what it was

    def watch(self) -> None:
        """Look, tell what the disk refused, and act on a shortage that was not there before."""
        journal = self.engine.journal
        self._tell("ReserveNotMade", journal.reserve.unmade)
        self._tell("SegmentNotPrepared", journal.unprepared)
        why = self._shortage()
        if why and not self.why:
            self._pause(why)
        self.why = why

    def heed(self) -> None:
        """Act at once when the journal has begun to live on its reserve."""
        if self.engine.journal.reserve.is_full and not self.why:
            self.watch()

    def _tell(self, event: str, error: OSError | None) -> None:
        """Say once that the disk did not take something, until it does."""
        why = (error.strerror or str(error)) if error else ""
        if why and not self.told.get(event):
            self.engine.log.say("warning", event, why=why)
        self.told[event] = why

    def _shortage(self) -> str:
        """What is short, or nothing."""
        journal = self.engine.journal
        if journal.reserve.is_full:
            return "disk full"
        volume = os.statvfs(journal.directory)
        wanted = self.floor_bytes + (self.floor_bytes // 4 if self.why else 0)
        short = volume.f_bavail * volume.f_frsize < wanted
        return f"less than {self.floor_bytes / 1e6:,.0f} MB of free disk" if short else ""

    def _pause(self, why: str) -> None:
        state = self.engine.core.state
        self.engine.log.say("error", "DiskShort", why=why)
        if objection("pause", state.breakers)[0]:
            return  # nothing is bought anyway
        now_ns = state.clock.now_ns
        event = encode(OperatorPaused(0, now_ns, now_ns))
        self.engine.loop.take(event, signed(WHO, why, now_ns))
        self.engine.log.say("warning", "OperatorPaused", operator=WHO, reason=why)
