"""Does every end of a WebSocket line have its reason, wherever the peer fails?"""

import threading

import pytest

from engine.lines.patience import PATIENCE
from tests.engine.lines.peers import (
    gone,
    head,
    line_to,
    opened,
    peer,
    says,
    upgrade,
    upgrade_answer,
    wait_for_the_end,
)

TEXT = b"\x81\x05hello"


@pytest.mark.parametrize("status", [418, 429, 503])
def test_a_refused_upgrade_tells_why_and_for_how_long(turns, status):
    """Status, what was said, and Retry-After, which is to be obeyed."""
    said = b'{"code":-1003,"msg":"Way too much request weight used"}'
    answer = (
        b"HTTP/1.1 %d No\r\nRetry-After: 77\r\nContent-Length: %d\r\n\r\n" % (status, len(said))
    ) + said
    with peer(head, says(answer), wait_for_the_end) as port:
        line = line_to(turns, port)
        turns.listen(line)
        turns.until(lambda: line.ended)

    assert f"HTTP {status}" in line.ended
    assert "Way too much request weight" in line.ended
    assert (line.status, line.retry_after_ns()) == (status, 77_000_000_000)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not upgrade"),
        (b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "Accept"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP 200 'ok'"),
        (b"HTTP/1.1 403 No\r\nConnection: close\r\n\r\nnot\nyou", "HTTP 403 'not you'"),
        (b"HTTP/1.1 101 Yes\r\n" + b"X-Pad: " + b"x" * 9_000 + b"\r\n\r\n", "does not upgrade"),
        (b"", "closed the connection"),
    ],
)
def test_what_is_no_websocket_is_left_at_once(turns, answer, told):
    """Not at a deadline: what is wrong is said."""
    with peer(head, says(answer)) as port:
        line = line_to(turns, port)
        turns.listen(line)
        turns.until(lambda: line.ended)

    assert told in line.ended


def test_a_peer_that_accepts_and_says_nothing_is_left(turns):
    """The time to open counts until the upgrade is done."""
    with peer(wait_for_the_end) as port:
        line = line_to(turns, port)
        turns.listen(line)
        turns.until(lambda: line.fileno() >= 0 and not line.wants_write)
        turns.pass_s(PATIENCE.open_ns / 1e9)
        turns.turn(0)

    assert line.ended.endswith("did not answer in time (upgrading)")


def test_bytes_that_come_one_by_one_say_the_same(turns):
    """Upgrade and frames, torn apart anywhere."""

    def drip(connection):
        raw = upgrade_answer(head(connection)) + TEXT * 3 + b"\x01\x02ab\x89\x00\x80\x01c"
        for at in range(len(raw)):
            connection.sendall(raw[at : at + 1])
        wait_for_the_end(connection)

    with peer(drip) as port:
        line = line_to(turns, port)
        said = turns.listen(line)
        turns.until(lambda: len(said) == 4)
        line.drop("seen")

    assert said == ["hello", "hello", "hello", "abc"]


def test_frames_right_behind_the_upgrade_are_heard(turns):
    """A server that speaks first, in the same packet."""

    def both(connection):
        connection.sendall(upgrade_answer(head(connection)) + TEXT)

    with peer(both, wait_for_the_end) as port:
        line = line_to(turns, port)
        said = turns.listen(line)
        turns.until(lambda: said)
        line.drop("seen")

    assert said == ["hello"]


@pytest.mark.parametrize("half", [b"", TEXT[:1], TEXT[:4], b"\x81\x7e\x01"])
def test_a_reset_ends_the_line_in_any_place(turns, half):
    """What was whole before it is heard; what was not is never."""

    def leave(connection):
        upgrade(connection)
        connection.sendall(TEXT + half)
        connection.recv(100)
        gone(connection)

    with peer(leave) as port:
        line, said = opened(turns, port)
        turns.until(lambda: said)
        line.send("go")
        turns.until(lambda: line.ended)

    assert said == ["hello"]
    assert "Connection reset by peer" in line.ended
    assert not line.send("anything")


def test_an_end_without_a_goodbye_is_told(turns):
    """The code is then 1006, which nobody sends."""
    with peer(upgrade) as port:
        line = line_to(turns, port)
        turns.listen(line)
        turns.until(lambda: line.ended)

    assert line.ended == f"ws://127.0.0.1:{port} closed the connection"
    assert line.close_code == 1006


def test_a_peer_that_takes_nothing_ends_the_line_at_the_bound(turns):
    """What waits to be sent is bounded, and no later word is ever sent."""
    stopped = threading.Event()
    with peer(upgrade, lambda _one: stopped.wait(10)) as port:
        line, _ = opened(turns, port)
        sent = 0
        while line.send("x" * 100_000):
            sent += 1
        stopped.set()

    assert "takes nothing" in line.ended
    assert 10 <= sent < 200
    assert not line.send("x")


def test_what_waits_goes_out_when_the_peer_takes_it(turns):
    """Then the poll is asked for room to write, and only then."""
    go = threading.Event()
    got: list[bytes] = []

    def slow(connection):
        upgrade(connection)
        go.wait(10)
        while sum(map(len, got)) < 900_000:
            got.append(connection.recv(1 << 16))

    with peer(slow) as port:
        line, _ = opened(turns, port, PATIENCE._replace(unsent_max=8 << 20))
        for _ in range(60):
            assert line.send("x" * 100_000)
        assert line.wants_write
        go.set()
        turns.until(lambda: sum(map(len, got)) >= 900_000)


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (b"\x81\x7f" + (1 << 40).to_bytes(8, "big"), "1009"),
        (b"\x81\x85abcdhello", "1002 incorrect masking"),
        (b"\x81\x01\xff", "1007"),
        (b"\x82\x01x", "1003 only text is understood here"),
    ],
)
def test_a_broken_frame_ends_the_line_with_its_code(turns, frame, told):
    """What came before it is heard."""
    with peer(upgrade, says(TEXT + frame), wait_for_the_end) as port:
        line = line_to(turns, port)
        said = turns.listen(line)
        turns.until(lambda: line.ended)

    assert said == ["hello"]
    assert f"broke the protocol: {told}" in line.ended
