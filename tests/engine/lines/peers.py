"""Who is at the other end in these tests? Servers that know nothing of the engine, on loopback."""

import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from engine.lines.address import address_of
from engine.lines.lines import Lines
from engine.lines.patience import PATIENCE, Patience
from engine.lines.websocket import WebSocket

LINGER_NONE = struct.pack("ii", 1, 0)
PATIENCE_S = 10.0
Step = Callable[[socket.socket], object]


class Turns:
    """The engine's loop in small: one poll, its lines, a clock that can be moved on."""

    def __init__(self) -> None:
        self.poll = select.epoll()
        self.lines = Lines(self.poll)
        self._ahead_ns = 0
        self._heard: list[Any] = []

    def now_ns(self) -> int:
        """The machine's clock, and however far it was moved."""
        return time.monotonic_ns() + self._ahead_ns

    def pass_s(self, seconds: float) -> None:
        """Be so much later."""
        self._ahead_ns += int(seconds * 1e9)

    def listen(self, line: Any) -> list[Any]:
        """Everything it says from now on, texts as such."""
        said: list[Any] = []
        self._heard.append(line)

        def heard(words: list[Any], _now_ns: int) -> None:
            said.extend(word.decode() if isinstance(word, bytes) else word for word in words)

        self.lines.add(line, heard)
        return said

    def turn(self, seconds: float = 0.05) -> None:
        """One round of the loop."""
        for fd, _ in self.poll.poll(seconds):
            self.lines.hear(fd, self.now_ns())
        self.lines.settle(self.now_ns())

    def until(self, condition: Callable[[], object]) -> None:
        """Turn until it holds; a failure when it never does."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, "it never came to that"
            self.turn()

    def close(self) -> None:
        """Done; whatever still lives is left."""
        for line in self._heard:
            line.drop("the test is over")
        self.poll.close()


@contextmanager
def peer(*script: Step, again: int = 1) -> Iterator[int]:
    """A listener whose every connection follows a script, step by step, in a thread; its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE_S)

    def serve() -> None:
        for _ in range(again):
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(ConnectionError, TimeoutError):
                connection.settimeout(PATIENCE_S)
                for step in script:
                    step(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # whoever still waits to accept wakes up
        listener.close()
        thread.join(PATIENCE_S)


def head(connection: socket.socket) -> bytes:
    """The head of one request."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        part = connection.recv(1 << 12)
        if not part:
            raise ConnectionResetError
        raw += part
    return raw


def upgrade(connection: socket.socket) -> None:
    """A WebSocket handshake by hand (RFC 6455, 4.2.2)."""
    connection.sendall(upgrade_answer(head(connection)))


def upgrade_answer(asked: bytes) -> bytes:
    """What a server says to take an upgrade."""
    from base64 import b64encode
    from hashlib import sha1

    lines = asked.decode().split("\r\n")
    key = next(line[19:] for line in lines if line.lower().startswith("sec-websocket-key: "))
    token = b64encode(sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + token + b"\r\n\r\n"
    )


def hears(connection: socket.socket) -> None:
    """Whatever comes first."""
    connection.recv(1 << 12)


def says(raw: bytes) -> Step:
    """These bytes."""
    return lambda connection: connection.sendall(raw)


def gone(connection: socket.socket) -> None:
    """Leave with a reset instead of a goodbye."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
    connection.close()


def wait_for_the_end(connection: socket.socket) -> None:
    """Until the other side has left; whatever it says is passed over."""
    while connection.recv(1 << 16):
        pass


def line_to(turns: Turns, port: int, patience: Patience = PATIENCE, path: str = "/ws") -> WebSocket:
    """A line to a port of this machine."""
    return WebSocket(address_of(f"ws://127.0.0.1:{port}{path}"), turns.now_ns(), patience)


def opened(turns: Turns, port: int, patience: Patience = PATIENCE) -> tuple[WebSocket, list[str]]:
    """One that is open, and what it hears."""
    line = line_to(turns, port, patience)
    said = turns.listen(line)
    turns.until(lambda: line.is_open)
    return line, said
