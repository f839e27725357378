"""What is a namespace of the cache made of, and by which rules does it keep what it holds?"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from sys import getsizeof
from typing import Any, Generic, NamedTuple, TypeVar

from engine.cache.memory import Memory
from engine.cache.prefetch import Prefetch
from engine.cache.tier import Tier
from engine.cache.values import MISSING, Codec
from engine.telemetry import Durations

UNKNOWN: Any = object()  # neither a value nor known to be missing
Held = TypeVar("Held")


class Lasting(NamedTuple, Generic[Held]):
    """What a source says with how long it is believed; None as long as anything of its kind."""

    value: Held
    ttl_ms: int | None


Loader = Callable[[str], Awaitable[Held | Lasting[Held] | None]]  # None: it has nothing


class Rules(NamedTuple):
    """How a namespace keeps what it holds; times in milliseconds."""

    ttl_ms: int = 60_000
    fresh_ms: int = 60_000  # older values are still given, and asked for anew behind them
    missing_ms: int = 5_000  # "the source has nothing" is believed so long
    jitter: float = 0.1  # of the fresh time, so that not all are asked for at once
    is_behind: bool = False  # lower tiers are written behind, nobody waits
    loads_max: int = 16  # at once; more wait in line
    load_ms: int = 30_000  # a source that takes longer has failed


class Level(NamedTuple):
    """A lower tier by name, and how long its answers took."""

    name: str
    tier: Tier
    durations: Durations


class Parts(NamedTuple, Generic[Held]):
    """What a namespace is made of: its memory, the tiers below it, and what it asks in the end."""

    memory: Callable[[Callable[[Any], object], Callable[[Any], object]], Memory]
    now_ms: Callable[[], int]  # of the wall clock
    draw: Callable[[], float]  # seeded, of [0, 1)
    lower: Sequence[tuple[str, Tier]] = ()  # the nearest first; none: nothing leaves memory
    codec: Codec[Held] | None = None
    source: Loader[Held] | None = None  # also refreshes, and is asked ahead
    prefetch: Prefetch | None = None  # learns, and fetches ahead
    measure: Callable[[Any], int] = getsizeof  # of a value, as memory counts it


class Overdue(Exception):
    """A source did not answer in its time."""


def known(found: Any) -> Any:
    """The value; None where there is none, and where nobody could be asked."""
    return None if found is MISSING or found is UNKNOWN else found


def nothing(_key: object) -> None:
    """What is done where nobody learns."""


def later(work: Callable[[str], None], key: str) -> None:
    """At the loop's next turn; nothing where no loop runs, for then nothing can be brought."""
    with suppress(RuntimeError):
        asyncio.get_running_loop().call_soon(work, key)
