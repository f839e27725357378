"""What does the service say beside the engine? Its alerts, looked for now and then, and signed."""

import time

from engine.control.client import UNREACHABLE, holder_of
from engine.errors import Refused
from engine.service.noted import Looking, Noted
from tui.acts import Act, acknowledgement
from tui.link import ask
from tui.panels.alerts import named

ALL = "all"
NOBODY = "no service runs, so nobody can note it: supreme serve starts one"


class Beside:
    """The alerts of a data directory, and the one that is meant."""

    def __init__(self, data_dir: str) -> None:
        self._looking = Looking(data_dir)
        self.chosen, self.hint, self.is_watched = 0, "", True
        self._looked_s = -1.0
        self.look(0.0)

    @property
    def alerts(self) -> tuple[Noted, ...]:
        """Those that are not over, the newest first."""
        return self._looking.noted[::-1]

    def look(self, period_s: float) -> None:
        """Look again, if the last time is so long ago; a file that is as it was is not read."""
        now_s = time.monotonic()
        if now_s - self._looked_s < period_s:
            return
        self._looked_s = now_s
        self.is_watched = holder_of(self._looking.folder) != ""
        meant = self.meant()
        if self._looking.look():
            numbers = [one.number for one in self.alerts]
            still = meant is not None and meant.number in numbers
            self.chosen = numbers.index(meant.number) if meant is not None and still else 0

    def meant(self) -> Noted | None:
        """The alert that is chosen, if there is any."""
        return self.alerts[self.chosen] if self.alerts else None

    def step(self, by: int) -> None:
        """Choose another one."""
        self.chosen = max(min(self.chosen + by, len(self.alerts) - 1), 0)
        self.hint = ""

    def signing(self, key: str) -> Act | None:
        """What `a` and `A` ask for; None, and a hint, where there is nothing to be signed."""
        one, waiting = self.meant(), [row for row in self.alerts if not row.acknowledged_by]
        self.hint = ""
        if not self.is_watched:
            self.hint = NOBODY
        elif one is None or not waiting:
            self.hint = "there is nothing to acknowledge"
        elif key == "A":
            return acknowledgement(ALL, [named(row) for row in waiting])
        elif one.acknowledged_by:
            self.hint = f"alert {one.number} was acknowledged"
        else:
            return acknowledgement(str(one.number), [named(one)])
        return None

    async def sign(self, which: str, note: str) -> str:
        """Acknowledge one or all as `supreme alerts ack` does; what came of it, or Refused."""
        if not holder_of(self._looking.folder):
            raise Refused("no service runs", "supreme serve starts one", code=UNREACHABLE)
        done = await ask(self._looking.folder, "ack", note, which=which)
        numbers = ", ".join(str(row["number"]) for row in done["incidents"])
        self.look(0.0)
        return f"alert {numbers} acknowledged" if numbers else "there was nothing to acknowledge"
