"""How does what a tier is connected to come back? By waits that grow, until a life was worth it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from engine.resilience.backoff import wait_ns
from engine.resilience.breaker import OPEN, Breaker
from engine.resilience.settings import Backoff, BreakerSettings

NS = 1_000_000_000


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
    """One life of a connection after another; each tells whether anybody was answered in it."""
    attempt = 0
    while True:
        if await life():
            attempt = 0
        wait = wait_ns(backoff, attempt, draw) / NS
        attempt += 1
        await asyncio.sleep(wait)


def failed(breaker: Breaker, why: str) -> None:
    """The breaker hears of it; an open one waits for the connection, not for the clock."""
    permit = 0 if breaker.state == OPEN else breaker.permit()
    breaker.failed(permit, why)


def reason_of(error: Exception) -> str:
    """Why there is no connection, without what an error might quote."""
    if isinstance(error, TimeoutError):
        return "it does not answer"
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__
