"""What happened before? Pages of the tables, the oldest first; a full one is read once.

A page is final when it is full and a durable snapshot lies behind its last record: then no crash
takes a row of it back. Final pages are kept by every tier of the cache, others for a second.
"""

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from json import dumps
from typing import Any

from engine.cache.namespace import Lasting
from engine.errors import Refused
from engine.service.schema import COLUMNS, TABLES, Checkpoint

ROWS = 50
PAGE_MAX = (1 << 62) // ROWS  # what SQLite can count to
GROWING_MS = 1_000
SETTLED = "SELECT max(sequence) FROM memory"


def key_of(asked: Mapping[str, Any], at: Checkpoint | None) -> str:
    """The key of a page asked for; Refused where there is no such table or page."""
    table, page = str(asked["table"]), int(asked["page"])
    if table not in TABLES:
        known = ", ".join(TABLES)
        raise Refused(f"there is no table {table[:40]}", f"there are: {known}")
    if not 1 <= page <= PAGE_MAX:
        raise Refused(f"there is no page {page}", "pages are numbered from 1, the oldest")
    return f"{life_of(at)}:{table}:{page}"


def life_of(at: Checkpoint | None) -> str:
    """The name of a journal's tables, another one once they are made anew; Refused without any."""
    if at is None:
        raise Refused("there are no tables yet", "repeat this in a moment", code=3)
    return f"{at.journal_id[:8]}.{at.made[:8]}"


class Pages:
    """Reads pages of the tables in a file; made for the cache as its source."""

    def __init__(self, path: str) -> None:
        self._path = path

    async def load(self, key: str) -> Lasting[bytes]:
        """A page as JSON: its rows with their columns' names, and how many pages there are.

        Read in a thread of its own, which ends by itself whoever stops waiting for it.
        """
        _, table, number = key.split(":")
        return await asyncio.to_thread(self._read, table, int(number))

    def _read(self, table: str, number: int) -> Lasting[bytes]:
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as tables:
            rows, count = rows_of(tables, table, number)
            settled = tables.execute(SETTLED).fetchone()[0]
        said = {"table": table, "page": number, "pages": -(-count // ROWS), "rows": rows}
        is_final = len(rows) == ROWS and settled is not None and rows[-1]["sequence"] < settled
        return Lasting(dumps(said).encode(), None if is_final else GROWING_MS)


def rows_of(tables: sqlite3.Connection, table: str, page: int) -> tuple[list[dict[str, Any]], int]:
    """The rows of a page, and how many there are in all; the names are ours."""
    names = COLUMNS[table]
    ordered = f"SELECT {', '.join(names)} FROM {table} ORDER BY sequence"  # noqa: S608
    found = tables.execute(f"{ordered} LIMIT ? OFFSET ?", (ROWS, (page - 1) * ROWS)).fetchall()
    count = tables.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
    return [dict(zip(names, row, strict=True)) for row in found], int(count)
