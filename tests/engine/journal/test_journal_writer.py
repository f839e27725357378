"""Does what is appended come back, in order, over every rotation, and only once it is durable?"""

import errno
import os
import select

import pytest

from engine.errors import Refused
from engine.journal.recovery import recover
from engine.journal.segments import RING_RECORDS, SEGMENT_SIZE_MIN, JournalFailed
from engine.journal.writer import Journal
from tests.engine.journal.building import (
    CAPACITY,
    OURS,
    batches,
    content,
    record,
    run_of,
    segments_in,
)


@pytest.fixture
def opened(tmp_path, disk):
    """Open the journal of this test's directory, as often as asked."""
    return lambda who=OURS: Journal.open(
        tmp_path / "journal", who, segment_size=SEGMENT_SIZE_MIN, native=disk
    )


def append_all(journal, total, seed=1):
    """Append in batches; all of it durable at the end."""
    for size in batches(seed, total):
        first = journal.sequence
        assert journal.append(run_of(first, size)) == first + size
    assert journal.wait(journal.sequence, 30)


def test_what_is_appended_comes_back(tmp_path, disk, opened):
    """Ten segments, the same bytes; each append answers with the sequence after it."""
    journal = opened()
    append_all(journal, 10 * CAPACITY)
    journal.close()

    assert content(tmp_path / "journal", disk) == run_of(0, 10 * CAPACITY)


def test_both_ways_write_the_same_files(tmp_path, native):
    """Compiled and plain differ in speed alone: every byte of every segment."""
    for name, disk in (("compiled", native), ("plain", None)):
        journal = Journal.open(tmp_path / name, OURS, segment_size=SEGMENT_SIZE_MIN, native=disk)
        append_all(journal, 3 * CAPACITY + 100, seed=len(name))
        journal.close()
    compiled, plain = segments_in(tmp_path / "compiled"), segments_in(tmp_path / "plain")

    assert [path.name for path in compiled] == [path.name for path in plain]
    assert [path.read_bytes() for path in compiled] == [path.read_bytes() for path in plain]


def test_one_way_goes_on_where_the_other_stopped(tmp_path, native):
    """A box that loses its compiler keeps its journal."""
    for turn in range(6):
        journal = Journal.open(
            tmp_path, OURS, segment_size=SEGMENT_SIZE_MIN, native=native if turn % 2 else None
        )
        append_all(journal, 700)
        journal.close()

    assert content(tmp_path) == run_of(0, 4200)


def test_a_journal_goes_on_after_each_stop(tmp_path, disk, opened):
    """Stopped before, at and after the end of a segment."""
    total = 0
    for size in (1, CAPACITY - 2, 1, CAPACITY, CAPACITY + 1, 5):
        journal = opened()
        assert journal.sequence == journal.durable == total
        append_all(journal, size)
        journal.close()
        total += size

    assert content(tmp_path / "journal", disk) == run_of(0, total)


def test_the_first_identity_stays(opened):
    """Order ids carry the journal's id: a restart must not change it."""
    opened(OURS._replace(journal_id=b"1" * 16)).close()

    journal = opened(OURS._replace(journal_id=b"2" * 16))

    assert journal.identity.journal_id == b"1" * 16
    journal.close()


def test_a_burst_beyond_the_ring_waits_for_room(tmp_path, disk, opened):
    """One append of several rings: bounded memory, no record lost."""
    journal = opened()
    total = 3 * RING_RECORDS + 17

    assert journal.append(run_of(0, total)) == total
    journal.close()

    assert content(tmp_path / "journal", disk) == run_of(0, total)


def test_durable_follows_and_never_leads(opened):
    """`fileno` becomes readable after a commit, `collect` clears it and says how far."""
    journal = opened()
    assert journal.durable == 0
    assert journal.collect() == 0

    sequence = journal.append(run_of(0, 3))
    journal.flush()
    while journal.collect() < sequence:
        select.select([journal.fileno()], [], [], 30)

    assert journal.durable == sequence == 3
    assert select.select([journal.fileno()], [], [], 0)[0] == []
    journal.close()


def test_waiting_ends_at_its_time(opened):
    """For a sequence nobody appended: False, not for ever."""
    journal = opened()
    journal.append(record(0))

    assert journal.wait(1, 30) is True
    assert journal.wait(2, 0.05) is False
    journal.close()


def test_closing_makes_all_durable(tmp_path, disk, opened):
    """What was appended a moment before is there."""
    journal = opened()
    journal.append(run_of(0, 2000))
    journal.close()

    assert recover(tmp_path / "journal", OURS, disk).sequence == 2000
    with pytest.raises(JournalFailed):
        journal.append(record(0))


def test_no_file_stays_open(opened):
    """Over rotations and restarts."""
    opened().close()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        journal = opened()
        append_all(journal, 2 * CAPACITY)
        journal.close()

    assert len(os.listdir("/proc/self/fd")) == before


def test_a_failure_ends_every_call(opened):
    """Appending, collecting and waiting all say what happened; closing still works."""
    journal = opened()
    append_all(journal, 10)
    journal._disk.journal_fail(journal._handle, errno.EIO)

    for call in (lambda: journal.append(record(10)), journal.collect, lambda: journal.wait(11, 9)):
        with pytest.raises(JournalFailed, match="Input/output error"):
            call()
    assert journal.durable == 10
    journal.close()


@pytest.mark.parametrize("size", [0, 4096, 65535, 65537, -65536])
def test_a_senseless_segment_size_is_refused(tmp_path, size):
    """Too small, or not a multiple of the header's."""
    with pytest.raises(Refused, match="cannot have"):
        Journal.open(tmp_path, OURS, segment_size=size)


def test_a_place_that_cannot_be_written_is_refused(tmp_path, disk):
    """Exit code 4, two lines."""
    (tmp_path / "file").write_text("")

    with pytest.raises(Refused) as refused:
        Journal.open(tmp_path / "file" / "journal", OURS, native=disk)

    assert refused.value.code == 4


def test_segments_of_another_size_follow(tmp_path, disk, opened):
    """The size is a setting: it holds from the next segment on."""
    journal = opened()
    append_all(journal, 10)
    journal.close()
    journal = Journal.open(
        tmp_path / "journal", OURS, segment_size=2 * SEGMENT_SIZE_MIN, native=disk
    )
    append_all(journal, 2 * CAPACITY)
    journal.close()

    sizes = [path.stat().st_size for path in segments_in(tmp_path / "journal")]
    assert sizes[:2] == [SEGMENT_SIZE_MIN, 2 * SEGMENT_SIZE_MIN]
    assert content(tmp_path / "journal", disk) == run_of(0, 2 * CAPACITY + 10)
