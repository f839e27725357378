"""Does the journal go on for a while on a full disk, out of what was reserved for that?"""

import os

import pytest

from engine.journal.recovery import recover
from engine.journal.reserve import Reserve
from engine.journal.segments import SEGMENT_SIZE_MIN, JournalFailed, name_of
from engine.journal.writer import Journal
from tests.engine.journal.building import CAPACITY, OURS, content, run_of
from tests.small_disk import fill, small_disk

__all__ = ["small_disk"]
FILES = 3


def opened(directory, disk, files=FILES):
    """A journal of small files that reserves room for so many."""
    return Journal.open(
        directory, OURS, segment_size=SEGMENT_SIZE_MIN, native=disk,
        reserved=files * SEGMENT_SIZE_MIN,
    )  # fmt: skip


def append_until_it_fails(journal):
    """64 records at a time; how many became durable, and after how many it was said to be full."""
    said_at = []

    def append_on():
        while True:
            journal.append(run_of(journal.sequence, 64))
            assert journal.wait(journal.sequence, 30)
            said_at.extend([journal.durable] if journal.reserve.is_full else [])

    with pytest.raises(JournalFailed, match="the disk is full"):
        append_on()
    return journal.durable, min(said_at, default=journal.durable)


def test_what_is_reserved_takes_records_on_a_full_disk(small_disk, disk):
    """It is said early; then as many files are filled as were reserved, and all is there after."""
    journal = opened(small_disk / "journal", disk)
    fill(small_disk, left=8192)

    durable, said_at = append_until_it_fails(journal)
    journal.close()

    assert said_at < 3 * CAPACITY
    assert durable == (1 + FILES) * CAPACITY
    assert content(small_disk / "journal", disk) == run_of(0, durable)


def test_without_a_reserve_it_ends_with_its_file(small_disk, disk):
    """What the reserve is for."""
    journal = opened(small_disk / "journal", disk, files=0)
    fill(small_disk, left=8192)

    durable, _ = append_until_it_fails(journal)

    assert durable == CAPACITY
    assert journal.reserve.is_full
    journal.close()


def append_until(journal, holds):
    """64 records at a time, until that holds."""
    while not holds():
        journal.append(run_of(journal.sequence, 64))
        assert journal.wait(journal.sequence, 30)


def refused(reserve):
    """A segment is asked for that the disk does not take."""
    with pytest.raises(OSError, match="No space left"):
        reserve.segment(0, SEGMENT_SIZE_MIN)


def test_where_nothing_is_held_the_second_refusal_is_a_full_disk(small_disk):
    """The first may be somebody's passing file: with room at the next try nothing was short."""
    reserve = Reserve(small_disk, 0)
    for _ in range(2):
        fill(small_disk, left=8192)
        refused(reserve)
        assert not reserve.is_full
        (small_disk / "filler").unlink()

        os.close(reserve.segment(0, SEGMENT_SIZE_MIN))

        assert not reserve.is_full
        os.unlink(small_disk / name_of(0))
    fill(small_disk, left=8192)
    refused(reserve)
    refused(reserve)
    assert reserve.is_full


def test_where_something_is_held_the_first_refusal_is_a_full_disk(small_disk):
    """What is held is for exits alone."""
    reserve = Reserve(small_disk, 2 * SEGMENT_SIZE_MIN)
    reserve.fill()
    fill(small_disk, left=8192)

    os.close(reserve.segment(0, SEGMENT_SIZE_MIN))

    assert reserve.is_full
    assert os.path.getsize(small_disk / "reserve") == SEGMENT_SIZE_MIN


def test_a_reserve_that_cannot_be_made_takes_nothing_and_is_told(small_disk, disk):
    """The journal has the room that there is; once there is enough for both it is made."""
    fill(small_disk, left=(2 + FILES) * SEGMENT_SIZE_MIN)
    journal = opened(small_disk / "journal", disk, files=2 * FILES)

    assert journal.reserve.unmade is not None
    assert os.path.getsize(small_disk / "journal" / "reserve") == 0
    append_until(journal, lambda: journal.durable > (1 + FILES // 2) * CAPACITY)
    assert not journal.reserve.is_full
    (small_disk / "filler").unlink()
    append_until(journal, lambda: journal.reserve.unmade is None)

    assert os.path.getsize(small_disk / "journal" / "reserve") == 2 * FILES * SEGMENT_SIZE_MIN
    journal.close()


def test_a_reserve_that_cannot_grow_stays_as_it_was(small_disk, disk):
    """What it took on the way to a size that it cannot have would be missed by the journal."""
    opened(small_disk / "journal", disk, files=2).close()
    fill(small_disk, left=2 * SEGMENT_SIZE_MIN)
    free = os.statvfs(small_disk).f_bavail

    journal = opened(small_disk / "journal", disk, files=8)

    assert journal.reserve.unmade is not None
    assert os.path.getsize(small_disk / "journal" / "reserve") == 2 * SEGMENT_SIZE_MIN
    assert os.statvfs(small_disk).f_bavail >= free - 2  # a note or two
    journal.close()


def test_with_room_again_it_is_filled_again(small_disk, disk):
    """The next full disk finds it whole."""
    journal = opened(small_disk / "journal", disk)
    fill(small_disk, left=8192)
    while not journal.reserve.is_full:
        journal.append(run_of(journal.sequence, 64))
        assert journal.wait(journal.sequence, 30)
    (small_disk / "filler").unlink()
    while journal.reserve.is_full:
        journal.append(run_of(journal.sequence, 64))
        assert journal.wait(journal.sequence, 30)
    journal.close()

    assert os.path.getsize(small_disk / "journal" / "reserve") == FILES * SEGMENT_SIZE_MIN
    assert recover(small_disk / "journal", OURS, disk).sequence == journal.sequence
