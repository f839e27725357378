"""How do the tables come to PostgreSQL? Copied from SQLite, behind it, whenever it is there.

SQLite holds all that is not copied yet, so nothing is lost however long PostgreSQL is gone, and
memory stays what it is. Each batch and how far it goes are one transaction there.
"""

import asyncio
import os
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from engine.errors import Refused
from engine.resilience.breaker import HELD, OPEN, Unavailable
from engine.resilience.ladder import WATCH, Step
from engine.resilience.settings import RETRY
from engine.resilience.shells import guarded
from engine.service.recovering import COMPONENT, Recovery, Ways
from engine.service.schema import (
    COLUMNS,
    TABLES,
    VERSION,
    Checkpoint,
    errors_statements,
    statements,
)
from engine.service.standing import Standing

CONNECT_S, ANSWER_S = 5.0, 10.0
POLL_S = 0.5  # between two looks at tables that have nothing more; proves the connection too
ROWS_AT_ONCE = 2_000  # of each table
MISSING = "install it: pip install 'supreme[service]'"
Row = tuple[Any, ...]


class Unreached(Exception):
    """There is no connection; its words say why."""


class Stopped(Exception):
    """PostgreSQL holds what this service must not write over."""


class Cursor(NamedTuple):
    """How far PostgreSQL is: records, lines of logs, and of which making of the tables."""

    sequence: int
    made: str
    errors: int


class Batch(NamedTuple):
    """What comes next: rows up to a sequence, lines of logs up to a number."""

    rows: dict[str, list[Row]]
    errors: list[Row]
    after: Cursor


def refuse_without_libraries() -> None:
    """Refused (2) where the clients of the databases are not installed."""
    for name in ("asyncpg", "aiosqlite"):
        try:
            __import__(name)
        except ImportError:
            raise Refused(f"PostgreSQL is asked for, and {name} is missing", MISSING) from None


class Copier:
    """Keeps PostgreSQL behind SQLite, whose file is `path`."""

    def __init__(self, url: str, path: str, standing: Standing, recovery: Recovery) -> None:
        self._url, self._path, self._standing, self.recovery = url, path, standing, recovery
        self.is_closing = False
        self._there: Any = None
        self._told: dict[str, Any] = {"where": place_of(url), "connected": False, "sequence": -1}
        standing.postgres = self._told

    async def run(self) -> None:
        """Copy for ever; once `is_closing`, until all is copied or it cannot be."""
        import aiosqlite

        ways: Ways = {RETRY: self._connect, WATCH: self._connect}
        async with aiosqlite.connect(f"file:{self._path}?mode=ro", uri=True) as tables:
            await tables.execute("PRAGMA busy_timeout = 5000")
            try:
                await self._connect()
            except self._gone() as error:
                await self._recover(ways, error)
            while not self.is_closing:
                try:
                    await self._keep_up(tables)
                except Stopped as why:
                    self._standing.alarm(str(why), COMPONENT, "stopped")
                    self._tell(connected=False, why=str(why))
                    return
                except self._gone() as error:
                    await self._recover(ways, error)

    async def _recover(self, ways: Ways, error: Exception) -> None:
        """Climb until it is there again."""
        self._tell(connected=False, why=reason_of(error))
        await self.recovery.climb(ways, reason_of(error))

    async def _connect(self, _step: Step | None = None) -> None:
        """A connection, and the breaker hears of it; Unreached without one, or where it is held."""
        breaker = self.recovery.breaker
        if breaker.state == HELD:
            raise Unreached(breaker.unavailable().what)
        permit = 0 if breaker.state == OPEN else breaker.permit()
        try:
            self._there = await connected(self._url)
        except self._gone() as error:
            breaker.failed(permit, reason_of(error))
            self._tell(connected=False, why=reason_of(error))
            raise Unreached(reason_of(error)) from error
        breaker.succeeded(permit)

    async def _keep_up(self, tables: Any) -> None:
        """As long as the connection lasts."""
        there, prepared = self._there, ""
        try:
            while True:
                kept = await kept_in(tables)
                if kept is not None and kept.journal_id != prepared:
                    await prepare(there, kept.journal_id)
                    prepared = kept.journal_id
                copied = None
                if kept is not None:
                    copied = await guarded(self.recovery.breaker, lambda: copy(tables, there))
                self._tell(connected=True, sequence=copied.sequence if copied else -1)
                if copied is not None and kept is not None and copied.sequence < kept.sequence:
                    continue
                if self.is_closing:
                    return
                await asyncio.sleep(POLL_S)
        finally:
            there.terminate()  # a goodbye would wait for a server that may not answer

    @staticmethod
    def _gone() -> tuple[type[Exception], ...]:
        """What says that PostgreSQL is not there, or does not do as it is asked."""
        import asyncpg

        odd = (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError)
        return (OSError, TimeoutError, Unreached, Unavailable, *odd)

    def _tell(self, *, connected: bool, why: str = "", sequence: int = -1) -> None:
        """How it stands; each turn is said once in the log."""
        told = self._told
        if connected != told["connected"] or why != told.get("why", ""):
            word = "PostgresConnected" if connected else "PostgresGone"
            fields = {"where": told["where"], **({"why": why} if why else {})}
            self._standing.say("info" if connected else "warning", word, **fields)
        if connected and not told["connected"]:
            self._standing.alerts.well(COMPONENT)
        self._standing.alerts.up(COMPONENT, is_up=connected)
        told.update(connected=connected, why=why)
        told["sequence"] = max(sequence, -1) if connected else told["sequence"]


async def connected(url: str) -> Any:
    """A connection whose commits do not wait for its disk: what it loses is copied again."""
    import asyncpg

    return await asyncpg.connect(
        url,
        timeout=CONNECT_S,
        command_timeout=ANSWER_S,
        server_settings={"application_name": "supreme", "synchronous_commit": "off"},
    )


async def prepare(there: Any, journal_id: str) -> None:
    """The journal's own schema and its tables; Stopped where they are of a later version."""
    schema = f"supreme_{journal_id[:8]}"
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


async def copy(tables: Any, there: Any) -> Cursor | None:
    """One batch, if there is one; where PostgreSQL is now. None while the tables are made anew."""
    await there.execute("BEGIN")
    row = await there.fetchrow("SELECT sequence, made, errors FROM checkpoint FOR UPDATE")
    at = Cursor(*row)
    batch = await read_batch(tables, at)
    if batch is None or batch.after == at:
        await there.execute("ROLLBACK")
        return at if batch else None
    if batch.after.made != at.made:
        await there.execute(f"TRUNCATE {', '.join(TABLES)}")
    for table, rows in batch.rows.items():
        await there.copy_records_to_table(table, records=rows, columns=COLUMNS[table])
    if batch.errors:
        places = ", ".join(f"${number + 1}" for number in range(len(COLUMNS["errors"])))
        await there.executemany(
            f"INSERT INTO errors VALUES ({places}) ON CONFLICT (line) DO NOTHING",  # noqa: S608
            batch.errors,
        )
    await there.execute("UPDATE checkpoint SET sequence = $1, made = $2, errors = $3", *batch.after)
    await there.execute("COMMIT")
    return batch.after


async def kept_in(tables: Any) -> Checkpoint | None:
    """How far SQLite is, None before there are tables."""
    import aiosqlite

    try:
        row = await one(tables, "SELECT journal_id, sequence, check_sum, made FROM checkpoint")
    except aiosqlite.OperationalError:
        return None
    return Checkpoint(*row) if row else None


async def read_batch(tables: Any, at: Cursor) -> Batch | None:
    """What SQLite holds beyond the cursor, as of one moment; None while there are no tables."""
    await tables.execute("BEGIN")
    try:
        kept = await kept_in(tables)
        if kept is None:
            return None
        is_same = kept.made == at.made
        since, lines = (at.sequence, at.errors) if is_same else (0, 0)
        upto = kept.sequence
        for table in TABLES:
            ends = await one(tables, NTH.format(table=table), since, ROWS_AT_ONCE)
            upto = min(upto, ends[0]) if ends else upto
        rows = {}
        for table in TABLES:
            found = await tables.execute_fetchall(BETWEEN.format(table=table), (since, upto))
            if found:
                rows[table] = list(found)
        errors = list(await tables.execute_fetchall(LINES, (lines, ROWS_AT_ONCE)))
    finally:
        await tables.execute("ROLLBACK")
    return Batch(rows, errors, Cursor(upto, kept.made, errors[-1][0] if errors else lines))


# A batch ends before the first row that is too many in any table.
NTH = "SELECT sequence FROM {table} WHERE sequence >= ? ORDER BY sequence LIMIT 1 OFFSET ?"
BETWEEN = "SELECT * FROM {table} WHERE sequence >= ? AND sequence < ? ORDER BY sequence"
LINES = "SELECT * FROM errors WHERE number > ? ORDER BY number LIMIT ?"


async def one(tables: Any, question: str, *values: object) -> Row | None:
    """The first row of an answer."""
    async with tables.execute(question, values) as answer:
        row: Row | None = await answer.fetchone()
    return row


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


def reason_of(error: Exception) -> str:
    """Why PostgreSQL is not there, without what an error might quote of the URL."""
    if isinstance(error, Unavailable):
        return error.what
    if isinstance(error, Unreached):
        return str(error)
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, OSError) and error.strerror and error.errno:
        return os.strerror(error.errno)
    return type(error).__name__
