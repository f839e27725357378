"""How does a wire find its peer, and what is said when it cannot?"""

import socket
import threading

import pytest

from engine.errors import Refused
from engine.lines.address import Address, address_of
from engine.lines.lookup import LOOKUPS_MAX, Lookup
from engine.lines.patience import PATIENCE
from engine.lines.websocket import WebSocket
from engine.lines.wire import Wire
from tests.engine.lines.peers import peer, wait_for_the_end


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


class Asked:
    """The system's resolver in this test: what it answers, and whether it hangs."""

    def __init__(self, monkeypatch, answers, *, hangs: bool = False) -> None:
        self.asked: list[object] = []
        self.go = threading.Event()
        self._answers = answers
        if not hangs:
            self.go.set()
        monkeypatch.setattr(socket, "getaddrinfo", self._ask)

    def _ask(self, host, _port, **_kinds):
        self.asked.append(host)
        self.go.wait(10)
        if isinstance(self._answers, OSError):
            raise self._answers
        return [(socket.AF_INET, 1, 6, "", place) for place in self._answers]


def test_a_name_is_looked_up_beside_the_loop(turns, served):
    """The system's own resolver; here it knows `localhost`."""
    line = WebSocket(address_of(f"ws://localhost:{served.port}/"), turns.now_ns())
    turns.listen(line)

    turns.until(lambda: line.is_open)


def test_a_number_is_not_looked_up(turns, served, monkeypatch):
    """Nobody is asked what is known."""
    resolver = Asked(monkeypatch, [])
    line = WebSocket(address_of(f"ws://127.0.0.1:{served.port}/"), turns.now_ns())
    turns.listen(line)

    turns.until(lambda: line.is_open)

    assert resolver.asked == []


def test_an_unknown_name_is_told(turns, monkeypatch):
    """With the system's own words."""
    Asked(monkeypatch, socket.gaierror(-2, "Name or service not known"))
    line = WebSocket(address_of("ws://no.such.host/"), turns.now_ns())
    turns.listen(line)

    turns.until(lambda: line.ended)

    assert line.ended == "no.such.host was not found: Name or service not known"


def test_a_name_that_is_never_answered_ends_at_the_deadline(turns, monkeypatch):
    """Its thread goes on and disturbs nobody; and there are never many such threads."""
    resolver = Asked(monkeypatch, [], hangs=True)
    lines = [WebSocket(address_of("ws://slow.host/"), turns.now_ns()) for _ in range(LOOKUPS_MAX)]
    for line in lines:
        turns.listen(line)
    one_more = WebSocket(address_of("ws://slow.host/"), turns.now_ns())

    turns.pass_s(PATIENCE.open_ns / 1e9)
    turns.turn(0)

    assert {line.ended for line in lines} == {
        "ws://slow.host was not reached in time (looking up its name)"
    }
    assert one_more.ended == "the system's name service answers nothing"
    resolver.go.set()
    turns.until(lambda: not Lookup.running)


def test_the_next_address_is_tried_when_one_refuses(turns, served, monkeypatch):
    """A host may have several, and some of them nobody at home."""
    places = [("127.0.0.1", closed_port()), ("127.0.0.1", served.port)]
    Asked(monkeypatch, places)
    line = WebSocket(address_of("ws://two.homes/"), turns.now_ns())
    turns.listen(line)

    turns.until(lambda: line.is_open)


def test_a_silent_address_takes_only_its_share_of_the_time(turns, served, monkeypatch):
    """The other half is left for the next one."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        place = full.getsockname()
        waiting = [socket.socket() for _ in range(3)]  # a full backlog answers nobody
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(place)
        Asked(monkeypatch, [place, ("127.0.0.1", served.port)])
        line = WebSocket(address_of("ws://two.homes/"), turns.now_ns())
        turns.listen(line)
        for _ in range(3):
            turns.turn()
        assert not line.is_open

        turns.pass_s(PATIENCE.open_ns / 2e9)
        turns.until(lambda: line.is_open)
        for one in waiting:
            one.close()


def test_a_refused_port_is_told(turns):
    """At once."""
    port = closed_port()
    line = WebSocket(address_of(f"ws://127.0.0.1:{port}/"), turns.now_ns())
    turns.listen(line)

    turns.until(lambda: line.ended)

    assert line.ended == f"ws://127.0.0.1:{port} was not reached: Connection refused"
    assert line.close_code == 1006


def test_a_wire_that_ended_is_silent(turns):
    """Nothing goes out, nothing comes in, nothing is due."""
    with peer(wait_for_the_end) as port:
        wire = Wire(Address("ws", "127.0.0.1", port, "/"), turns.now_ns(), PATIENCE)
        wire.end("enough")
        wire.end("a later reason")

    assert wire.ended == "enough"
    assert wire.turn(turns.now_ns()) == b""
    assert not wire.send(b"x")
    assert (wire.fileno(), wire.wants_write) == (-1, False)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("ws://h", ("ws", "h", 80, "/")),
        ("wss://H.example:9443/ws/x@trade", ("wss", "h.example", 9443, "/ws/x@trade")),
        ("https://h/api?a=1&b=2", ("https", "h", 443, "/api?a=1&b=2")),
        ("http://[::1]:8080?x", ("http", "::1", 8080, "/?x")),
    ],
)
def test_an_address_is_taken_apart(url, address):
    """Scheme, host, port, and what is asked for."""
    assert address_of(url) == address


def test_the_host_header_names_the_port_only_where_it_is_odd():
    """RFC 9110, 7.2; brackets around an address with colons."""
    urls = ["wss://h/", "wss://h:9443/", "http://[::1]:80/", "http://[::1]:81/"]

    assert [address_of(url).authority for url in urls] == ["h", "h:9443", "[::1]", "[::1]:81"]


@pytest.mark.parametrize(
    "url",
    [
        *("", "h:1", "ftp://h/", "ws:///path", "ws://h:0/", "ws://h:99999/", "ws://h:x/"),
        *("ws://user:secret@h/", "ws://h/#part", "ws://h/a b", "ws://h/\r\nX: y", "ws://[::1/"),
        *("ws://hö.example/", "ws://h/\x00"),
    ],
)
def test_what_is_no_address_is_refused_in_two_lines(url):
    """And no secret of it is repeated."""
    with pytest.raises(Refused) as refused:
        address_of(url)

    assert len(str(refused.value).splitlines()) == 2
    assert "secret" not in str(refused.value)
