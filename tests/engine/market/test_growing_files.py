"""Is what was flushed whole, wherever a crash cut the file behind it?"""

import gzip
import os

import pytest

from engine.errors import Refused
from engine.journal.segments import HEADER_SIZE, Header
from engine.market.growing_files import DRAFT, RawGrowth, RecordGrowth, named, rescue
from engine.market.history import open_history
from engine.market.recorder import Bounds, Recorder
from engine.market.series import NOBODY
from engine.messages import BookTop, TradeTick, decode, encode, split
from tests.engine.market.played import ETH, SECOND, START_NS


def trade(number: int, symbol: int = 0) -> bytes:
    """A trade of then."""
    at_ns = START_NS + number * SECOND
    return encode(TradeTick(symbol, at_ns, at_ns, 268_380, 5, number))


def grown(path: str, flushed: int, behind: int = 0) -> RecordGrowth:
    """A file with so many trades on the disk, and some that are not."""
    growth = RecordGrowth(path, ETH, Header(NOBODY, 0, 0), None)
    for number in range(flushed):
        growth.add(trade(number))
    growth.flush()
    for number in range(flushed, flushed + behind):
        growth.add(trade(number))
    return growth


def numbers_in(path: str) -> list[int]:
    """The trade ids of a file."""
    return [decode(record).trade_id for record in split(bytes(open_history(path).records))]


def abandoned(growth: RecordGrowth | RawGrowth) -> None:
    """Its writer is gone."""
    os.close(growth.draft.fd)


@pytest.mark.parametrize("torn", [0, 1, 63, 64, 1_000])
def test_records_behind_the_last_flush_are_cut_off(tmp_path, torn):
    """However much of them reached the disk."""
    path = str(tmp_path / "eth.records")
    growth = grown(path, 5)
    os.pwrite(growth.draft.fd, b"\x07" * torn, growth.draft.size)
    abandoned(growth)

    assert rescue(str(tmp_path)) == [path]

    assert numbers_in(path) == [0, 1, 2, 3, 4]


def test_a_draft_without_a_header_was_nothing(tmp_path):
    """It goes."""
    growth = grown(str(tmp_path / "eth.records"), 0)
    os.pwrite(growth.draft.fd, b"\x07" * (HEADER_SIZE + 64), 0)
    abandoned(growth)

    assert rescue(str(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_being_written_is_left_alone(tmp_path):
    """Two recordings may share a folder."""
    growth = grown(str(tmp_path / "eth.records"), 5, behind=2)

    assert rescue(str(tmp_path)) == []

    assert growth.close()
    assert numbers_in(growth.path) == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("torn", [0, 1, 15, 40])
def test_messages_are_cut_to_what_can_be_unpacked(tmp_path, torn):
    """The last member is whole, or gone."""
    path = str(tmp_path / "live.raw.gz")
    growth = RawGrowth(path)
    for number in range(3):
        growth.add(b'{"n":%d}' % number, START_NS, "http://host/?symbol=A" if number == 1 else "")
        growth.flush()
    os.pwrite(growth.draft.fd, gzip.compress(bytes(range(256)))[:torn], growth.draft.size)
    abandoned(growth)

    assert rescue(str(tmp_path)) == [path]

    with gzip.open(path) as file:
        lines = file.read().splitlines()
    assert lines == [
        b'%d {"n":0}' % START_NS,
        b'http://host/?symbol=A -> %d: {"n":1}' % START_NS,
        b'%d {"n":2}' % START_NS,
    ]


def test_names_are_never_taken(tmp_path):
    """Nor a draft's."""
    first = named(str(tmp_path), "eth", START_NS + 5_000_000, ".records")
    (tmp_path / (os.path.basename(first) + DRAFT)).touch()

    second = named(str(tmp_path), "eth", START_NS + 5_000_000, ".records")

    assert os.path.basename(first) == "eth_2024-08-08T235414.005Z.records"
    assert os.path.basename(second) == "eth_2024-08-08T235414.005Z-2.records"


def test_each_symbol_has_files_of_its_own(tmp_path):
    """In which it is the first and only one; an old file ends, another one begins."""
    two = [ETH, ETH._replace(name="BTCUSDT")]
    recorder = Recorder(str(tmp_path), two, Bounds(file_ns=10 * SECOND, flush_ns=1))
    for number in range(25):
        recorder.take(trade(number, 1) + trade(number))
        recorder.tick(START_NS + number * SECOND)
    top = BookTop(0, START_NS, START_NS + 30 * SECOND, 268_380, 268_381, 5, 6)
    recorder.take(encode(top))

    kept = recorder.close()

    files = [open_history(one.path) for one in kept]
    assert recorder.told == [26, 25]
    assert sorted(file.name for file in files) == ["BTCUSDT"] * 3 + ["ETHUSDT"] * 3
    assert sum(len(file.records) // 64 for file in files) == 51
    assert [one.told for one in kept] == [len(file.records) // 64 for file in files]


def test_a_disk_that_takes_nothing_is_told(tmp_path):
    """In our words."""
    (tmp_path / "file").touch()

    with pytest.raises(Refused, match="Cannot use"):
        Recorder(str(tmp_path / "file" / "folder"), [ETH], Bounds())
