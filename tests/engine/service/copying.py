"""How do tests watch a real service copy into a real PostgreSQL?"""

import asyncio
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.service.schema import TABLES
from engine.service.standing import standing_of
from tests.acceptance.running import COMMAND, ROOT
from tests.engine.service.keeping import Tables, tables_of
from validators.postgres_server import Server

PATIENCE_S = 60.0


def serving(place: Path, there: Server, *words: str, **environment: str) -> subprocess.Popen[str]:
    """Start a service that copies there."""
    return subprocess.Popen(
        [*COMMAND, "serve", "--data-dir", str(place), *words], cwd=ROOT,
        env={**os.environ, "POSTGRES_URL": there.url, **environment}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def postgres_of(place: Path) -> dict[str, Any]:
    """What the service says of PostgreSQL."""
    return standing_of(str(place)).get("postgres") or {"connected": False, "sequence": -1}


def all_copied(place: Path) -> None:
    """Wait until PostgreSQL is where the journal is."""
    until(
        lambda: (
            not standing_of(str(place)).get("behind", True)
            and postgres_of(place)["sequence"] == standing_of(str(place))["sequence"] > 0
        )
    )


def asked(there: Server, question: str) -> list[tuple[Any, ...]]:
    """The answer of the server itself."""

    async def answer() -> list[tuple[Any, ...]]:
        import asyncpg

        link = await asyncpg.connect(there.url)
        try:
            return [tuple(row) for row in await link.fetch(question)]
        finally:
            await link.close()

    return asyncio.run(answer())


def copied(there: Server, place: Path) -> Tables:
    """Every row of the journal's tables in PostgreSQL."""
    schema = schema_of(place)
    return {
        table: asked(there, f"SELECT * FROM {schema}.{table} ORDER BY sequence") for table in TABLES
    }


def schema_of(place: Path) -> str:
    """The journal's own schema, by the names of its orders."""
    return f"supreme_{tables_of(place)['orders'][0][3][1:9]}"


def kept(place: Path) -> Tables:
    """The same in SQLite."""
    return {table: rows for table, rows in tables_of(place).items() if table in TABLES}
