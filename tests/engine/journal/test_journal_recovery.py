"""Is an unfinished write cut, and is any other wrong byte refused with its place?"""

import re

import pytest

from engine.errors import Refused
from engine.journal import plain
from engine.journal.recovery import recover, records
from engine.journal.segments import (
    HEADER_SIZE,
    SEGMENT_SIZE_MIN,
    WINDOW_RECORDS,
    Header,
    packed,
    parsed,
    prepare,
)
from engine.journal.writer import Journal
from engine.messages import RECORD_SIZE
from tests.engine.journal.building import (
    CAPACITY,
    OURS,
    change,
    content,
    offset_of,
    record,
    run_of,
    segments_in,
)


def written(directory, count, disk=None):
    """A journal of that many records, closed; its segment files that hold a header."""
    journal = Journal.open(directory, OURS, segment_size=SEGMENT_SIZE_MIN, native=disk)
    journal.append(run_of(0, count))
    journal.close()
    for path in segments_in(directory):
        if not path.read_bytes().strip(b"\0"):
            path.unlink()  # a prepared one: each test says itself whether there is one
    return segments_in(directory)


def sealed(first, count):
    """Records as they lie in the file."""
    return plain.journal_seal(run_of(first, count), first)


def goes_on(directory, disk):
    """Whether what was recovered can be continued."""
    journal = Journal.open(directory, OURS, segment_size=SEGMENT_SIZE_MIN, native=disk)
    first = journal.sequence
    journal.append(run_of(first, CAPACITY))
    journal.close()
    return content(directory, disk) == run_of(0, first + CAPACITY)


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


def test_nothing_is_an_empty_journal(tmp_path, disk):
    """Neither an absent nor an empty directory is an error, and neither is touched."""
    assert recover(tmp_path / "absent", OURS, disk) == ((), 0, 0, 0)
    assert recover(tmp_path, OURS, disk) == ((), 0, 0, 0)
    assert list(records(tmp_path / "absent", disk)) == []


def test_whole_journals_lose_nothing(tmp_path, disk):
    """Empty, half full, exactly full, several segments."""
    for count in (1, CAPACITY - 1, CAPACITY, CAPACITY + 1, 3 * CAPACITY):
        directory = tmp_path / str(count)
        written(directory, count, disk)

        found = recover(directory, OURS, disk)

        assert (found.sequence, found.cut_records, found.cut_bytes) == (count, 0, 0)
        assert content(directory, disk) == run_of(0, count)


def test_chunks_are_bounded_and_say_where_they_begin(tmp_path, disk):
    """A reader never holds more than 256 KiB of a journal."""
    journal = Journal.open(tmp_path, OURS, segment_size=1 << 20, native=disk)
    journal.append(run_of(0, 20_000))
    journal.close()

    at = 0
    for first, chunk in records(tmp_path, disk):
        assert first == at
        assert 0 < len(chunk) <= 1 << 18
        at += len(chunk) // RECORD_SIZE
    assert at == 20_000


def test_a_torn_last_record_is_cut(tmp_path, disk):
    """Torn at every byte: all before it stays, nothing of it, and the journal goes on."""
    last = written(tmp_path, CAPACITY + 20, disk)[-1]
    whole = last.read_bytes()[offset_of(19) :][:RECORD_SIZE]
    for kept in range(RECORD_SIZE):
        change(last, offset_of(19), whole[:kept].ljust(RECORD_SIZE, b"\0"))

        found = recover(tmp_path, OURS, disk)

        left = len(whole[:kept].rstrip(b"\0"))
        assert found.sequence == CAPACITY + 19
        assert (found.cut_records, found.cut_bytes) == (min(left, 1), left)
        assert last.read_bytes()[offset_of(19) :].strip(b"\0") == b""
    assert content(tmp_path, disk) == run_of(0, CAPACITY + 19)
    assert goes_on(tmp_path, disk)


def test_a_write_that_lost_an_earlier_sector_is_cut(tmp_path, disk):
    """A power cut may keep the second sector of an unfinished write and lose the first."""
    (last,) = written(tmp_path, 100, disk)
    change(last, offset_of(104), sealed(104, 30))

    found = recover(tmp_path, OURS, disk)

    assert (found.sequence, found.cut_records) == (100, 30)
    assert last.read_bytes()[offset_of(100) :].strip(b"\0") == b""
    assert goes_on(tmp_path, disk)


@pytest.mark.parametrize("position", [0, 1, 99, WINDOW_RECORDS - 1, WINDOW_RECORDS, 398])
def test_a_flipped_bit_in_the_middle_is_refused(tmp_path, disk, position):
    """A broken record with a good one after it was written whole once: file, record, sequence."""
    first, last = written(tmp_path, CAPACITY + 400, disk)
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
    """The next window begins when the one before is durable: zeros there are no unfinished write."""
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
    first, second, _ = written(tmp_path, 2 * CAPACITY + 10, disk)
    forged = plain.journal_seal(record(12345), CAPACITY + 7)
    change(second, offset_of(7), forged)

    assert f"in {second}, its hash" in refusal_of(tmp_path, disk)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_missing_segment_is_refused(tmp_path, disk, number):
    """By the name it should have; the last one's records cannot be missed."""
    paths = written(tmp_path, 3 * CAPACITY + 10, disk)
    paths[number].unlink()

    assert f"{paths[number].name} is missing" in refusal_of(tmp_path, disk)


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


def test_a_prepared_segment_is_no_damage(tmp_path, disk):
    """Whole, half made or empty: it is removed and made again."""
    written(tmp_path, CAPACITY - 10, disk)
    prepared = tmp_path / f"{CAPACITY:020}.segment"
    for size in (SEGMENT_SIZE_MIN, 5000, 100, 0):
        prepared.write_bytes(bytes(size))

        assert recover(tmp_path, OURS, disk).sequence == CAPACITY - 10
        assert not prepared.exists()
    assert goes_on(tmp_path, disk)


@pytest.mark.parametrize("kept", [1, 8, 100, 512, 2048, HEADER_SIZE - 1, HEADER_SIZE])
def test_a_begun_segment_without_records_is_no_damage(tmp_path, disk, kept):
    """A crash at rotation leaves a header, or a part of one."""
    (first,) = written(tmp_path, CAPACITY, disk)[:1]
    for path in segments_in(tmp_path)[1:]:
        path.unlink()
    with first.open("rb") as file:
        previous = plain.journal_hash(file.fileno(), SEGMENT_SIZE_MIN)
    header = packed(Header(OURS, CAPACITY, SEGMENT_SIZE_MIN, previous=previous))
    prepare(tmp_path, CAPACITY, SEGMENT_SIZE_MIN)
    change(tmp_path / f"{CAPACITY:020}.segment", 0, header[:kept])

    assert recover(tmp_path, OURS, disk).sequence == CAPACITY
    assert goes_on(tmp_path, disk)


@pytest.mark.parametrize(
    ("who", "said"),
    [
        (OURS._replace(layout_digest=b"l" * 32), "its layout of the state differs"),
        (OURS._replace(code_digest=b"c" * 32), "the code that decided differs"),
        (OURS._replace(simulated=False), "it is of a simulated market"),
    ],
)
def test_a_journal_of_other_code_is_refused(tmp_path, disk, who, said):
    """It would decide differently: two lines that offer a fresh directory."""
    written(tmp_path, 10, disk)

    assert said in refusal_of(tmp_path, disk, who)


def test_a_journal_of_a_newer_format_is_refused(tmp_path, disk):
    """Not taken for damage, and not for a segment that was never begun."""
    (only,) = written(tmp_path, 10, disk)
    change(only, 8, b"\2")

    assert "its format is 2, ours is 1" in refusal_of(tmp_path, disk)


def test_another_profile_or_machine_goes_on(tmp_path, disk):
    """Parameters change by events, and the same bits come out everywhere."""
    written(tmp_path, 10, disk)
    who = OURS._replace(profile_digest=b"p" * 32, machine="another box")

    assert recover(tmp_path, who, disk).sequence == 10


def test_reading_changes_nothing(tmp_path, disk):
    """A reader beside a running engine: an unfinished write and a prepared segment stay."""
    (only,) = written(tmp_path, 10, disk)
    change(only, offset_of(10), b"half a record")
    (tmp_path / f"{CAPACITY:020}.segment").write_bytes(bytes(100))
    before = [path.read_bytes() for path in segments_in(tmp_path)]

    assert content(tmp_path, disk) == run_of(0, 10)

    assert [path.read_bytes() for path in segments_in(tmp_path)] == before


def test_a_reader_follows_a_writer(tmp_path, disk):
    """Read while it is written, over rotations: always a whole beginning of what was appended."""
    journal = Journal.open(tmp_path, OURS, segment_size=SEGMENT_SIZE_MIN, native=disk)
    for turn in range(40):
        journal.append(run_of(turn * 75, 75))
        durable = journal.durable
        read = content(tmp_path, disk)
        assert read == run_of(0, len(read) // RECORD_SIZE)
        assert len(read) // RECORD_SIZE >= durable
    journal.close()


def test_each_header_holds_the_hash_of_all_before(tmp_path, native):
    """As hashlib computes it from the closed file."""
    import hashlib

    paths = written(tmp_path, 4 * CAPACITY + 1, native)
    headers = [parsed(path.read_bytes()[:HEADER_SIZE]) for path in paths]

    for before, header in zip(paths, headers[1:], strict=False):
        assert header is not None
        assert header.previous == hashlib.sha256(before.read_bytes()).digest()
