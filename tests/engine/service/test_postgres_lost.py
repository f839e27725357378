"""Does PostgreSQL hold what SQLite holds after power was lost, here or without a word?"""

import asyncio
import shutil
from pathlib import Path

import pytest

from engine.service import postgres
from engine.service.copying import Cursor
from engine.service.standing import standing_of
from supreme_cli.services import pid_of
from tests.engine.service.copying import (
    all_copied,
    asked,
    copied,
    kept,
    schema_of,
    serving,
    until,
)
from tests.engine.service.keeping import database, made
from validators.postgres_server import Server

pytest.importorskip("asyncpg", reason="needs asyncpg")


def test_what_a_power_cut_took_here_is_taken_back_there(place: Path, there: Server, lived: Path):
    """SQLite lost batches that were copied, and the journal went on otherwise: no row stays."""
    journal, held = place / "journal", place / "held"
    journal.rename(held)
    shutil.copytree(held, journal)
    last = max(journal.iterdir())
    last.unlink()  # as it was before: shorter
    made(place)
    tables = database(place)
    synced = tables.read_bytes()
    shutil.rmtree(journal)
    held.rename(journal)
    with serving(place, there) as first:
        all_copied(place)
        first.terminate()
    schema = schema_of(place)
    upto = standing_of(str(place))["sequence"]
    asked(there, f"INSERT INTO {schema}.acts VALUES ({upto - 1}, 0, 'never was') RETURNING 1")

    tables.write_bytes(synced)
    with serving(place, there) as second:
        until(lambda: pid_of(str(place)) == second.pid)
        until(lambda: standing_of(str(place)).get("pid") == second.pid)
        all_copied(place)
        second.terminate()

    assert copied(there, place) == kept(place)
    assert asked(there, f"SELECT count(*) FROM {schema}.acts WHERE act = 'never was'") == [(0,)]


def test_a_client_that_went_without_a_word_does_not_hold_the_tables(
    there: Server, monkeypatch: pytest.MonkeyPatch
):
    """Its transaction is ended by the server, not by whatever notices that a host is gone."""
    monkeypatch.setattr(postgres, "IDLE_S", 0.2)

    async def lived() -> list[Cursor]:
        gone, after = [await postgres.place(there.url).connect() for _ in range(2)]
        await gone.prepare("77" * 16)
        await after.prepare("77" * 16)
        found = [await gone.begin(), await after.begin()]
        for link in (gone, after):
            link.terminate()
        await asyncio.sleep(0)  # the loop lets go of the sockets
        return found

    assert len({*asyncio.run(lived())}) == 1
