"""Does a WebSocket line say and hear what it should, and does every end have a reason?"""

import threading

import pytest

from engine.lines.address import address_of
from engine.lines.patience import PATIENCE, Patience
from engine.lines.websocket import WebSocket
from tests.engine.lines.peers import (
    gone,
    head,
    peer,
    says,
    upgrade,
    upgrade_answer,
    wait_for_the_end,
)

TEXT = b"\x81\x05hello"


def line_to(turns, port: int, patience: Patience = PATIENCE, path: str = "/ws") -> WebSocket:
    """A line to a port of this machine."""
    return WebSocket(address_of(f"ws://127.0.0.1:{port}{path}"), turns.now_ns(), patience)


def opened(turns, port: int, patience: Patience = PATIENCE) -> tuple[WebSocket, list[str]]:
    """One that is open, and what it hears."""
    line = line_to(turns, port, patience)
    said = turns.listen(line)
    turns.until(lambda: line.is_open)
    return line, said


def test_texts_go_both_ways(turns, served):
    """Short and long, in any language, in order."""
    line, said = opened(turns, served.port)
    texts = ["hello", "", "Größe 価格 📈", "x" * 125, "x" * 126, "x" * 70_000, "x" * 300_000]

    assert all(line.send(text) for text in texts)
    turns.until(lambda: len(said) == len(texts))

    assert said == texts


def test_the_path_the_query_and_our_headers_arrive(turns, served):
    """As they were asked for; and no compression is offered."""
    address = address_of(f"ws://127.0.0.1:{served.port}/stream?streams=a@trade/b@trade")
    line = WebSocket(address, turns.now_ns(), headers=[("X-MBX-APIKEY", "key")])
    turns.listen(line)

    turns.until(lambda: line.is_open and served.requests)

    request = served.requests[0]
    assert request.path == "/stream?streams=a@trade/b@trade"
    assert request.headers["X-MBX-APIKEY"] == "key"
    assert request.headers["Host"] == f"127.0.0.1:{served.port}"
    assert "Sec-WebSocket-Extensions" not in request.headers


def test_a_message_in_fragments_is_one_message(turns, served):
    """RFC 6455, 5.4."""
    line, said = opened(turns, served.port)

    line.send("in parts")
    turns.until(lambda: said)

    assert said == ["one message of three"]


def test_a_ping_is_answered(turns, served):
    """Within the turn that heard it."""
    line, said = opened(turns, served.port)

    line.send("ping me")
    turns.until(lambda: said)

    assert (said, served.pongs) == (["pinged"], 1)


def test_silence_is_broken_by_our_own_ping(turns, served):
    """A peer that answers it is alive: hours of silence end nothing."""
    line, said = opened(turns, served.port)

    for _ in range(20):
        turns.pass_s(PATIENCE.silent_ns / 1e9)
        before = line.due_ns()
        turns.turn(0)
        turns.until(lambda before=before: line.due_ns() - before > PATIENCE.silent_ns - 1)

    assert line.is_open
    line.send("still there")
    turns.until(lambda: said)


def test_a_silent_peer_is_left(turns):
    """No answer to a ping in time, and the line says so."""
    with peer(upgrade, wait_for_the_end) as port:
        line, _ = opened(turns, port)

        turns.pass_s(PATIENCE.silent_ns / 1e9)
        turns.turn(0)
        turns.pass_s(PATIENCE.answer_ns / 1e9)
        turns.turn(0)

    assert line.ended == f"ws://127.0.0.1:{port} was silent for 35 s, and answered no ping"
    assert line.fileno() == -1
    assert len(turns.lines) == 0


def test_the_peers_close_is_told_with_its_code(turns, served):
    """At once, and answered."""
    line, _ = opened(turns, served.port)

    line.send("close")
    turns.until(lambda: line.ended)

    assert line.ended.endswith("closed it: 1008 'too many messages'")
    assert line.close_code == 1008
    turns.until(lambda: served.closed_by)
    assert served.closed_by[0].code == 1008


def test_our_close_is_a_goodbye(turns, served):
    """The peer hears 1000, and the line ends when it has answered."""
    line, _ = opened(turns, served.port)

    line.close(turns.now_ns())
    assert not line.send("too late")
    turns.until(lambda: line.ended)

    turns.until(lambda: served.closed_by)
    assert served.closed_by[0].code == 1000
    assert (line.ended, line.close_code) == ("we closed it", 1000)


def test_a_goodbye_waits_only_so_long(turns):
    """A peer that never answers it cannot hold the line."""
    with peer(upgrade, wait_for_the_end) as port:
        line, _ = opened(turns, port)
        line.close(turns.now_ns())

        turns.pass_s(PATIENCE.close_ns / 1e9)
        turns.turn(0)

    assert line.ended == "we closed it, and the peer did not answer"


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


def test_many_lines_live_in_one_poll(turns, served):
    """Each hears its own; those that end leave the others alone."""
    lines = [line_to(turns, served.port) for _ in range(20)]
    said = [turns.listen(line) for line in lines]
    turns.until(lambda: all(line.is_open for line in lines))

    for line in lines[::2]:
        line.drop("not wanted")
    more = [line_to(turns, served.port) for _ in range(10)]
    heard = [turns.listen(line) for line in more]
    turns.until(lambda: all(line.is_open for line in more))
    for number, line in enumerate([*lines[1::2], *more]):
        line.send(str(number))
    turns.until(lambda: all([*said[1::2], *heard]))

    assert [*said[1::2], *heard] == [[str(number)] for number in range(20)]
    assert not any(said[::2])
    assert len(turns.lines) == 20
    for line in [*lines, *more]:
        line.drop("done")
    turns.turn(0)
    assert len(turns.lines) == 0
