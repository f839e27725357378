"""Do the tables say what the journal holds, once, whatever ends their writer?"""

import json
import shutil
import signal
import sqlite3
import subprocess
import time
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from engine.journal.segments import HEADER_SIZE
from engine.messages import CASH_DEPOSITED, ORDER_FILLED, RECORD_SIZE, decode, split
from engine.service.schema import COLUMNS, VERSION
from supreme_cli.services import pid_of
from tests.acceptance.running import COMMAND, ROOT, supreme
from tests.engine.execution.decimal_account import UNIT, DecimalAccount
from tests.engine.journal.building import left_open, segments_in
from tests.engine.service.keeping import (
    database,
    finished,
    journal_of,
    made,
    run,
    served,
    tables_of,
)


def cut(place: Path, count: int) -> None:
    """Lose the journal's last records, as a power cut does with what was not synced."""
    last = [path for path in segments_in(place / "journal") if path.read_bytes().strip(b"\0")][-1]
    raw = last.read_bytes()
    used = HEADER_SIZE + len(raw[HEADER_SIZE:].rstrip(b"\0")) // RECORD_SIZE * RECORD_SIZE
    kept = max(used - count * RECORD_SIZE, HEADER_SIZE + RECORD_SIZE)
    last.write_bytes(raw[:kept].ljust(len(raw), b"\0"))
    # Nor was noted what was not synced, and no snapshot was made of it.
    left_open(place / "journal")
    shutil.rmtree(place / "snapshots", ignore_errors=True)


def test_positions_and_money_are_those_of_an_accountant(place: Path):
    """Decimal arithmetic over the journal's own facts; every digit to 1e-8."""
    tables = made(place)
    replayed = json.loads(supreme("replay", str(place), "--json").stdout)
    books = DecimalAccount([instrument_of()])
    for record in split(journal_of(place)):
        if record[4] == CASH_DEPOSITED:
            books.deposit(decode(record).amount_e8)
        elif record[4] == ORDER_FILLED:
            books.take(decode(record))

    fills = [dict(zip(COLUMNS["fills"], row, strict=True)) for row in tables["fills"]]
    signs = [1 if fill["side"] == "BUY" else -1 for fill in fills]
    worths = [Decimal(fill["quantity_e8"]) * fill["price_e8"] // 10**8 * UNIT for fill in fills]
    held_e8 = sum(sign * fill["quantity_e8"] for sign, fill in zip(signs, fills, strict=True))
    fees = sum(fill["fee_e8"] for fill in fills) * UNIT
    cash = sum(row[3] for row in tables["acts"] if row[2] == "deposited") * UNIT - fees
    cash -= sum(sign * worth for sign, worth in zip(signs, worths, strict=True))
    closed_e8, last = [row[5] for row in tables["trades"]], tables["trades"][-1][0]
    open_e8 = sum(fill["net_e8"] for fill in fills if fill["sequence"] > last)

    holding = books.holdings[0]
    assert held_e8 * UNIT == holding.lots * holding.lot
    assert (fees, cash) == (books.fees, books.cash)
    assert (str(cash), str(fees)) == (replayed["cash"], replayed["fees"])
    assert len(closed_e8) == replayed["wins"] + replayed["losses"] > 0
    assert sum(fill["net_e8"] for fill in fills) * UNIT == books.realized - books.fees
    assert (sum(closed_e8) + open_e8) * UNIT == books.realized - books.fees


def instrument_of():
    """What the market of these journals trades."""
    from datetime import date

    from engine.instruments_file import instrument

    return instrument("ETHUSDT", date(2025, 1, 1))


def makings_of(place: Path) -> set[str]:
    """The making of the tables that there are."""
    with sqlite3.connect(database(place)) as link:
        try:
            found = {row[0] for row in link.execute("SELECT made FROM checkpoint")}
        except sqlite3.OperationalError:
            found = set()
    link.close()
    return found


@pytest.mark.parametrize("kills", [6, pytest.param(60, marks=pytest.mark.long)])
def test_a_killed_service_leaves_the_tables_of_one_never_killed(
    tmp_path: Path, market: Path, kills: int, native: object
):
    """Killed -9 at random moments while the engine writes; no row twice, none missing.

    Each goes on where the tables end: made anew they would be right, and prove nothing.
    """
    place, draws, makings = tmp_path / "data", Random(7), set[str]()
    pace = ("--speed", "1500") if kills < 10 else ("--speed", "200")
    words = ["run", "--replay", str(market), "--data-dir", str(place), "--quiet", *pace]
    with subprocess.Popen([*COMMAND, *words], cwd=ROOT, stdout=subprocess.DEVNULL) as engine:
        while not (place / "journal").exists():
            time.sleep(0.01)
        for _ in range(kills):
            with served(place) as service:
                while pid_of(str(place)) != service.pid:
                    assert service.poll() is None
                time.sleep(draws.random() * 0.6)  # the moment is what varies here
                service.send_signal(signal.SIGKILL)
            assert service.returncode == -signal.SIGKILL
            assert engine.poll() is None
            makings |= makings_of(place)
        engine.terminate()
    code, _ = finished(place)
    shutil.copytree(place / "journal", tmp_path / "other" / "journal")

    assert (engine.returncode, code) == (143, 143)
    assert len(makings | makings_of(place)) == 1
    assert tables_of(place) == made(tmp_path / "other")
    assert len(tables_of(place)["fills"]) > 0


@pytest.mark.parametrize("lost", [1, 30])
def test_a_journal_that_became_shorter_makes_the_tables_anew(place: Path, tmp_path: Path, lost):
    """What was read from the page cache and never reached the disk is in no table afterwards."""
    longer = made(place)
    cut(place, lost)
    shutil.copytree(place / "journal", tmp_path / "other" / "journal")

    assert made(place) == made(tmp_path / "other") != longer


def test_a_journal_that_went_on_otherwise_makes_the_tables_anew(
    place: Path, market: Path, tmp_path: Path
):
    """The engine was first: as long as before, and yet not the same records."""
    longer = made(place)
    cut(place, 30)
    run(place, market)
    shutil.copytree(place / "journal", tmp_path / "other" / "journal")

    assert made(place) == made(tmp_path / "other") != longer


def test_another_journal_in_its_place_makes_the_tables_anew(place: Path, rested: Path):
    """It has another id."""
    made(place)
    shutil.rmtree(place / "journal")
    shutil.copytree(rested / "journal", place / "journal")

    assert made(place)["orders"][0][3].startswith(f"S{journal_id(place)[:8]}-1-")
    assert len(made(place)["denials"]) > 0


def journal_id(place: Path) -> str:
    """The journal's id as the tables write it."""
    with sqlite3.connect(database(place)) as link:
        found: str = link.execute("SELECT journal_id FROM checkpoint").fetchone()[0]
    link.close()
    return found


def test_making_anew_makes_the_same_and_keeps_the_errors(place: Path):
    """Logs do not last as the journal does: their lines stay."""
    before = made(place)
    with sqlite3.connect(database(place)) as link:
        link.execute("UPDATE fills SET fee_e8 = 7")
        link.execute("INSERT INTO errors VALUES (99, 'old', '', 'engine', 'error', 'Gone', '{}')")
    link.close()

    code, _ = finished(place, "--rebuild")

    assert (code, tables_of(place)) == (143, before)
    with sqlite3.connect(database(place)) as link:
        told = link.execute("SELECT event FROM errors ORDER BY number").fetchall()
    link.close()
    assert ("Gone",) in told


@pytest.mark.parametrize("junk", [b"no database at all" * 999, b"SQLite format 3\0" + b"x" * 9000])
def test_a_broken_database_is_made_anew(place: Path, junk: bytes):
    """Everything in it follows from the journal."""
    before = made(place)
    database(place).write_bytes(junk)

    assert made(place) == before


def test_a_page_that_is_broken_costs_a_start(place: Path, tmp_path: Path):
    """The writer that meets it ends with two lines; the next one makes all of it anew."""
    before = made(place)
    for name in ("journal", "log"):
        shutil.copytree(place / name, tmp_path / "other" / name)
    raw = bytearray(database(place).read_bytes())
    raw[3 * 4096 :] = bytes(len(raw) - 3 * 4096)
    database(place).write_bytes(raw)

    met, said = finished(place, "--rebuild")
    again, _ = finished(place)

    assert (met in (4, 143), again) == (True, 143)
    assert met == 143 or "makes them anew" in said
    assert tables_of(place) == before


def test_tables_of_a_newer_version_are_refused_until_they_are_to_be_made_anew(place: Path):
    """Two lines and code 4; nothing was changed in them."""
    made(place)
    with sqlite3.connect(database(place)) as link:
        link.execute(f"PRAGMA user_version = {VERSION + 1}")
    link.close()

    code, said = finished(place)
    again, _ = finished(place, "--rebuild")

    assert (code, again, "--rebuild" in said) == (4, 143, True)
    assert len(said.strip().splitlines()) == 2
    assert len(tables_of(place)["fills"]) > 0


def test_each_line_of_the_logs_is_kept_once(place: Path):
    """However often they are read, and over the turning of the file."""
    log = place / "log" / "engine.log"
    odd = '{"at": "2025-01-01T00:00:00Z", "level": "error", "event": "Odd", "number": %d}\n'
    text = "2025-01-01T00:00:00Z warning  Older number=1 of the text form\n"
    with open(log, "a") as file:
        file.write(odd % 1 + odd % 1 + text)
    made(place)
    log.rename(f"{log}.1")
    log.write_text(odd % 2)
    made(place)
    made(place)

    with sqlite3.connect(database(place)) as link:
        rows = link.execute("SELECT event, fields FROM errors ORDER BY number").fetchall()
    link.close()
    events = [event for event, _ in rows]
    assert [events.count(name) for name in ("EngineStarted", "EngineStopped", "Odd", "Older")] == [
        2, 2, 3, 1,
    ]  # fmt: skip
    assert [fields for event, fields in rows if event == "Odd"] == [
        '{"number": 1}', '{"number": 1}', '{"number": 2}',
    ]  # fmt: skip
