"""Does the service go on from a snapshot of its own, and over removed records and other code?"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from engine.journal.segments import HEADER_SIZE, functions_of, packed, parsed
from engine.messages import RECORD_SIZE
from engine.service.projecting import Projecting
from tests.acceptance.running import ROOT, supreme
from tests.acceptance.test_upgrade import command, other
from tests.engine.journal.building import segments_in
from tests.engine.service.keeping import finished, journal_of, made, projecting, tables_of

__all__ = ["other"]  # a fixture that both files use
EARLY = 20_000  # records: some orders and fills come before it, and many after


def left_at_a_snapshot(place: Path, sequence: int = EARLY) -> int:
    """A service that ended without a word some time after a snapshot; the snapshot's sequence."""
    one = projecting(place)
    while one.fold is None or one.fold.sequence < sequence or not one.snapshot(one.fold):
        assert one.step()
    kept = one.fold.sequence
    for _ in range(3):
        one.step()
    closed(one)
    return kept


def closed(one: Projecting) -> None:
    """Let go without keeping anything more."""
    one.close()
    one.standing.log.close()


def begun(place: Path) -> int:
    """Where the next service begins to fold."""
    found: list[int] = [
        json.loads(line)["sequence"]
        for line in (place / "service" / "service.log").read_text().splitlines()
        if "BegunAtSnapshot" in line
    ]
    return found[-1]


def test_it_goes_on_from_its_snapshot_with_the_same_rows(place: Path, tmp_path: Path):
    """Open trades, minutes and the check sum included: as if it had read from the first record."""
    shutil.copytree(place, tmp_path / "other")
    kept = left_at_a_snapshot(place)

    assert made(place) == made(tmp_path / "other")
    assert begun(place) == kept


def test_a_snapshot_of_other_records_is_not_gone_on_from(place: Path):
    """One byte before it is another one: it is folded from the first record on."""
    kept = left_at_a_snapshot(place)
    path = [one for one in segments_in(place / "journal") if int(one.stem) < kept][-1]
    raw = bytearray(path.read_bytes())
    raw[HEADER_SIZE + 5] ^= 1
    path.write_bytes(raw)

    made(place)

    assert "BegunAtSnapshot" not in (place / "service" / "service.log").read_text()


@pytest.mark.parametrize("words", [(), ("--rebuild",)])
def test_records_that_were_removed_are_not_missed(place: Path, tmp_path: Path, words: Any):
    """Tables that hold their rows keep them; made anew they begin at the snapshot, and say so."""
    whole = made(place)
    (place / "service" / "service.log").unlink()
    done = supreme("journal", "compact", "--data-dir", str(place), "--erase-before", "100000000",
                   "--yes")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(segments_in(place / "journal")[0].stem) > 0

    code, said = finished(place, *words)

    assert code == 143, said
    log = (place / "service" / "service.log").read_text()
    assert ("RecordsMissed" in log) == bool(words)
    assert tables_of(place)["upto"][0][0] == whole["upto"][0][0]
    assert (tables_of(place) == whole) == (not words)


def test_what_other_code_decided_is_told_with_the_same_rows(place: Path, tmp_path: Path):
    """Orders, fills and what they earned stand in its records; no snapshot is made of them."""
    expected = made(place)
    shutil.copytree(place / "journal", tmp_path / "theirs" / "journal")
    relabelled(tmp_path / "theirs" / "journal")

    told = made(tmp_path / "theirs")

    for table in ("orders", "fills", "trades", "parameters", "order_events", "denials"):
        assert told[table] == expected[table], table
    assert not (tmp_path / "theirs" / "snapshots").exists()


def relabelled(journal: Path) -> None:
    """As if other code had written every segment, the chain of their hashes made anew."""
    disk, previous, held = functions_of(None), None, 0
    for path in segments_in(journal):
        raw = path.read_bytes()
        header = parsed(raw[:HEADER_SIZE])
        if header is None:
            continue
        if previous is not None:
            held = header.first - int(previous.stem)
            with previous.open("rb") as file:
                digest = disk.journal_hash(file.fileno(), HEADER_SIZE + held * RECORD_SIZE)
            header = header._replace(previous=digest)
        whose = header.identity._replace(code_digest=b"O" * 32)
        path.write_bytes(packed(header._replace(identity=whose)) + raw[HEADER_SIZE:])
        previous = path


def test_a_journal_that_changes_its_code_is_followed_over_the_change(
    place: Path, market: Path, other: Path
):
    """Ours, then another code's life, then ours again: told up to there, decided from there on."""
    words = ("run", "--replay", str(market), "--data-dir", str(place), "--quiet", "--speed", "max")
    made(place)
    small = ("--set", "journal.segment_bytes=65536", "--for", "0.3")
    for code in (other, ROOT):
        done = command(code, *words, *small)
        assert done.returncode == 0, done.stderr

        ended, said = finished(place)

        assert ended == 143, said
    assert "OtherCode" not in said
    assert tables_of(place)["upto"][0][0] == len(journal_of(place)) // RECORD_SIZE
