"""How does one connection to Redis carry everybody's questions? In order, batched, all or none.

Answers come in the order of the questions, so whoever no longer waits leaves a gap and disturbs
nobody. Whatever breaks that order ends the connection: a wrong answer is worse than none.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from engine.cache.keeping import Patience

LOOKS = 4  # in an answer's time: how finely it is kept
UNSENT_BYTES_MAX = 8 << 20  # of questions
ANSWER_BYTES_MAX = 64 << 20  # more without an end is no answer
NOT_YET = object()
Word = str | bytes | int
Question = tuple[Word, ...]


class Lost:
    """In place of an answer: there is none, and why."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why = why


BUSY = Lost("too much waits already")


class Link(asyncio.Protocol):
    """One connection. `pushed` hears what Redis says unasked; `lost` is done when it has ended."""

    def __init__(self, patience: Patience, pushed: Callable[[list[Any]], object]) -> None:
        import hiredis

        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[str] = self._loop.create_future()
        self.asked = self.answered = 0
        self._patience, self._pushed = patience, pushed
        self._reader = hiredis.Reader(notEnoughData=NOT_YET)
        self._pack: Any = hiredis.pack_command  # its own types say tuples of one word
        self._push = hiredis.PushNotification
        self._no_answer = hiredis.ProtocolError
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._unsent: list[bytes] = []
        self._unsent_bytes = self._fed = 0
        self._is_held = False  # the other end takes nothing at the moment
        self._watch: asyncio.TimerHandle | None = None
        self._marks: deque[int] = deque(maxlen=LOOKS + 1)  # questions asked, at the last looks

    @property
    def waiting(self) -> int:
        """Questions without an answer."""
        return len(self._waiting)

    def ask(self, *questions: Question) -> list[asyncio.Future[Any]] | None:
        """Their answers to come, of which each may be Lost; None where too much waits already."""
        words = b"".join(map(self._pack, questions))
        waiting = self._waiting
        if len(waiting) + len(questions) > self._patience.waiting_max:
            return None
        if self._unsent_bytes + len(words) > UNSENT_BYTES_MAX:
            return None
        answers = [self._loop.create_future() for _ in questions]
        if self._transport is None:
            for answer in answers:
                answer.set_result(Lost("it is not connected"))
            return answers
        is_idle = not waiting
        waiting.extend(answers)
        self.asked += len(answers)
        if is_idle and not self._is_held:
            self._transport.write(words)  # nobody to wait for
        else:
            self._queue(words)
        if self._watch is None:
            self._look()
        return answers

    def end(self, why: str) -> None:
        """No more; all that wait are told why."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if not self.lost.done():
            self.lost.set_result(why)
        self._unsent.clear()
        while self._waiting:
            answer(self._waiting.popleft(), Lost(why))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It may be asked."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end has gone."""
        self.end("the connection was cut" if exc is None else f"{type(exc).__name__}")

    def data_received(self, chunk: bytes) -> None:
        """Hand out what is whole; what is not RESP, or was not asked for, ends the connection."""
        reader, waiting = self._reader, self._waiting
        reader.feed(chunk)
        self._fed += len(chunk)
        try:
            while (reply := reader.gets()) is not NOT_YET:
                self._fed = 0
                if type(reply) is self._push:
                    self._pushed(reply)
                elif waiting:
                    self.answered += 1
                    answer(waiting.popleft(), reply)
                else:
                    self.end("it answered what was not asked")
                    return
        except self._no_answer:
            self.end("it does not speak RESP")
        if self._fed > ANSWER_BYTES_MAX:
            self.end("its answer has no end")

    def pause_writing(self) -> None:
        """The other end takes no more."""
        self._is_held = True

    def resume_writing(self) -> None:
        """It takes again."""
        self._is_held = False
        self._flush()

    def _queue(self, words: bytes) -> None:
        """All that is asked in one turn of the loop goes in one write."""
        if not self._unsent and not self._is_held:
            self._loop.call_soon(self._flush)
        self._unsent.append(words)
        self._unsent_bytes += len(words)

    def _flush(self) -> None:
        if self._transport is None or self._is_held or not self._unsent:
            return
        words = b"".join(self._unsent)
        self._unsent.clear()
        self._unsent_bytes = 0
        self._transport.write(words)

    def _look(self) -> None:
        """Whether what was asked an answer's time ago is still open: then it will stay so."""
        self._watch = None
        if not self._waiting:
            self._marks.clear()
            return
        self._marks.append(self.asked)
        if len(self._marks) > LOOKS and self.answered < self._marks[0]:
            self.end("it does not answer")
            return
        self._watch = self._loop.call_later(self._patience.answer_s / LOOKS, self._look)


def answer(future: asyncio.Future[Any], reply: object) -> None:
    """To whoever still waits."""
    if not future.done():
        future.set_result(reply)


def code_of(reply: object) -> str:
    """The first word of an error that Redis answered; nothing for any other answer."""
    return str(reply).partition(" ")[0] if isinstance(reply, Exception) else ""


async def asked(link: Link, questions: Sequence[Question]) -> list[Any]:
    """All their answers, in order; each is BUSY where too much waits."""
    answers = link.ask(*questions)
    if answers is None:
        return [BUSY] * len(questions)
    return [await one for one in answers]
