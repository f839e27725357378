"""What happened before? Pages of the tables, the oldest first; a full one is read once.

A page is final when it is full and a durable snapshot lies behind its last record: then no crash
takes a row of it back. Final pages are kept by every tier of the cache, others for a second.
"""

from collections.abc import Mapping
from json import dumps
from typing import Any

from engine.cache.namespace import Lasting
from engine.errors import Refused
from engine.service.copying import Ask
from engine.service.postgres import asking
from engine.service.schema import COLUMNS, TABLES, Checkpoint

ROWS = 50
GROWING_MS = 1_000
SETTLED = "SELECT max(sequence) FROM memory"


def key_of(asked: Mapping[str, Any], at: Checkpoint | None) -> str:
    """The key of a page asked for; Refused where there is no such table or page."""
    table, page = str(asked["table"]), int(asked["page"])
    if table not in TABLES:
        known = ", ".join(TABLES)
        raise Refused(f"there is no table {table[:40]}", f"there are: {known}")
    if page < 1:
        raise Refused(f"there is no page {page}", "pages are numbered from 1, the oldest")
    if at is None:
        raise Refused("there are no tables yet", "repeat this in a moment", code=3)
    return f"{at.journal_id[:8]}.{at.made[:8]}:{table}:{page}"


class Pages:
    """Reads pages of the tables in a file; made for the cache as its source."""

    def __init__(self, path: str) -> None:
        self._path = path

    async def load(self, key: str) -> Lasting[bytes]:
        """A page as JSON: its rows with their columns' names, and how many pages there are."""
        _, table, number = key.split(":")
        async with asking(self._path) as ask:
            rows, count = await rows_of(ask, table, int(number))
            settled = (await ask(SETTLED))[0][0]
        pages = -(-count // ROWS)
        said = {"table": table, "page": int(number), "pages": pages, "rows": rows}
        is_final = len(rows) == ROWS and settled is not None and rows[-1]["sequence"] < settled
        return Lasting(dumps(said).encode(), None if is_final else GROWING_MS)


async def rows_of(ask: Ask, table: str, page: int) -> tuple[list[dict[str, Any]], int]:
    """The rows of a page, and how many there are in all."""
    names = COLUMNS[table]
    columns = ", ".join(names)
    found = await ask(
        f"SELECT {columns} FROM {table} ORDER BY sequence LIMIT ? OFFSET ?",  # noqa: S608  ours
        ROWS,
        (page - 1) * ROWS,
    )
    count = (await ask(f"SELECT count(*) FROM {table}"))[0][0]  # noqa: S608  a name of ours
    return [dict(zip(names, row, strict=True)) for row in found], int(count)
