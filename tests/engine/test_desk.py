"""What becomes of a request when the disk or the engine ends?"""

import errno
import select
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from json import dumps, loads
from pathlib import Path

import pytest

from engine.beside import tell_engine
from engine.bootstrap import assemble
from engine.control.frames import WORDS, Frames, packed
from engine.control.places import socket_path
from engine.control.server import Peer
from engine.desk import Desk
from engine.journal.segments import JournalFailed
from engine.options import parse
from engine.service.context.asking import Told
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


@pytest.fixture
def open_desk(tmp_path: Path) -> Iterator[tuple[Desk, select.epoll]]:
    """The desk of an engine that is ready."""
    options = parse(["--data-dir", str(tmp_path)], {})
    engine = assemble(options, print, lambda: 0)
    desk = Desk(engine, options, Telemetry())
    with select.epoll() as poll:
        desk.open(poll, lambda: None)
        yield desk, poll
    engine.close()


def connected(desk: Desk, poll: select.epoll) -> socket.socket:
    """Somebody whom the desk hears at its next turn."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(10)
    client.connect(socket_path(desk.options.data_dir))
    turn(desk, poll)
    return client


def turn(desk: Desk, poll: select.epoll) -> None:
    """Hear who speaks now."""
    for fd, _ in poll.poll(0.2):
        desk.server.hear(fd)


def said_to(client: socket.socket) -> list[dict]:
    """All that was answered until the connection ended."""
    frames, found = Frames(), list[dict]()
    with suppress(ConnectionResetError):  # after the last words, where a request lay unread
        while raw := client.recv(1 << 16):
            found += [loads(payload) for _, payload in frames.feed(raw)]
    return found


PAUSE = packed(WORDS, b'{"verb": "pause", "reason": "x"}')


def test_an_act_that_the_end_overtook_is_answered_all_the_same(open_desk):
    """It is in the journal: whoever asked is not told that nothing is known."""
    desk, poll = open_desk
    with connected(desk, poll) as client:
        client.sendall(PAUSE)
        turn(desk, poll)
        taken = desk.engine.journal.sequence

        desk.close()
        answer, goodbye = said_to(client)

    assert answer == {"sequence": taken}
    assert desk.engine.journal.durable >= taken
    assert "has ended" in goodbye["error"]


def test_an_act_that_came_after_the_end_is_said_not_to_be_done(open_desk):
    """It lay unread, and never became an event."""
    desk, poll = open_desk
    before = desk.engine.journal.sequence
    with connected(desk, poll) as client:
        client.sendall(PAUSE)

        desk.close()
        (goodbye,) = said_to(client)

    assert (goodbye["code"], "was not done" in goodbye["error"]) == (3, True)
    assert desk.engine.journal.sequence == before


def test_an_act_that_the_disk_lost_is_not_called_done_or_undone(open_desk):
    """Its bytes may be on the disk or not; what ended the engine is told too."""
    desk, poll = open_desk
    with connected(desk, poll) as client:
        client.sendall(PAUSE)
        turn(desk, poll)
        desk.waiting[0] = (1 << 40, *desk.waiting[0][1:])  # never durable
        desk.engine.journal._disk.journal_fail(desk.engine.journal._handle, errno.EIO)
        desk.engine.fail(OSError("no disk"))

        desk.close()
        answer, _ = said_to(client)

    assert answer["error"] == "the engine has ended (no disk): whether this was kept is unknown"


def asked(desk: Desk, poll: select.epoll, **fields: object) -> dict:
    """What the desk answers to its one request, once that is durable."""
    with connected(desk, poll) as client:
        client.sendall(packed(WORDS, dumps(fields).encode()))
        turn(desk, poll)
        if desk.waiting:
            assert desk.engine.journal.wait(desk.waiting[-1][0], 10.0)
        desk.settle()
        ((_, payload),) = Frames().feed(client.recv(1 << 16))
        desk.close()
        return dict(loads(payload))


def test_a_word_of_a_slow_source_is_an_event(open_desk):
    """Journaled with who told it, and counted in the state with its source's time."""
    desk, poll = open_desk
    before = desk.engine.journal.sequence

    said = asked(
        desk, poll, verb="context", name="votes", value="0.61", time_ns=77, reason="coingecko"
    )

    assert said == {"sequence": desk.engine.journal.sequence}
    assert desk.engine.journal.sequence == before + 3  # who, from where, what
    assert desk.engine.core.state.context.votes.told == 0.61
    assert desk.engine.core.state.context.votes.source_ns == 77


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "moon"},
        {"value": "much"},
        {"value": "0.123456789"},
        {"value": "9e30"},
        {"value": None},
        {"time_ns": -1},
        {"time_ns": "now"},
        {"time_ns": 1 << 63},
        {"reason": ""},
    ],
    ids=str,
)
def test_a_word_that_cannot_be_is_refused(open_desk, wrong):
    """The engine takes none of it."""
    desk, poll = open_desk
    before = desk.engine.journal.sequence
    right = {"verb": "context", "name": "gas", "value": "1", "time_ns": 5, "reason": "etherscan"}

    said = asked(desk, poll, **{**right, **wrong})

    assert said["error"]
    assert desk.engine.journal.sequence == before
    assert desk.engine.core.state.context.gas.updates == 0


def test_what_a_feed_of_the_service_tells_the_engine_hears(open_desk):
    """Through its socket, as any other; a word that is none, or that nobody hears, is gone."""
    desk, poll = open_desk
    said = [Told("gas", "12.50000000", 77), Told("moon", "1", 77)]
    heard = []
    with ThreadPoolExecutor(1) as pool:
        for told in said:
            asking = pool.submit(tell_engine, desk.options.data_dir, "etherscan", told)
            while not asking.done():
                turn(desk, poll)
                if desk.waiting:
                    desk.engine.journal.wait(desk.waiting[-1][0], 10.0)
                desk.settle()
            heard.append(asking.result())
    desk.close()
    heard.append(tell_engine(desk.options.data_dir, "etherscan", said[0]))

    assert heard == [True, False, False]
    assert desk.engine.core.state.context.gas.told == 12.5
