"""How is a server asked over HTTP/1.1? One question at a time on a connection that stays.

Nothing is ever asked twice here: whoever may repeat a question does so on another line. After an
end `is_in_doubt` says whether the last question can have reached the server.
"""

import re
from collections.abc import Sequence

from engine.lines.address import Address
from engine.lines.answers import Answer, Answers
from engine.lines.patience import NEVER_NS, NS_A_SECOND, PATIENCE, Patience
from engine.lines.wire import TRY_LATER, OnWire, Wire

METHOD = re.compile(r"[A-Z]+")
TARGET = re.compile(r"/[!-~]*")
NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
VALUE = re.compile(r"[\t -~\x80-\xff]*")
WITH_BODY = ("POST", "PUT", "PATCH")
Headers = Sequence[tuple[str, str]]


class Http(OnWire):
    """One keep-alive connection; the answers come out of `hear`."""

    def __init__(
        self, address: Address, now_ns: int, patience: Patience = PATIENCE, *, issuers: str = ""
    ) -> None:
        self.address = address
        self.ended = self.fix = ""
        self.is_in_doubt = False
        self._patience, self._due_ns = patience, NEVER_NS
        self._asked = b""  # waits for the connection to open
        self._is_asked = False
        self._answers = Answers(patience.message_max)
        self._wire = Wire(address, now_ns, patience, issuers=issuers)
        if self._wire.ended:
            self._end(self._wire.ended, self._wire.fix)

    @property
    def is_open(self) -> bool:
        """Whether it is connected."""
        return self._wire.is_open

    @property
    def is_free(self) -> bool:
        """Whether it can be asked now."""
        return not (self._is_asked or self.ended)

    def request(
        self, method: str, target: str, now_ns: int, headers: Headers = (), body: bytes = b""
    ) -> bool:
        """Ask, also while it still connects; False (and nothing was asked) when it is not free.

        ValueError for words that would not be one request.
        """
        words = request_of(self.address, (method, target), headers, body)
        if not self.is_free:
            return False
        self._is_asked, self._due_ns = True, now_ns + self._patience.answer_ns
        self._answers.expect(method)
        self._asked = words
        self._ask()
        return not self.ended

    def hear(self, now_ns: int) -> list[Answer]:
        """The answer, if it has come whole; also when it is due. It may have ended behind it."""
        raw = self._wire.turn(now_ns)
        found: list[Answer] = []
        try:
            if raw and (answer := self._answers.feed(raw)) is not None:
                found.append(answer)
        except ValueError as error:
            self._end(f"{self.address} gave no answer: {error}", "check that it speaks HTTP/1.1")
            return []
        self._ask()
        if self._wire.ended:
            if self._is_asked and self._wire.is_whole and (rest := self._answers.end()) is not None:
                found.append(rest)
            self._is_asked = self._is_asked and not found
            self._end(self._wire.ended, self._wire.fix)
        elif found:
            self._is_asked, self._due_ns = False, NEVER_NS
            self.is_in_doubt = False
            if found[0].is_last:
                self._end(f"{self.address} closes behind each answer")
        elif now_ns >= self._due_ns:
            within_s = self._patience.answer_ns / NS_A_SECOND
            self._end(f"{self.address} did not answer within {within_s:g} s")
        return found

    def close(self, _now_ns: int) -> None:
        """No more of it; a question without an answer stays in doubt."""
        self._end("we closed it")

    def drop(self, why: str) -> None:
        """End it at once."""
        self._end(why)

    def _ask(self) -> None:
        if self._asked and self._wire.is_open:
            words, self._asked = self._asked, b""
            self.is_in_doubt = self._wire.send(words)

    def _end(self, why: str, fix: str = TRY_LATER) -> None:
        if not self.ended:
            self.is_in_doubt = self.is_in_doubt and self._is_asked
            self._wire.end(why, fix)
            self.ended, self.fix, self._due_ns = why, fix, NEVER_NS


def request_of(
    address: Address, asked: tuple[str, str], headers: Headers, body: bytes = b""
) -> bytes:
    """The bytes of one request; ValueError for words that would be read as something else."""
    method, target = asked
    if not METHOD.fullmatch(method) or not TARGET.fullmatch(target):
        raise ValueError(f"{method!a} {ascii(target)[:80]} cannot be asked for")
    told = [("Host", address.authority), ("User-Agent", "supreme"), *headers]
    if body or method in WITH_BODY:
        told.append(("Content-Length", str(len(body))))
    for name, value in told:
        if not NAME.fullmatch(name) or not VALUE.fullmatch(value):
            raise ValueError(f"header {ascii(name)[:80]} or its value cannot be sent")
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in told)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
