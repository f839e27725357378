"""How are the rows kept? In SQLite, written behind: each batch and its checkpoint in one step.

Whatever ends the process, the tables stand at a checkpoint; the journal holds all that follows.
"""

import os
import sqlite3
from contextlib import suppress
from json import dumps, loads
from typing import Any

from engine.errors import Refused
from engine.service.schema import (
    COLUMNS,
    LIVES,
    LIVES_KEPT,
    MEMORIES,
    MEMORY,
    STEPS,
    STEPS_KEPT,
    TABLES,
    VERSION,
    Checkpoint,
    Rows,
    errors_statements,
    statements,
)

NAME = "projections.sqlite"
BUSY_MS = 5_000  # a reader may hold it so long
Line = tuple[str, str, str, str, str, str]  # all of a log line but its number


class Keeper:
    """The one writer of the tables of a data directory."""

    def __init__(self, path: str, *, anew: bool = False) -> None:
        """Open or make them; Refused (4) where a newer schema is found, or the disk says no.

        To be made anew, whatever is there will do.
        """
        self.path, self.is_current = path, False
        if anew and version_of(path) > VERSION:
            remove(path)
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise unwritable(path, error) from error
            remove(path)  # no database, or a broken one: everything in it is made anew
            self._open()
        self.is_current = self.is_current and not anew

    def _open(self) -> None:
        self._link = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        os.chmod(self.path, 0o600)
        self._link.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        found = self._link.execute("PRAGMA user_version").fetchone()[0]
        if found > VERSION:
            self._link.close()
            raise newer(self.path, found)
        self._link.execute("PRAGMA journal_mode = WAL")
        # Only a checkpoint of the log is synced: a power cut loses whole batches, which are made
        # again, and the engine's own syncs keep the disk to themselves.
        self._link.execute("PRAGMA synchronous = NORMAL")
        for statement in (MEMORY, STEPS, LIVES, *errors_statements()):
            self._link.execute(statement)
        self.is_current = found == VERSION

    def checkpoint(self) -> Checkpoint | None:
        """How far the tables go, None where there are none of this version."""
        if not self.is_current:
            return None
        row = self._link.execute(
            "SELECT journal_id, sequence, check_sum, made FROM checkpoint"
        ).fetchone()
        return Checkpoint(*row) if row else None

    def begin_anew(self, at: Checkpoint) -> None:
        """Empty tables, in one step; the lines of logs stay."""
        with self._step():
            for table in ("checkpoint", *TABLES):
                self._link.execute(f"DROP TABLE IF EXISTS {table}")
            self._link.execute("DELETE FROM memory")
            self._link.execute("DELETE FROM lives")
            for statement in statements():
                self._link.execute(statement)
            self._link.execute("INSERT INTO checkpoint VALUES (?, ?, ?, ?, ?, 0)", (VERSION, *at))
            self._link.execute("INSERT INTO lives VALUES (NULL, ?, 0, 0)", (at.made,))
            self._link.execute(f"PRAGMA user_version = {VERSION}")
        self.is_current = True

    def go_on(self, at: Checkpoint, life: str) -> None:
        """A life of the service goes on from this checkpoint; synced at once.

        What an earlier one made after it may be lost here, and not where it was copied to.
        """
        self._link.execute("PRAGMA synchronous = FULL")
        with self._step():
            self._link.execute(
                "INSERT INTO lives SELECT NULL, ?, 0, 0 WHERE NOT EXISTS (SELECT * FROM lives)",
                (at.made,),
            )
            self._link.execute(
                "INSERT INTO lives SELECT NULL, ?, ?, coalesce(max(number), 0) FROM errors",
                (life, at.sequence),
            )
            self._link.execute(
                "DELETE FROM lives WHERE number <= (SELECT max(number) FROM lives) - ?",
                (LIVES_KEPT,),
            )
        self._link.execute("PRAGMA synchronous = NORMAL")

    def keep(self, rows: Rows, at: Checkpoint) -> None:
        """A batch, and how far the tables go with it: both or none."""
        with self._step():
            for table, some in rows.items():
                self._link.executemany(insertion(table), some)
            self._link.execute(
                "UPDATE checkpoint SET sequence = ?, check_sum = ?", (at.sequence, at.check_sum)
            )

    def remember(self, sequence: int, memory: dict[str, Any]) -> None:
        """What a fold needs beside the snapshot at this sequence."""
        with self._step():
            row = (sequence, dumps(memory))
            self._link.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", row)
            self._link.execute(
                "DELETE FROM memory WHERE sequence NOT IN "
                "(SELECT sequence FROM memory ORDER BY sequence DESC LIMIT ?)",
                (MEMORIES,),
            )

    def memories(self) -> dict[int, dict[str, Any]]:
        """What is remembered, by its sequence."""
        rows = self._link.execute("SELECT sequence, said FROM memory").fetchall()
        return {sequence: loads(said) for sequence, said in rows}

    def keep_steps(self, steps: list[tuple[Any, ...]]) -> None:
        """What was tried to recover; the newest some thousands stay."""
        with self._step():
            self._link.executemany(
                "INSERT INTO recovery_steps VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)", steps
            )
            self._link.execute(
                "DELETE FROM recovery_steps WHERE number <= "
                "(SELECT max(number) FROM recovery_steps) - ?",
                (STEPS_KEPT,),
            )

    def unknown(self, lines: list[Line]) -> list[Line]:
        """Those of the logs' lines that are not kept yet."""
        seek = "SELECT 1 FROM errors WHERE line = ?"
        return [line for line in lines if not self._link.execute(seek, line[:1]).fetchone()]

    def keep_lines(self, lines: list[Line]) -> None:
        """Lines of the logs; those that are kept already are passed over."""
        with self._step():
            self._link.executemany(
                "INSERT INTO errors SELECT coalesce(max(number), 0) + 1, ?, ?, ?, ?, ?, ? "
                "FROM errors WHERE true ON CONFLICT (line) DO NOTHING",
                lines,
            )

    def close(self) -> None:
        """Let go of the file."""
        self._link.close()

    def _step(self) -> "Step":
        return Step(self._link, self.path)


class Step:
    """A transaction: all of it or nothing; Refused (4) when the disk says no.

    A file that turns out to be broken is removed: the next start makes it anew.
    """

    def __init__(self, link: sqlite3.Connection, path: str) -> None:
        self._link, self._path = link, path

    def __enter__(self) -> None:
        self._link.execute("BEGIN IMMEDIATE")

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        try:
            self._link.execute("ROLLBACK" if error else "COMMIT")
        except sqlite3.DatabaseError as failed:
            raise unwritable(self._path, failed) from failed
        if isinstance(error, sqlite3.OperationalError):
            raise unwritable(self._path, error) from error
        if isinstance(error, sqlite3.DatabaseError):
            remove(self._path)
            raise broken(self._path, error) from error


def insertion(table: str) -> str:
    """The statement for a row of this table."""
    return f"INSERT INTO {table} VALUES ({', '.join('?' * len(COLUMNS[table]))})"  # noqa: S608


def version_of(path: str) -> int:
    """The version of the tables there, 0 without any."""
    try:
        link = sqlite3.connect(path)
        found: int = link.execute("PRAGMA user_version").fetchone()[0]
        link.close()
    except sqlite3.DatabaseError:
        return 0
    return found


def remove(path: str) -> None:
    """No tables any more: they are made of the journal again."""
    for name in (path, f"{path}-wal", f"{path}-shm"):
        with suppress(FileNotFoundError):
            os.unlink(name)


def newer(where: str, found: int) -> Refused:
    """The refusal to write into tables of a later version."""
    return Refused(
        f"the tables in {where} are of version {found}, this supreme knows {VERSION}",
        "use the newer one, or make them anew: supreme serve --rebuild",
        code=4,
    )


def broken(path: str, error: Exception) -> Refused:
    """The refusal when what is in the file is not what was written."""
    return Refused(
        f"the tables in {path} are broken, and were removed: {error}",
        "start supreme serve again: it makes them anew from the journal",
        code=4,
    )


def unwritable(path: str, error: Exception) -> Refused:
    """The refusal when SQLite cannot write."""
    return Refused(
        f"the tables in {path} cannot be written: {error}",
        "mend that and start supreme serve again: nothing is lost, the journal holds it all",
        code=4,
    )
