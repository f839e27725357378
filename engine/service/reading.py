"""Why was this asked for? An order's whole story, read from the tables by whoever wants to know."""

import asyncio
import os
from json import loads
from typing import Any

from engine.errors import Refused
from engine.service.keeper import NAME
from engine.service.standing import folder_of

MISSING = "install it: .venv/bin/pip install '.[service]'"
DECISIONS_SHOWN = 20


def story_of(data_dir: str, order: str) -> dict[str, Any]:
    """An order by its number or name: what was asked, the decision behind it, what came of it.

    Refused (2) where the tables hold no such order, (3) where there are no tables.
    """
    return asyncio.run(_story_of(data_dir, order))


def newest_decisions(data_dir: str) -> dict[str, Any]:
    """The newest orders and denials, the newest first; Refused (3) where there are no tables."""
    return asyncio.run(_newest_decisions(data_dir))


async def _story_of(data_dir: str, order: str) -> dict[str, Any]:
    async with _opened(data_dir) as tables:
        asked = await _rows(tables, BY_NUMBER if order.isdigit() else BY_NAME, order)
        if not asked:
            upto = (await _rows(tables, "SELECT sequence FROM checkpoint"))[0]["sequence"]
            raise Refused(
                f"there is no order {order[:60]} in the first {upto:,} records",
                "supreme explain without one lists the newest",
            )
        sequence, number = asked[0]["sequence"], asked[0]["order_id"]
        decided = await _rows(tables, "SELECT * FROM decisions WHERE sequence = ?", sequence)
        return {
            "order": asked[0],
            "decision": _parsed(decided[0]),
            "events": await _rows(tables, OF_ORDER.format(table="order_events"), number),
            "fills": await _rows(tables, OF_ORDER.format(table="fills"), number),
        }


BY_NUMBER = "SELECT * FROM orders WHERE order_id = ? ORDER BY sequence DESC LIMIT 1"
BY_NAME = "SELECT * FROM orders WHERE name = ? ORDER BY sequence DESC LIMIT 1"
OF_ORDER = "SELECT * FROM {table} WHERE order_id = ? ORDER BY sequence"


async def _newest_decisions(data_dir: str) -> dict[str, Any]:
    async with _opened(data_dir) as tables:
        newest = "SELECT * FROM decisions ORDER BY sequence DESC LIMIT ?"
        rows = await _rows(tables, newest, DECISIONS_SHOWN)
        return {"decisions": [_parsed(row) for row in rows]}


def _opened(data_dir: str) -> Any:
    """The tables of a data directory, to be read."""
    try:
        import aiosqlite
    except ImportError:
        raise Refused("the tables cannot be read: aiosqlite is missing", MISSING) from None
    path = os.path.join(folder_of(data_dir), NAME)
    if not os.path.exists(path):
        raise Refused(
            f"there are no tables in {data_dir}",
            "make them: supreme serve --data-dir DIR (supreme up starts it by itself)",
            code=3,
        )
    return aiosqlite.connect(f"file:{path}?mode=ro", uri=True)


async def _rows(tables: Any, question: str, *values: object) -> list[dict[str, Any]]:
    """The answer as named rows."""
    async with tables.execute(question, values) as answer:
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row, strict=True)) async for row in answer]


def _parsed(row: dict[str, Any]) -> dict[str, Any]:
    """A decision whose features and risk are named values."""
    return {**row, "features": loads(row["features"]), "risk": loads(row["risk"])}
