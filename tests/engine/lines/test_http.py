"""Is every answer the one that the server gave, and is nothing ever asked twice?"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from engine.lines.address import address_of
from engine.lines.answers import Answer
from engine.lines.http import Http, request_of
from engine.lines.patience import PATIENCE, Patience
from tests.engine.lines.peers import gone, head, hears, peer, says, wait_for_the_end

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Exchange(BaseHTTPRequestHandler):
    """The standard library's server: it says back what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The path, in a body of known size."""
        self._say(200, self.path.encode())

    def do_POST(self) -> None:
        """The body that came, and one of our headers."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._say(201, self.headers.get("X-MBX-APIKEY", "").encode() + b" " + body)

    def do_DELETE(self) -> None:
        """Nothing at all."""
        self._say(204, b"")

    def do_HEAD(self) -> None:
        """A size without a body."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("X-MBX-USED-WEIGHT-1M", "20")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Not on the screen."""


@pytest.fixture
def exchange():
    """Its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Exchange)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join(10)


def line_to(turns, port: int, patience: Patience = PATIENCE) -> tuple[Http, list[Answer]]:
    """A line to a port of this machine, and what it answers."""
    line = Http(address_of(f"http://127.0.0.1:{port}/"), turns.now_ns(), patience)
    return line, turns.listen(line)


def test_questions_go_one_after_another_on_one_connection(turns, exchange):
    """Each method, with its body and our headers; the first while it still connects."""
    line, answers = line_to(turns, exchange)
    questions = [
        ("GET", "/api/v3/depth?symbol=ETHUSDT&limit=5000", (), b""),
        ("POST", "/api/v3/order", [("X-MBX-APIKEY", "key")], b"side=BUY"),
        ("DELETE", "/api/v3/order", (), b""),
        ("HEAD", "/", (), b""),
        ("GET", "/last", (), b""),
    ]

    for number, (method, target, headers, body) in enumerate(questions, 1):
        assert line.request(method, target, turns.now_ns(), headers, body)
        assert not line.is_free
        turns.until(lambda number=number: len(answers) == number)

    told = [(one.status, one.body) for one in answers]
    assert told[:2] == [(200, questions[0][1].encode()), (201, b"key side=BUY")]
    assert told[2:] == [(204, b""), (200, b""), (200, b"/last")]
    assert answers[0].headers["x-mbx-used-weight-1m"] == "20"
    assert line.is_free
    assert line.is_open


def test_a_second_question_waits_for_the_first_answer(turns, exchange):
    """It is not taken, and nothing of it is sent."""
    line, answers = line_to(turns, exchange)

    assert line.request("GET", "/first", turns.now_ns())
    assert not line.request("GET", "/second", turns.now_ns())
    turns.until(lambda: answers)

    assert [one.body for one in answers] == [b"/first"]


def test_no_answer_in_time_ends_the_line_in_doubt(turns):
    """The question was sent: whether it was heard, nobody knows."""
    with peer(wait_for_the_end) as port:
        line, _ = line_to(turns, port)
        line.request("POST", "/api/v3/order", turns.now_ns())
        turns.until(lambda: line.is_open)
        turns.pass_s(PATIENCE.answer_ns / 1e9)
        turns.turn(0)

    assert line.ended.endswith("did not answer within 10 s")
    assert line.is_in_doubt


def test_a_question_that_never_left_is_in_no_doubt(turns):
    """Nobody listened: it may be asked elsewhere."""
    with peer(wait_for_the_end) as port:
        pass
    line, _ = line_to(turns, port)
    line.request("POST", "/api/v3/order", turns.now_ns())
    turns.until(lambda: line.ended)

    assert not line.is_in_doubt


@pytest.mark.parametrize("part", [b"", OK[:-1], OK[:20]])
def test_a_connection_cut_in_an_answer_leaves_doubt(turns, part):
    """Half an answer is none, and the question is not asked again."""
    asked = []

    def cut(connection):
        asked.append(head(connection))
        connection.sendall(part)

    with peer(cut, again=2) as port:
        line, answers = line_to(turns, port)
        line.request("POST", "/api/v3/order", turns.now_ns())
        turns.until(lambda: line.ended)

    assert (answers, line.is_in_doubt, len(asked)) == ([], True, 1)


def test_a_reset_between_two_questions_leaves_no_doubt(turns):
    """The first was answered, the second not asked."""
    with peer(head, says(OK), hears, gone) as port:
        line, answers = line_to(turns, port)
        line.request("GET", "/", turns.now_ns())
        turns.until(lambda: answers)
        line._wire.send(b"x")
        turns.until(lambda: line.ended)

    assert not line.is_in_doubt
    assert not line.request("GET", "/", turns.now_ns())


def test_an_idle_connection_that_the_server_closes_ends(turns):
    """Known before it is asked again."""
    with peer(head, says(OK)) as port:
        line, answers = line_to(turns, port)
        line.request("GET", "/", turns.now_ns())
        turns.until(lambda: line.ended)

    assert answers[0].body == b"ok"
    assert not line.is_in_doubt


def test_a_body_may_end_with_the_connection(turns):
    """Without a length its end is the answer's (RFC 9112, 6.3)."""
    with peer(head, says(b"HTTP/1.1 200 OK\r\n\r\nall of it")) as port:
        line, answers = line_to(turns, port)
        line.request("GET", "/", turns.now_ns())
        turns.until(lambda: line.ended)

    assert [one.body for one in answers] == [b"all of it"]


def test_a_body_that_a_reset_ends_is_no_answer(turns):
    """What is missing, nobody knows."""
    part = says(b"HTTP/1.1 200 OK\r\n\r\nhalf of")
    with peer(head, part, hears, gone) as port:
        line, answers = line_to(turns, port)
        line.request("GET", "/", turns.now_ns())
        turns.until(lambda: line._answers._body)
        line._wire.send(b"go")
        turns.until(lambda: line.ended)

    assert answers == []
    assert line.is_in_doubt


def test_a_server_that_speaks_unasked_is_left(turns):
    """Its words would be taken for the next answer."""
    with peer(says(OK), wait_for_the_end) as port:
        line, answers = line_to(turns, port)
        turns.until(lambda: line.ended)

    assert answers == []
    assert "it answered what was not asked" in line.ended


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("get", "/", ()),
        ("GET / HTTP/1.1\r\nX: y\r\n\r\nGET", "/", ()),
        ("GET", "/a b", ()),
        ("GET", "/a\r\nHost: b", ()),
        ("GET", "http://elsewhere/", ()),
        ("GET", "/", [("X\r\nY", "z")]),
        ("GET", "/", [("X", "y\r\nZ: a")]),
    ],
)
def test_words_that_would_be_two_requests_are_refused(method, target, headers):
    """Before anything is sent."""
    with pytest.raises(ValueError, match="cannot be"):
        request_of(address_of("http://h/"), (method, target), headers)
