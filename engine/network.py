"""Who carries what market and account wish? Sockets in the engine's own poll; it decides nothing.

Texts go in and out as they are; what they mean is known by `engine.market` and `engine.venues`.
"""

import select
from collections.abc import Callable
from typing import NamedTuple

from engine.lines.address import address_of
from engine.lines.lines import Lines
from engine.lines.patience import NEVER_NS
from engine.lines.websocket import WebSocket
from engine.market.live import LiveMarket
from engine.market.wishes import Answer, Ask, Connect, Say, Wish
from engine.questions import Question, Questions
from engine.venues.asking import Answer as Word
from engine.venues.asking import Request
from engine.venues.binance.account import Account
from engine.venues.settings import Exchange

TURN_NS = 20_000_000  # between two turns while nothing but the market is heard


class Ears(NamedTuple):
    """Who is told: records of the market, and what the account's venue answered."""

    records: Callable[[bytes], None]
    words: Callable[[list[tuple[int, Word]]], None]


class Network:
    """Every connection of a live engine. Times are ns of our clock."""

    def __init__(
        self, poll: select.epoll, parts: tuple[LiveMarket, Account], exchange: Exchange, ears: Ears
    ) -> None:
        self.market, self.account = parts
        self.exchange, self.ears = exchange, ears
        self.lines = Lines(poll)
        self.streams: dict[int, WebSocket] = {}  # of the market
        self.apis: dict[int, WebSocket] = {}  # of the account
        self._opening: set[int] = set()  # numbers of both that were not seen open yet
        self._next_api = 0
        self._due_ns = self._turned_ns = 0  # when the next turn is to be made, and the last was
        self._is_usual = False  # what was heard just now leaves every connection as it was
        self._is_asked = False  # something waits to leave for the account's venue
        self.questions: dict[str, Questions] = {}  # by the host they are asked of

    def begin(self, now_ns: int) -> None:
        """Want the market and the account."""
        self.market.begin(now_ns)
        self.turn(now_ns)

    def close(self, now_ns: int) -> None:
        """Say goodbye to all."""
        self.market.end()
        for line in (*self.streams.values(), *self.apis.values()):
            line.close(now_ns)
        for questions in self.questions.values():
            questions.close(now_ns)
        self.lines.settle(now_ns)

    def hear(self, fd: int, now_ns: int) -> bool:
        """What the poll says of a descriptor; False if it is none of ours."""
        self._is_usual = False
        is_ours = self.lines.hear(fd, now_ns)
        if is_ours:
            soon_ns = self._turned_ns + TURN_NS if self._is_usual else 0
            self._due_ns = min(self._due_ns, soon_ns)
        return is_ours

    def ask(self, request: Request, now_ns: int) -> None:
        """Something is to be asked of the venue."""
        self._is_asked = True
        self.ears.words(self.account.ask(request, now_ns))

    def turn(self, now_ns: int) -> None:
        """Everything that is due: what opened, what ended, what is to be said.

        Words of a market and an account that go on as usual make little due: what is asked leaves
        at once, and all else waits a little for the next turn.
        """
        if now_ns < self._due_ns and self._has_left(now_ns):
            return
        self._due_ns, self._turned_ns = NEVER_NS, now_ns
        self.lines.settle(now_ns)
        if self.market.due_ns() <= now_ns:
            self.ears.records(self.market.tick(now_ns))
        self._look(now_ns)
        for wish in self.market.wishes():
            self._grant(wish, now_ns)
        self.ears.words(self.account.tick(now_ns))
        self._connect_api(now_ns)
        self._say(now_ns)
        for questions in self.questions.values():
            questions.turn(now_ns)
        self.lines.settle(now_ns)
        dues = [self.lines.due_ns(), self.market.due_ns(), self.account.due_ns(now_ns)]
        dues += [questions.due_ns() for questions in self.questions.values()]
        self._due_ns = min(self._due_ns, *dues)

    def _has_left(self, now_ns: int) -> bool:
        """Whether all that was asked is on its way, and no more than that is to be done."""
        if not self._is_asked:
            return True
        self._say(now_ns)
        self.lines.settle(now_ns)
        is_cut = any(line.ended for line in self.apis.values())
        return not (is_cut or self.account.is_waiting or self._is_asking())

    def due_ns(self) -> int:
        """When `turn` has something to do though nothing comes."""
        return 0 if self._is_asked else self._due_ns

    def _look(self, now_ns: int) -> None:
        """Which lines opened, and which ended."""
        for number in tuple(self._opening):
            stream, api = self.streams.get(number), self.apis.get(number)
            if stream is not None and stream.is_open:
                self._opening.discard(number)
                self.market.opened(number, now_ns)
            if api is not None and api.is_open:
                self._opening.discard(number)
                self.account.opened(number, now_ns)
        for number in [number for number, line in self.streams.items() if line.ended]:
            self._opening.discard(number)
            why = self.streams.pop(number).ended
            self.ears.records(self.market.lost(number, why, now_ns))
        for number in [number for number, line in self.apis.items() if line.ended]:
            self._opening.discard(number)
            self.apis.pop(number)
            self.ears.words(self.account.closed(number, now_ns))

    def _grant(self, wish: Wish, now_ns: int) -> None:
        """One wish of the market."""
        if isinstance(wish, Connect):
            self._open(self.streams, wish.line, wish.url, now_ns)
        elif isinstance(wish, Ask):
            number, address = wish.question, address_of(wish.url)

            def told(answer: Answer, at_ns: int) -> None:
                self.ears.records(self.market.answered(number, answer, at_ns))

            question = Question("GET", address.target, (), b"", told)
            self._asked_of(wish.url).ask(question, now_ns)
        elif wish.line in self.streams:
            if isinstance(wish, Say):
                self.streams[wish.line].send(wish.text)
            else:
                self.streams[wish.line].close(now_ns)

    def _open(self, whose: dict[int, WebSocket], number: int, url: str, now_ns: int) -> None:
        line = WebSocket(address_of(url), now_ns)
        whose[number] = line
        self._opening.add(number)
        if whose is self.streams:
            self.lines.add(line, lambda texts, at_ns: self._market_heard(number, texts, at_ns))
        else:
            self.lines.add(line, lambda texts, at_ns: self._account_heard(number, texts, at_ns))

    def _market_heard(self, number: int, texts: list[bytes], now_ns: int) -> None:
        """Messages of one line of the market, in their order."""
        if number in self._opening:
            self._look(now_ns)
        hear = self.market.hear
        records = b"".join([hear(number, text, now_ns) for text in texts])
        line = self.streams.get(number)
        self._is_usual = line is not None and not line.ended and not self.market.is_wishing
        if records:
            self.ears.records(records)

    def _account_heard(self, number: int, texts: list[bytes], now_ns: int) -> None:
        """Messages of one connection of the account."""
        if number in self._opening:
            self._look(now_ns)
        for text in texts:
            self.ears.words(self.account.hear(number, text, now_ns))
        line = self.apis.get(number)
        self._is_usual = line is not None and not line.ended
        self._is_asked = self._is_asked or self.account.is_waiting

    def _connect_api(self, now_ns: int) -> None:
        """Open a connection for the account where one is wanted; close those that are done."""
        if self.account.wants_line(now_ns) and not self._is_opening_api():
            self._next_api -= 1  # below zero: the market's lines count upwards
            self._open(self.apis, self._next_api, self.exchange.api_url, now_ns)
        for number in self.account.lines_to_close(now_ns):
            if number in self.apis:
                self.apis[number].close(now_ns)

    def _is_opening_api(self) -> bool:
        return any(number in self._opening for number in self.apis)

    def _say(self, now_ns: int) -> None:
        """What leaves for the account's venue, over REST where no connection can carry it."""
        self._is_asked = False
        for number, text in self.account.leaving(now_ns):
            if number in self.apis:
                self.apis[number].send(text)
        if not any(line.is_open for line in self.apis.values()):
            for id_, asked in self.account.leaving_by_rest(now_ns):

                def told(answer: Answer, at_ns: int, id_: str = id_) -> None:
                    told = answer.status, answer.headers, answer.body
                    self.ears.words(self.account.hear_by_rest(id_, *told, at_ns))

                question = Question(
                    asked.verb, asked.target, asked.headers, asked.body.encode(), told
                )
                self._asked_of(self.exchange.rest_url).ask(question, now_ns)

    def _asked_of(self, url: str) -> Questions:
        """The questions to the host of an address."""
        host = str(address_of(url))
        if host not in self.questions:
            self.questions[host] = Questions(self.lines, host, seed=1)
        return self.questions[host]

    def _is_asking(self) -> bool:
        """Whether a question waits for a connection."""
        return any(questions.waiting for questions in self.questions.values())
