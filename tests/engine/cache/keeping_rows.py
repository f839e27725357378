"""What do the tests of the lower tiers keep? Seeded entries, and clocks that are moved by hand."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from engine.cache.keeping import Patience
from engine.cache.tier import Row, Told
from engine.cache.values import Codec, Entry, Mark
from engine.resilience.settings import Backoff, BreakerSettings

TTL_MS = 60_000
SOON_S = 20.0
# Short, so that a server that is gone is noticed and found again within a test.
SHORT = Patience(
    connect_s=0.5, answer_s=0.15, backoff=Backoff(base_delay_ms=5, max_delay_ms=40)
)  # fmt: skip
# For servers that are well: only a test that waits for a failure may be impatient.
CALM = SHORT._replace(connect_s=20.0, answer_s=20.0)
FILE_SHORT = BreakerSettings(recovery_timeout=0.01)


class Clock:
    """The wall clock, milliseconds, until it is moved."""

    def __init__(self, now_ms: int = 1_700_000_000_000) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        """Now."""
        return self.now_ms


class Heard(list[Told]):
    """What tiers told."""

    def __call__(self, told: Told) -> None:
        """One more."""
        self.append(told)

    @property
    def words(self) -> list[str]:
        """Only what happened."""
        return [told.what for told in self]


def now_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000


def entry_of(value: Any, version: int = 1, at_ms: int | None = None, ttl_ms: int = TTL_MS) -> Any:
    """An entry that is fresh for half of its time."""
    at_ms = now_ms() if at_ms is None else at_ms
    return Entry(value, version, at_ms + ttl_ms // 2, at_ms + ttl_ms)


def row_of(
    codec: Codec[Any], key: str, value: Any, version: int = 1, *, at_ms: int | None = None
) -> Row:
    """The same, packed, on its way into a tier."""
    entry = entry_of(value, version, at_ms)
    return Row(key, version, entry.hard_ms, codec.pack(key, entry))


def value_of(codec: Codec[Any], key: str, packed: bytes | None, at_ms: int | None = None) -> Any:
    """What was kept, None for nothing."""
    at_ms = now_ms() if at_ms is None else at_ms
    entry = None if packed is None else codec.unpack(key, packed, at_ms)
    return entry if entry is None or isinstance(entry.value, Mark) else entry.value


async def until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for what the world brings about by itself; AssertionError where it does not."""
    end = time.monotonic() + SOON_S
    while not is_so():
        assert time.monotonic() < end, f"not so after {SOON_S:.0f} s: {what}"
        await asyncio.sleep(0.002)


def run(work: Awaitable[Any]) -> Any:
    """A test's own loop."""

    async def whole() -> Any:
        return await work

    return asyncio.run(whole())
