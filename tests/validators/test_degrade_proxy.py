"""Does the fault proxy do to a line what it is told, and nothing else? Over real sockets."""

import socket
import time
from collections.abc import Iterator
from threading import Thread

import pytest

from validators.degrade.proxy import BLACKHOLE, LATENCY, RESET, TRUNCATE, Fault, Proxy

PATIENCE_S = 20.0


@pytest.fixture
def echo() -> Iterator[tuple[str, int]]:
    """A server that says back what it is told."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=serve, args=(listener,), daemon=True).start()
        yield listener.getsockname()
        listener.shutdown(socket.SHUT_RDWR)


def serve(listener: socket.socket) -> None:
    """One connection after another, each in a thread."""
    while True:
        try:
            there, _ = listener.accept()
        except OSError:
            return
        Thread(target=say_back, args=(there,), daemon=True).start()


def say_back(there: socket.socket) -> None:
    """Until the other end has had enough."""
    with there:
        try:
            while chunk := there.recv(1 << 16):
                there.sendall(chunk)
        except OSError:
            pass


@pytest.fixture
def proxy(echo: tuple[str, int]) -> Iterator[Proxy]:
    """Between us and the echo."""
    with Proxy(echo) as one:
        yield one


def line(proxy: Proxy) -> socket.socket:
    """A connection through it."""
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE_S)


def told(there: socket.socket, words: bytes) -> bytes:
    """What comes back for words, up to as many bytes or the end."""
    there.sendall(words)
    found = b""
    while len(found) < len(words) and (chunk := there.recv(1 << 16)):
        found += chunk
    return found


def refused(proxy: Proxy) -> None:
    """ConnectionError from whoever is turned away, at whichever call it is noticed."""
    with line(proxy) as there:
        there.sendall(b"x")
        if not there.recv(1):
            raise ConnectionError


def test_a_good_line_carries_every_byte_both_ways(proxy: Proxy):
    """A megabyte and a half comes back as it went; nothing is counted as a fault."""
    words = bytes(range(256)) * 6_000
    with line(proxy) as there:
        sender = Thread(target=there.sendall, args=(words,))
        sender.start()
        found = b""
        while len(found) < len(words):
            found += there.recv(1 << 16)
        sender.join()

    assert (found == words, proxy.felt) == (True, 0)


def test_latency_delays_both_ways_and_loses_nothing(proxy: Proxy):
    """A question and its answer take at least twice the delay."""
    with line(proxy) as there:
        told(there, b"before")
        proxy.set(Fault(LATENCY, 0.1))
        began = time.monotonic()
        answer = told(there, b"hello")

    assert answer == b"hello"
    assert time.monotonic() - began >= 0.2
    assert proxy.felt == 2


def test_a_reset_ends_open_lines_and_refuses_others_until_it_is_over(proxy: Proxy):
    """By the connection's own reset, not by a polite end."""
    with line(proxy) as there:
        told(there, b"before")
        proxy.set(Fault(RESET))
        with pytest.raises(ConnectionResetError):
            there.recv(1)
    with pytest.raises(ConnectionError):
        refused(proxy)
    proxy.set(Fault())
    with line(proxy) as again:
        assert told(again, b"after") == b"after"
    assert proxy.felt >= 2


def test_truncated_answers_end_in_the_middle(proxy: Proxy):
    """Each line lets so many bytes of answers through, then it is over; questions go whole."""
    proxy.set(Fault(TRUNCATE, 5))
    with line(proxy) as there:
        assert told(there, b"hello world") == b"hello"
        assert there.recv(1) == b""
    proxy.set(Fault())
    with line(proxy) as again:
        assert told(again, b"hello world") == b"hello world"


def test_a_hole_swallows_everything_and_its_lines_never_go_on(proxy: Proxy):
    """Neither answer nor end while it lasts; afterwards the line that lost bytes is over."""
    with line(proxy) as there:
        told(there, b"before")
        proxy.set(Fault(BLACKHOLE))
        there.sendall(b"lost")
        there.settimeout(0.3)
        with pytest.raises(TimeoutError):
            there.recv(1)
        there.settimeout(PATIENCE_S)
        proxy.set(Fault())
        assert there.recv(1) == b""
    with line(proxy) as again:
        assert told(again, b"after") == b"after"
    assert proxy.felt == 1


def test_a_server_that_is_not_there_is_a_reset():
    """Who comes is not left waiting."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()
    with Proxy(free) as proxy, pytest.raises(ConnectionError):
        refused(proxy)
    assert proxy.felt == 1
