"""Is each question answered once, over few connections, and its asker told when it was not?"""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

import pytest

from engine.lines.patience import PATIENCE, Patience
from engine.market.wishes import Answer
from engine.questions import CONNECTIONS_MAX, FULL, WAITING_MAX, Question, Questions
from tests.engine.lines.peers import Turns, gone, head, hears, peer, says

LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"


class Echo(BaseHTTPRequestHandler):
    """The standard library's server: it says back what it was asked, on connections that stay."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        """One more connection."""
        super().setup()
        self.server.connections += 1  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        """The path."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.path)))
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *_words: object) -> None:
        """Not on the screen."""


@pytest.fixture
def echo() -> Iterator[ThreadingHTTPServer]:
    """It, in a thread."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.connections = 0  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


class Asker:
    """Who asks, and what it was told."""

    def __init__(self, port: int, patience: Patience = PATIENCE) -> None:
        self.turns, self.told = Turns(), list[tuple[str, Answer]]()
        self.questions = Questions(self.turns.lines, f"http://127.0.0.1:{port}", 1, patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self.turns.close()

    def turn(self) -> None:
        """What is due."""
        self.questions.turn(self.turns.now_ns())

    def close(self) -> None:
        """No more of it."""
        self.questions.close(self.turns.now_ns())
        self.turns.turn(0.0)

    def ask(self, *names: str) -> None:
        """Questions, each told by its name."""
        for name in names:
            told = partial(self.hear, name)
            self.questions.ask(Question("GET", f"/{name}", (), b"", told), self.turns.now_ns())

    def hear(self, name: str, answer: Answer, _now_ns: int) -> None:
        """What came of one."""
        self.told.append((name, answer))

    def until_told(self, count: int) -> list[tuple[str, int]]:
        """Turn until so many were told something; names and statuses."""

        def is_so() -> bool:
            self.turn()
            return len(self.told) >= count

        self.turns.until(is_so)
        return [(name, answer.status) for name, answer in self.told]


def test_each_is_answered_once_and_connections_are_kept(echo):
    """Many questions, two connections."""
    names = [f"{number}" for number in range(40)]
    with Asker(echo.server_port) as asker:
        asker.ask(*names)
        asker.until_told(len(names))

    assert sorted((name, said.body) for name, said in asker.told) == sorted(
        (name, f"/{name}".encode()) for name in names
    )
    assert echo.connections <= CONNECTIONS_MAX


def test_a_server_that_closes_behind_each_answer_is_asked_on_others():
    """What it closed is not asked again."""
    with peer(head, says(LAST), again=4) as port, Asker(port) as asker:
        asker.ask("a", "b", "c", "d")
        told = asker.until_told(4)

    assert sorted(told) == [("a", 200), ("b", 200), ("c", 200), ("d", 200)]


def test_who_gets_no_answer_is_told_so_and_what_is_asked_later_goes_out_later():
    """A question that may have arrived is not asked again by itself."""
    with peer(head, gone) as port, Asker(port) as asker:
        asker.ask("a")
        told = asker.until_told(1)
        asker.ask("b")
        asker.turns.pass_s(1.0)
        asker.turn()

        assert told == [("a", 0)]
        assert asker.told[0][1].body  # why
        assert not asker.questions.waiting


def test_silence_has_an_end():
    """After the time for an answer the asker is told that there is none."""
    with peer(head, hears, hears) as port, Asker(port, Patience(answer_ns=50_000_000)) as asker:
        asker.ask("a")
        told = asker.until_told(1)

    assert told == [("a", 0)]
    assert b"did not answer within 0.05 s" in asker.told[0][1].body


def test_more_than_can_wait_are_refused_at_once():
    """The newest, and nothing else is touched."""
    with Asker(1) as asker:
        asker.ask(*map(str, range(WAITING_MAX + 1)))

        assert asker.told == [(str(WAITING_MAX), FULL)]


def test_after_the_end_nobody_is_told_and_no_line_is_left():
    """Whatever waits or is on its way."""
    with peer(head, hears) as port, Asker(port) as asker:
        asker.ask("a", "b", "c")
        asker.turn()
        asker.close()

        assert (asker.told, len(asker.turns.lines)) == ([], 0)
