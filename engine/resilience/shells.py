"""Who carries out what breakers, ladders and bulkheads decide? Thin shells around asyncio.

They hold tasks and the clock; no rule is written here.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, NamedTuple, TypeVar

from engine.errors import Refused
from engine.resilience.breaker import Breaker
from engine.resilience.bulkhead import FULL, WAITS, Bulkhead
from engine.resilience.ladder import Ladder, Step

Answer = TypeVar("Answer")
NS = 1_000_000_000
Acts = Mapping[str, Callable[[Step], Coroutine[Any, Any, object]]]  # rung -> what it does


async def guarded(breaker: Breaker, work: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer of work; Unavailable without calling it. Every Exception is a failure."""
    permit = breaker.permit()
    if not permit:
        raise breaker.unavailable()
    try:
        answer = await work()
    except Exception as wrong:
        breaker.failed(permit, type(wrong).__name__)
        raise
    except BaseException:  # cancelled: that tells nothing of the dependency
        breaker.released(permit)
        raise
    breaker.succeeded(permit)
    return answer


class Timing(NamedTuple):
    """How time passes for who climbs: nanoseconds that only grow, and a wait of seconds."""

    now_ns: Callable[[], int]
    sleep: Callable[[float], Coroutine[Any, Any, object]]


WALL = Timing(time.monotonic_ns, asyncio.sleep)


class Supervisor:
    """Climbs the ladder of each component that fails, one climb at a time."""

    def __init__(self, tell: Callable[[Step], object], timing: Timing = WALL) -> None:
        """`tell` gets each step as it begins and as it ends."""
        self._tell, self._climbs = tell, dict[str, asyncio.Task[None]]()
        self._timing = timing

    def failed(
        self,
        ladder: Ladder,
        acts: Acts,
        cause: str,
        breaker: Breaker | None = None,
    ) -> asyncio.Task[None]:
        """Begin to climb, or go on with the climb there is.

        An act raises what went wrong. Its breaker, told of the recovery, lets probes in at once.
        """
        climb = self._climbs.get(ladder.component)
        if climb is None or climb.done():
            climb = asyncio.create_task(self._climb(ladder, acts, cause, breaker))
            self._climbs[ladder.component] = climb
        return climb

    async def close(self) -> None:
        """End every climb."""
        for climb in self._climbs.values():
            climb.cancel()
        await asyncio.gather(*self._climbs.values(), return_exceptions=True)

    async def _climb(
        self,
        ladder: Ladder,
        acts: Acts,
        cause: str,
        breaker: Breaker | None,
    ) -> None:
        while True:
            step = ladder.next(self._timing.now_ns(), cause)
            self._tell(step)
            await self._timing.sleep(step.wait_ns / NS)
            try:
                await acts[step.rung](step)
                error = ""
            except Exception as wrong:  # noqa: BLE001  it is told, and the next rung answers it
                cause = error = str(wrong) or type(wrong).__name__
            self._tell(ladder.ended(step, self._timing.now_ns(), error))
            if ladder.is_well:
                if breaker:
                    breaker.recovered(f"{step.rung} worked")
                return


class Gate:
    """A bulkhead that coroutines stand before."""

    def __init__(self, bulkhead: Bulkhead) -> None:
        self.bulkhead, self._numbers = bulkhead, count(1)
        self._waiting: dict[int, asyncio.Future[None]] = {}

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        """Inside for a while. Refused where the share is taken and stays so."""
        who = next(self._numbers)
        said = self.bulkhead.enter(who, time.monotonic_ns())
        if said == FULL:
            raise self._full()
        try:
            if said == WAITS:
                await self._turn(who)
            yield
        finally:
            admitted = self.bulkhead.leave(who)
            # One that gave up in this very moment is inside, and leaves as soon as it runs.
            if admitted is not None and not self._waiting[admitted].done():
                self._waiting[admitted].set_result(None)

    async def _turn(self, who: int) -> None:
        self._waiting[who] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self.bulkhead.share.patience_ns / NS):
                await self._waiting[who]
        except TimeoutError as late:
            self.bulkhead.late += 1
            raise self._full() from late
        finally:
            del self._waiting[who]

    def _full(self) -> Refused:
        share = self.bulkhead.share.at_once
        return Refused(f"{self.bulkhead.name} has its {share} calls running", "try again later", 5)
