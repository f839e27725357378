"""What does a test of the embedded tier hold? A namespace in a file, and what that told."""

import asyncio
from pathlib import Path
from typing import Any

from engine.cache.store import Bounds, Sqlite, SqliteTier
from tests.engine.cache.keeping_rows import FILE_SHORT, Heard, now_ms

SHORT = Bounds(breaker=FILE_SHORT)


def opened(path: Path, clock: Any = now_ms, bounds: Bounds = SHORT) -> tuple[SqliteTier, Any, Any]:
    """A namespace, its file, and what it told."""
    told = Heard()
    store = Sqlite(str(path), told, clock, bounds)
    return SqliteTier(store, "any"), store, told


def put(tier: SqliteTier, *rows: Any) -> list[str]:
    """Keep them."""
    return asyncio.run(tier.set_many(rows))
