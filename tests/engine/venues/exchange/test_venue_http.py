"""Does the HTTP reader take what clients send, and nothing else? Bytes in pieces, bad bytes too."""

import socket

import pytest

from engine.venues.exchange.door.http_wire import BODY_MAX, HEAD_MAX, Asked, Broken, Reader, answer
from tests.venue_house import Client, serving

GET = b"GET /api/v3/time?a=1 HTTP/1.1\r\nHost: x\r\nX-MBX-APIKEY: k\r\n\r\n"
POST = b"POST /order HTTP/1.1\r\nContent-Length: 5\r\n\r\nq=1&r"


def every(reader):
    """All whole requests."""
    return list(iter(reader.next, None))


def test_requests_are_put_together_from_pieces():
    """Byte by byte, and several in one piece."""
    reader, found = Reader(), list[Asked]()
    for byte in GET + POST:
        reader.take(bytes([byte]))
        found += every(reader)
    reader.take(GET + POST)
    found += every(reader)

    assert found[0][:3] == ("GET", "/api/v3/time", "a=1")
    assert found[0].headers["x-mbx-apikey"] == "k"
    assert found[1].body == b"q=1&r"
    assert found[2:4] == found[:2]
    assert len(found) == 4


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\n\r\n", 400),
        (b"TALK / HTTP/1.1\r\n\r\n", 400),
        (b"GET x HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nname : value\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (BODY_MAX + 1), 413),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * HEAD_MAX, 431),
    ],
)
def test_what_is_no_request_is_refused_with_a_status(raw, status):
    """And nothing is kept of it beyond a bound."""
    reader = Reader()
    reader.take(raw)

    with pytest.raises(Broken) as broken:
        reader.next()

    assert broken.value.status == status


def test_a_connection_may_be_kept_or_not():
    """HTTP/1.1 keeps it unless told otherwise, HTTP/1.0 the other way round."""
    reader = Reader()
    for version, wish in [("1.1", ""), ("1.1", "close"), ("1.0", ""), ("1.0", "keep-alive")]:
        reader.take(f"GET / HTTP/{version}\r\nConnection: {wish}\r\n\r\n".encode())

    assert [asked.is_last for asked in every(reader)] == [False, True, True, False]


def test_answers_tell_their_length():
    """And whether the connection goes on."""
    raw = answer(418, b"{}", {"Retry-After": "3"}, is_last=True)

    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 418 ")
    assert b"Content-Length: 2" in head
    assert b"Connection: close" in head
    assert body == b"{}"


def test_requests_behind_each_other_are_answered_in_order():
    """On one connection, also when they come in one piece; garbage ends it."""
    with serving() as venue:
        with socket.create_connection(("127.0.0.1", venue.port), 10) as line:
            line.sendall(
                b"GET /api/v3/ping HTTP/1.1\r\n\r\nGET /nothing HTTP/1.1\r\n\r\nmoo\r\n\r\n"
            )
            raw = b""
            while piece := line.recv(65_536):
                raw += piece
        alive = Client(venue).get("ping")

    assert [part[:3] for part in raw.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404", b"400"]
    assert alive == {}


@pytest.mark.parametrize("path", ["/moon", "/ws?timeUnit=HOUR", "/wsx"])
def test_no_messages_are_served_elsewhere(path):
    """404 in place of the handshake."""
    with serving() as venue:
        client = Client(venue)
        asked = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        told = client.rest("GET", path, **asked)

    assert told.status == 404
