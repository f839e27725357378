"""What does a source want of the network? Lines opened, texts said, questions asked; never by it.

Whoever has the sockets fetches the wishes, and tells what became of each by its number. Questions
cost weight; what a minute allows, and what the exchange says of it, is minded here.
"""

from collections import deque
from typing import NamedTuple

MINUTE_NS = 60_000_000_000
SECOND_NS = 1_000_000_000
WISHES_MAX = 4_096  # nobody fetches them: then the oldest go, and time asks again
BANNED = (418, 429)
PAUSE_NS = 60 * SECOND_NS  # after a ban that does not say how long
PAUSE_MAX_NS = 3 * 24 * 60 * MINUTE_NS  # the longest ban there is


class Connect(NamedTuple):
    """Open a WebSocket; messages of it are heard under this number."""

    line: int
    url: str


class Say(NamedTuple):
    """Send a text on a line."""

    line: int
    text: str


class Close(NamedTuple):
    """End a line; what is heard of it after this counts no more."""

    line: int


class Ask(NamedTuple):
    """GET this address."""

    question: int
    url: str


Wish = Connect | Say | Close | Ask


class Answer(NamedTuple):
    """What came back: the status (0: nothing came, `body` says why), headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Wishes:
    """Wishes of several sources in order, and the weight they have left."""

    def __init__(self, weight_max: int) -> None:
        self.waiting: deque[Wish] = deque(maxlen=WISHES_MAX)
        self.weight_max = weight_max  # a minute
        self.spent: deque[tuple[int, int]] = deque()
        self.paused_ns = 0  # no question before
        self.number = 0

    def connect(self, url: str) -> int:
        """A line to open; its number."""
        self.number += 1
        self.waiting.append(Connect(self.number, url))
        return self.number

    def say(self, line: int, text: str) -> None:
        """A text to send."""
        self.waiting.append(Say(line, text))

    def close(self, line: int) -> None:
        """A line to end."""
        self.waiting.append(Close(line))

    def ask(self, url: str, weight: int, now_ns: int) -> int:
        """A question to ask; its number, or 0 if it must wait for weight."""
        if now_ns < self.paused_ns or self.weight(now_ns) + weight > self.weight_max:
            return 0
        self.spent.append((now_ns, weight))
        self.number += 1
        self.waiting.append(Ask(self.number, url))
        return self.number

    def weight(self, now_ns: int) -> int:
        """What was asked in the last minute."""
        while self.spent and self.spent[0][0] <= now_ns - MINUTE_NS:
            self.spent.popleft()
        return sum(weight for _, weight in self.spent)

    def note(self, answer: Answer, now_ns: int) -> None:
        """Mind what an answer says of limits: others behind our address may spend them too."""
        if answer.status in BANNED:
            told = answer.headers.get("retry-after", "")
            pause_ns = int(told) * SECOND_NS if told.isdecimal() and len(told) < 10 else PAUSE_NS
            self.paused_ns = max(self.paused_ns, now_ns + min(pause_ns, PAUSE_MAX_NS))
        used = answer.headers.get("x-mbx-used-weight-1m", "")
        if used.isdecimal() and len(used) < 10:
            unknown = int(used) - self.weight(now_ns)
            if unknown > 0:
                self.spent.append((now_ns, unknown))

    def taken(self) -> list[Wish]:
        """All that is wished by now, once."""
        wishes = list(self.waiting)
        self.waiting.clear()
        return wishes
