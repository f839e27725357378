"""Do the compiled functions compute what zlib, hashlib and the plain functions compute?"""

import errno
import hashlib
import os
import select
import threading
import zlib
from random import Random

import pytest

from engine.journal import plain
from engine.journal.segments import HEADER_SIZE, PREVIOUS_AT, RING_RECORDS, WINDOW_RECORDS
from engine.messages import RECORD_SIZE
from tests.engine.journal.building import CAPACITY, record, run_of


@pytest.fixture
def functions(disk):
    """The journal's functions: compiled, then plain."""
    return disk or plain


def zeros(folder, name="segment"):
    """An open file of a segment's size."""
    fd = os.open(folder / name, os.O_RDWR | os.O_CREAT)
    os.truncate(fd, HEADER_SIZE + CAPACITY * RECORD_SIZE)
    return fd


def quotes(count):
    """Records of the market and heartbeats, whose durability nobody waits for."""
    return b"".join((record(0), record(1), record(2), record(7))[at % 4] for at in range(count))


def random_records(seed, count):
    """Random bytes with kinds above 0."""
    raw = bytearray(Random(seed).randbytes(count * RECORD_SIZE))
    raw[4::RECORD_SIZE] = bytes(1 + kind % 255 for kind in raw[4::RECORD_SIZE])
    return bytes(raw)


def test_a_check_is_the_crc_of_the_record_seeded_by_its_sequence(functions):
    """zlib.crc32(record[4:64], zlib.crc32(sequence as 8 little-endian bytes)); the rest is kept."""
    for first in (0, 1, 255, 1 << 32, (1 << 62) + 5):
        raw = random_records(first, 50)

        sealed = functions.journal_seal(raw, first)

        for number in range(50):
            record = sealed[number * RECORD_SIZE :][:RECORD_SIZE]
            seed = zlib.crc32((first + number).to_bytes(8, "little"))
            assert record[4:] == raw[number * RECORD_SIZE :][4:RECORD_SIZE]
            assert int.from_bytes(record[:4], "little") == zlib.crc32(record[4:], seed)


def test_a_hash_is_the_sha256_of_the_files_first_bytes(functions, tmp_path):
    """Every length around the block size, and long ones, as hashlib says."""
    raw = Random(3).randbytes(200_000)
    (tmp_path / "raw").write_bytes(raw)
    with open(tmp_path / "raw", "rb") as file:
        for size in [*range(200), 16_383, 16_384, 65_536, 65_537, 199_999, 200_000]:
            assert (
                functions.journal_hash(file.fileno(), size) == hashlib.sha256(raw[:size]).digest()
            )


def test_a_hash_is_the_same_without_the_processors_help(without_instructions, tmp_path):
    """Every length around the block size, as hashlib says."""
    test_a_hash_is_the_sha256_of_the_files_first_bytes(without_instructions, tmp_path)


def test_a_hash_of_more_than_the_file_has_is_an_error(functions, tmp_path):
    """A shorter digest would pass for the whole file's."""
    (tmp_path / "raw").write_bytes(b"short")

    with open(tmp_path / "raw", "rb") as file, pytest.raises(OSError, match="Input/output"):
        functions.journal_hash(file.fileno(), 6)


def test_verify_counts_up_to_the_first_bad_record(functions):
    """Another sequence, a flipped bit anywhere, or kind 0 ends the count."""
    sealed = bytearray(functions.journal_seal(run_of(0, 20), 100))
    assert functions.journal_verify(sealed, 0, 100) == 20
    assert functions.journal_verify(memoryview(sealed), 5 * RECORD_SIZE, 105) == 15
    assert functions.journal_verify(sealed, 0, 101) == 0
    assert functions.journal_verify(sealed[:-1], 0, 100) == 19
    assert functions.journal_verify(bytes(RECORD_SIZE), 0, 0) == 0

    for bit in range(RECORD_SIZE * 8):
        sealed[7 * RECORD_SIZE + bit // 8] ^= 1 << bit % 8
        assert functions.journal_verify(sealed, 0, 100) == 7
        sealed[7 * RECORD_SIZE + bit // 8] ^= 1 << bit % 8


@pytest.mark.parametrize("raw", [b"", b"x" * 63, b"x" * 65, bytes(RECORD_SIZE)])
def test_what_is_not_records_is_not_appended(functions, tmp_path, raw):
    """Half a record, none, or kind 0, which would read as the segment's end."""
    handle = functions.journal_open(zeros(tmp_path), 0, 0, CAPACITY)

    with pytest.raises(ValueError, match="whole"):
        functions.journal_append(handle, raw)
    with pytest.raises(ValueError, match="whole"):
        functions.journal_seal(raw, 0)

    assert functions.journal_sequence(handle) == 0
    functions.journal_close(handle)


def test_the_ring_has_a_bound(functions, tmp_path):
    """RING_RECORDS fit while nothing is written, not one more, and none of a refused append."""
    handle = functions.journal_open(zeros(tmp_path), 0, 0, CAPACITY)
    assert functions.journal_append(handle, run_of(0, RING_RECORDS - 1)) == RING_RECORDS - 1

    assert functions.journal_append(handle, run_of(0, 2)) == -1
    assert functions.journal_append(handle, run_of(0, 1)) == RING_RECORDS
    assert functions.journal_append(handle, run_of(0, 1)) == -1
    assert functions.journal_await_room(handle, 1, 1) is False

    assert functions.journal_sequence(handle) == RING_RECORDS
    functions.journal_close(handle)


def test_no_commit_crosses_a_window(functions, tmp_path):
    """What recovery may cut is one window: each is synced before the next is begun."""
    fd = zeros(tmp_path)
    handle = functions.journal_open(fd, 0, 3, CAPACITY)
    functions.journal_append(handle, run_of(3, 700))
    seen = set()
    thread = threading.Thread(target=functions.journal_run, args=(handle,))
    thread.start()
    while functions.journal_durable(handle) < 703:
        seen.add(functions.journal_durable(handle))
        functions.journal_wait(handle, functions.journal_durable(handle) + 1, 1000)

    assert seen <= {3, WINDOW_RECORDS, 2 * WINDOW_RECORDS}
    functions.journal_stop(handle)
    thread.join()
    functions.journal_close(handle)


@pytest.mark.parametrize(
    ("records", "synced"),
    [
        (quotes(WINDOW_RECORDS - 1), 0),
        (quotes(WINDOW_RECORDS), WINDOW_RECORDS),
        (quotes(9) + record(49), 10),
        (quotes(3) + record(40) + quotes(3), 7),
    ],
    ids=["market alone", "a window of it", "a denial", "a report among it"],
)
def test_the_market_alone_wakes_no_disk(functions, tmp_path, records, synced):
    """Market records wait for a window of them, for any other record, or for who wants them."""
    handle = functions.journal_open(zeros(tmp_path), 0, 0, CAPACITY)
    thread = threading.Thread(target=functions.journal_run, args=(handle,))
    thread.start()

    end = functions.journal_append(handle, records)
    told = select.select([functions.journal_fileno(handle)], [], [], 30 if synced else 0.2)[0]

    assert bool(told) == bool(synced)
    assert functions.journal_durable(handle) == synced
    functions.journal_flush(handle)
    select.select([functions.journal_fileno(handle)], [], [], 30)
    assert functions.journal_durable(handle) == end
    assert functions.journal_append(handle, quotes(5)) == end + 5
    assert functions.journal_wait(handle, end + 5, 30_000) is True
    functions.journal_stop(handle)
    thread.join()
    functions.journal_close(handle)


def test_a_second_next_segment_is_not_taken(functions, tmp_path):
    """There is room for one; the caller keeps the file."""
    handle = functions.journal_open(zeros(tmp_path), 0, 0, CAPACITY)
    header = bytes(HEADER_SIZE)
    two = zeros(tmp_path, "two"), zeros(tmp_path, "three")

    assert functions.journal_next(handle, two[0], header, PREVIOUS_AT, CAPACITY) is True
    assert functions.journal_next(handle, two[1], header, PREVIOUS_AT, CAPACITY) is False

    os.close(two[1])
    functions.journal_close(handle)


def test_the_first_failure_stays(functions, tmp_path):
    """Nothing is appended after it, and closing does not hide it."""
    handle = functions.journal_open(zeros(tmp_path), 0, 0, CAPACITY)
    functions.journal_fail(handle, errno.ENOSPC)
    functions.journal_fail(handle, errno.EIO)

    assert functions.journal_append(handle, run_of(0, 1)) == -2
    functions.journal_close(handle)
    assert functions.journal_failure(handle) == errno.ENOSPC


def test_both_offer_the_same_functions(native):
    """What one says the other can say: the journal asks for nothing else."""
    names = {name for name in vars(native) if name.startswith("journal_")}

    assert names == {name for name in vars(plain) if name.startswith("journal_")}


def test_compiled_functions_refuse_strangers(native):
    """A wrong handle or count of arguments is an error, not a crash."""
    with pytest.raises(ValueError, match="PyCapsule"):
        native.journal_durable(7)
    with pytest.raises(TypeError, match="number of arguments"):
        native.journal_append(7)
    with pytest.raises(TypeError):
        native.journal_seal("text", 0)
    with pytest.raises(OSError, match="Bad file"):
        native.journal_open(-1, 0, 0, 10)
