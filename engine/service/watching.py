"""Is something wrong that nobody reports? Disk, lag, orders in doubt, the engine's log."""

import os
import time
from collections.abc import Callable, Iterable

from engine.execution.orders import UNKNOWN
from engine.service.folding import Fold
from engine.service.log_lines import Line
from engine.service.standing import Standing

EVERY_S = 1.0
BEHIND_S, DOUBT_S = 60.0, 60.0  # so long it may be behind, an order in doubt
ENGINE, DIED = "engine", "died"
GRAVE = ("error", "critical")


class Watching:
    """Looks now and then; `clock` gives seconds that only grow."""

    def __init__(
        self,
        standing: Standing,
        data_dir: str,
        floor_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._standing, self._data_dir, self._floor_bytes = standing, data_dir, floor_bytes
        self._clock = clock
        self._level_s = clock()  # when all was read last
        self._doubts: dict[int, float] = {}  # order -> since when it is in doubt

    def look(self, fold: Fold) -> None:
        """Raise what is wrong, close what is over."""
        now_s = self._clock()
        self._look_at_disk()
        self._look_at_lag(now_s)
        if not self._standing.is_late:
            self._standing.alerts.well("service")  # all is read: what ended another one is over
            self._look_at_orders(fold, now_s)
        self._standing.alerts.tend()

    def look_at_engine(self, died: str) -> None:
        """`died` says how it ended where it ended badly and does not run; nothing otherwise."""
        if died:
            self._standing.alerts.wrong(ENGINE, DIED, died)
        else:
            self._standing.alerts.well(ENGINE, lambda kind: kind == DIED)

    def heard(self, lines: Iterable[Line]) -> None:
        """Lines of the logs that were not known: the engine's own troubles, and its starts."""
        for _, _, source, level, event, fields in lines:
            if source != "engine":
                continue
            if event == "EngineStarted":  # a line of long ago says nothing of how it ended since
                self._standing.alerts.well(ENGINE, lambda kind: kind != DIED)
            elif level in GRAVE:
                self._standing.alerts.wrong(ENGINE, event, fields)

    def _look_at_disk(self) -> None:
        volume = os.statvfs(self._data_dir)
        free = volume.f_bavail * volume.f_frsize
        why = f"{free / 1e6:,.0f} MB of disk are free, the floor is {self._floor_bytes / 1e6:,.0f}"
        self._judge("disk", "disk_short", why if free < self._floor_bytes else "")

    def _look_at_lag(self, now_s: float) -> None:
        if not self._standing.is_late:
            self._level_s = now_s
        late_s = now_s - self._level_s
        why = f"behind the journal for {late_s:.0f} s, at record {self._standing.sequence:,}"
        self._judge("tables", "behind", why if late_s > BEHIND_S else "")

    def _look_at_orders(self, fold: Fold, now_s: float) -> None:
        table = fold.core.state.orders.table
        found = [order.id for order in table if order.status == UNKNOWN]
        self._doubts = {number: self._doubts.get(number, now_s) for number in found}
        late = [number for number, since_s in self._doubts.items() if now_s - since_s > DOUBT_S]
        named = ", ".join(map(str, late))
        why = f"what became of order {named} is not known for over {DOUBT_S:.0f} s"
        self._judge("orders", "order_unknown", why if late else "")

    def _judge(self, component: str, kind: str, why: str) -> None:
        if why:
            self._standing.alerts.wrong(component, kind, why)
        else:
            self._standing.alerts.well(component)
