"""How do tests make tables, and look at all that is in them?"""

import os
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

from engine import core as cores
from engine.journal.recovery import records
from engine.log import Log
from engine.service.keeper import NAME
from engine.service.projecting import Projecting
from engine.service.schema import TABLES, Rows
from engine.service.standing import Standing, folder_of
from supreme_cli.services import pid_of
from tests.acceptance.running import COMMAND, ROOT, supreme

SMALL = ("--set", "journal.segment_bytes=65536", "--speed", "max", "--json")
Tables = dict[str, list[tuple[Any, ...]]]


def projecting(place: Path, *, anew: bool = False) -> Projecting:
    """The service's follower and tables on a data directory, in this process."""
    folder = folder_of(str(place))
    os.makedirs(folder, exist_ok=True)
    log = Log(os.path.join(folder, "service.log"), "info", "json", "")
    return Projecting(str(place), cores.load_native(), Standing(folder, log), anew=anew)


def made(place: Path, *, anew: bool = False) -> Tables:
    """The tables of all that the journal holds."""
    one = projecting(place, anew=anew)
    one.finish(60.0)
    one.close()
    one.standing.log.close()
    return tables_of(place)


def tables_of(place: Path) -> Tables:
    """Every row of every table that follows from the journal, and how far they go."""
    with sqlite3.connect(os.path.join(folder_of(str(place)), NAME)) as link:
        found = {
            table: link.execute(f"SELECT * FROM {table} ORDER BY sequence").fetchall()
            for table in TABLES
        }
        found["upto"] = link.execute("SELECT sequence, check_sum FROM checkpoint").fetchall()
    link.close()
    return found


def journal_of(place: Path) -> bytes:
    """All records of a journal, one after another."""
    return b"".join(bytes(chunk) for _, chunk in records(place / "journal", cores.load_native()))


def merged(parts: list[Rows]) -> Rows:
    """Rows of several steps as those of one."""
    rows: Rows = {}
    for part in parts:
        for table, some in part.items():
            rows.setdefault(table, []).extend(some)
    return rows


def database(place: Path) -> Path:
    """The file of the tables."""
    return Path(folder_of(str(place))) / NAME


def served(place: Path, *words: str) -> subprocess.Popen[str]:
    """A real service on a data directory, started and not waited for."""
    return subprocess.Popen(
        [*COMMAND, "serve", "--data-dir", str(place), *words], cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finished(place: Path, *words: str) -> tuple[int, str]:
    """A real service that has read all that is written: its exit code, and what it said."""
    with served(place, *words) as service:
        while service.poll() is None and pid_of(str(place)) != service.pid:
            time.sleep(0.01)
        service.terminate()
        _, said = service.communicate(timeout=60)
    return service.returncode, said


def run(place: Path, market: Path, *words: str) -> None:
    """One life of an engine on this market."""
    done = supreme("run", "--replay", str(market), "--data-dir", str(place), *SMALL, *words)
    assert done.returncode == 0, done.stderr
