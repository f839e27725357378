"""How is a server asked many things over a few connections? In turn, each question once.

A question that got no answer is told so (status 0); whoever asked decides whether to ask again.
"""

import random
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from engine.lines import answers as answers_
from engine.lines.address import Address, address_of
from engine.lines.http import Http
from engine.lines.lines import Lines
from engine.lines.patience import NEVER_NS, PATIENCE, Patience
from engine.market.wishes import Answer
from engine.resilience.backoff import wait_ns
from engine.resilience.settings import Backoff

CONNECTIONS_MAX = 2
WAITING_MAX = 256  # questions; of more the newest are refused at once
UNREACHED = Backoff(base_delay_ms=500, max_delay_ms=30_000)
FULL = Answer(0, {}, b"too many questions wait already")

Told = Callable[[Answer, int], None]


class Question(NamedTuple):
    """What is asked, and who is told what came of it."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    told: Told


class Questions:
    """The questions to one host; `lines` carries them."""

    def __init__(self, lines: Lines, url: str, seed: int, patience: Patience = PATIENCE) -> None:
        self.address: Address = address_of(url)
        self.waiting: deque[Question] = deque()
        self.lines, self._patience = lines, patience
        self._draw = random.Random(seed).random  # noqa: S311  jitter
        self._asked: dict[Http, Question | None] = {}
        self._failures, self._not_before_ns = 0, 0

    def ask(self, question: Question, now_ns: int) -> None:
        """It is asked as soon as a connection is free."""
        if len(self.waiting) >= WAITING_MAX:
            question.told(FULL, now_ns)
            return
        self.waiting.append(question)

    def turn(self, now_ns: int) -> None:
        """What ended is told, what waits is asked."""
        for line in [line for line in self._asked if line.ended]:
            question = self._asked.pop(line)
            if question is not None:
                self._failures += 1
                pause_ns = wait_ns(UNREACHED, self._failures - 1, self._draw)
                self._not_before_ns = now_ns + pause_ns
                question.told(Answer(0, {}, line.ended.encode()), now_ns)
        while self.waiting and now_ns >= self._not_before_ns:
            free = [line for line, question in self._asked.items() if question is None]
            if not free and len(self._asked) >= CONNECTIONS_MAX:
                return
            line = free[0] if free else self._opened(now_ns)
            question = self.waiting.popleft()
            self._asked[line] = question
            asked = question.target, now_ns, question.headers, question.body
            line.request(question.method, *asked)

    def due_ns(self) -> int:
        """When `turn` has something to do though nothing came."""
        if any(line.ended for line in self._asked):
            return 0
        return self._not_before_ns if self.waiting else NEVER_NS

    def close(self, now_ns: int) -> None:
        """Nothing more is asked; who waits is not told."""
        self.waiting.clear()
        for line in self._asked:
            line.close(now_ns)
        self._asked.clear()

    def _opened(self, now_ns: int) -> Http:
        line = Http(self.address, now_ns, self._patience)
        self._asked[line] = None

        def heard(answers: list[answers_.Answer], at_ns: int) -> None:
            question = self._asked.get(line)
            if question is not None:
                self._asked[line], self._failures = None, 0
                question.told(Answer(*answers[0][:3]), at_ns)

        self.lines.add(line, heard)
        return line
