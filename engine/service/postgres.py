"""How is PostgreSQL reached, and what is said to it? The copier's statements, by asyncpg."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from engine.errors import Refused
from engine.service.copying import Ask, Cursor, Place, Row, Stopped
from engine.service.schema import COLUMNS, TABLES, VERSION, errors_statements, statements

CONNECT_S, ANSWER_S = 5.0, 10.0
IDLE_S = 15.0  # a client that went without a word holds its transaction no longer
MISSING = "install it: .venv/bin/pip install '.[service]'"


def refuse_without_libraries() -> None:
    """Refused (2) where the clients of the databases are not installed."""
    for name in ("asyncpg", "aiosqlite"):
        try:
            __import__(name)
        except ImportError:
            raise Refused(f"PostgreSQL is asked for, and {name} is missing", MISSING) from None


def place(url: str) -> Place:
    """PostgreSQL under a URL."""
    import asyncpg

    async def connect() -> "Postgres":
        return Postgres(await connected(url))

    odd = (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError)
    return Place(place_of(url), connect, odd)


@asynccontextmanager
async def asking(path: str) -> AsyncIterator[Ask]:
    """Questions to the tables in SQLite's file, beside their writer."""
    import aiosqlite

    async with aiosqlite.connect(f"file:{path}?mode=ro", uri=True) as tables:

        async def ask(question: str, *values: object) -> list[Row]:
            return [tuple(row) for row in await tables.execute_fetchall(question, values)]

        await ask("PRAGMA busy_timeout = 5000")
        yield ask


async def connected(url: str) -> Any:
    """A connection whose commits do not wait for its disk: what it loses is copied again."""
    import asyncpg

    return await asyncpg.connect(
        url,
        timeout=CONNECT_S,
        command_timeout=ANSWER_S,
        server_settings={
            "application_name": "supreme",
            "synchronous_commit": "off",
            "idle_in_transaction_session_timeout": str(int(IDLE_S * 1_000)),
        },
    )


class Postgres:
    """One connection to it."""

    def __init__(self, there: Any) -> None:
        self._there = there

    async def prepare(self, journal_id: str) -> None:
        """The journal's own schema and its tables; Stopped where they are of a later version."""
        there, schema = self._there, f"supreme_{journal_id[:8]}"
        await there.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        await there.execute(f"SET search_path TO {schema}")
        found = await there.fetchval("SELECT to_regclass('checkpoint')::text")
        version = await there.fetchval("SELECT version FROM checkpoint") if found else None
        if version is not None and version > VERSION:
            raise Stopped(
                f"PostgreSQL's tables in {schema} are of version {version}, ours is {VERSION}: "
                "nothing is copied"
            )
        if version == VERSION:
            return
        async with there.transaction():
            for table in ("checkpoint", *TABLES):
                await there.execute(f"DROP TABLE IF EXISTS {table}")
            for statement in (*statements(), *errors_statements()):
                await there.execute(statement)
            row = (VERSION, journal_id, 0, 0, "", 0)
            await there.execute("INSERT INTO checkpoint VALUES ($1, $2, $3, $4, $5, $6)", *row)

    async def begin(self) -> Cursor:
        """A transaction that holds the checkpoint, and how far that goes."""
        await self._there.execute("BEGIN")
        question = "SELECT sequence, made, errors FROM checkpoint FOR UPDATE"
        return Cursor(*await self._there.fetchrow(question))

    async def cut(self, sequence: int) -> None:
        """Remove the rows from this sequence on."""
        if sequence == 0:
            await self._there.execute(f"TRUNCATE {', '.join(TABLES)}")
            return
        for table in TABLES:
            question = f"DELETE FROM {table} WHERE sequence >= $1"  # noqa: S608  names of ours
            await self._there.execute(question, sequence)

    async def add(self, table: str, rows: list[Row]) -> None:
        """Rows of a table, by COPY."""
        await self._there.copy_records_to_table(table, records=rows, columns=COLUMNS[table])

    async def add_lines(self, rows: list[Row]) -> None:
        """Lines of logs; those that are there are passed over."""
        places = ", ".join(f"${number + 1}" for number in range(len(COLUMNS["errors"])))
        await self._there.executemany(
            f"INSERT INTO errors VALUES ({places}) ON CONFLICT (line) DO NOTHING",  # noqa: S608
            rows,
        )

    async def commit(self, after: Cursor) -> None:
        """All of the transaction, and how far the tables go with it."""
        where = "sequence = $1, made = $2, errors = $3"
        await self._there.execute(f"UPDATE checkpoint SET {where}", *after)  # noqa: S608
        await self._there.execute("COMMIT")

    async def leave(self) -> None:
        """Nothing of the transaction."""
        await self._there.execute("ROLLBACK")

    def terminate(self) -> None:
        """Close the socket."""
        self._there.terminate()


def place_of(url: str) -> str:
    """Host, port and database of a URL: all of it that is ever shown. Refused for none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("postgres", "postgresql"):
        raise Refused(
            "the URL of PostgreSQL cannot be used (it is not shown: it may hold a password)",
            "write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
        )
    host = parts.hostname or "local socket"
    return f"{host}{f':{port}' if port else ''}{parts.path}"
