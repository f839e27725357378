"""How do the tables come to another database? Copied from SQLite, behind it, whenever it is there.

SQLite holds all that is not copied yet, so nothing is lost however long the other is gone, and
memory stays what it is. Each batch and how far it goes are one transaction there; how far it went
is asked there each time, for a commit without an answer may have been done.
"""

import os
import sqlite3
from asyncio import sleep
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol

from engine.resilience.breaker import HELD, OPEN, Unavailable
from engine.resilience.ladder import WATCH, Step
from engine.resilience.settings import RETRY
from engine.resilience.shells import guarded
from engine.service.recovering import COMPONENT, Recovery, Ways
from engine.service.schema import TABLES, Checkpoint
from engine.service.standing import Standing

POLL_S = 0.5  # between two looks at tables that have nothing more; proves the connection too
ROWS_AT_ONCE = 2_000  # of each table
Row = tuple[Any, ...]


class Unreached(Exception):
    """There is no connection; its words say why."""


class Stopped(Exception):
    """PostgreSQL holds what this service must not write over."""


class Cursor(NamedTuple):
    """How far PostgreSQL is: records, lines of logs, and in which life of the service."""

    sequence: int
    life: str
    errors: int


class Batch(NamedTuple):
    """What comes next: rows up to a sequence, lines of logs up to a number."""

    rows: dict[str, list[Row]]
    errors: list[Row]
    after: Cursor
    cut: int | None = None  # rows there from this sequence on are of a life that was lost


Ask = Callable[..., Awaitable[list[Row]]]  # a question of SQLite's tables and its values -> rows


class Link(Protocol):
    """One connection to a database; each call answers within a bound, or raises that it is gone."""

    async def prepare(self, journal_id: str) -> None:
        """The journal's own tables; Stopped where they are of a later version."""

    async def begin(self) -> Cursor:
        """A transaction, which nobody else has meanwhile, and how far the tables go."""
        ...

    async def cut(self, sequence: int) -> None:
        """Remove the rows from this sequence on."""

    async def add(self, table: str, rows: list[Row]) -> None:
        """Rows of a table, none of which is there."""

    async def add_lines(self, rows: list[Row]) -> None:
        """Lines of logs; those that are there are passed over."""

    async def commit(self, after: Cursor) -> None:
        """The tables go so far: all of this transaction, or nothing."""

    async def leave(self) -> None:
        """Nothing of this transaction."""

    def terminate(self) -> None:
        """No goodbye, which would wait for a server that may not answer."""


class Place(NamedTuple):
    """Where to copy to: how it is shown, reached, and what says that it is not there."""

    shown: str
    connect: Callable[[], Awaitable[Link]]
    gone: tuple[type[Exception], ...]


class Copier:
    """Keeps a database behind SQLite, which `tables` opens to be asked."""

    def __init__(
        self,
        place: Place,
        tables: Callable[[], AbstractAsyncContextManager[Ask]],
        standing: Standing,
        recovery: Recovery,
    ) -> None:
        self._place, self._tables, self._standing = place, tables, standing
        self.recovery, self.is_closing = recovery, False
        own = (OSError, TimeoutError, Unreached, Unavailable)
        self._gone: tuple[type[Exception], ...] = (*own, *place.gone)
        self._there: Link
        self._told: dict[str, Any] = {"where": place.shown, "connected": False, "sequence": -1}
        standing.postgres = self._told

    async def run(self) -> None:
        """Copy for ever; once `is_closing`, until all is copied or it cannot be."""
        ways: Ways = {RETRY: self._connect, WATCH: self._connect}
        async with self._tables() as ask:
            try:
                await self._connect()
            except self._gone as error:
                await self._recover(ways, error)
            while not self.is_closing:
                try:
                    await self._keep_up(ask)
                except Stopped as why:
                    self._standing.alarm(str(why), COMPONENT, "stopped")
                    self._tell(connected=False, why=str(why))
                    return
                except self._gone as error:
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
            self._there = await self._place.connect()
        except self._gone as error:
            breaker.failed(permit, reason_of(error))
            self._tell(connected=False, why=reason_of(error))
            raise Unreached(reason_of(error)) from error
        breaker.succeeded(permit)

    async def _keep_up(self, ask: Ask) -> None:
        """As long as the connection lasts."""
        there, prepared = self._there, ""
        try:
            while True:
                kept = await kept_in(ask)
                if kept is not None and kept.journal_id != prepared:
                    await there.prepare(kept.journal_id)
                    prepared = kept.journal_id
                copied = None
                if kept is not None:
                    copied = await guarded(self.recovery.breaker, lambda: copy(ask, there))
                self._tell(connected=True, sequence=copied.sequence if copied else -1)
                if copied is not None and kept is not None and copied.sequence < kept.sequence:
                    continue
                if self.is_closing:
                    return
                await sleep(POLL_S)
        finally:
            there.terminate()

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


async def copy(ask: Ask, there: Link) -> Cursor | None:
    """One batch, if there is one; where the copy is now. None while the tables are made anew."""
    at = await there.begin()
    batch = await read_batch(ask, at)
    if batch is None or batch.after == at:
        await there.leave()
        return at if batch else None
    if batch.cut is not None:
        await there.cut(batch.cut)
    for table, rows in batch.rows.items():
        await there.add(table, rows)
    if batch.errors:
        await there.add_lines(batch.errors)
    await there.commit(batch.after)
    return batch.after


async def kept_in(ask: Ask) -> Checkpoint | None:
    """How far SQLite is, None before there are tables."""
    try:
        rows = await ask("SELECT journal_id, sequence, check_sum, made FROM checkpoint")
    except sqlite3.OperationalError:
        return None
    return Checkpoint(*rows[0]) if rows else None


async def read_batch(ask: Ask, at: Cursor) -> Batch | None:
    """What SQLite holds beyond the cursor, as of one moment; None while there are no tables."""
    await ask("BEGIN")
    try:
        kept = await kept_in(ask)
        if kept is None:
            return None
        life = (await ask(NEWEST))[0][0]
        since, lines = (at.sequence, at.errors) if life == at.life else await shared(ask, at)
        upto = kept.sequence
        # A table has one row a record at most: where so few are new, none can have too many.
        for table in TABLES if upto - since > ROWS_AT_ONCE else ():
            ends = await ask(NTH.format(table=table), since, ROWS_AT_ONCE)
            upto = min(upto, ends[0][0]) if ends else upto
        rows = {}
        for table in TABLES if upto > since else ():
            found = await ask(BETWEEN.format(table=table), since, upto)
            if found:
                rows[table] = list(found)
        errors = list(await ask(LINES, lines, ROWS_AT_ONCE))
    finally:
        await ask("ROLLBACK")
    after = Cursor(upto, life, errors[-1][0] if errors else lines)
    return Batch(rows, errors, after, since if since < at.sequence else None)


async def shared(ask: Ask, at: Cursor) -> tuple[int, int]:
    """How far a copy of an earlier life is what SQLite holds; nothing, where that life is lost.

    Each life went on from what it found: what the one before had made after that is not kept.
    """
    found = await ask(LATER, at.life)
    if not found or found[0][0] is None:
        return 0, 0
    return min(at.sequence, found[0][0]), min(at.errors, found[0][1])


# A batch ends before the first row that is too many in any table.
NTH = "SELECT sequence FROM {table} WHERE sequence >= ? ORDER BY sequence LIMIT 1 OFFSET ?"
BETWEEN = "SELECT * FROM {table} WHERE sequence >= ? AND sequence < ? ORDER BY sequence"
LINES = "SELECT * FROM errors WHERE number > ? ORDER BY number LIMIT ?"
NEWEST = "SELECT name FROM lives ORDER BY number DESC LIMIT 1"
LATER = (
    "SELECT min(sequence), min(line) FROM lives "
    "WHERE number > (SELECT number FROM lives WHERE name = ?)"
)


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
