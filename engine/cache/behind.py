"""How do values reach the lower tiers without anybody waiting? Written behind, the newest a key."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from engine.cache.tier import Row

FLUSH_S = 0.05  # so old a waiting row gets
ROWS_MAX = 4_096  # beyond it writers wait
Write = Callable[[Sequence[Row]], Awaitable[object]]


class Behind:
    """Rows on their way into the tiers of one namespace."""

    def __init__(self, write: Write, rows_max: int = ROWS_MAX) -> None:
        self._write, self._rows_max = write, rows_max
        self._waiting: dict[str, Row] = {}
        self._flusher: asyncio.Task[None] | None = None
        self._turn, self._hurry = asyncio.Lock(), asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many rows are not written yet."""
        return len(self._waiting)

    async def put(self, row: Row) -> None:
        """Write it soon; waits only while too many wait already."""
        before = self._waiting.get(row.key)
        if before is None or before.version < row.version:
            self._waiting[row.key] = row
        if len(self._waiting) >= self._rows_max:
            await self.flush()
        elif self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._later())

    async def flush(self) -> None:
        """All that waits is written when this returns."""
        async with self._turn:
            rows, self._waiting = list(self._waiting.values()), {}
            if rows:
                await self._write(rows)

    async def close(self) -> None:
        """Write what waits, and no more."""
        self._hurry.set()
        if self._flusher is not None:
            await self._flusher
        await self.flush()

    async def _later(self) -> None:
        while self._waiting:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), FLUSH_S)
            await self.flush()
