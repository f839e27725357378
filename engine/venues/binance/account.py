"""What is said to the venue, and what is heard? Requests in, texts out; texts in, answers out.

Without I/O: connections are numbers, time is given. The owner opens a connection when `wants_line`,
sends what `leaving` hands over at once, and passes every text to `hear`. What acts leaves once.
"""

from collections.abc import Callable
from typing import Any

from engine.venues.asking import ASK_HOLDING, SUBMIT, Refusal, Request, Silence
from engine.venues.binance import reasons, requests
from engine.venues.binance.books import Books
from engine.venues.binance.courier import QUESTION_NS, SUBSCRIBE, TIME, Courier
from engine.venues.binance.early import Early
from engine.venues.binance.errands import OWN, Errands
from engine.venues.binance.events import LOOK_AFTER, Executions, event_told
from engine.venues.binance.limits import Headroom, cost_of, until_of, until_of_headers
from engine.venues.binance.reading import (
    Unreadable,
    object_of,
    parsed,
    text_in,
    whole_in,
)
from engine.venues.binance.requests import Rest
from engine.venues.binance.signing import Key
from engine.venues.binance.steps import Heard, Question, Step, answered, begin, failed, refusal_of
from engine.venues.binance.stream import SUBSCRIBE_PATIENCE_NS, Lines

CONNECTING = cost_of(2)
LIMITED = (403, 418, 429)  # a firewall may stand for a limit
UNSAID: dict[str, Any] = {"code": -1000, "msg": "an answer without a word of why"}
UNREACHED: dict[str, Any] = {"code": -1000, "msg": "nobody answers over REST"}


class Account:
    """One account at the venue, over any number of connections; all times in ns of our clock."""

    def __init__(self, key: Key, books: Books, seed: int = 1) -> None:
        self.books, self.lines = books, Lines(seed)
        self.courier = Courier(key)
        self.trouble = ""  # why the account's stream was refused last
        self._executions = Executions()
        self._errands = Errands(self.courier, books)
        self._early = Early(self.courier, books)

    def ask(self, request: Request, now_ns: int) -> list[Heard]:
        """A request; what is known of it at once. What it needs asked comes out of `leaving`."""
        question = Question(request, now_ns)
        return self._go_on(question, begin(question, self.books), now_ns)

    @property
    def is_waiting(self) -> bool:
        """Whether something waits to leave, or to be heard at the next tick."""
        return bool(self.courier.waiting) or self._early.due_ns() == 1

    def leaving(self, now_ns: int) -> list[tuple[int, str]]:
        """(connection, text) of all that leaves now."""
        for line in self.lines.to_subscribe(now_ns):
            self.courier.post_own(SUBSCRIBE, requests.subscription(), now_ns, line)
        return self.courier.leaving(self._line_of, now_ns) if self.courier.waiting else []

    def leaving_by_rest(self, now_ns: int) -> list[tuple[str, Rest]]:
        """(id, request) of all that leaves now, where there is no connection to carry it."""
        return self.courier.leaving_by_rest(now_ns)

    def hear(self, line: int, text: str | bytes, now_ns: int) -> list[Heard]:
        """What a text of a connection says; nothing raises, what cannot be read leaves a note."""
        try:
            message = object_of(parsed(text), "a message")
            if "event" in message:
                return self._event(line, object_of(message["event"], "an event"), now_ns)
        except Unreadable as why:
            self.books.note(f"unreadable: {why}")
            return []
        question = self.courier.landed(message.get("id"), now_ns, message.get("rateLimits"))
        if question is None:
            self.books.note(f"an answer to nothing that was asked: {text[:80]!r}")
            return []
        succeeded = message.get("status") == 200 and "result" in message
        if succeeded:
            return self._settle(question, self._succeeded, message["result"], now_ns)
        status, error = message.get("status"), message.get("error")
        return self._settle(question, self._failed, (status, error, 0), now_ns)

    def hear_by_rest(
        self, id_: str, status: int, headers: dict[str, str], body: str | bytes, now_ns: int
    ) -> list[Heard]:
        """An HTTP answer; a status of 0 says that there was none."""
        question = self.courier.landed(id_, now_ns)
        if question is None:
            return []
        venue_ns = self.courier.clock.venue_ns(now_ns)
        self.courier.limits.learn_headers(headers, venue_ns)
        try:
            told = parsed(body)
        except Unreadable as why:
            if status:
                self.books.note(f"status {status}, {why}")
            told = UNSAID if status else UNREACHED
            status = 500 if status == 200 else status
        if status == 200:
            return self._settle(question, self._succeeded, told, now_ns)
        until_ns = until_of_headers(headers, venue_ns)
        return self._settle(question, self._failed, (status, told, until_ns), now_ns)

    def opened(self, line: int, now_ns: int) -> None:
        """A connection stands: the venue's time is asked there first, then its stream."""
        self.lines.opened(line, now_ns)
        venue_ns = self.courier.clock.venue_ns(now_ns)
        self.courier.limits.lands(CONNECTING, venue_ns, counted=False)
        self._errands.ask_time(now_ns, line)

    def closed(self, line: int, now_ns: int) -> list[Heard]:
        """A connection is gone, or did not come to be: what was asked there has no answer."""
        self.lines.closed(line, now_ns)
        lost = self.courier.lost(line, now_ns)
        return [(one.number, Silence()) for one in lost if one.number]

    def tick(self, now_ns: int) -> list[Heard]:
        """Time has passed: what could not leave is given back, clock and rules are asked for."""
        heard: list[Heard] = []
        for event in self._early.over(now_ns):
            heard += self._told("executionReport", event, now_ns)
        for question in self.courier.held_back(now_ns):
            if question.verb == SUBSCRIBE:
                self.lines.unsubscribed(question.line, now_ns)
            refused = Step([(question.number, refusal_of(question, reasons.HELD_BACK))])
            heard += self._go_on(question, refused, now_ns)
        self.courier.given_up(now_ns)
        for verb, patience_ns in ((SUBSCRIBE, SUBSCRIBE_PATIENCE_NS), (TIME, QUESTION_NS)):
            for line in self.courier.unanswered(verb, patience_ns, now_ns):
                self.lines.broke(line)
        self._errands.meet(now_ns)
        if self.lines.best(hearing=False):
            self._errands.go(now_ns)
        return heard

    def due_ns(self, now_ns: int) -> int:
        """When `tick` and `leaving` have something to do next."""
        subscribe = [one.subscribe_at_ns for one in self.lines.open.values() if one.subscribe_at_ns]
        wanted_ns = self.lines.wanted_at_ns(now_ns)
        later = [at_ns for at_ns in (wanted_ns, *self._errands.due_ns()) if at_ns > now_ns]
        early_ns = self._early.due_ns() or self.courier.due_ns(now_ns)
        return min([self.courier.due_ns(now_ns), early_ns, *later, *subscribe])

    def wants_line(self, now_ns: int) -> bool:
        """Whether a connection should be opened: none stands, or its time is nearly over."""
        return self.lines.is_wanted(now_ns)

    def lines_to_close(self, now_ns: int) -> list[int]:
        """Connections that are done: close them, and say so by `closed`."""
        busy = {one.line for one in self.courier.pending.values()}
        return self.lines.to_close(busy, now_ns)

    def headroom(self, now_ns: int) -> list[Headroom]:
        """What the venue still lets us ask."""
        return self.courier.limits.headroom(self.courier.clock.venue_ns(now_ns))

    def _line_of(self, question: Question) -> int:
        """Own questions stay on their connection; an order leaves where its events are heard."""
        if question.line and question.number == 0 and question.verb in (TIME, SUBSCRIBE):
            return question.line if question.line in self.lines.open else 0
        return self.lines.best(hearing=question.verb == SUBMIT)

    def _settle(
        self, question: Question, say: Callable[..., Step], said: object, now_ns: int
    ) -> list[Heard]:
        """What an answer says; one that cannot be read is none."""
        try:
            step = say(question, said, now_ns)
        except Unreadable as why:
            self.books.note(f"unreadable: {why}")
            if question.verb == SUBSCRIBE:
                self.lines.unsubscribed(question.line, now_ns)
            step = Step([(question.number, Silence())])
        return self._go_on(question, step, now_ns)

    def _go_on(self, question: Question, step: Step, now_ns: int) -> list[Heard]:
        """Hands over what was heard, and asks on unless it has taken too long."""
        heard = list(step.heard)
        if step.call is not None:
            if now_ns < question.asked_ns + QUESTION_NS:
                self.courier.post(question, step.call)
            else:
                heard.append((question.number, Silence()))
        if question.number == 0:
            return [one for one in heard if not isinstance(one[1], Refusal | Silence)]
        for _, answer in heard:
            if isinstance(answer, Refusal) and question.verb == SUBMIT:
                self.books.refuses(question.request.order_id)
        return heard

    def _succeeded(self, question: Question, result: object, now_ns: int) -> Step:
        """A result."""
        if question.verb in OWN:
            self._errands.answered(question, result, now_ns)
        elif question.verb == SUBSCRIBE:
            subscription = whole_in(object_of(result, "a subscription"), "subscriptionId")
            self._subscribed(question.line, subscription, now_ns)
        else:
            step = answered(question, result, self.books)
            if question.verb == ASK_HOLDING and step.call is None and not self.courier.is_met:
                self.courier.is_met = True
                self.books.names.since_ns = self.courier.clock.venue_ns(now_ns)
            return step
        return Step([])

    def _failed(self, question: Question, said: tuple[object, object, int], now_ns: int) -> Step:
        """An error, with the time until which we are asked to wait, or 0."""
        given, error, until_ns = said
        status = given if isinstance(given, int) and not isinstance(given, bool) else 500
        try:
            code, message = reasons.error_of(error)
        except Unreadable:
            code, message, error = -1000, "", UNSAID
        if status in LIMITED or code == reasons.TOO_MANY_ORDERS:
            self._limited(status, code, until_ns or until_of(object_of(error, "an error")), now_ns)
        if code == reasons.BAD_TIME and status < 500 and not question.retried:
            return self._time_refused(question, now_ns)
        if message == reasons.CLOSED or message.startswith(reasons.FILTERED):
            self._errands.ask_rules(now_ns)
        if question.verb == SUBSCRIBE:
            self._not_subscribed(question, error, now_ns)
        if question.verb in (SUBSCRIBE, *OWN):
            return Step([])
        return failed(question, status, error, self.books)

    def _limited(self, status: int, code: int, until_ns: int, now_ns: int) -> None:
        """The venue wants us to wait."""
        venue_ns = self.courier.clock.venue_ns(now_ns)
        by_orders = code == reasons.TOO_MANY_ORDERS
        self.courier.limits.refused(status, until_ns, venue_ns, by_orders=by_orders)
        self.books.note(f"status {status}, {code}: the venue asks to wait")

    def _time_refused(self, question: Question, now_ns: int) -> Step:
        """Our time was refused, so nothing was done: once more when the venue's is known."""
        question.retried = True
        self.courier.clock.forget()
        self._errands.ask_time(now_ns)
        return Step([], question.call)

    def _subscribed(self, line: int, subscription: int, now_ns: int) -> None:
        """Its events come; what happened while none did must be looked for."""
        self.trouble = ""
        if line in self.lines.open and self.lines.subscribed(line, subscription, now_ns):
            self._errands.ask_holding(now_ns)

    def _not_subscribed(self, question: Question, error: object, now_ns: int) -> None:
        """Subscribed already is as good; anything else is tried again, ever more slowly."""
        code, message = reasons.error_of(error)
        if code == reasons.SUBSCRIBED_ALREADY:
            self._subscribed(question.line, -1, now_ns)
        else:
            self.trouble = f"{code} {message}"[:200]
            self.lines.unsubscribed(question.line, now_ns)

    def _event(self, line: int, event: dict[str, Any], now_ns: int) -> list[Heard]:
        """An event of the account's stream, or of the connection."""
        kind = text_in(event, "e")
        if kind == "serverShutdown" and line in self.lines.open:
            self.lines.shuts_down(line)
        elif kind == "eventStreamTerminated" and line in self.lines.open:
            self.lines.terminated(line, now_ns)
        elif kind != "executionReport" or not self._early.keeps(event, now_ns):
            return self._told(kind, event, now_ns)
        return []

    def _told(self, kind: str, event: dict[str, Any], now_ns: int) -> list[Heard]:
        """What an event says of the account; one that cannot be read leaves a note."""
        try:
            heard = event_told(kind, event, self.books, self._executions)
        except Unreadable as why:
            self.books.note(f"unreadable: {why}")
            return []
        if kind in LOOK_AFTER:
            self._errands.ask_holding(now_ns)
        return [(0, answer) for answer in heard]
