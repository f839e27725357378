"""What did a client ask over HTTP/1.1, and how is it answered? Bytes in, requests out; no socket.

Only what a trading client sends: one request after another on a connection, a body of a told
length. Everything else is refused with a status and ends the connection.
"""

from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import unquote

HEAD_MAX, BODY_MAX = 16_384, 65_536  # bytes
END = b"\r\n\r\n"
VERBS = {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}


class Broken(Exception):
    """What came is no request that is served here; the connection ends with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(HTTPStatus(status).phrase)
        self.status = status


class Asked(NamedTuple):
    """One request; header names are in small letters, `query` and `body` as they were sent."""

    verb: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    is_last: bool

    @property
    def wants_websocket(self) -> bool:
        """Whether the connection is to become one of messages."""
        return self.headers.get("upgrade", "").lower() == "websocket"


class Reader:
    """Puts requests together from pieces; at most one head and one body are kept."""

    def __init__(self) -> None:
        self.kept = bytearray()

    def take(self, piece: bytes) -> None:
        """More bytes of the connection."""
        self.kept += piece

    def next(self) -> Asked | None:
        """The next whole request, None while it is not whole; Broken where it is none."""
        end = self.kept.find(END)
        if end < 0 or end > HEAD_MAX:
            if len(self.kept) > HEAD_MAX:
                raise Broken(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return None
        asked = head_of(bytes(self.kept[:end]))
        begins = end + len(END)
        ends = begins + length_of(asked.headers)
        if len(self.kept) < ends:
            return None
        body = bytes(self.kept[begins:ends])
        del self.kept[:ends]
        return asked._replace(body=body)


def head_of(raw: bytes) -> Asked:
    """A request's first line and headers."""
    try:
        first, *lines = raw.decode("latin-1").split("\r\n")
        verb, target, version = first.split(" ")
    except ValueError:
        raise Broken(HTTPStatus.BAD_REQUEST) from None
    if verb not in VERBS or not target.startswith("/"):
        raise Broken(HTTPStatus.BAD_REQUEST)
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        raise Broken(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    headers = headers_of(lines)
    wish = headers.get("connection", "").lower()
    is_last = "close" in wish or (version == "HTTP/1.0" and "keep-alive" not in wish)
    path, _, query = target.partition("?")
    return Asked(verb, unquote(path), query, headers, b"", is_last)


def headers_of(lines: list[str]) -> dict[str, str]:
    """Names and values; one that is told twice has both, as a list has."""
    headers: dict[str, str] = {}
    for line in lines:
        name, mark, value = line.partition(":")
        if not mark or not name or name != name.strip():
            raise Broken(HTTPStatus.BAD_REQUEST)
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def length_of(headers: dict[str, str]) -> int:
    """How many bytes of body follow."""
    if "transfer-encoding" in headers:
        raise Broken(HTTPStatus.NOT_IMPLEMENTED)
    said = headers.get("content-length", "0")
    if not (said.isascii() and said.isdigit()):
        raise Broken(HTTPStatus.BAD_REQUEST)
    if len(said) > 9 or int(said) > BODY_MAX:
        raise Broken(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return int(said)


def answer(status: int, body: bytes, headers: dict[str, str], *, is_last: bool = False) -> bytes:
    """One answer, JSON unless its headers say otherwise."""
    lines = {"Content-Type": "application/json;charset=UTF-8", **headers}
    lines["Content-Length"] = str(len(body))
    lines["Connection"] = "close" if is_last else "keep-alive"
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} {phrase(status)}\r\n{head}\r\n".encode("latin-1") + body


def phrase(status: int) -> str:
    """A status in words."""
    return HTTPStatus(status).phrase
