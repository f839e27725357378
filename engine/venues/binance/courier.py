"""What waits to leave, what is on its way, and when may the next go? Requests, their ids and times.

What acts leaves within a second of being wanted or not at all: the venue takes a request for five
seconds more, and who waits for its end (`Terms.settle_ns`) must not wait in vain.
"""

from collections.abc import Callable, Iterator

from engine.venues.asking import ASK_FILLS, ASK_ORDER, CANCEL, SUBMIT, Request
from engine.venues.binance.clock import VenueClock
from engine.venues.binance.limits import Limits
from engine.venues.binance.pacing import SECOND_NS
from engine.venues.binance.reading import Unreadable
from engine.venues.binance.requests import Call, Rest, rest_of, ws_text
from engine.venues.binance.signing import Key
from engine.venues.binance.steps import Question

TIME, SUBSCRIBE, RULES, AVERAGE = 100, 101, 102, 103  # verbs of the adapter's own questions
HOLD_NS = SECOND_NS  # what acts and could not leave for so long does not leave
QUESTION_NS = 5 * SECOND_NS  # a question that took so long is not asked further
GIVE_UP_NS = 60 * SECOND_NS  # no answer is expected any more
URGENT = (SUBMIT, CANCEL, TIME, SUBSCRIBE)
OF_ORDERS = (SUBMIT, CANCEL, ASK_ORDER, ASK_FILLS)
PENDING_MAX = 4_096


class Courier:
    """The way out and back of every request of one account."""

    def __init__(self, key: Key) -> None:
        self.key, self.clock, self.limits = key, VenueClock(), Limits()
        self.waiting: list[Question] = []
        self.pending: dict[str, Question] = {}
        self.is_met = False  # whether the account was looked at: before, nothing of orders leaves
        self._last_id = 0

    def post(self, question: Question, call: Call) -> None:
        """The question's next call waits to leave."""
        question.call = call
        self.waiting.append(question)

    def post_own(self, verb: int, call: Call, now_ns: int, line: int = 0) -> None:
        """A question of the adapter's own; with a line, on that connection alone."""
        question = Question(Request(0, verb), now_ns)
        question.line = line
        self.post(question, call)

    def has_own(self, verb: int) -> bool:
        """Whether an own question of this kind waits or is on its way."""
        every = (*self.waiting, *self.pending.values())
        return any(one.number == 0 and one.verb == verb for one in every)

    def leaving(self, line_of: Callable[[Question], int], now_ns: int) -> list[tuple[int, str]]:
        """(connection, text) of all that may leave now; `line_of` says by which, or 0."""
        sent = []
        for question, call in self._ready(now_ns):
            line = line_of(question)
            if line:
                id_ = self._goes(question, call, now_ns)
                question.line = line
                stamp_ms = self.clock.stamp_ms(now_ns)
                sent.append((line, ws_text(call, id_, self.key, stamp_ms)))
        return sent

    def leaving_by_rest(self, now_ns: int) -> list[tuple[str, Rest]]:
        """(id, request) of all that may leave now and has a way over REST."""
        sent = []
        for question, call in self._ready(now_ns):
            if call.path:
                id_ = self._goes(question, call, now_ns)
                question.line = 0
                sent.append((id_, rest_of(call, self.key, self.clock.stamp_ms(now_ns))))
        return sent

    def landed(self, id_: object, now_ns: int, rate_limits: object = None) -> Question | None:
        """The question that an answer belongs to; none if nobody waits for it."""
        question = self.pending.pop(id_, None) if isinstance(id_, str) else None
        if question is None or question.call is None:
            return None
        self._count(question.call, rate_limits, now_ns)
        return question

    def lost(self, line: int, now_ns: int) -> list[Question]:
        """A connection is gone: nobody knows what became of what was sent there."""
        gone = [id_ for id_, one in self.pending.items() if one.line == line]
        self.waiting = [one for one in self.waiting if one.number or one.line != line]
        return [one for id_ in gone if (one := self.landed(id_, now_ns))]

    def held_back(self, now_ns: int) -> list[Question]:
        """What waited too long to leave: it will not."""
        late = [one for one in self.waiting if patience_ns(one) + one.asked_ns <= now_ns]
        if late:
            self.waiting = [one for one in self.waiting if one not in late]
        return late

    def given_up(self, now_ns: int) -> list[Question]:
        """What was sent and gets no answer any more; who asked was told long ago."""
        gone = [id_ for id_, one in self.pending.items() if one.sent_ns + GIVE_UP_NS <= now_ns]
        while len(self.pending) - len(gone) > PENDING_MAX:
            gone.append(next(id_ for id_ in self.pending if id_ not in gone))
        return [one for id_ in gone if (one := self.landed(id_, now_ns))]

    def unanswered(self, verb: int, patience_ns: int, now_ns: int) -> set[int]:
        """Connections that did not answer an own question of this kind for so long."""
        return {
            one.line
            for one in self.pending.values()
            if one.number == 0 and one.verb == verb and one.sent_ns + patience_ns <= now_ns
        }

    def due_ns(self, now_ns: int) -> int:
        """When something may leave, or is given up."""
        at = [one.sent_ns + GIVE_UP_NS for one in self.pending.values()]
        at += [
            min(one.asked_ns + patience_ns(one), self._leaves_at(one, now_ns))
            for one in self.waiting
        ]
        return min(at, default=now_ns + GIVE_UP_NS)

    def _ready(self, now_ns: int) -> Iterator[tuple[Question, Call]]:
        """What the limits let go; a question that waits for the venue's time waits on."""
        if not self.waiting:
            return
        for question in tuple(self.waiting):
            call = question.call
            if call is None or (question.retried and not self.clock.is_known):
                continue
            if not self.is_met and question.verb in OF_ORDERS:
                continue
            if self._leaves_at(question, now_ns) <= now_ns:
                yield question, call

    def _leaves_at(self, question: Question, now_ns: int) -> int:
        """When the limits let it go, by our clock."""
        if question.call is None:
            return now_ns
        if not self.is_met and question.verb in OF_ORDERS:
            return question.asked_ns + patience_ns(question)
        venue_ns = self.clock.venue_ns(now_ns)
        urgent = question.verb in URGENT
        at_ns = self.limits.leave_at_ns(question.call.cost, venue_ns, urgent=urgent)
        return max(at_ns - self.clock.offset_ns, now_ns)

    def _goes(self, question: Question, call: Call, now_ns: int) -> str:
        """It leaves: from here on its effect is the venue's to tell."""
        self.waiting.remove(question)
        self._last_id += 1
        question.sent_ns = now_ns
        self.pending[str(self._last_id)] = question
        self.limits.leaves(call.cost)
        return str(self._last_id)

    def _count(self, call: Call, rate_limits: object, now_ns: int) -> None:
        """What it cost: as the venue counts it, or where it does not say so, as its pages do."""
        venue_ns = self.clock.venue_ns(now_ns)
        counted = False
        if rate_limits is not None:
            try:
                self.limits.learn(rate_limits, venue_ns)
                counted = True
            except Unreadable:
                counted = False
        self.limits.lands(call.cost, venue_ns, counted=counted)


def patience_ns(question: Question) -> int:
    """How long a question may wait to leave."""
    return HOLD_NS if question.verb in (SUBMIT, CANCEL) else QUESTION_NS
