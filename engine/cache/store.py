"""What is still known after a restart? The third tier, in an SQLite file beside the journal.

It is a cache: it never waits for the disk, and a file that is damaged is put aside and made anew.
Whatever a power cut leaves of it, an entry whose bytes are not those written is a miss.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from engine.cache.store_tables import Unfit, prepare
from engine.cache.tier import ANEW, Clock, Row, Tally, Tell, Told, batches, breaker_of, standing_of
from engine.resilience.settings import BreakerSettings

SEEK = "SELECT entry FROM cache_entries WHERE namespace = ? AND key = ? AND dead_at_ms > ?"
# A dead row holds no newer value back.
KEEP = (
    "INSERT INTO cache_entries VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (namespace, key) DO UPDATE "
    "SET version = excluded.version, dead_at_ms = excluded.dead_at_ms, entry = excluded.entry "
    "WHERE version < excluded.version OR dead_at_ms <= ?6"
)
DROP = "DELETE FROM cache_entries WHERE namespace = ? AND key = ?"
DROP_OLDER = f"{DROP} AND version < ?"
PRUNE = (
    "DELETE FROM cache_entries WHERE rowid IN "
    "(SELECT rowid FROM cache_entries WHERE dead_at_ms <= ? LIMIT ?)"
)
KEYS_AT_ONCE, ROWS_AT_ONCE, PRUNED_AT_ONCE = 64, 256, 500  # then others have their turn
BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_TOOBIG}


NOTHING = ()
Kept = TypeVar("Kept")


class Bounds(NamedTuple):
    """Of a file: its size, and when it counts as down."""

    bytes_max: int = 1 << 30  # beyond it nothing more is kept until dead rows are pruned
    breaker: BreakerSettings = BreakerSettings()


class Sqlite:
    """One file, for all namespaces, used on the thread of whoever asks. Nothing it does raises."""

    def __init__(
        self,
        path: str,
        tell: Tell,
        clock_ms: Clock,
        bounds: Bounds = Bounds(),  # noqa: B008  a constant
    ) -> None:
        self.path, self.clock_ms, self.made_anew = path, clock_ms, 0
        self._tell, self._bounds = tell, bounds
        self.breaker = breaker_of("sqlite", bounds.breaker, time.monotonic_ns, tell)
        self._link: sqlite3.Connection | None = None
        self._inode = 0
        self._is_closed = False
        self.ask(Tally(), lambda _link: None)

    def ask(self, tally: Tally, work: Callable[..., Kept], *given: object) -> Kept | None:
        """What work answers to an open file; None where there is none, which is counted."""
        permit = self.breaker.permit()
        link = self._link or (self._open(permit) if permit else None)
        if link is None:
            tally.errors += 1
            return None
        try:
            answer = work(link, *given)
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.DatabaseError as error:
            self._failed(error, permit, tally)
            return None
        self.breaker.succeeded(permit)
        return answer

    def prune(self, most: int = PRUNED_AT_ONCE) -> int:
        """Take out so many dead rows at most; how many there were."""
        return self.ask(Tally(), pruned, self.clock_ms(), most) or 0

    def stats(self) -> dict[str, int | float | str]:
        """How the file stands."""
        size = 0
        with suppress(OSError):
            size = os.stat(self.path).st_size
        return {"where": self.path, "bytes": size, "made_anew": self.made_anew}

    def close(self) -> None:
        """Let go of the file; from now on nothing is there."""
        self._is_closed = True
        self._let_go()

    def _open(self, permit: int) -> sqlite3.Connection | None:
        """The file, made anew where it is damaged; None where it cannot be had."""
        if self._is_closed:
            return None
        try:
            try:
                self._link = self._prepared()
            except sqlite3.DatabaseError as error:
                if code_of(error) not in BROKEN:
                    raise
                self._put_aside()
                self._link = self._prepared()
        except (sqlite3.DatabaseError, OSError) as error:
            self.breaker.failed(permit, str(error))
        except Unfit as why:
            self.breaker.hold(str(why))
        return self._link

    def _prepared(self) -> sqlite3.Connection:
        link = sqlite3.connect(self.path, isolation_level=None)
        try:
            os.chmod(self.path, 0o600)
            self._inode = os.stat(self.path).st_ino
            prepare(link, self._bounds.bytes_max)
        except BaseException:
            link.close()
            raise
        return link

    def _failed(self, error: sqlite3.DatabaseError, permit: int, tally: Tally) -> None:
        """Full is its word on one request, broken is mended; all else is a failure."""
        code = code_of(error)
        if code in BROKEN:
            self._let_go()
            self._put_aside()
            tally.errors += 1
            if self._open(permit):
                self.breaker.succeeded(permit)
            return
        if self._link is not None and self._link.in_transaction:
            with suppress(sqlite3.DatabaseError):
                self._link.execute("ROLLBACK")
        if code in NO_ROOM:
            tally.refused += 1
            self.breaker.succeeded(permit)
        else:
            tally.errors += 1
            self.breaker.failed(permit, str(error))
            if code != sqlite3.SQLITE_BUSY:
                self._let_go()  # whatever it was, the next one begins with another connection

    def _put_aside(self) -> None:
        """The damaged file, unless another process has already made another one."""
        try:
            if os.stat(self.path).st_ino != self._inode:
                return
            for name in (f"{self.path}-wal", f"{self.path}-shm"):
                with suppress(FileNotFoundError):
                    os.unlink(name)
            os.replace(self.path, f"{self.path}.damaged")
        except FileNotFoundError:
            return
        self.made_anew += 1
        self._tell(Told("sqlite", ANEW, f"it was damaged, and lies now in {self.path}.damaged"))

    def _let_go(self) -> None:
        if self._link is not None:
            with suppress(sqlite3.DatabaseError):
                self._link.close()
            self._link = None


class SqliteTier:
    """A namespace in a file."""

    def __init__(self, store: Sqlite, namespace: str) -> None:
        self._store, self._namespace, self.tally = store, namespace, Tally()

    def get(self, key: str) -> bytes | None:
        """What lies under the key, at once; None for nothing, for what is dead, or a file down."""
        store, tally = self._store, self.tally
        row = store.ask(tally, sought, self._namespace, key, store.clock_ms())
        if not row:
            tally.misses += row is NOTHING
            return None
        entry = row[0]
        if type(entry) is not bytes:
            tally.odd += 1
            return None
        tally.hits += 1
        return entry

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """What lies under each key; None for nothing, for what is dead, and from a file down."""
        found = []
        for number, key in enumerate(keys, 1):
            found.append(self.get(key))
            if number % KEYS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return found

    async def set_many(self, rows: Sequence[Row]) -> list[str]:
        """Keep them; gives the keys under which as new a version already lies, and stays."""
        tally, now_ms = self.tally, self._store.clock_ms()
        outdated: list[str] = []
        for batch in batches(tally.fitting(rows, now_ms), ROWS_AT_ONCE):
            refused = tally.refused
            late = self._store.ask(tally, kept, self._namespace, batch, now_ms)
            if late is not None:
                tally.sets += len(batch) - len(late)
                outdated += late
            elif tally.refused > refused:  # no room: what they would have replaced is old
                self._store.ask(tally, superseded, self._namespace, batch)
            await asyncio.sleep(0)
        tally.outdated += len(outdated)
        return outdated

    async def delete_many(self, keys: Sequence[str]) -> None:
        """Nothing lies under these keys any more."""
        for at in range(0, len(keys), ROWS_AT_ONCE):
            part = keys[at : at + ROWS_AT_ONCE]
            if self._store.ask(self.tally, dropped, self._namespace, part) is not None:
                self.tally.deletes += len(part)
            await asyncio.sleep(0)

    def stats(self) -> dict[str, int | float | str]:
        """What was asked and what came of it, and how the file stands."""
        return {**standing_of(self.tally, self._store.breaker), **self._store.stats()}

    async def close(self) -> None:
        """Nothing to let go of; the file is its maker's."""


def sought(link: sqlite3.Connection, namespace: str, key: str, now_ms: int) -> Any:
    """A row of one entry that is not dead, or an empty one."""
    return link.execute(SEEK, (namespace, key, now_ms)).fetchone() or NOTHING


def kept(link: sqlite3.Connection, namespace: str, rows: Sequence[Row], now_ms: int) -> list[str]:
    """All of them in one transaction; gives the keys of those that came too late."""
    link.execute("BEGIN IMMEDIATE")
    late = [row.key for row in rows if not link.execute(KEEP, (namespace, *row, now_ms)).rowcount]
    link.execute("COMMIT")
    return late


def dropped(link: sqlite3.Connection, namespace: str, keys: Sequence[str]) -> bool:
    """All of them in one transaction."""
    link.execute("BEGIN IMMEDIATE")
    link.executemany(DROP, [(namespace, key) for key in keys])
    link.execute("COMMIT")
    return True


def superseded(link: sqlite3.Connection, namespace: str, rows: Sequence[Row]) -> bool:
    """Older versions of these rows are no more, in one transaction."""
    link.execute("BEGIN IMMEDIATE")
    link.executemany(DROP_OLDER, [(namespace, row.key, row.version) for row in rows])
    link.execute("COMMIT")
    return True


def pruned(link: sqlite3.Connection, now_ms: int, most: int) -> int:
    """How many dead rows are no more."""
    return link.execute(PRUNE, (now_ms, most)).rowcount


def code_of(error: sqlite3.DatabaseError) -> int:
    """What SQLite calls it."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
