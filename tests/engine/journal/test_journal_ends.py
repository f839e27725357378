"""Is it told where a journal ends, when nothing proves that this is its end?"""

import shutil
import time

import pytest

from engine.errors import Refused
from engine.journal.damage import open_end
from engine.journal.head import CLOSED, DURABLE, NOTHING, OPEN, closed_at, note, noted
from engine.journal.recovery import chunks, recover
from engine.journal.segments import SEGMENT_SIZE_MIN
from engine.journal.verification import verified
from engine.journal.writer import MARK_RECORDS, Journal
from engine.messages import RECORD_SIZE
from tests.engine.journal.building import (
    CAPACITY,
    OURS,
    change,
    left_open,
    offset_of,
    run_of,
    segments_in,
    written,
)


def told(found):
    """What is said of an end: where it is, what is proved, whether it was left open."""
    return found.sequence, found.proved, found.left_open


def copy_at_work(tmp_path, disk, records):
    """What a power cut leaves of a journal into which so many were written."""
    journal = Journal.open(tmp_path / "j", OURS, segment_size=SEGMENT_SIZE_MIN, native=disk)
    journal.append(run_of(0, records))
    assert journal.wait(records, 30)
    if records >= CAPACITY // 2:
        while len(segments_in(tmp_path / "j")) == 1:
            journal.tend()
    shutil.copytree(tmp_path / "j", tmp_path / "cut")
    journal.close()
    return tmp_path / "cut"


@pytest.mark.parametrize("left", [0, 1, 200, 256, 300])
def test_zeros_after_the_mark_are_told_with_their_sequence(tmp_path, disk, left):
    """They look like an end; so it is said where that is, and how far anything proves more."""
    cut = copy_at_work(tmp_path, disk, 301)
    (only,) = segments_in(cut)
    change(only, offset_of(left), bytes((301 - left) * RECORD_SIZE))

    whole = verified(cut, disk)
    found = recover(cut, OURS, disk)

    assert (whole.end, whole.left_open, whole.unfinished_bytes) == (left, True, 0)
    assert told(found) == (left, 0, True)
    assert f"it ends at sequence {left}, and all before 0 is known" in open_end(*told(found)[:2])


def test_the_chain_proves_all_before_the_newest_segment(tmp_path, disk):
    """It holds the hash of what came before, so that was whole when it was begun."""
    *_, last = written(tmp_path, CAPACITY + 40, disk)
    left_open(tmp_path)
    change(last, offset_of(0), bytes(40 * RECORD_SIZE))

    assert told(recover(tmp_path, OURS, disk)) == (CAPACITY, CAPACITY, True)


def test_a_closed_journal_has_a_proved_end(tmp_path, disk):
    """Nothing is told of it; the note alone proves what is there."""
    written(tmp_path, 301, disk)
    assert told(recover(tmp_path, OURS, disk)) == (301, 301, False)

    (tmp_path / DURABLE).unlink()
    (only,) = segments_in(tmp_path)
    change(only, offset_of(300), bytes(RECORD_SIZE))

    with pytest.raises(Refused, match=r"record 300 \(sequence 300\) is gone"):
        recover(tmp_path, OURS, disk)


def test_a_start_that_appended_nothing_yet_is_told_too(tmp_path, disk):
    """Zeros back to where the start began are as silent as any."""
    written(tmp_path, 50, disk)
    journal = Journal.open(tmp_path, OURS, segment_size=SEGMENT_SIZE_MIN, native=disk)

    assert closed_at(tmp_path) == OPEN
    assert told(recover(tmp_path, OURS, disk)) == (50, 50, True)

    journal.close()
    assert closed_at(tmp_path) == 50


def test_what_does_not_say_that_it_was_closed_here_was_not(tmp_path, disk):
    """A spoiled note, or one of before older code went on; of no note at all nothing is known."""
    written(tmp_path, 50, disk)
    for spoiled in (b"", b"x" * 32):
        (tmp_path / CLOSED).write_bytes(spoiled)
        assert told(recover(tmp_path, OURS, disk)) == (50, 50, True)
    note(tmp_path, 20, CLOSED)
    assert told(recover(tmp_path, OURS, disk)) == (50, 50, True)

    (tmp_path / CLOSED).unlink()
    assert closed_at(tmp_path) == NOTHING
    assert told(recover(tmp_path, OURS, disk)) == (50, 50, False)


def test_a_prepared_segment_proves_half_of_the_one_before(tmp_path, disk):
    """It is prepared once that half is durable: an earlier end is a loss, and refused."""
    cut = copy_at_work(tmp_path, disk, CAPACITY // 2 + 20)
    only, _ = segments_in(cut)
    assert noted(cut, DURABLE) == NOTHING
    change(only, offset_of(CAPACITY // 2), bytes(20 * RECORD_SIZE))
    assert told(recover(cut, OURS, disk)) == (CAPACITY // 2, CAPACITY // 2, True)

    shutil.copytree(tmp_path / "j", tmp_path / "again")
    left_open(tmp_path / "again")
    only, _ = segments_in(tmp_path / "again")
    change(only, offset_of(100), bytes((CAPACITY // 2 - 80) * RECORD_SIZE))

    with pytest.raises(Refused, match=r"record 100 \(sequence 100\) is gone: all before"):
        recover(tmp_path / "again", OURS, disk)


def test_a_journal_that_became_shorter_while_it_was_read_is_no_shorter_journal(tmp_path, disk):
    """Its missing records are not passed over."""
    (only,) = written(tmp_path, 300, disk)
    segments = recover(tmp_path, OURS, disk).segments
    with open(only, "r+b") as file:
        file.truncate(offset_of(200))

    with pytest.raises(OSError, match="became shorter"):
        list(chunks(segments))


def test_what_was_durable_is_noted_now_and_then(tmp_path, disk):
    """Of a journal that a crash ended, the loss of all but the last MARK_RECORDS is proved."""
    journal = Journal.open(tmp_path / "journal", OURS, segment_size=4 << 20, native=disk)
    journal.append(run_of(0, 2 * MARK_RECORDS))
    journal.append(run_of(0, MARK_RECORDS // 2))
    deadline = time.monotonic() + 30
    while noted(tmp_path / "journal", DURABLE) < MARK_RECORDS and time.monotonic() < deadline:
        journal.wait(journal.sequence, 1)
    assert journal.wait(journal.sequence, 30)
    shutil.copytree(tmp_path / "journal", tmp_path / "crashed" / "journal")
    journal.close()
    crashed = tmp_path / "crashed" / "journal"
    assert recover(crashed, OURS, disk).sequence == 5 * MARK_RECORDS // 2

    path = segments_in(crashed)[0]
    change(path, offset_of(1_000), bytes(path.stat().st_size - offset_of(1_000)))

    with pytest.raises(Refused, match=r"record 1000 \(sequence 1000\) is gone"):
        recover(crashed, OURS, disk)


def test_nothing_is_noted_in_a_directory_that_took_this_ones_place(tmp_path, disk):
    """Another engine's journal would be refused for what it never held."""
    journal = Journal.open(tmp_path / "j", OURS, segment_size=SEGMENT_SIZE_MIN, native=disk)
    journal.append(run_of(0, 20))
    (tmp_path / "j").rename(tmp_path / "moved")
    (tmp_path / "j").mkdir()

    journal.close()

    assert list((tmp_path / "j").iterdir()) == []
    assert told(recover(tmp_path / "moved", OURS, disk)) == (20, 0, True)
