"""Does PostgreSQL come to hold what SQLite holds, however it fails, and is its password safe?"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random

import pytest

from engine.errors import Refused
from engine.service.postgres import place_of
from engine.service.schema import VERSION
from engine.service.standing import folder_of, standing_of
from engine.serving import parse
from supreme_cli.services import pid_of
from tests.acceptance.running import COMMAND, ROOT
from tests.engine.service.copying import (
    all_copied,
    asked,
    copied,
    kept,
    postgres_of,
    schema_of,
    serving,
    until,
)
from validators.postgres_server import Server

pytest.importorskip("asyncpg", reason="needs asyncpg")


@pytest.fixture
def service(place: Path, there: Server) -> Iterator[subprocess.Popen[str]]:
    """A real service that copies there."""
    with serving(place, there) as one:
        yield one
        one.terminate()


def is_held_by(place: Path, pid: int) -> bool:
    """Whether this process is the service there."""
    return pid_of(str(place)) == pid


def test_both_databases_hold_the_same_rows(
    place: Path, there: Server, service: subprocess.Popen[str]
):
    """Every table, column and digit; features can be asked for by name."""
    all_copied(place)

    assert copied(there, place) == kept(place)
    schema = schema_of(place)
    rows = asked(there, f"SELECT features->>'rsi', verdict FROM {schema}.decisions ORDER BY 1")
    assert {verdict for _, verdict in rows} == {"approved"}
    assert float(rows[0][0]) > 0
    assert ("EngineStarted",) in asked(there, f"SELECT event FROM {schema}.errors")


def test_a_server_that_was_gone_is_caught_up_without_restart(
    place: Path, market: Path, there: Server, service: subprocess.Popen[str]
):
    """Stopped as by a crash while an engine trades on: nothing is lost, no row comes twice."""
    all_copied(place)
    there.stop()
    until(lambda: not postgres_of(place)["connected"])
    words = ["run", "--data-dir", str(place), "--replay", str(market), "--speed", "max"]
    subprocess.run([*COMMAND, *words], cwd=ROOT, capture_output=True, check=True)
    before = postgres_of(place)["sequence"]
    until(lambda: standing_of(str(place))["sequence"] > before)

    there.start()
    all_copied(place)

    assert service.poll() is None
    assert postgres_of(place)["sequence"] > before
    assert copied(there, place) == kept(place)
    assert len(kept(place)["starts"]) == 3


def test_a_server_that_stands_still_is_left_and_found_again(
    place: Path, there: Server, service: subprocess.Popen[str]
):
    """It neither answers nor refuses: after ten seconds it counts as gone, and tables go on."""
    all_copied(place)

    there.freeze()
    until(lambda: not postgres_of(place)["connected"])
    why = postgres_of(place)["why"]
    there.thaw()
    until(lambda: postgres_of(place)["connected"])
    all_copied(place)

    assert why == "it does not answer"
    assert copied(there, place) == kept(place)


def test_tables_made_anew_replace_what_was_copied(place: Path, there: Server):
    """All rows are of one making, though some were wrong before."""
    with serving(place, there) as first:
        all_copied(place)
        first.terminate()
    schema = schema_of(place)
    asked(there, f"UPDATE {schema}.fills SET fee_e8 = 7 RETURNING 1")
    asked(there, f"DELETE FROM {schema}.equity RETURNING 1")

    with serving(place, there, "--rebuild") as second:
        until(lambda: pid_of(str(place)) == second.pid)
        until(lambda: standing_of(str(place))["pid"] == second.pid)
        all_copied(place)
        second.terminate()

    assert copied(there, place) == kept(place)


@pytest.mark.parametrize("kills", [4, pytest.param(40, marks=pytest.mark.long)])
def test_a_service_killed_while_it_copies_copies_nothing_twice(
    place: Path, there: Server, kills: int
):
    """At random moments: how far it was is asked of PostgreSQL itself."""
    draws = Random(3)
    for _ in range(kills):
        with serving(place, there, "--rebuild") as one:
            until(partial(is_held_by, place, one.pid))
            time.sleep(draws.random() * 0.5)  # the moment is what varies here
            one.kill()
    with serving(place, there) as last:
        until(lambda: standing_of(str(place)).get("pid") == last.pid)
        all_copied(place)
        last.terminate()

    assert copied(there, place) == kept(place)


def test_tables_of_a_newer_version_are_left_alone(place: Path, there: Server):
    """An alarm says so; SQLite goes on."""
    with serving(place, there) as first:
        all_copied(place)
        first.terminate()
    schema = schema_of(place)
    asked(there, f"UPDATE {schema}.checkpoint SET version = {VERSION + 1} RETURNING 1")

    with serving(place, there) as second:
        until(lambda: bool(standing_of(str(place)).get("alarms")))
        second.terminate()

    (alarm,) = standing_of(str(place))["alarms"]
    assert f"version {VERSION + 1}, ours is {VERSION}" in alarm["what"]
    assert second.returncode == 1
    asked(there, f"UPDATE {schema}.checkpoint SET version = {VERSION} RETURNING 1")


def test_the_password_is_written_nowhere(place: Path, there: Server):
    """Not in logs, files, output or the list of processes, and not when the server is gone."""
    with serving(place, there) as one:
        all_copied(place)
        there.stop()
        until(lambda: not postgres_of(place)["connected"])
        command = Path(f"/proc/{one.pid}/cmdline").read_bytes()
        one.terminate()
        said, _ = one.communicate(timeout=30)
    there.start()

    files = [path for path in place.rglob("*") if path.is_file()]
    assert all(b"hush" not in path.read_bytes() for path in files)
    assert (b"hush" in command, "hush" in said) == (False, False)
    assert "PostgreSQL: local socket/postgres" in said
    assert Path(folder_of(str(place)), "service.log") in files


@pytest.mark.parametrize(
    "url", ["mysql://u:hush@h/db", "hush", "postgresql://u:hush@h:port/db", "postgresql://[hush"]
)
def test_a_url_that_cannot_be_used_is_refused_unseen(url: str, tmp_path: Path):
    """It may hold a password."""
    with pytest.raises(Refused) as refused:
        parse(["--data-dir", str(tmp_path)], {"POSTGRES_URL": url})

    assert (refused.value.code, "hush" in str(refused.value)) == (2, False)


def test_host_port_and_database_are_all_that_is_shown_of_a_url():
    """Whatever else it holds."""
    assert place_of("postgresql://u:p@db.example:5433/trades?sslmode=require") == (
        "db.example:5433/trades"
    )
    assert place_of("postgres:///trades?host=/run") == "local socket/trades"


def test_without_its_library_the_database_is_refused_in_two_lines(tmp_path: Path):
    """What to install is said before anything is followed."""
    (tmp_path / "asyncpg.py").write_text("raise ImportError('not here')\n")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from engine.serving import main; "
        "sys.exit(main(['--data-dir', sys.argv[1]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "POSTGRES_URL": "postgresql://u:hush@h/db"}, check=False,
    )  # fmt: skip

    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 2)
    assert ".[service]" in done.stderr
    assert json.dumps(done.stderr).count("hush") == 0
