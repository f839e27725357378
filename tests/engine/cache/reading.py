"""What do tests of the read path share: a clock they move, files, and a source that counts."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from engine.cache.memory import memory_of
from engine.cache.namespace import Parts, Rules
from engine.cache.prefetch import Prefetch
from engine.cache.store import Sqlite, SqliteTier
from engine.cache.synapses import Synapses
from engine.cache.tiers import Cached
from engine.cache.values import Codec

NS_MS = 1_000_000


class World:
    """A clock that tests move, a file, and a source that counts how often it is asked."""

    def __init__(self, folder: Path) -> None:
        self.now_ms, self.asked = 1_000_000, 0
        self.values: dict[str, int] = {}
        self.folder = folder
        self.stores: list[Sqlite] = []
        self.caches: list[Cached[int]] = []
        self.gate: asyncio.Event | None = None  # the source answers once it is set

    async def source(self, key: str) -> int | None:
        """What the outside says, as it was when asked."""
        self.asked += 1
        value = self.values.get(key)
        if self.gate is not None:
            await self.gate.wait()
        if value is not None and value < 0:
            raise ConnectionError("the source is ill")
        return value

    def tier(self, name: str) -> SqliteTier:
        """A lower tier in a file of its own."""
        self.stores.append(Sqlite(str(self.folder / name), print, lambda: self.now_ms))
        return SqliteTier(self.stores[-1], "bars")

    def cached(
        self, *names: str, source: Any = None, prefetch: bool = False, **rules: Any
    ) -> Cached[int]:
        """A namespace over tiers in these files."""

        def memory(learn: Callable[[Any], object], stale: Callable[[Any], object]) -> Any:
            return memory_of(None, (1_000, 1 << 20), lambda _: 8, learn, stale)

        rng = random.Random(1)
        parts = Parts(
            memory, lambda: self.now_ms, rng.random,
            [(name, self.tier(name)) for name in names],
            Codec("bars", int) if names else None,
            source,
            Prefetch(1_000, Synapses(capacity=1_000)) if prefetch else None,
            lambda _: 8,
        )  # fmt: skip
        made = Cached(parts, Rules(**{"load_ms": 200, **rules}))
        made.memory.advance(self.now_ms * NS_MS)
        self.caches.append(made)
        return made

    def wait(self, ms: int) -> None:
        """So much later, for all."""
        self.now_ms += ms
        for one in self.caches:
            one.memory.advance(self.now_ms * NS_MS)


def run(work: Awaitable[Any]) -> Any:
    """In a loop of its own."""

    async def all_of_it() -> Any:
        return await asyncio.wait_for(work, 20)

    return asyncio.run(all_of_it())


async def settled(*caches: Cached[int]) -> None:
    """All that runs behind is done."""
    for one in caches:
        while one._tasks:
            await asyncio.gather(*one._tasks, return_exceptions=True)
        if one._behind is not None:
            await one._behind.flush()
