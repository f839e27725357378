"""What text does a file hold, plain, gzip or zip? Told by its content, read a block at a time."""

import gzip
import struct
import zipfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, NamedTuple, cast

from engine.errors import Refused
from engine.market.layouts import Layout, Table, layout_of, symbol_in, table_of
from engine.market.text_columns import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

try:
    from lzma import LZMAError
except ImportError:  # a Python built without it unpacks no such archive either
    LZMAError = zlib.error  # type: ignore[assignment,misc]

BLOCK = 1 << 22  # bytes of text read at once
ZIPS, GZIP, PARQUET = (b"PK\x03\x04", b"PK\x05\x06"), b"\x1f\x8b", b"PAR1"
# A zip with a password is a RuntimeError, one packed in a way nobody uses a NotImplementedError;
# damage in a bzip2 member or of the disk is an OSError, in a member's name a UnicodeDecodeError,
# in the size of an LZMA member's dictionary a MemoryError, in an offset one of the rest.
DAMAGED = (
    EOFError,
    LZMAError,
    MemoryError,
    OSError,
    OverflowError,
    RuntimeError,
    UnicodeDecodeError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


class Text(NamedTuple):
    """A text file's layout, the symbol it names (or nothing) and its tables, block by block."""

    layout: Layout
    symbol: str
    tables: list[Table]


def beginning(path: str) -> bytes:
    """The first bytes, by which a file's kind is told; Refused where there is no file."""
    try:
        with open(path, "rb") as file:
            return file.read(4)
    except OSError as error:
        raise Refused(
            f"{path} cannot be read: {error.strerror}.", "Give a file that exists."
        ) from error


@contextmanager
def opened(path: str) -> "Iterator[tuple[IO[bytes], Callable[[], int]]]":
    """The text inside a file, whatever it is packed in, and how many bytes of the file are read."""
    start = beginning(path)
    with open(path, "rb") as raw:
        if start[:2] == GZIP:
            with gzip.GzipFile(fileobj=raw) as text:
                yield cast("IO[bytes]", text), raw.tell
        elif start in ZIPS:
            with zipfile.ZipFile(raw) as archive, archive.open(only_member(path, archive)) as text:
                yield text, raw.tell
        else:
            yield raw, raw.tell


def only_member(path: str, archive: zipfile.ZipFile) -> str:
    """The one CSV of an archive; Refused if it holds none or several."""
    names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
    if not names:
        raise Refused(f"{path} holds no CSV file.", "Download it again; nothing was written.")
    if len(names) > 1:
        raise Refused(
            f"{path} holds {len(names)} CSV files, not one.",
            "Unpack it and import the files inside one by one.",
        )
    return names[0]


def blocks_of(text: "IO[bytes]") -> "Iterator[bytes]":
    """The text in blocks of whole lines, without carriage returns, quotes or a byte order mark."""
    rest = text.read(BLOCK).removeprefix(b"\xef\xbb\xbf")
    while rest:
        more = text.read(BLOCK)
        cut = len(rest) if not more else rest.rfind(b"\n") + 1
        if not cut:
            raise Malformed(0, "is longer than any row of the market")
        block, rest = rest[:cut], rest[cut:] + more
        if not more:
            block = block.rstrip(b"\r\n")
            block = block + b"\n" if block else b""
        if block:
            yield block.replace(b"\r", b"").replace(b'"', b"")


def read_text(path: str, progress: "Callable[[int], None]") -> Text:
    """Every row of a text file; Refused, naming the line, if one of them says nothing exact."""
    line = 1
    tables: list[Table] = []
    layout: Layout | None = None
    symbol = ""
    try:
        with opened(path) as (text, done):
            for block in blocks_of(text):
                body = block
                if layout is None:
                    layout = layout_of(first_line(block))
                    body = b"\n".join(block.split(b"\n", layout.lines)[layout.lines :])
                    line += layout.lines
                if body:
                    tables.append(numbered(table_of(body, layout), line))
                    symbol = symbol or symbol_in(body, layout)
                    line += body.count(b"\n")
                progress(done())
    except Malformed as bad:
        raise refusal(f"{path}, line {line + bad.row}", bad.what) from bad
    except DAMAGED as error:
        raise damaged(path, error) from error
    if layout is None or not tables:
        raise Refused(f"{path} holds no rows.", "Download it again; nothing was written.")
    return Text(layout, symbol, tables)


def damaged(path: str, error: BaseException) -> Refused:
    """A file that is packed and cannot be unpacked."""
    return Refused(
        f"{path} cannot be unpacked: {str(error) or 'it is damaged'}.",
        "Download it again; nothing was written.",
    )


def first_line(block: bytes) -> str:
    """The block's first line as text."""
    return block.partition(b"\n")[0].decode("utf-8", "replace")


def numbered(table: Table, line: int) -> Table:
    """The table with each row's line in its file."""
    import numpy as np

    table["line"] = np.arange(line, line + len(table["time"]), dtype=np.int64)
    return table


def refusal(place: str, what: str) -> Refused:
    """A row that cannot be taken, named so that it can be found."""
    return Refused(f"{place}: {what}.", "Nothing was written. Mend or remove that row.")
