"""How does another program feed a running engine? It connects, greets, and sends records.

with Feeding(path, Hello("my market", is_simulated=False, instruments=(ether,))) as feeding:
feeding.send(b"".join(encode(tick) for tick in ticks))
"""

import socket
from typing import Self

from engine.errors import Refused
from engine.lines.hello import GREETING_MAX, Hello, greeting, unpacked
from engine.messages import RECORD_SIZE

LOST = "the engine ended the feed"
UNREACHABLE, REFUSED, TIMED_OUT = 3, 4, 5


class Feeding:
    """One connection to an engine's feed. It blocks; a slow engine is waited for, so long."""

    def __init__(self, path: str, hello: Hello, timeout_s: float = 10.0) -> None:
        """Refused (3) where nobody listens, (4) by the engine, (5) for no answer in time."""
        self.path, self._timeout_s = path, timeout_s
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            raise Refused(
                f"no engine takes a feed at {path}: {error.strerror or error}",
                "start one whose profile says so, or name its feed's socket",
                code=UNREACHABLE,
            ) from error
        try:
            self._socket.sendall(greeting(hello))
            told = self._answer()
        except OSError as error:
            lost = self._lost(error)
            self.close()
            raise lost from error
        except Refused:
            self.close()
            raise
        if "error" in told:
            self.close()
            raise Refused(str(told["error"]), str(told.get("fix", "")), code=REFUSED)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def send(self, records: bytes) -> None:
        """Whole records; returns when the socket has them, Refused (with its words) at an end.

        ValueError for part of a record.
        """
        if len(records) % RECORD_SIZE:
            raise ValueError(f"{len(records)} bytes are no whole records")
        try:
            self._socket.sendall(records)
        except OSError as error:
            raise self._lost(error) from error

    def close(self) -> None:
        """No more of it; what was sent is still taken."""
        self._socket.close()

    def _answer(self) -> dict[str, object]:
        raw = bytearray()
        while (found := unpacked(raw)) is None:
            part = self._socket.recv(GREETING_MAX)
            if not part:
                raise ConnectionResetError(LOST)
            raw += part
        return found[0]

    def _lost(self, error: OSError) -> Refused:
        if isinstance(error, TimeoutError):
            return Refused(
                f"the engine at {self.path} took nothing for {self._timeout_s:g} s",
                "it may be busy or stopped by its disk: see supreme status",
                code=TIMED_OUT,
            )
        try:
            told = self._answer()  # why it ended is still to be read
        except (OSError, Refused):
            told = {}
        if "error" in told:
            return Refused(str(told["error"]), str(told.get("fix", "")), code=REFUSED)
        return Refused(LOST, "see `supreme status`", code=UNREACHABLE)
