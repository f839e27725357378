"""Is every byte that is not what was written refused, with its place and a way on?"""

import re

import pytest

from engine.errors import Refused
from engine.journal import plain
from engine.journal.head import note, noted
from engine.journal.recovery import records, recover
from engine.journal.segments import SEGMENT_SIZE_MIN, WINDOW_RECORDS
from engine.journal.writer import Journal
from engine.messages import RECORD_SIZE
from tests.engine.journal.building import (
    CAPACITY,
    OURS,
    change,
    offset_of,
    record,
    run_of,
    segments_in,
    written,
)


def refusal_of(directory, disk, who=OURS):
    """What is said, checked to be two lines with exit code 4 and to change nothing."""
    before = [(path, path.read_bytes()) for path in segments_in(directory)]
    with pytest.raises(Refused) as refused:
        recover(directory, who, disk)
    assert [(path, path.read_bytes()) for path in segments_in(directory)] == before
    assert refused.value.code == 4
    assert "--data-dir" in refused.value.fix
    assert len(str(refused.value).splitlines()) == 2
    return refused.value.what


@pytest.mark.parametrize("position", [0, 1, 99, WINDOW_RECORDS - 1, WINDOW_RECORDS, 398])
def test_a_flipped_bit_in_the_middle_is_refused(tmp_path, disk, position):
    """A broken record with a good one after it was written whole once: file, record, sequence."""
    _, last = written(tmp_path, CAPACITY + 400, disk)
    byte = last.read_bytes()[offset_of(position) + 33]
    change(last, offset_of(position) + 33, bytes([byte ^ 4]))

    said = refusal_of(tmp_path, disk)

    assert f"in {last}, record {position} (sequence {CAPACITY + position})" in said
    with pytest.raises(Refused, match=re.escape(str(last))):
        list(records(tmp_path, disk))


def test_a_bit_in_a_closed_segment_is_refused(tmp_path, disk):
    """Even in its last record: a next segment exists, so it was whole."""
    first, *_ = written(tmp_path, 2 * CAPACITY + 10, disk)
    change(first, offset_of(CAPACITY - 1) + 63, b"\x7f")

    said = refusal_of(tmp_path, disk)

    assert f"in {first}, record {CAPACITY - 1} (sequence {CAPACITY - 1})" in said


def test_a_lost_sector_of_an_earlier_window_is_refused(tmp_path, disk):
    """A window begins when the one before is durable: zeros there are no unfinished write."""
    (only,) = written(tmp_path, WINDOW_RECORDS + 1, disk)
    change(only, offset_of(WINDOW_RECORDS - 8), bytes(512))

    assert f"record {WINDOW_RECORDS - 8}" in refusal_of(tmp_path, disk)


def test_zeros_inside_a_sector_are_refused(tmp_path, disk):
    """A disk keeps a sector or loses it; it does not lose its middle."""
    (only,) = written(tmp_path, 24, disk)
    change(only, offset_of(17), bytes(RECORD_SIZE))

    assert "record 17" in refusal_of(tmp_path, disk)


def test_rubbish_beyond_an_unfinished_write_is_refused(tmp_path, disk):
    """One write reaches to the end of its window at most."""
    (only,) = written(tmp_path, 10, disk)
    change(only, offset_of(CAPACITY - 1), b"rubbish")

    assert "record 10 (sequence 10)" in refusal_of(tmp_path, disk)


def test_a_forged_record_with_a_right_check_is_refused(tmp_path, disk):
    """The chain of hashes covers what a checksum cannot."""
    _, second, _ = written(tmp_path, 2 * CAPACITY + 10, disk)
    forged = plain.journal_seal(record(12345), CAPACITY + 7)
    change(second, offset_of(7), forged)

    assert f"in {second}, its hash" in refusal_of(tmp_path, disk)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_missing_segment_is_refused(tmp_path, disk, number):
    """By the name it should have; the last one's records cannot be missed."""
    paths = written(tmp_path, 3 * CAPACITY + 10, disk)
    paths[number].unlink()

    assert f"{paths[number].name} is missing" in refusal_of(tmp_path, disk)


@pytest.mark.parametrize("left", [None, 0, 5000, SEGMENT_SIZE_MIN])
@pytest.mark.parametrize("lost", [1, 2, 4])
def test_the_newest_segments_are_missed(tmp_path, disk, lost, left):
    """Deleted, or emptied so far that it looks like one prepared: nothing is cut or unlinked."""
    paths = written(tmp_path, 3 * CAPACITY + 10, disk)
    for path in paths[-lost:]:
        path.unlink()
        if left is not None:
            path.write_bytes(bytes(left))

    said = refusal_of(tmp_path, disk)

    # The first of them, where its writer ended before it noted the newest: the end shows it then.
    assert any(f"{path.name} is missing or empty" in said for path in paths[-lost:])
    with pytest.raises(Refused, match="is missing or empty"):
        list(records(tmp_path, disk))


@pytest.mark.parametrize("note", [None, b"", bytes(32), b"half a note, as of a crash" * 2])
def test_a_journal_without_a_whole_note_goes_on(tmp_path, disk, note):
    """It was written before there were notes: the next one that opens it notes its segment."""
    written(tmp_path, CAPACITY + 10, disk)
    (tmp_path / "head").unlink()
    if note is not None:
        (tmp_path / "head").write_bytes(note)

    Journal.open(tmp_path, OURS, segment_size=SEGMENT_SIZE_MIN, native=disk).close()

    assert noted(tmp_path) == CAPACITY


@pytest.mark.parametrize("kept", range(33))
def test_a_note_cut_anywhere_is_the_old_one_or_the_new_one(tmp_path, kept):
    """It is written twice over."""
    note(tmp_path, 256)
    old = (tmp_path / "head").read_bytes()
    note(tmp_path, 1 << 40)
    new = (tmp_path / "head").read_bytes()
    (tmp_path / "head").write_bytes(new[:kept] + old[kept:])

    assert noted(tmp_path) in {256, 1 << 40}


def test_a_segment_of_another_journal_is_refused(tmp_path, disk):
    """Same names, same numbers, another id."""
    for name, who in (("ours", OURS), ("theirs", OURS._replace(journal_id=b"X" * 16))):
        journal = Journal.open(tmp_path / name, who, segment_size=SEGMENT_SIZE_MIN, native=disk)
        journal.append(run_of(0, CAPACITY + 10))
        journal.close()
    ours, theirs = segments_in(tmp_path / "ours"), segments_in(tmp_path / "theirs")
    ours[1].write_bytes(theirs[1].read_bytes())

    assert "another journal" in refusal_of(tmp_path / "ours", disk)


def test_a_damaged_header_is_refused(tmp_path, disk):
    """With records behind it, it was whole once."""
    *_, last = written(tmp_path, CAPACITY + 10, disk)
    change(last, 4000, b"x")

    assert f"in {last}, its header" in refusal_of(tmp_path, disk)


def test_a_renamed_or_cut_segment_is_refused(tmp_path, disk):
    """Name and length are what the header says."""
    (only,) = written(tmp_path, 10, disk)
    moved = only.rename(only.with_name("00000000000000000007.segment"))
    assert "it begins with sequence 0" in refusal_of(tmp_path, disk)

    moved.rename(only)
    with only.open("r+b") as file:
        file.truncate(SEGMENT_SIZE_MIN - 4096)
    assert f"should have {SEGMENT_SIZE_MIN} bytes" in refusal_of(tmp_path, disk)


def test_a_journal_of_another_kind_of_market_is_refused(tmp_path, disk):
    """A simulation must never look real."""
    written(tmp_path, 10, disk)

    assert "it is of a simulated market" in refusal_of(
        tmp_path, disk, OURS._replace(simulated=False)
    )


def test_a_journal_of_a_newer_format_is_refused(tmp_path, disk):
    """Not taken for damage, and not for a segment that was never begun."""
    (only,) = written(tmp_path, 10, disk)
    change(only, 8, b"\2")

    assert "its format is 2, ours is 1" in refusal_of(tmp_path, disk)
