"""Which table holds the third tier? One, alike in SQLite and PostgreSQL, made by who comes first.

It is of a version: an older one is made anew, one of a newer supreme is left alone.
"""

import sqlite3

VERSION, OURS = 1, 0x53434143  # of the tables; and what says that a file is a cache's
TABLE = (
    "CREATE {lasting} cache_entries (namespace TEXT NOT NULL, key TEXT NOT NULL, "
    "version BIGINT NOT NULL, dead_at_ms BIGINT NOT NULL, entry {bytes} NOT NULL, "
    "PRIMARY KEY (namespace, key))"
)
INDEX = "CREATE INDEX cache_entries_dead ON cache_entries (dead_at_ms)"
BUSY_MS = 20  # another process may write so long; the loop stands still meanwhile
WAL_BYTES_MAX = 16 << 20


class Unfit(Exception):
    """What is there is not ours to write; its words say why."""


def prepare(link: sqlite3.Connection, bytes_max: int) -> None:
    """The tables, made anew where an older supreme made them; Unfit where they are not ours."""
    link.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    if stamp_of(link) != (OURS, VERSION):
        link.execute("BEGIN IMMEDIATE")
        make(link, *stamp_of(link))
        link.execute("COMMIT")
    page = link.execute("PRAGMA page_size").fetchone()[0]
    link.execute("PRAGMA journal_mode = WAL")
    link.execute("PRAGMA synchronous = OFF")
    link.execute("PRAGMA cell_size_check = ON")  # damage is noticed before it is read
    link.execute(f"PRAGMA journal_size_limit = {WAL_BYTES_MAX}")
    link.execute(f"PRAGMA max_page_count = {bytes_max // page}")


def make(link: sqlite3.Connection, owner: int, version: int) -> None:
    """The table and its stamp."""
    if (owner, version) == (OURS, VERSION):
        return  # another process was quicker
    if owner == OURS and version > VERSION:
        raise newer(version)
    if owner != OURS and link.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise Unfit("it is the file of another program")
    link.execute("DROP TABLE IF EXISTS cache_entries")
    link.execute(TABLE.format(lasting="TABLE", bytes="BLOB"))
    link.execute(INDEX)
    link.execute(f"PRAGMA application_id = {OURS}")
    link.execute(f"PRAGMA user_version = {VERSION}")


def newer(version: int) -> Unfit:
    """Why tables of a later version are left alone."""
    return Unfit(f"its tables are of version {version}, this supreme knows {VERSION}")


def stamp_of(link: sqlite3.Connection) -> tuple[int, int]:
    """Whose file it is, and of which version."""
    owner: int = link.execute("PRAGMA application_id").fetchone()[0]
    version: int = link.execute("PRAGMA user_version").fetchone()[0]
    return owner, version
