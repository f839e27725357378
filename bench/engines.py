"""How does a benchmark run the whole path? Core, loop, journal as in life, the venue a socket."""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bench.market import native, opened
from engine.core import code_digest, layout_digest
from engine.journal.segments import Identity
from engine.journal.writer import Journal
from engine.loop import Loop

DRAIN_SECONDS = 30.0


class SocketVenue:
    """Commands go down a socket, as to an exchange; the reports come from the simulated fills."""

    patient = False  # a real market does not wait for anybody

    def __init__(self, core: Any, wire: socket.socket) -> None:
        self.core, self.wire, self.sent = core, wire, 0

    def send(self, commands: bytes) -> None:
        """The command leaves."""
        self.wire.send(commands)
        self.sent += 1

    def attend(self, record: bytes) -> bytes | None:
        """What the venue reports."""
        reports: bytes | None = self.core.attend(record)
        return reports


class Silent:
    """A log that nobody reads: what is measured is the path of the event."""

    def outcome(self, sequence: int, record: bytes) -> None:
        """Nothing."""


class Running(NamedTuple):
    """One engine on a journal in its own directory."""

    loop: Loop
    journal: Journal
    venue: SocketVenue
    directory: Path


@contextmanager
def running(changes: list[str], at_ns: int) -> Iterator[Running]:
    """A compiled engine of the default profile, its journal on disk, its venue another process."""
    core = opened(changes, at_ns)
    with tempfile.TemporaryDirectory(prefix="supreme-bench-") as folder, venue_process() as wire:
        who = Identity(os.urandom(16), layout_digest(), code_digest(), bytes(32), "bench", True)
        journal = Journal.open(Path(folder) / "journal", who, native=native())
        venue = SocketVenue(core, wire)
        try:
            yield Running(Loop(core, journal, venue, Silent()), journal, venue, Path(folder))
        finally:
            journal.close()


@contextmanager
def venue_process() -> Iterator[socket.socket]:
    """Our end of a socket whose other end a process of its own reads."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        while theirs.recv(1 << 16):
            pass
        os._exit(0)
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        os.waitpid(child, 0)


def drained(engine: Running) -> None:
    """Until all that was appended is durable, and every command sent."""
    engine.journal.wait(engine.journal.sequence, DRAIN_SECONDS)
    engine.loop.release()
