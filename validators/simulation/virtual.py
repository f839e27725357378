"""What time is it for coroutines in a simulation? A loop whose clock jumps to what is due next."""

import asyncio
import math
from collections.abc import Coroutine
from typing import Any

NS = 1_000_000_000
HOUR_NS = 3_600 * NS


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop without sockets, signals and waiting: the same order of steps each time."""

    def __init__(self, now_ns: int) -> None:
        super().__init__()
        self._selector, self._clock_resolution = self, 1e-9
        self._start_ns = self._now_ns = self._until_ns = self.due_ns = now_ns
        self.tasks: dict[asyncio.Task[Any], None] = {}  # in the order of their making

    def now_ns(self) -> int:
        """The simulation's time."""
        return self._now_ns

    def time(self) -> float:
        """Seconds since it began, as coroutines count."""
        return (self._now_ns - self._start_ns) / NS

    def run_until(self, until_ns: int) -> None:
        """All that is due by then; `due_ns` is when the next thing is."""
        self._until_ns = until_ns
        self.run_forever()

    def create_task(self, coro: Any, **named: Any) -> asyncio.Task[Any]:
        """A task that is listed until it is done."""
        task = super().create_task(coro, **named)
        self.tasks[task] = None
        task.add_done_callback(self.tasks.pop)
        return task

    def finish(self, coro: Coroutine[Any, Any, object]) -> None:
        """End every task but this one, run it to its end, and close."""
        for task in [*self.tasks]:
            task.cancel()
        self._until_ns = self._now_ns + HOUR_NS
        self.run_until_complete(coro)
        self.run_until_complete(self.shutdown_asyncgens())
        self.close()

    def select(self, timeout: float | None) -> list[Any]:
        """Nothing is ready: time jumps to what is due, or the run ends before it."""
        wait_ns = HOUR_NS if timeout is None else math.ceil(timeout * NS)
        due_ns = self._now_ns + wait_ns
        if due_ns > self._until_ns:
            self.due_ns, self._now_ns = due_ns, self._until_ns
            self.stop()
        else:
            self._now_ns = due_ns
        return []

    def _process_events(self, _events: list[Any]) -> None:
        """There are none."""
