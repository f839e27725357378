"""What did an HTTP server answer? Bytes become whole answers, one at a time (RFC 9112).

Whatever could be read in two ways is refused: an answer that is not understood for certain must
not be taken for one.
"""

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD_MAX = 1 << 16  # bytes before the body
FIELDS_MAX = 128  # header lines
LINE_MAX = 1 << 12  # bytes of the line before a chunk, and of all trailers
INTERIM_MAX = 16  # answers of 1xx before the real one
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)(?: [\t -~\x80-\xff]*)?")
FIELD = re.compile(rb"([-!#$%&'*+.^_`|~0-9A-Za-z]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*")
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;[\t -~\x80-\xff]*)?")
SWITCHING, NO_CONTENT, NOT_MODIFIED = 101, 204, 304
END = b"\r\n"


class Answer(NamedTuple):
    """One answer: its header names are lower case, several of one name joined by a comma."""

    status: int
    headers: dict[str, str]
    body: bytes
    is_last: bool  # the server closes the connection behind it


class Answers:
    """The answers of one connection. ValueError for what is none: nothing more can be read then."""

    def __init__(self, body_max: int) -> None:
        self._body_max = body_max
        self._held = bytearray()
        self._step: Callable[[], Answer | bool] | None = None  # nothing was asked
        self._method = ""
        self._start(0, {}, is_last=False)
        self._interim = 0

    def expect(self, method: str) -> None:
        """A request of this method has been sent."""
        self._method, self._interim = method, 0
        self._step = self._head

    def feed(self, raw: bytes) -> Answer | None:
        """The answer, as soon as it is whole."""
        self._held += raw
        while self._step is not None:
            found = self._step()
            if isinstance(found, Answer):
                self._step = None
                if self._held and not found.is_last:
                    raise ValueError("it said more than was asked")
                return found
            if not found:
                return None
        if self._held:
            raise ValueError("it answered what was not asked")
        return None

    def end(self) -> Answer | None:
        """The connection has ended; the answer whose end that is, if it is one."""
        is_whole = self._step == self._until_end
        self._step = None
        return self._made() if is_whole else None

    def _start(self, status: int, headers: dict[str, str], *, is_last: bool) -> None:
        self._status, self._headers, self._is_last = status, headers, is_last
        self._body = bytearray()
        self._wanted = 0  # bytes still to come, of the body or of its chunk

    def _made(self) -> Answer:
        return Answer(self._status, self._headers, bytes(self._body), self._is_last)

    def _line(self, most: int) -> bytes | None:
        at = self._held.find(END)
        if at > most or (at < 0 and len(self._held) > most):
            raise ValueError("a line of it is too long")
        if at < 0:
            return None
        line = bytes(self._held[:at])
        del self._held[: at + len(END)]
        return line

    def _head(self) -> Answer | bool:
        at = self._held.find(END + END)
        if at > HEAD_MAX or (at < 0 and len(self._held) > HEAD_MAX):
            raise ValueError("its head is too long")
        if at < 0:
            if len(self._held) >= 5 and not self._held.startswith(b"HTTP/"):
                raise ValueError("it does not speak HTTP/1")
            return False
        first, *lines = bytes(self._held[:at]).split(END)
        del self._held[: at + 2 * len(END)]
        told = STATUS_LINE.fullmatch(first)
        if told is None:
            raise ValueError("it does not speak HTTP/1")
        status, headers = int(told[2]), fields_of(lines)
        if status < 200:
            return self._passed_over(status)
        words = {word.strip().lower() for word in headers.get("connection", "").split(",")}
        is_last = "close" in words or (told[1] == b"0" and "keep-alive" not in words)
        self._start(status, headers, is_last=is_last)
        return self._body_begins()

    def _passed_over(self, status: int) -> bool:
        self._interim += 1
        if status == SWITCHING or self._interim > INTERIM_MAX:
            raise ValueError(f"it answered {status}, which was not asked for")
        return True

    def _body_begins(self) -> Answer | bool:
        headers = self._headers
        if self._method == "HEAD" or self._status in (NO_CONTENT, NOT_MODIFIED):
            return self._made()
        if "transfer-encoding" in headers:
            if headers["transfer-encoding"].lower() != "chunked" or "content-length" in headers:
                raise ValueError("where its body ends can be read in two ways")
            self._step = self._chunk_line
        elif "content-length" in headers:
            self._want(length_of(headers["content-length"]))
            self._step = self._sized
        else:
            self._is_last = True
            self._step = self._until_end
        return True

    def _want(self, size: int) -> None:
        if len(self._body) + size > self._body_max:
            raise ValueError(f"its body is longer than {self._body_max} bytes")
        self._wanted = size

    def _take(self) -> bool:
        """Move what has come to the body; whether all that is wanted is there."""
        part = self._held[: self._wanted]
        del self._held[: len(part)]
        self._body += part
        self._wanted -= len(part)
        return self._wanted == 0

    def _sized(self) -> Answer | bool:
        return self._made() if self._take() else False

    def _chunk_line(self) -> Answer | bool:
        line = self._line(LINE_MAX)
        if line is None:
            return False
        told = CHUNK_LINE.fullmatch(line)
        if told is None:
            raise ValueError("a chunk of it has no size")
        self._want(int(told[1], 16))
        self._step = self._chunk if self._wanted else self._trailers
        return True

    def _chunk(self) -> Answer | bool:
        if not self._take():
            return False
        if len(self._held) < len(END):
            return False
        if not self._held.startswith(END):
            raise ValueError("a chunk of it has another size than it says")
        del self._held[: len(END)]
        self._step = self._chunk_line
        return True

    def _trailers(self) -> Answer | bool:
        line = self._line(LINE_MAX)
        if line is None:
            return False
        self._wanted += len(line)
        if self._wanted > LINE_MAX:
            raise ValueError("its trailers are too long")
        return True if line else self._made()

    def _until_end(self) -> Answer | bool:
        self._want(len(self._held))
        self._take()
        return False


def fields_of(lines: list[bytes]) -> dict[str, str]:
    """Header lines by their lower case names; ValueError for lines that are none."""
    if len(lines) > FIELDS_MAX:
        raise ValueError("it has too many header lines")
    found: dict[str, str] = {}
    for line in lines:
        told = FIELD.fullmatch(line)
        if told is None:
            raise ValueError("a header line of it is none")
        name, value = told[1].decode().lower(), told[2].decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def length_of(text: str) -> int:
    """A content length, also where it was said several times; ValueError for one that is none."""
    lengths = {part.strip() for part in text.split(",")}
    length = lengths.pop()
    if lengths or not (length.isascii() and length.isdigit()) or len(length) > 15:
        raise ValueError("the length of its body is none")
    return int(length)
