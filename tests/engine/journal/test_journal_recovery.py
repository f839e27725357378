"""Is an unfinished write cut, and is any other wrong byte refused with its place?"""

import pytest

from engine.journal import plain
from engine.journal.recovery import records, recover
from engine.journal.segments import (
    HEADER_SIZE,
    SEGMENT_SIZE_MIN,
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
    left_open,
    offset_of,
    run_of,
    segments_in,
    written,
)


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


def test_nothing_is_an_empty_journal(tmp_path, disk):
    """Neither an absent nor an empty directory is an error, and neither is touched."""
    assert recover(tmp_path / "absent", OURS, disk)[:4] == ((), 0, 0, 0)
    assert recover(tmp_path, OURS, disk)[:4] == ((), 0, 0, 0)
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
    left_open(tmp_path)
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


def test_another_profile_or_machine_goes_on(tmp_path, disk):
    """Parameters change by events, and the same bits come out everywhere."""
    written(tmp_path, 10, disk)
    who = OURS._replace(profile_digest=b"p" * 32, machine="another box")

    assert recover(tmp_path, who, disk).sequence == 10


def test_reading_changes_nothing(tmp_path, disk):
    """A reader beside a running engine: an unfinished write and a prepared segment stay."""
    (only,) = written(tmp_path, CAPACITY - 10, disk)
    change(only, offset_of(CAPACITY - 10), b"half a record")
    (tmp_path / f"{CAPACITY:020}.segment").write_bytes(bytes(100))
    before = [path.read_bytes() for path in segments_in(tmp_path)]

    assert content(tmp_path, disk) == run_of(0, CAPACITY - 10)

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
