"""Does a request that the disk does not take end the engine, like any other event?"""

import errno
import select
import socket
from pathlib import Path

import pytest

from engine.bootstrap import assemble
from engine.control.server import Peer
from engine.desk import Desk
from engine.journal.segments import JournalFailed
from engine.options import parse
from engine.telemetry import Telemetry


def test_an_act_that_the_disk_refuses_ends_the_engine(tmp_path: Path):
    """It is decided but not durable: told to the asker alone, trading would go on without it."""
    options = parse(["--data-dir", str(tmp_path)], {})
    engine = assemble(options, print, lambda: 0)
    desk = Desk(engine, options, Telemetry())
    ours, theirs = socket.socketpair()
    with select.epoll() as poll, ours, theirs:
        desk.open(poll, lambda: None)
        engine.journal._disk.journal_fail(engine.journal._handle, errno.EIO)

        with pytest.raises(JournalFailed, match="answered: Input/output error"):
            desk.answer(Peer(ours, 0), b'{"verb": "kill", "reason": "x"}')

        desk.server.close()
    engine.close()
