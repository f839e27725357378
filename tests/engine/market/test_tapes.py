"""Is a recording read to its end, with every line accounted for?"""

import pytest

from engine.errors import Refused
from engine.market.tapes import Tape, is_recording
from tests.engine.market.klines import klines, written
from tests.engine.market.taped import HEARD_NS, MS, depth, snapshot, ticker, trade


def silent(_done: int) -> None:
    """No progress."""


def tape_of(tmp_path, lines: list[str]) -> Tape:
    """A recording of these lines."""
    return Tape(0, written(tmp_path, "eth.gz", lines), silent)


def test_every_message_has_its_line_and_symbol(tmp_path):
    """A snapshot is of the only symbol, also when it comes first."""
    tape = tape_of(tmp_path, [snapshot(0, 5, [], []), "", trade(1, 9), depth(2, 6, 6)])

    messages = list(tape.messages())

    assert [message.line for message in messages] == [1, 3, 4]
    assert {message.heard.symbol for message in messages} == {"ETHUSDT"}
    assert (tape.lines, tape.unreadable) == (4, 0)


def test_lines_that_are_no_messages_are_counted(tmp_path):
    """The first is told with its reason."""
    tape = tape_of(tmp_path, [trade(0, 1), "nonsense", trade(1, 2)[:90], trade(2, 3)])

    assert len(list(tape.messages())) == 2
    assert tape.unreadable == 2
    assert tape.first_unreadable == "line 2: is no time and JSON"


def test_a_clock_that_is_set_back_does_not_turn_time(tmp_path):
    """The order of the lines is how they were heard."""
    tape = tape_of(tmp_path, [trade(100, 1), trade(40, 2), trade(200, 3)])

    times = [message.heard.received_ns - HEARD_NS for message in tape.messages()]

    assert times == [100 * MS, 100 * MS, 200 * MS]
    assert tape.clock_back == 1


def test_a_clock_far_back_is_refused(tmp_path):
    """That is another recording, or none."""
    tape = tape_of(tmp_path, [trade(60_000, 1), trade(40, 2)])

    with pytest.raises(Refused, match=r"line 2: its clock went back by 60\.0 s"):
        list(tape.messages())


def test_a_snapshot_must_be_of_somebody(tmp_path):
    """With two symbols, whenever the second is heard, or with none it cannot be told whose."""
    other = ticker(1, 1, "1", "2").replace("ETHUSDT", "BTCUSDT")
    whole = snapshot(2, 5, [], [])

    with pytest.raises(Refused, match=r"line 3: .* whose it is \(heard: ETHUSDT, BTCUSDT"):
        list(tape_of(tmp_path, [trade(0, 1), other, whole]).messages())
    with pytest.raises(Refused, match=r"line 2: .* whose it is \(heard: ETHUSDT, BTCUSDT"):
        list(tape_of(tmp_path, [trade(0, 1), whole, other]).messages())
    with pytest.raises(Refused, match=r"line 1: .* whose it is \(heard: no symbol"):
        list(tape_of(tmp_path, [whole]).messages())


def test_a_damaged_archive_is_refused(tmp_path):
    """Half a gzip file has no end."""
    path = written(tmp_path, "eth.gz", [trade(at, at) for at in range(200)])
    with open(path, "rb+") as file:
        file.truncate(700)

    with pytest.raises(Refused, match="cannot be unpacked"):
        list(Tape(0, path, silent).messages())


def test_recordings_are_told_from_archives(tmp_path):
    """By the first line, whatever it is packed in."""
    assert is_recording(written(tmp_path, "eth.gz", [trade(0, 1)]))
    assert is_recording(written(tmp_path, "eth.txt", [trade(0, 1)]))
    assert not is_recording(written(tmp_path, "ETHUSDT-1m.zip", klines(2)))
    assert not is_recording(written(tmp_path, "ETHUSDT-1m.csv", klines(2)))
    assert not is_recording(str(tmp_path / "nowhere"))
