"""Who makes, asks and closes the connections that a pool's policy decides on? A shell of asyncio.

It holds the connections, the tasks and the clock; no rule is written here.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Generic, TypeVar

from engine.errors import Refused
from engine.resilience.demand import Room
from engine.resilience.pool import Check, Close, Command, Connect, Lend, Pool, Refuse

Made = TypeVar("Made")
NS, KB_A_MB = 1_000_000_000, 1024


class Acts(Generic[Made]):
    """How one kind of connection is made, asked whether it is sound, and closed."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Made]],
        check: Callable[[Made], Awaitable[object]],
        close: Callable[[Made], Awaitable[object]],
    ) -> None:
        """`connect` and `check` raise what went wrong."""
        self.connect, self.check, self.close = connect, check, close


class AsyncPool(Generic[Made]):
    """Connections of any kind under a pool's policy; to be used in one event loop."""

    def __init__(
        self,
        name: str,
        policy: Pool,
        acts: Acts[Made],
        clock: Callable[[], int] = time.monotonic_ns,
        look: Callable[[], Room] | None = None,
    ) -> None:
        """`look` says what the box has free: as the system tells, where nothing else does."""
        self.name, self.policy, self.acts = name, policy, acts
        self._clock, self._look = clock, look or room
        self._made: dict[int, Made] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._numbers, self._due = count(1), asyncio.Event()
        self._ticking: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to make the least connections, and to keep time."""
        self._ticking = asyncio.create_task(self._tick())

    async def close(self) -> None:
        """Every caller is refused, every connection closed; returns when all is done."""
        tasks = [*self._tasks.values()]
        if self._ticking:
            self._ticking.cancel()
            tasks.append(self._ticking)
        self._do(self.policy.close())
        await asyncio.gather(*tasks, *self._closing, return_exceptions=True)

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Made]:
        """A sound connection for a while. Refused where none came free in time.

        After an error inside it is asked whether it is sound before anybody else gets it.
        """
        number = await self._borrow()
        sound = False
        try:
            yield self._made[number]
            sound = True
        finally:
            self._do(self.policy.give_back(number, self._clock(), sound=sound))

    async def _borrow(self) -> int:
        who, future = next(self._numbers), asyncio.get_running_loop().create_future()
        self._waiting[who] = future
        self._do(self.policy.ask(who, self._clock()))
        if not future.done():
            self._due.set()  # it may be the first one to wait, and for less than a tick
        try:
            number: int = await future
        except asyncio.CancelledError:
            self.policy.withdraw(who)
            if future.done() and not future.cancelled() and not future.exception():
                self._do(self.policy.give_back(future.result(), self._clock()))
            raise
        finally:
            del self._waiting[who]
        return number

    def _do(self, commands: list[Command]) -> None:
        for command in commands:
            match command:
                case Connect(number):
                    self._tasks[number] = asyncio.create_task(self._connect(number))
                case Check(number):
                    self._tasks[number] = asyncio.create_task(self._check(number))
                case Close(number):
                    self._drop(number)
                case Lend(number, who):
                    self._lend(number, self._waiting[who])
                case Refuse(who, cause):
                    self._refuse(self._waiting[who], cause)
            if isinstance(command, Close):
                self._due.set()  # another is made when the policy's patience is over

    def _lend(self, number: int, future: asyncio.Future[int]) -> None:
        if future.done():  # cancelled, and not yet run since
            self._do(self.policy.give_back(number, self._clock()))
        else:
            future.set_result(number)

    def _refuse(self, future: asyncio.Future[int], cause: str) -> None:
        if not future.done():
            what = f"no connection to {self.name}: {cause}"
            future.set_exception(
                Refused(what, "try again later; connection_pool.* are the bounds", 5)
            )

    def _drop(self, number: int) -> None:
        task = self._tasks.pop(number, None)
        if task and task is not asyncio.current_task():
            task.cancel()
        if number in self._made:
            closing = asyncio.create_task(self._close(self._made.pop(number)))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def _connect(self, number: int) -> None:
        try:
            made = await self.acts.connect()
        except Exception as wrong:  # noqa: BLE001  whatever it was, there is no connection
            self._report(number, self.policy.lost, str(wrong) or type(wrong).__name__)
            return
        self._made[number] = made
        self._report(number, self.policy.connected)

    async def _check(self, number: int) -> None:
        try:
            await self.acts.check(self._made[number])
        except Exception as wrong:  # noqa: BLE001  whatever it was, it is not sound
            self._report(number, self.policy.lost, str(wrong) or type(wrong).__name__)
            return
        self._report(number, self.policy.checked)

    def _report(self, number: int, event: Callable[..., list[Command]], *said: str) -> None:
        self._tasks.pop(number, None)
        self._do(event(number, self._clock(), *said))

    async def _close(self, made: Made) -> None:
        limit = self.policy.settings.connection_timeout
        try:
            async with asyncio.timeout(limit):
                await self.acts.close(made)
        except Exception:  # noqa: BLE001  it was to be gone, and nobody asks for it again
            return

    async def _tick(self) -> None:
        looked_ns = 0
        while True:
            now_ns = self._clock()
            looks = now_ns >= looked_ns + NS
            looked_ns = now_ns if looks else looked_ns
            self._do(self.policy.tick(now_ns, self._look() if looks else None))
            self._due.clear()
            due_s = (self.policy.next_due_ns(now_ns) - now_ns) / NS
            try:
                async with asyncio.timeout(due_s):
                    await self._due.wait()
            except TimeoutError:
                continue


def room() -> Room:
    """What this box has free: of the last minute's CPU time, and of memory."""
    busy = os.getloadavg()[0] / (os.cpu_count() or 1)
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            free_kb = next(int(line.split()[1]) for line in file if line.startswith("MemAvail"))
    except (OSError, StopIteration):
        return Room(cpu_idle=max(0.0, 1.0 - busy))
    return Room(max(0.0, 1.0 - busy), free_kb / KB_A_MB)
