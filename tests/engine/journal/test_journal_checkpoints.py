"""Is a fold begun from the newest good state, and is what it proves to be lost refused?"""

import os

import pytest

from engine.errors import Refused
from engine.journal.checkpoints import (
    KEPT,
    Checkpoint,
    Said,
    folder_of,
    keep,
    kept,
    name_of,
    read,
    spot_in,
)
from engine.journal.head import DURABLE, noted
from engine.journal.recovery import chunks, records, recover, survey
from engine.journal.segments import functions_of
from engine.journal.verification import verified
from engine.journal.writer import Journal
from engine.messages import RECORD_SIZE
from tests.engine.journal.building import (
    CAPACITY,
    OURS,
    change,
    left_open,
    offset_of,
    record,
    run_of,
    segments_in,
    unsealed,
    written,
)

TOTAL = 2 * CAPACITY + 400


@pytest.fixture
def journal(tmp_path, disk):
    """A closed journal of three segments, without checkpoints and without the note of its end."""
    directory = tmp_path / "journal"
    written(directory, TOTAL, disk)
    left_open(directory)
    return directory


def checkpoint_at(journal, sequence, disk, who=OURS):
    """Keep a made-up state there; the path of its file."""
    said = Said("SIMULATED here", {0: "ETHUSDT", 3: "BTC USDT"}, 7, record(5)[4:], 4)
    spot = spot_in(journal, sequence, functions_of(disk))
    whose = who.journal_id, who.layout_digest, who.code_digest
    return keep(journal, Checkpoint(*whose, spot, said, b"state" * 1000 + bytes([sequence % 256])))


def tail_of(found):
    """The records that are still to be folded."""
    return unsealed(b"".join(map(bytes, (c for _, c in chunks(found.segments, since_of(found))))))


def since_of(found):
    """Where the fold begins."""
    return found.base.spot.sequence if found.base else 0


def refusal_of(journal, disk):
    """What is said when it is recovered, and when it is only read."""
    with pytest.raises(Refused) as refused:
        recover(journal, OURS, disk)
    with pytest.raises(Refused):
        list(records(journal, disk))
    assert refused.value.code == 4
    return refused.value.what


@pytest.mark.parametrize("sequence", [0, 1, CAPACITY - 1, CAPACITY, CAPACITY + 1, TOTAL])
def test_a_fold_begins_at_the_newest(journal, disk, sequence):
    """State and words come back as they were kept, and the tail is what comes after."""
    checkpoint_at(journal, sequence // 2, disk)
    path = checkpoint_at(journal, sequence, disk)

    found = recover(journal, OURS, disk)

    assert found.base == read(path)
    assert found.base is not None
    assert found.base.said.names == {0: "ETHUSDT", 3: "BTC USDT"}
    assert (found.sequence, since_of(found), found.words) == (TOTAL, sequence, ())
    assert tail_of(found) == run_of(sequence, TOTAL - sequence)


def test_only_the_newest_are_kept(journal, disk):
    """A bound on their number."""
    for sequence in range(10, 100, 10):
        checkpoint_at(journal, sequence, disk)

    assert [int(os.path.basename(path)[:20]) for path in kept(journal)] == [90, 80, 70][:KEPT]
    assert len(os.listdir(folder_of(journal))) == KEPT


def test_what_a_killed_process_left_goes(journal, disk):
    """A draft whose process is gone; that of a living one stays."""
    checkpoint_at(journal, 10, disk)
    drafts = [f".{name_of(5)}.{pid}" for pid in (2**22 + 1, os.getppid())]
    for name in drafts:
        with open(os.path.join(folder_of(journal), name), "wb"):
            pass

    checkpoint_at(journal, 20, disk)

    left = os.listdir(folder_of(journal))
    assert [name in left for name in drafts] == [False, True]


@pytest.mark.parametrize("at", [0, 9, 13, 40, 70, 120, 200, 250, 300, 3_000, -1, -33])
def test_a_bad_one_is_told_of_and_the_older_one_used(journal, disk, at):
    """Any flipped bit; and without an older one, everything is replayed."""
    older, newer = checkpoint_at(journal, 100, disk), checkpoint_at(journal, 600, disk)
    for path, since in ((newer, 100), (older, 0)):
        with open(path, "r+b") as file:
            raw = bytearray(file.read())
            raw[at] ^= 1
            file.seek(0)
            file.write(raw)

        found = recover(journal, OURS, disk)

        assert since_of(found) == since
        assert f"{path} is not what was written" in found.words[-1]
        assert tail_of(found) == run_of(since, TOTAL - since)


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 260, 5_000])
def test_a_short_one_is_not_used(journal, disk, size):
    """Cut anywhere, and one under a name that is not its own."""
    path = checkpoint_at(journal, 600, disk)
    os.rename(path, path.replace("600", "601"))
    assert recover(journal, OURS, disk).base is None

    os.truncate(path.replace("600", "601"), size)
    assert recover(journal, OURS, disk).base is None


def test_one_that_cannot_be_read_is_told_of_and_the_older_one_used(journal, disk):
    """A bad sector under it, or another kind of file."""
    checkpoint_at(journal, 100, disk)
    path = checkpoint_at(journal, 600, disk)
    os.unlink(path)
    os.mkdir(path)

    found = recover(journal, OURS, disk)
    whole = verified(journal, disk)

    assert since_of(found) == 100
    assert found.words == (f"{path} is not what was written: it is not used",)
    assert [one.fault for one in whole.checkpoints] == ["it is not what was written", ""]


@pytest.mark.parametrize(
    ("who", "said"),
    [
        (OURS._replace(journal_id=b"X" * 16), "of another journal"),
        (OURS._replace(code_digest=b"c" * 32), "of other code"),
        (OURS._replace(layout_digest=b"l" * 32), "of other code"),
    ],
)
def test_one_of_others_is_not_used(journal, disk, who, said):
    """Another journal's, or a state that other code came to."""
    checkpoint_at(journal, 100, disk)
    checkpoint_at(journal, 600, disk, who)

    found = recover(journal, OURS, disk)

    assert since_of(found) == 100
    assert said in found.words[0]


@pytest.mark.parametrize("kept_records", [0, 1, 255, 256, 399])
def test_what_a_checkpoint_proves_lost_is_refused(journal, disk, kept_records):
    """Zeros from there on look like an end: the checkpoint knows that it was not."""
    checkpoint_at(journal, TOTAL, disk)
    last = segments_in(journal)[-1]
    change(last, offset_of(kept_records), bytes((400 - kept_records) * RECORD_SIZE))

    said = refusal_of(journal, disk)

    lost = 2 * CAPACITY + kept_records
    assert f"in {last}, record {kept_records} (sequence {lost}) is gone" in said


def test_a_lost_last_segment_is_refused(journal, disk):
    """Though the note of it is lost too."""
    checkpoint_at(journal, TOTAL, disk)
    last = segments_in(journal)[-1]
    last.unlink()
    (journal / "head").unlink()

    assert f"{last.name} is missing" in refusal_of(journal, disk)


@pytest.mark.parametrize("damage", ["flip", "zero record", "zero page", "cut", "zero window"])
@pytest.mark.parametrize("position", [0, 200, 390, 399])
def test_a_closed_journal_lacks_nothing_unseen(tmp_path, disk, damage, position):
    """Its end was noted: no damage before it passes for an unfinished write."""
    _, _, last = written(tmp_path, TOTAL, disk)
    assert noted(tmp_path, DURABLE) == TOTAL
    if damage == "flip":
        byte = last.read_bytes()[offset_of(position) + 20]
        change(last, offset_of(position) + 20, bytes([byte ^ 16]))
    elif damage == "cut":
        os.truncate(last, offset_of(position))
    else:
        count = {"zero record": 1, "zero page": 64, "zero window": 256}[damage]
        change(last, offset_of(position), bytes(count * RECORD_SIZE))

    said = refusal_of(tmp_path, disk)

    place = f"record {position} (sequence {2 * CAPACITY + position})"
    assert (place if damage != "cut" else "it should have") in said


def test_old_segments_are_left_to_the_whole_verification(journal, disk):
    """A start reads from the checkpoint's segment on; who reads all finds the damage."""
    checkpoint_at(journal, 2 * CAPACITY + 100, disk)
    first, second, _ = segments_in(journal)
    change(first, offset_of(5) + 30, b"\xff\xfe")

    assert recover(journal, OURS, disk).sequence == TOTAL
    with pytest.raises(Refused, match=r"record 5 \(sequence 5\)"):
        survey(journal, functions_of(disk))

    os.truncate(second, 70_000)
    assert f"in {second}, it should have" in refusal_of_start(journal, disk)
    second.unlink()
    assert "is missing" in refusal_of_start(journal, disk)


def refusal_of_start(journal, disk):
    """What is said when it is recovered."""
    with pytest.raises(Refused) as refused:
        recover(journal, OURS, disk)
    return refused.value.what


def test_a_bad_record_right_before_or_after_a_checkpoint_is_refused(journal, disk):
    """The segment it lies in is verified wholly, by checks and by hash."""
    checkpoint_at(journal, CAPACITY + 100, disk)
    second = segments_in(journal)[1]
    whole = second.read_bytes()
    for position in (0, 99, 100, CAPACITY - 1):
        change(second, offset_of(position) + 40, b"\xab")
        assert f"in {second}, record {position} " in refusal_of_start(journal, disk)
        second.write_bytes(whole)


def test_another_history_than_the_checkpoints_is_refused(tmp_path, disk):
    """The same id and length, well checked records: the hash tells them apart."""
    for name, first in (("ours", 0), ("theirs", 1)):
        written_from(tmp_path / name / "journal", first, disk)
    checkpoint_at(tmp_path / "ours" / "journal", 50, disk)
    os.rename(tmp_path / "ours" / "snapshots", tmp_path / "theirs" / "snapshots")

    assert "before sequence 50 is not in its snapshot" in refusal_of(
        tmp_path / "theirs" / "journal", disk
    )


def written_from(directory, first, disk):
    """A journal of a hundred records with these numbers."""
    journal = Journal.open(directory, OURS, segment_size=1 << 16, native=disk)
    journal.append(run_of(first, 100))
    journal.close()


def test_removed_segments_need_a_checkpoint_after_them(journal, disk):
    """With one the journal begins there; without one, or with one before, it is a gap."""
    first, second, _ = segments_in(journal)
    path = checkpoint_at(journal, 2 * CAPACITY + 100, disk)
    first.unlink()
    found = recover(journal, OURS, disk)
    assert (found.sequence, since_of(found)) == (TOTAL, 2 * CAPACITY + 100)
    assert b"".join(unsealed(bytes(c)) for _, c in records(journal, disk)) == run_of(
        CAPACITY, TOTAL - CAPACITY
    )

    second.unlink()
    assert recover(journal, OURS, disk).sequence == TOTAL

    os.unlink(path)
    assert "00000000000000000000.segment is missing" in refusal_of(journal, disk)
