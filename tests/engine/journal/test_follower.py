"""Does whoever follows a journal get every record once, in order, and nothing that is not one?"""

import shutil
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from engine.errors import Refused
from engine.journal.follower import Follower, Replaced
from engine.journal.segments import SEGMENT_SIZE_MIN
from engine.journal.writer import Journal
from tests.engine.journal.building import (
    CAPACITY,
    OURS,
    batches,
    change,
    left_open,
    offset_of,
    run_of,
    segments_in,
    unsealed,
    written,
)

TOTAL = 3 * CAPACITY + 17


def rest_of(follower: Follower) -> bytes:
    """All that can be read now."""
    found = b""
    while chunk := follower.read():
        found += bytes(chunk)
    return unsealed(found)


def test_it_reads_what_is_being_written_over_rotations(tmp_path: Path, disk: ModuleType | None):
    """Between appends of any size, from no journal at all to its fourth segment."""
    follower = Follower(tmp_path / "j", native=disk)
    assert rest_of(follower) == b""
    journal = Journal.open(tmp_path / "j", OURS, segment_size=SEGMENT_SIZE_MIN, native=disk)
    found, sequence = b"", 0

    for size in batches(3, TOTAL):
        sequence = journal.append(run_of(sequence, size))
        found += rest_of(follower)
        assert follower.sequence <= sequence
    journal.close()
    found += rest_of(follower)

    assert (found, follower.sequence) == (run_of(0, TOTAL), TOTAL)
    assert follower.header is not None
    assert follower.header.first == 3 * CAPACITY
    follower.close()


@pytest.mark.parametrize("since", [0, 1, CAPACITY - 1, CAPACITY, CAPACITY + 1, TOTAL - 1, TOTAL])
def test_it_begins_at_any_sequence(tmp_path: Path, disk: ModuleType | None, since: int):
    """In whichever segment that lies."""
    written(tmp_path / "j", TOTAL, disk)

    follower = Follower(tmp_path / "j", since, disk)

    assert rest_of(follower) == run_of(since, TOTAL - since)
    follower.close()


def test_a_torn_record_is_waited_for_and_read_once_it_is_whole(
    tmp_path: Path, disk: ModuleType | None
):
    """What a killed engine left half is cut by the next one, which goes on there."""
    written(tmp_path / "j", 50, disk)
    path = segments_in(tmp_path / "j")[0]
    follower = Follower(tmp_path / "j", native=disk)
    change(path, offset_of(49) + 40, b"torn")
    torn = rest_of(follower)
    left_open(tmp_path / "j")  # what was not synced was never noted

    journal = Journal.open(tmp_path / "j", OURS, segment_size=SEGMENT_SIZE_MIN, native=disk)
    journal.append(run_of(100, 30))
    journal.close()

    assert torn == run_of(0, 49)
    assert rest_of(follower) == run_of(100, 30)
    follower.close()


@pytest.mark.parametrize("how", ["removed", "restored", "rotated into another"])
def test_files_that_were_exchanged_are_noticed(tmp_path: Path, how: str):
    """A backup put back, or another journal in its place: whoever follows must begin again."""
    at_the_end = CAPACITY if how == "rotated into another" else 40
    written(tmp_path / "j", at_the_end)
    follower = Follower(tmp_path / "j")
    assert rest_of(follower) == run_of(0, at_the_end)

    if how == "restored":
        shutil.copytree(tmp_path / "j", tmp_path / "backup")
        shutil.rmtree(tmp_path / "j")
        shutil.move(tmp_path / "backup", tmp_path / "j")
    elif how == "removed":
        shutil.rmtree(tmp_path / "j")
    else:
        other = Journal.open(
            tmp_path / "other", OURS._replace(journal_id=b"K" * 16), segment_size=SEGMENT_SIZE_MIN
        )
        other.append(run_of(7, CAPACITY + 5))
        other.close()
        theirs = segments_in(tmp_path / "other")[1]
        (tmp_path / "j" / theirs.name).unlink(missing_ok=True)  # it may have been begun already
        shutil.copy(theirs, tmp_path / "j")

    with pytest.raises(Replaced):
        rest_of(follower)
    follower.close()


def test_a_journal_whose_beginning_is_gone_is_refused(tmp_path: Path):
    """What comes later cannot be folded without it."""
    written(tmp_path / "j", TOTAL)
    segments_in(tmp_path / "j")[0].unlink()

    with pytest.raises(Refused, match="has a gap"):
        Follower(tmp_path / "j").read()


def test_a_random_byte_is_never_read_as_a_record(tmp_path: Path):
    """The check holds 60 bytes and the sequence; reading ends before the damage."""
    written(tmp_path / "j", 300)
    path, draws = segments_in(tmp_path / "j")[0], Random(5)
    whole = path.read_bytes()

    for _ in range(200):
        place, bit = draws.randrange(300 * 64), 1 << draws.randrange(8)
        at = offset_of(0) + place
        change(path, at, bytes([whole[at] ^ bit]))
        follower = Follower(tmp_path / "j")
        assert rest_of(follower) == run_of(0, place // 64)
        follower.close()
        change(path, at, whole[at : at + 1])
