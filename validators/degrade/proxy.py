"""What does a bad line do to whoever speaks over it? Between client and server, on command."""

import contextlib
import socket
import struct
import threading
import time
from typing import NamedTuple, Self

GOOD, LATENCY, RESET, TRUNCATE, BLACKHOLE = "good", "latency", "reset", "truncate", "blackhole"
READ_AT_ONCE = 1 << 16
LINES_MAX = 64  # at once; who comes beyond them is turned away
LOOK_S = 0.05  # how soon a pump sees that the fault changed
HARD_END = struct.pack("ii", 1, 0)  # of SO_LINGER: closing sends a reset


class Fault(NamedTuple):
    """What the line does, and how much of it.

    `amount`: seconds that each chunk waits (latency), bytes of answers let through on each
    connection before it ends in the middle (truncate); nothing for the others.
    """

    kind: str = GOOD
    amount: float = 0.0


class Line:
    """One client's connection and ours to the server."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self.answered = 0  # bytes, since the line is truncated
        self.is_holed = False  # bytes were lost: it can never go on
        for end in (client, server):
            end.settimeout(LOOK_S)

    def end(self, *, hard: bool = False) -> None:
        """Both ends are told, softly or by a reset; whoever pumps here closes them."""
        for one in (self.client, self.server):
            with contextlib.suppress(OSError):
                if hard and one.family != socket.AF_UNIX:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, HARD_END)
                    one.close()
                else:
                    one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of both."""
        self.client.close()
        self.server.close()


class Proxy:
    """Listens on a loopback port for `target`, a path or (host, port); `felt` counts the faults.

    A line on which bytes were swallowed ends when the hole is mended: it lacks what was lost.
    """

    def __init__(self, target: str | tuple[str, int]) -> None:
        self._target = target
        self.fault, self.felt = Fault(), 0
        self._lines: set[Line] = set()
        self._threads: list[threading.Thread] = []
        self._turn, self._is_closed = threading.Lock(), threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(LOOK_S)
        self.port: int = self._listener.getsockname()[1]
        self._run(self._listen)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def set(self, fault: Fault) -> None:
        """From now on the line is like this; a reset ends what is open."""
        with self._turn:
            self.fault = fault
            lines = list(self._lines)
        for line in lines:
            line.answered = 0
            if fault.kind == RESET:
                self._feel()
                line.end(hard=True)

    def close(self) -> None:
        """No more connections, and all threads are gone."""
        self._is_closed.set()
        for line in list(self._lines):
            line.end()
        while self._threads:
            self._threads.pop().join()
        self._listener.close()

    def _run(self, work: object, *words: object) -> None:
        self._threads = [one for one in self._threads if one.is_alive()]
        thread = threading.Thread(target=work, args=words, daemon=True)  # type: ignore[arg-type]
        thread.start()
        self._threads.append(thread)

    def _feel(self) -> None:
        with self._turn:
            self.felt += 1

    def _listen(self) -> None:
        while not self._is_closed.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            server = None if self.fault.kind == RESET else self._reach()
            if server is None or len(self._lines) >= LINES_MAX:
                self._feel()
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, HARD_END)
                client.close()
                continue
            line = Line(client, server)
            with self._turn:
                self._lines.add(line)
            self._run(self._carry, line)

    def _reach(self) -> socket.socket | None:
        """The server, None where it does not listen."""
        family = socket.AF_UNIX if isinstance(self._target, str) else socket.AF_INET
        server = socket.socket(family, socket.SOCK_STREAM)
        try:
            server.connect(self._target)
        except OSError:
            server.close()
            return None
        return server

    def _carry(self, line: Line) -> None:
        """Both ways until either end is done."""
        back = threading.Thread(target=self._pump, args=(line, line.server, line.client))
        back.start()
        self._pump(line, line.client, line.server)
        back.join()
        with self._turn:
            self._lines.discard(line)
        line.close()

    def _pump(self, line: Line, source: socket.socket, sink: socket.socket) -> None:
        while not self._is_closed.is_set():
            if line.is_holed and self.fault.kind != BLACKHOLE:
                break
            try:
                chunk = source.recv(READ_AT_ONCE)
                if not chunk or not self._passed(line, chunk, sink):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        line.end()

    def _passed(self, line: Line, chunk: bytes, sink: socket.socket) -> bool:
        """Send a chunk on as the fault will have it; False when the line ends here."""
        kind, amount = self.fault
        if kind != GOOD:
            self._feel()
        if kind == BLACKHOLE:
            line.is_holed = True
            return True
        if kind == LATENCY:
            time.sleep(amount)
        if kind == TRUNCATE and sink is line.client:
            left = int(amount) - line.answered
            line.answered += len(chunk)
            if left < len(chunk):
                sink.sendall(chunk[: max(left, 0)])
                return False
        sink.sendall(chunk)
        return True
