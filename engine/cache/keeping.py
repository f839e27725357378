"""How does what a tier needs come back? By waits that grow until a connection has lasted."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, NamedTuple

from engine.cache.tier import Tell, breaker_of
from engine.resilience.backoff import wait_ns
from engine.resilience.breaker import OPEN, Breaker
from engine.resilience.settings import Backoff, BreakerSettings

NS = 1_000_000_000
CLOSED = "it was closed"
STEADY_S = 1.0  # what ends sooner was no recovery: the waits go on growing


class Patience(NamedTuple):
    """With a server: how long is waited, seconds; between tries; and when it counts as down."""

    connect_s: float = 1.0
    answer_s: float = 0.5
    waiting_max: int = 10_000  # questions without an answer
    backoff: Backoff = Backoff()
    breaker: BreakerSettings = BreakerSettings()


async def keep_up(
    life: Callable[[], Awaitable[bool]], backoff: Backoff, draw: Callable[[], float]
) -> None:
    """One life of a connection after another; each tells whether it came to be one."""
    attempt, loop = 0, asyncio.get_running_loop()
    while True:
        began_s = loop.time()
        if await life() and loop.time() - began_s >= STEADY_S:
            attempt = 0
        wait = wait_ns(backoff, attempt, draw) / NS
        attempt += 1
        await asyncio.sleep(wait)


async def begun(work: Coroutine[Any, Any, None], tried: asyncio.Event) -> asyncio.Task[None]:
    """The task that goes on with work, once that has set `tried`; raises what ended it before."""
    task, waiting = asyncio.create_task(work), asyncio.create_task(tried.wait())
    await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        waiting.cancel()
        await task
    return task


class AtHand(ABC):
    """What a tier asks: a connection that comes back by itself, and a breaker before it.

    Whoever inherits this says in `_live` what one connection's life is, and sets `_tried` in it.
    """

    def __init__(
        self, tier: str, tell: Tell, draw: Callable[[], float], patience: Patience
    ) -> None:
        self.breaker = breaker_of(tier, patience.breaker, time.monotonic_ns, tell)
        self.connects = 0
        self.why = "it was not asked yet"  # it is not connected
        self._draw, self._patience = draw, patience
        self._tried = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    @property
    @abstractmethod
    def is_connected(self) -> bool:
        """Whether it can be asked."""

    @abstractmethod
    async def _live(self) -> bool:
        """A connection from its beginning to its end; whether it began."""

    async def start(self) -> bool:
        """Connect, and stay so; whether the first try worked."""
        backoff = self._patience.backoff
        self._keeper = await begun(keep_up(self._live, backoff, self._draw), self._tried)
        return self.is_connected

    async def close(self) -> None:
        """Let go; from now on nothing is there."""
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        self.why = CLOSED


def failed(breaker: Breaker, why: str) -> None:
    """The breaker hears of it; an open one waits for the connection, not for the clock."""
    permit = 0 if breaker.state == OPEN else breaker.permit()
    breaker.failed(permit, why)


def reason_of(error: Exception) -> str:
    """Why there is no connection, without what an error might quote."""
    if isinstance(error, TimeoutError):
        return "it does not answer"
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__
