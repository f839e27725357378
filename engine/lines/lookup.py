"""Which numbers does a host's name stand for? Asked in a short-lived thread, answered by a pipe.

The system's resolver can only be waited for. The thread answers by closing its own end of the
pipe: whoever has lost interest closes the other, and no descriptor is ever written to that may be
somebody else's by then.
"""

import os
import socket
from _thread import start_new_thread
from contextlib import suppress
from typing import Any, ClassVar

LOOKUPS_MAX = 8  # threads at once: a resolver that hangs must not gather them
ADDRESSES_MAX = 6  # of one host that are tried

Place = tuple[int, Any]  # address family, address as a socket takes it


class Busy(Exception):
    """So many names are asked for already that one more would not be answered either."""


class Lookup:
    """One question; its descriptor becomes readable when the answer is there."""

    running: ClassVar[list[str]] = []  # hosts whose threads run: lists are changed in one step

    def __init__(self, host: str, port: int) -> None:
        if len(self.running) >= LOOKUPS_MAX:
            raise Busy
        self.places: list[Place] = []
        self.error = ""
        self._host, self._port = host, port
        self._reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.running.append(host)
        start_new_thread(self._ask, (writing,))

    def fileno(self) -> int:
        """For a poll; -1 once closed."""
        return self._reading

    def is_answered(self) -> bool:
        """Whether `places` or `error` say something."""
        with suppress(BlockingIOError):
            return os.read(self._reading, 1) == b""
        return False

    def close(self) -> None:
        """Nobody waits for it any more."""
        if self._reading >= 0:
            os.close(self._reading)
            self._reading = -1

    def _ask(self, writing: int) -> None:
        try:
            # Bytes, because text would load the codec of international names: 1 MB.
            found = socket.getaddrinfo(
                self._host.encode(), self._port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
            )
            self.places = [(family, place) for family, _, _, _, place in found[:ADDRESSES_MAX]]
        except OSError as error:
            self.error = error.strerror or str(error)
        finally:
            self.running.pop()
            os.close(writing)


def numeric(host: str, port: int) -> list[Place]:
    """The one place that a numeric address is; nothing for a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            socket.inet_pton(family, host)
            return [(family, (host, port))]
    return []
