"""What do several machines still know after a restart? The third tier, in a table of PostgreSQL.

One connection, one statement at a time: whoever asks meanwhile waits in line, whose length is
bounded as is the time in it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from engine.cache.keeping import AtHand, Patience, failed, reason_of
from engine.cache.store_tables import INDEX, OURS, TABLE, VERSION, Unfit, newer
from engine.cache.tier import Clock, Row, Tally, Tell, batches, standing_of

SCHEMA = "supreme_cache"
SEEK = "SELECT entry FROM cache_entries WHERE namespace = $1 AND key = $2 AND dead_at_ms > $3"
SEEK_MANY = (
    "SELECT key, entry FROM cache_entries "
    "WHERE namespace = $1 AND key = any($2::text[]) AND dead_at_ms > $3"
)
# A dead row holds no newer value back. What is not returned came too late.
KEEP = (
    "INSERT INTO cache_entries AS there SELECT $1, * FROM "
    "unnest($2::text[], $3::bigint[], $4::bigint[], $5::bytea[]) "
    "ON CONFLICT (namespace, key) DO UPDATE SET version = excluded.version, "
    "dead_at_ms = excluded.dead_at_ms, entry = excluded.entry "
    "WHERE there.version < excluded.version OR there.dead_at_ms <= $6 RETURNING key"
)
DROP = "DELETE FROM cache_entries WHERE namespace = $1 AND key = any($2::text[])"
PRUNE = (
    "DELETE FROM cache_entries WHERE ctid = any(array(SELECT ctid FROM cache_entries "
    "WHERE dead_at_ms <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING 1"
)
KEYS_AT_ONCE, ROWS_AT_ONCE, PRUNED_AT_ONCE = 64, 256, 500
ONE_REQUEST = {"22", "25", "53"}  # classes of errors that tell of a request, not of the server
CUT = "the connection was cut"


class Statements(NamedTuple):
    """A connection, and what is prepared on it."""

    link: Any
    seek: Any
    seek_many: Any
    keep: Any
    drop: Any
    prune: Any


class Postgres(AtHand):
    """One database, for all namespaces. Nothing that it does raises.

    `connect` makes a connection of asyncpg; `where` is all that is ever shown of its address.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Any]],
        where: str,
        tell: Tell,
        draw: Callable[[], float],
        patience: Patience = Patience(),  # noqa: B008  a constant
    ) -> None:
        self._connect, self.where = connect, where
        super().__init__("postgres", tell, draw, patience)
        self.waiting = 0
        self._ready: Statements | None = None
        self._turn = asyncio.Lock()

    @property
    def is_connected(self) -> bool:
        """Whether it can be asked."""
        return self._ready is not None

    async def ask(self, tally: Tally, statement: str, *given: object) -> list[Any] | None:
        """The rows of a prepared statement, in its turn; None for no answer, which is counted."""
        permit = self.breaker.permit()
        if permit and self.waiting >= self._patience.waiting_max:
            self.breaker.released(permit)
            tally.refused += 1
            return None
        if not permit:
            tally.errors += 1
            return None
        self.waiting += 1
        # Who gives up must not end a statement: the connection would be held up for all others.
        return await asyncio.shield(self._in_turn(tally, permit, statement, given))

    async def prune(self, now_ms: int, most: int = PRUNED_AT_ONCE) -> int:
        """Take out so many dead rows at most; how many there were."""
        return len(await self.ask(Tally(), "prune", now_ms, most) or ())

    def stats(self) -> dict[str, int | float | str]:
        """How the connection stands."""
        return {
            "where": self.where,
            "connected": int(self.is_connected),
            "connects": self.connects,
            "waiting": self.waiting,
        }

    async def _in_turn(
        self, tally: Tally, permit: int, statement: str, given: tuple[object, ...]
    ) -> list[Any] | None:
        loop = asyncio.get_running_loop()
        latest_s = loop.time() + self._patience.answer_s
        try:
            async with self._turn:
                if loop.time() <= latest_s:
                    return await self._answered(tally, permit, statement, given)
            self.breaker.released(permit)  # a line that is too long is no failure
            tally.refused += 1
            return None
        finally:
            self.waiting -= 1

    async def _answered(
        self, tally: Tally, permit: int, statement: str, given: tuple[object, ...]
    ) -> list[Any] | None:
        ready = self._ready
        if ready is None:
            self.breaker.failed(permit, self.why)
            tally.errors += 1
            return None
        try:
            async with asyncio.timeout(self._patience.answer_s):
                rows: list[Any] = await getattr(ready, statement).fetch(*given)
        except failures() as error:
            if str(getattr(error, "sqlstate", ""))[:2] in ONE_REQUEST:
                tally.refused += 1
                self.breaker.succeeded(permit)
                return None
            self.why = reason_of(error)
            self.breaker.failed(permit, self.why)
            tally.errors += 1
            self._ready = None
            ready.link.terminate()  # a late answer has nobody to go to
            return None
        self.breaker.succeeded(permit)
        return rows

    async def _live(self) -> bool:
        """A connection from its beginning to its end; whether it began."""
        ended = asyncio.Event()
        ready = await self._prepared(ended)
        if ready is None:
            self._tried.set()
            return False
        self._ready = ready
        self.connects += 1
        self.breaker.recovered("connected")
        self._tried.set()
        try:
            await ended.wait()
            self.why = CUT
            failed(self.breaker, self.why)
        finally:
            self._ready = None
            ready.link.terminate()
        return True

    async def _prepared(self, ended: asyncio.Event) -> Statements | None:
        """A connection whose end is told, None where there is none."""
        link = ready = None
        try:
            async with asyncio.timeout(self._patience.connect_s):
                link = await self._connect()
                link.add_termination_listener(lambda _link: ended.set())
                ready = await prepared(link)
        except Unfit as why:
            self.breaker.hold(str(why))
        except failures() as error:
            self.why = reason_of(error)
            failed(self.breaker, self.why)
        finally:
            if link is not None and ready is None:
                link.terminate()
        return ready


class PostgresTier:
    """A namespace in a PostgreSQL."""

    def __init__(self, store: Postgres, namespace: str, clock_ms: Clock) -> None:
        self._store, self._namespace, self._clock_ms = store, namespace, clock_ms
        self.tally = Tally()

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """What lies under each key; None for nothing, for what is dead, and from a store down."""
        where, now_ms = self._namespace, self._clock_ms()
        found: list[bytes | None] = []
        if len(keys) == 1:
            row = await self._store.ask(self.tally, "seek", where, keys[0], now_ms)
            found = [None] if row is None else [row[0][0] if row else None]
            self.tally.found(found if row is not None else ())
            return found
        for at in range(0, len(keys), KEYS_AT_ONCE):
            part = keys[at : at + KEYS_AT_ONCE]
            rows = await self._store.ask(self.tally, "seek_many", where, part, now_ms)
            by_key = dict(rows or ())
            answers = [by_key.get(key) for key in part]
            self.tally.found(answers if rows is not None else ())
            found += answers
        return found

    async def set_many(self, rows: Sequence[Row]) -> list[str]:
        """Keep them; gives the keys under which as new a version already lies, and stays."""
        tally, now_ms = self.tally, self._clock_ms()
        outdated: list[str] = []
        for batch in batches(tally.fitting(rows, now_ms), ROWS_AT_ONCE):
            columns = map(list, zip(*batch, strict=True))
            kept = await self._store.ask(tally, "keep", self._namespace, *columns, now_ms)
            if kept is not None:
                ours = {row[0] for row in kept}
                tally.sets += len(ours)
                outdated += [row.key for row in batch if row.key not in ours]
        tally.outdated += len(outdated)
        return outdated

    async def delete_many(self, keys: Sequence[str]) -> None:
        """Nothing lies under these keys any more."""
        where = self._namespace
        for at in range(0, len(keys), KEYS_AT_ONCE):
            part = keys[at : at + KEYS_AT_ONCE]
            done = await self._store.ask(self.tally, "drop", where, part)
            self.tally.deletes += len(part) if done is not None else 0

    def stats(self) -> dict[str, int | float | str]:
        """What was asked and what came of it, and how the database stands."""
        return {**standing_of(self.tally, self._store.breaker), **self._store.stats()}

    async def close(self) -> None:
        """Nothing to let go of; the connection is its maker's."""


async def prepared(link: Any) -> Statements:
    """The tables, made anew where an older supreme made them; Unfit where a newer one did."""
    async with link.transaction():
        await link.execute("SELECT pg_advisory_xact_lock($1)", OURS)
        await link.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        await link.execute(f"SET search_path TO {SCHEMA}")
        await link.execute("CREATE TABLE IF NOT EXISTS cache_version (version BIGINT)")
        found = await link.fetchval("SELECT max(version) FROM cache_version")
        if found is not None and found > VERSION:
            raise newer(found)
        if found != VERSION:
            await link.execute("DROP TABLE IF EXISTS cache_entries")
            # Emptied by a crash: the newest rows alone would be lost, and older ones be back.
            await link.execute(TABLE.format(lasting="UNLOGGED TABLE", bytes="BYTEA"))
            await link.execute(INDEX)
            await link.execute("DELETE FROM cache_version")
            await link.execute("INSERT INTO cache_version VALUES ($1)", VERSION)
    made = [await link.prepare(words) for words in (SEEK, SEEK_MANY, KEEP, DROP, PRUNE)]
    return Statements(link, *made)


@cache
def failures() -> tuple[type[Exception], ...]:
    """What says that PostgreSQL is not there, or does not do as it is asked."""
    import asyncpg

    odd = (asyncpg.InterfaceError, asyncpg.InternalClientError, ValueError)
    return (OSError, TimeoutError, asyncpg.PostgresError, *odd)
