"""Is the same text read from every wrapping, and damage named?"""

import gzip
import io
import zipfile
from collections.abc import Callable

import numpy as np
import pytest

from engine.errors import Refused
from engine.market import text_files
from engine.market.text_files import blocks_of, read_text
from tests.engine.market.klines import HEADER, kline, klines, written


def silent(_done: int) -> None:
    """No progress."""


def times_in(path: str) -> list[int]:
    """The open times of a file of bars, in minutes since the first."""
    times = np.concatenate([table["time"] for table in read_text(path, silent).tables])
    return [int(time - times[0]) // 60_000_000_000 for time in times]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.zip", "a.bin"])
@pytest.mark.parametrize("header", [[], [HEADER]])
def test_the_wrapping_is_told_by_content(tmp_path, name, header):
    """Plain, gzip and zip, with and without a header, are the same rows."""
    path = written(tmp_path, name, header + klines(5))

    text = read_text(path, silent)

    assert times_in(path) == [0, 1, 2, 3, 4]
    assert text.tables[0]["line"].tolist() == [number + len(header) for number in range(1, 6)]


def test_blocks_end_at_lines(tmp_path, monkeypatch):
    """A file larger than a block loses and doubles nothing, and its lines keep their numbers."""
    monkeypatch.setattr(text_files, "BLOCK", 300)
    path = written(tmp_path, "a.csv", [HEADER, *klines(40)])

    text = read_text(path, silent)

    assert len(text.tables) > 10
    assert times_in(path) == list(range(40))
    lines = np.concatenate([table["line"] for table in text.tables])
    assert lines.tolist() == list(range(2, 42))


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n\n"])
def test_endings_do_not_matter(ending):
    """A missing last newline, Windows lines, empty lines at the end, a byte order mark, quotes."""
    text = io.BytesIO(b'\xef\xbb\xbf"1",2\r\n3,"4"' + ending.encode())

    assert b"".join(blocks_of(text)) == b"1,2\n3,4\n"


def test_progress_is_the_files_own_bytes(tmp_path):
    """However small the text is packed, the last position is the file's size."""
    path = written(tmp_path, "a.csv.gz", klines(50))
    done: list[int] = []

    read_text(path, done.append)

    assert done[-1] == (tmp_path / "a.csv.gz").stat().st_size


@pytest.mark.parametrize(
    ("lines", "where"),
    [
        (["hello"], "line 1: 'hello' is neither"),
        ([HEADER.replace("volume,close", "close")], "line 1: is a header of bars without volume"),
        ([*klines(3), kline(3) + ",0", kline(4)], "line 4: has 13 fields, not 12"),
        ([HEADER, *klines(2), kline(2).replace("1983.90", "high")], "line 4: high: 'high000000'"),
        ([*klines(1), kline(1).replace("205.131", "NaN")], "line 2: volume: 'NaN"),
    ],
)
def test_a_malformed_line_is_named(tmp_path, lines, where):
    """File, line and what is wrong: enough to find and mend it."""
    path = written(tmp_path, "a.csv", lines)

    with pytest.raises(Refused, match=f"a.csv, {where}") as refused:
        read_text(path, silent)

    assert refused.value.code == 2


@pytest.mark.parametrize("content", [b"", b"\n\n", HEADER.encode() + b"\n"])
def test_a_file_without_rows_is_refused(tmp_path, content):
    """Nothing is not a history."""
    path = tmp_path / "a.csv"
    path.write_bytes(content)

    with pytest.raises(Refused, match="holds no rows"):
        read_text(str(path), silent)


def test_a_file_without_lines_is_refused(tmp_path, monkeypatch):
    """Some other kind of file is not read to its end in search of a line."""
    monkeypatch.setattr(text_files, "BLOCK", 100)
    path = tmp_path / "a.csv"
    path.write_bytes(bytes(1_000))

    with pytest.raises(Refused, match="longer than any row"):
        read_text(str(path), silent)


def cut_gzip(raw: bytes) -> bytes:
    """A download that broke off."""
    return gzip.compress(raw)[:-20]


def cut_zip(raw: bytes) -> bytes:
    """An archive that broke off."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", raw)
    return packed.getvalue()[:-30]


def flipped_zip(raw: bytes) -> bytes:
    """An archive with one wrong byte in its text."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("a.csv", raw)
    packed = bytearray(whole.getvalue())
    packed[60] ^= 1
    return bytes(packed)


def damaged_member(packing: int) -> Callable[[bytes], bytes]:
    """An archive packed so, whose member has wrong bytes in it."""

    def damage(raw: bytes) -> bytes:
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w", packing) as archive:
            archive.writestr("a.csv", raw)
        packed = bytearray(whole.getvalue())
        packed[60:90] = bytes(byte ^ 0x55 for byte in packed[60:90])
        return bytes(packed)

    return damage


def unreadable_name(raw: bytes) -> bytes:
    """An archive whose member's name is no text, though it says it is."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("\u00e9.csv", raw)
    return whole.getvalue().replace(b"\xc3\xa9.csv", b"\xff\xff.csv")


DAMAGES = [
    cut_gzip,
    cut_zip,
    flipped_zip,
    unreadable_name,
    *(damaged_member(how) for how in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_download_is_refused(tmp_path, damage):
    """Half a file is not taken for a short one."""
    path = tmp_path / "ETHUSDT-1m.zip"
    path.write_bytes(damage("\n".join(klines(200)).encode()))

    with pytest.raises(Refused, match="cannot be unpacked"):
        read_text(str(path), silent)


def test_an_empty_archive_is_refused(tmp_path):
    """It begins with its end, not with a member."""
    path = tmp_path / "ETHUSDT-1m.zip"
    with zipfile.ZipFile(path, "w"):
        pass

    with pytest.raises(Refused, match="holds no CSV file"):
        read_text(str(path), silent)


def test_an_archive_of_several_files_is_refused(tmp_path):
    """Which of them is meant is not guessed."""
    path = tmp_path / "both.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "x")
        archive.writestr("b.csv", "x")

    with pytest.raises(Refused, match="holds 2 CSV files"):
        read_text(str(path), silent)


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_file_that_is_not_there_is_refused(tmp_path, name):
    """A missing file and a directory are named with the system's reason."""
    with pytest.raises(Refused, match="cannot be read") as refused:
        read_text(str(tmp_path / name), silent)

    assert refused.value.code == 2
