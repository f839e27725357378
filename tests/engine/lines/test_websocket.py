"""Does a WebSocket line say and hear what it should, and end as both sides want?"""

from engine.lines.address import address_of
from engine.lines.patience import PATIENCE
from engine.lines.websocket import WebSocket
from tests.engine.lines.peers import line_to, opened, peer, upgrade, wait_for_the_end

TEXT = b"\x81\x05hello"


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
