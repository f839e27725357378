"""Does only what a checkpoint replaces leave, and in an order that never leaves a gap?"""

import pytest

from engine.errors import Refused
from engine.journal.checkpoints import Checkpoint, Said, keep, kept, spot_in
from engine.journal.recovery import recover
from engine.journal.retention import DAY_NS, going, older_than, remove
from engine.journal.segments import SEGMENT_SIZE_MIN, functions_of
from engine.journal.verification import verified
from engine.journal.writer import Journal
from engine.messages import PACKED
from tests.engine.journal.building import CAPACITY, OURS, segments_in

SEGMENTS = 6  # and as many days: each segment's records are of one day


@pytest.fixture
def journal(tmp_path, disk):
    """A closed journal of six full segments and a begun one, a day each."""
    directory = tmp_path / "journal"
    writing = Journal.open(directory, OURS, segment_size=SEGMENT_SIZE_MIN, native=disk)
    for day in range(SEGMENTS):
        at_ns = day * DAY_NS
        record = PACKED.pack(0, 1, 0, 0, at_ns, at_ns, 1, 2, 3, 4, 5)
        writing.append(record * CAPACITY)
    writing.append(PACKED.pack(0, 1, 0, 0, SEGMENTS * DAY_NS, SEGMENTS * DAY_NS, 1, 2, 3, 4, 5))
    writing.close()
    return directory


def checkpoint_at(journal, sequence, disk):
    """Keep a made-up state there."""
    said = Said("here", {}, 0, b"", 1)
    spot = spot_in(journal, sequence, functions_of(disk))
    whose = OURS.journal_id, OURS.layout_digest, OURS.code_digest
    return keep(journal, Checkpoint(*whose, spot, said, b"state"))


def test_age_is_the_journals_own(journal, disk):
    """Against its newest record: a journal of last year, brought back today, stays whole."""
    whole = verified(journal, disk)

    assert older_than(whole, 0) == 0
    assert older_than(whole, 3) == 3 * CAPACITY
    assert older_than(whole, 100) == 0


@pytest.mark.parametrize("before", [0, CAPACITY, 3 * CAPACITY, 100 * CAPACITY])
def test_nothing_leaves_without_a_checkpoint(journal, disk, before):
    """A start would have nowhere to begin."""
    leaving = going(verified(journal, disk), before)

    assert (leaving.segments, leaving.checkpoints, leaving.first) == ((), (), 0)


def test_the_oldest_checkpoint_can_still_be_used(journal, disk):
    """Should the newer one be bad; to erase, the newest is enough and the others go."""
    old = checkpoint_at(journal, 2 * CAPACITY + 5, disk)
    checkpoint_at(journal, 4 * CAPACITY + 5, disk)
    whole = verified(journal, disk)

    assert going(whole, 100 * CAPACITY).first == 2 * CAPACITY
    assert going(whole, CAPACITY + 5).first == CAPACITY
    erased = going(whole, 100 * CAPACITY, erases=True)
    assert (erased.first, erased.checkpoints) == (4 * CAPACITY, (old,))


def test_a_bad_checkpoint_holds_nothing_and_goes(journal, disk):
    """It stands for no records."""
    path = checkpoint_at(journal, 4 * CAPACITY + 5, disk)
    with open(path, "r+b") as file:
        file.truncate(100)

    leaving = going(verified(journal, disk), 100 * CAPACITY)

    assert (leaving.segments, leaving.checkpoints) == ((), (path,))


def test_a_removal_cut_short_leaves_no_gap(journal, disk):
    """After each single file the journal is one that a start accepts, at every step."""
    checkpoint_at(journal, 3 * CAPACITY, disk)
    checkpoint_at(journal, 5 * CAPACITY + 1, disk)
    whole = verified(journal, disk)
    leaving = going(whole, 100 * CAPACITY, erases=True)
    assert len(leaving.segments) == 5

    for count in range(1, 6):
        remove(leaving._replace(segments=leaving.segments[:count]))
        assert recover(journal, OURS, disk).sequence == whole.end
        assert verified(journal, disk).first == count * CAPACITY
    assert len(kept(journal)) == 1


def test_a_gap_in_the_middle_is_refused(journal, disk):
    """A checkpoint covers what came before it, never what comes after."""
    checkpoint_at(journal, 2 * CAPACITY + 5, disk)
    segments_in(journal)[3].unlink()

    with pytest.raises(Refused, match="is missing"):
        recover(journal, OURS, disk)
