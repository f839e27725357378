"""Is a file of history whole or absent, and is every byte of it what was written?"""

import pytest

from engine.errors import Refused
from engine.journal.record_files import open_record_file, write_record_file
from engine.journal.segments import HEADER_SIZE, HISTORY, Header
from engine.messages import RECORD_SIZE
from tests.engine.journal.building import OURS, change, offset_of, run_of, unsealed

HEADER = Header(OURS, 0, 0)


def test_a_record_file_reads_back(tmp_path, disk):
    """Header filled in, records as given, the file exactly as long as they are."""
    path = tmp_path / "eth.records"
    chunks = [run_of(0, 10), run_of(10, 1), run_of(11, 500)]

    count = write_record_file(path, iter(chunks), HEADER, disk)
    header, records = open_record_file(path, disk)

    assert count == 511
    assert header == HEADER._replace(
        source=HISTORY, records=511, segment_size=HEADER_SIZE + 511 * RECORD_SIZE
    )
    assert unsealed(bytes(records)) == b"".join(chunks)
    assert path.stat().st_size == header.segment_size
    assert list(tmp_path.iterdir()) == [path]


def test_both_ways_write_the_same_bytes(tmp_path, native):
    """Compiled or plain, a file is the same file."""
    for name, disk in (("compiled", native), ("plain", None)):
        write_record_file(tmp_path / name, [run_of(0, 300)], HEADER, disk)

    assert (tmp_path / "compiled").read_bytes() == (tmp_path / "plain").read_bytes()


def test_no_records_are_a_file_too(tmp_path, disk):
    """A header alone."""
    write_record_file(tmp_path / "none", [], HEADER, disk)

    assert len(open_record_file(tmp_path / "none", disk).records) == 0


def test_a_source_that_breaks_off_leaves_what_was_there(tmp_path, disk):
    """Nothing half-written, and no draft left."""
    path = tmp_path / "eth.records"
    write_record_file(path, [run_of(0, 5)], HEADER, disk)
    before = path.read_bytes()

    def broken():
        yield run_of(0, 400)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_record_file(path, broken(), HEADER, disk)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_takes_no_file_is_refused(tmp_path, disk):
    """Two lines, no traceback."""
    with pytest.raises(Refused, match="No such file or directory"):
        write_record_file(tmp_path / "absent" / "eth.records", [run_of(0, 1)], HEADER, disk)


def test_a_changed_record_is_refused_with_its_number(tmp_path, disk):
    """Exit code 2: bad input."""
    path = tmp_path / "eth.records"
    write_record_file(path, [run_of(0, 50)], HEADER, disk)
    change(path, offset_of(17) + 30, b"\xff")

    with pytest.raises(Refused, match="record 17 is not what was written") as refused:
        open_record_file(path, disk)

    assert refused.value.code == 2
    assert "import" in refused.value.fix


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "is not a record file"),
        (b"open,high,low,close\n", "is not a record file"),
        (b"SUPREME1" + b"\2\0\0\0" + bytes(5000), "its format is 2, ours is 1"),
        (b"SUPREME1" + b"\1\0\0\0" + bytes(5000), "its header"),
    ],
)
def test_what_is_no_record_file_is_refused(tmp_path, raw, said):
    """Each with its own words."""
    path = tmp_path / "some.csv"
    path.write_bytes(raw)

    with pytest.raises(Refused, match=said):
        open_record_file(path)


def test_a_missing_file_is_refused(tmp_path):
    """Exit code 2."""
    with pytest.raises(Refused, match="No such file") as refused:
        open_record_file(tmp_path / "absent")

    assert refused.value.code == 2


@pytest.mark.parametrize("change_of_size", [-64, -1, 64])
def test_a_file_of_another_length_is_refused(tmp_path, change_of_size):
    """Cut or grown, it is not what was written."""
    path = tmp_path / "eth.records"
    write_record_file(path, [run_of(0, 50)], HEADER)
    with open(path, "r+b") as file:
        file.truncate(path.stat().st_size + change_of_size)

    with pytest.raises(Refused, match="it should hold 50 records"):
        open_record_file(path)
