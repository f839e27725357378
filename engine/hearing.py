"""How does an engine hear a market as it happens? Sockets wake it; time never goes back."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.messages import RECORD_SIZE
from engine.running import Running, Stop
from engine.simulation import heartbeat_is_due

if TYPE_CHECKING:
    from engine.builder import CoreBuilder
    from engine.options import Options
    from engine.parts import Engine

SLEEP_MAX_S = 0.5
GAP_NS = 10_000_000_000  # longer, and the engine was not there


def awake_ns() -> int:
    """What passed since the machine began, also while it slept; nobody can set it."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Watch:
    """Our time in ns: the wall clock, which may be set back without that time stands still here.

    Then it goes at half its pace until the wall clock has come after: nothing that waits for time
    (an answer, a silence, a resting order's end) may wait for an hour, and time never goes back:
    not before `began_ns` either, where a journal ended.
    """

    def __init__(
        self,
        began_ns: int = 0,
        wall: Callable[[], int] = time.time_ns,
        passed: Callable[[], int] = awake_ns,
    ) -> None:
        self._wall, self._passed = wall, passed
        self._now_ns, self._looked_ns = max(began_ns, wall()), passed()

    def now_ns(self) -> int:
        """What time it is."""
        looked_ns = self._passed()
        gone_ns, self._looked_ns = looked_ns - self._looked_ns, looked_ns
        self._now_ns = max(self._now_ns + gone_ns // 2, self._wall())
        return self._now_ns


class Hearing(Running):
    """An engine that takes market records whenever they come; time is ns of our clock."""

    def __init__(
        self, engine: "Engine", options: "Options", stop: Stop, builder: "CoreBuilder"
    ) -> None:
        super().__init__(engine, options, stop, builder)
        is_played = engine.source.simulated and engine.source.exchange is None  # at another time
        self.watch = Watch(0 if is_played else engine.core.state.clock.now_ns)
        self.now_ns = self.watch.now_ns()

    def take_market(self, records: bytes) -> None:
        """Market records in their order, heartbeats where they are due."""
        if not records:
            return
        loop, clock, kept = self.engine.loop, self.engine.core.state.clock, self.engine.kept
        began_ns, due_ns = time.perf_counter_ns(), clock.heartbeat_due_ns
        received = memoryview(records).cast("q")[2::8].tolist()
        for number, received_ns in enumerate(received):
            record = records[number * RECORD_SIZE : (number + 1) * RECORD_SIZE]
            if due_ns < received_ns:  # only a heartbeat moves it, and the first record of all
                self.beat_until(received_ns)
                due_ns = clock.heartbeat_due_ns
            refused = loop.malformed
            loop.take(record)
            if loop.malformed == refused:
                kept.fed(record)
        self._measure((time.perf_counter_ns() - began_ns) // len(received))
        self.commands_leave()

    def commands_leave(self) -> None:
        """What was asked of the venue and whose cause is durable."""
        self.engine.loop.release()

    def beat_until(self, received_ns: int) -> None:
        """The heartbeats that are due before something is received."""
        clock = self.engine.core.state.clock
        while heartbeat_is_due(clock, received_ns):
            due_ns = clock.heartbeat_due_ns
            # One heartbeat says that time passed: after a night there is not one for each second.
            self.beat(due_ns if received_ns < due_ns + GAP_NS else received_ns)

    def pass_time(self) -> None:
        """Look at the clock."""
        self.now_ns = self.watch.now_ns()

    def sleep_s(self, due_ns: int) -> float:
        """How long may be slept, where something is due then."""
        until_s = min((due_ns - self.watch.now_ns()) / 1e9, SLEEP_MAX_S)
        now_s = time.monotonic()
        return max(min(until_s, self.tend_at - now_s, self.desk.server.due_in(now_s)), 0.0)

    def _measure(self, taken_ns: int) -> None:
        """What one record of those that came together took, and how long all of them waited."""
        waited_ns = max(time.time_ns() - self.now_ns, 0)
        self.telemetry.late.add(max(waited_ns - taken_ns, 0))
        self.telemetry.decided.add(taken_ns)
        self.telemetry.reacted.add(waited_ns)
