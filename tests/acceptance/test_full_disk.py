"""What does an engine do on a full disk? It buys nothing, sells on, and stops whole."""

import json
from pathlib import Path

import pytest

from tests.acceptance.running import final_state, supreme
from tests.small_disk import fill, small_disk
from validators.degrade.market import trades_file

__all__ = ["small_disk"]
SMALL = ("--set", "journal.segment_bytes=65536")
RESERVED = ("--set", "journal.reserved_bytes=524288", "--set", "journal.free_disk_floor_bytes=0")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated hours of trades: more journal than the small disk has room for."""
    return trades_file(tmp_path_factory.mktemp("market") / "eth.records", 9_000)


def lived(market: Path, home: Path, *words: str) -> "tuple[int, str]":
    """A life at full speed on this disk: its code and what it said."""
    asked = ("--replay", str(market), "--speed", "max", "--data-dir", str(home))
    done = supreme("run", *asked, "--quiet", *SMALL, *words)
    return done.returncode, done.stderr


def notices(home: Path) -> list[dict[str, object]]:
    """What the log tells."""
    lines = (home / "log" / "engine.log").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_a_full_disk_pauses_entries_and_then_stops(market: Path, small_disk: Path, tmp_path: Path):
    """Journaled as the engine's own act; the journal is whole, and with room the engine goes on."""
    home = small_disk / "home"
    assert lived(market, home, *RESERVED, "--for", "0.1")[0] == 0
    fill(small_disk, left=16_384)

    code, said = lived(market, home, *RESERVED)

    assert code == 4
    assert "the disk is full" in said
    verified = supreme("journal", "verify", "--json", "--data-dir", str(home))
    assert verified.returncode == 0, verified.stderr
    exported = supreme("journal", "export", "--data-dir", str(home)).stdout.splitlines()
    rows = [json.loads(line) for line in exported]
    paused = [row["sequence"] for row in rows if row["kind"] == "OperatorPaused"]
    texts = [row["text"] for row in rows if row["kind"] == "Text" and row["says"] == "reason"]
    entered = [row["sequence"] for row in rows if row["kind"] == "SubmitOrder" and not row["flags"]]
    assert len(paused) == 1
    assert texts[-1] == "disk full"
    assert max(entered, default=0) < paused[0] < rows[-1]["sequence"] - 4_000
    assert any(line["event"] == "DiskShort" for line in notices(home))
    (small_disk / "filler").unlink()
    moved = tmp_path / "moved"
    made = supreme("journal", "backup", str(tmp_path / "b.tar"), "--data-dir", str(home))
    assert made.returncode == 0, made.stderr
    supreme("journal", "restore", str(tmp_path / "b.tar"), "--data-dir", str(moved))
    state = final_state(supreme("run", "--replay", str(market), "--speed", "max", "--data-dir",
                                str(moved), "--json", *SMALL))  # fmt: skip
    assert state["paused"] is True


def test_below_the_floor_nothing_is_bought(market: Path, tmp_path: Path):
    """Free disk below the profile's floor pauses entries long before it is full."""
    floor = ("--set", "journal.free_disk_floor_bytes=1125899906842624")

    assert lived(market, tmp_path / "d", *floor, "--for", "0.1")[0] == 0

    told = [line for line in notices(tmp_path / "d") if line["event"] == "OperatorPaused"]
    assert [line["operator"] for line in told] == ["engine"]
    assert "of free disk" in str(told[0]["reason"])


def test_a_reserve_that_cannot_be_made_is_told_once_and_pauses_nothing(
    market: Path, small_disk: Path
):
    """There is room for what is written: entries go on, and who watches knows."""
    home = small_disk / "home"
    too_much = ("--set", "journal.reserved_bytes=8388608", *RESERVED[2:])

    assert lived(market, home, *too_much, "--for", "0.5")[0] == 0

    events = [line["event"] for line in notices(home)]
    assert events.count("ReserveNotMade") == 1
    assert not {"OperatorPaused", "DiskShort"} & set(events)
