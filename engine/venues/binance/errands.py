"""What does the adapter ask for itself? The venue's time, its rules, average prices, what is held.

Each in its own rhythm, one of a kind at a time, and never instead of an order.
"""

from engine.venues.asking import ASK_HOLDING, Request
from engine.venues.binance import requests
from engine.venues.binance.books import Books
from engine.venues.binance.courier import AVERAGE, RULES, TIME, Courier
from engine.venues.binance.pacing import SECOND_NS
from engine.venues.binance.reading import amount_in, object_of, time_ns_in
from engine.venues.binance.rules import TRADING, Rules, market_of
from engine.venues.binance.steps import Question, begin

RULES_NS = 300 * SECOND_NS  # symbols halt and come back
HALTED_NS = 5 * SECOND_NS  # while one is halted
AVERAGE_NS = 60 * SECOND_NS
MEET_NS = 2 * SECOND_NS  # between two first looks at the account: until one succeeds nothing leaves
OWN = (TIME, RULES, AVERAGE)


class Errands:
    """The adapter's own questions; times in ns of our clock."""

    def __init__(self, courier: Courier, books: Books) -> None:
        self._courier, self._books = courier, books
        self._rules_at_ns = self._average_at_ns = self._meet_at_ns = 0

    def meet(self, now_ns: int) -> None:
        """Asks what is held until it was told once; the first time somebody else asks."""
        if not self._courier.is_met and now_ns >= self._meet_at_ns:
            if self._meet_at_ns:
                self.ask_holding(now_ns)
            self._meet_at_ns = now_ns + MEET_NS

    def go(self, now_ns: int) -> None:
        """Asks what is due."""
        if now_ns >= self._courier.clock.ask_at_ns():
            self.ask_time(now_ns)
        if now_ns >= self._rules_at_ns:
            self.ask_rules(now_ns)
        if now_ns >= self._average_at_ns:
            self._average_at_ns = now_ns + AVERAGE_NS
            self._ask_averages(now_ns)

    def due_ns(self) -> list[int]:
        """When `go` has something to do."""
        meet_ns = [] if self._courier.is_met else [self._meet_at_ns]
        return [self._courier.clock.ask_at_ns(), self._rules_at_ns, self._average_at_ns, *meet_ns]

    def ask_time(self, now_ns: int, line: int = 0) -> None:
        """The venue's clock; with a line, on that connection."""
        if line or not self._courier.has_own(TIME):
            self._post(TIME, requests.venue_time(), now_ns, line)

    def ask_rules(self, now_ns: int) -> None:
        """Status and filters of every symbol."""
        if self._courier.has_own(RULES):
            return
        self._rules_at_ns = now_ns + RULES_NS
        names = tuple(one.instrument.name for one in self._books.rules)
        self._post(RULES, requests.exchange_info(names), now_ns)

    def ask_holding(self, now_ns: int) -> None:
        """Everything that is held and open; it is handed over as if it had been asked for."""
        if self._courier.has_own(ASK_HOLDING):
            return
        question = Question(Request(0, ASK_HOLDING), now_ns)
        step = begin(question, self._books)
        if step.call is not None:
            self._courier.post(question, step.call)

    def answered(self, question: Question, result: object, now_ns: int) -> None:
        """What came of an own question; Unreadable if it is not what was asked."""
        if question.verb == TIME:
            venue_ns = time_ns_in(object_of(result, "a time"), "serverTime")
            self._courier.clock.heard(question.sent_ns, now_ns, venue_ns)
        elif question.verb == RULES:
            self._rules_told(result, now_ns)
        else:
            price = amount_in(object_of(result, "an average"), "price")
            self._books.mark(question.request.symbol, average=price)

    def _ask_averages(self, now_ns: int) -> None:
        """Only where a filter needs one."""
        for number, rules in enumerate(self._books.rules):
            one = rules.filters
            by_notional = one.notional_min_for_market and one.notional_minutes
            if by_notional or one.percent_minutes:
                call = requests.average_price(rules.instrument.name)
                self._courier.post(Question(Request(0, AVERAGE, 0, number), now_ns), call)

    def _rules_told(self, result: object, now_ns: int) -> None:
        """Status and filters as they are now; steps stay until the core is told of others."""
        market = market_of(result, frozenset(self._books.numbers))
        for name, rules in market.rules.items():
            number = self._books.numbers[name]
            kept = self._books.rules[number]
            if rules.status != kept.status:
                self._books.note(f"{name} is {rules.status}")
            self._compare_steps(number, rules)
            self._books.told[number] = rules.instrument
            self._books.rules[number] = rules._replace(instrument=kept.instrument)
        for name, why in market.refused.items():
            self._books.note(f"{name} cannot be read: {why}")
        self._books.exchange = market.filters
        if any(one.status != TRADING for one in self._books.rules):
            self._rules_at_ns = now_ns + HALTED_NS
        venue_ns = self._courier.clock.venue_ns(now_ns)
        self._courier.limits.learn(market.rate_limits, venue_ns)

    def _compare_steps(self, number: int, rules: Rules) -> None:
        """Whether orders still stand on the steps that the core was told of."""
        kept, now = self._books.rules[number].instrument, rules.instrument
        told = (kept.tick_e8 * kept.price_step, kept.lot_e8 * kept.lot_step)
        outdated = self._books.outdated
        if told == (now.tick_e8, now.lot_e8):
            outdated.discard(number)
        elif number not in outdated:
            outdated.add(number)
            self._books.note(f"{now.name} has another tick or lot now")

    def _post(self, verb: int, call: requests.Call, now_ns: int, line: int = 0) -> None:
        self._courier.post_own(verb, call, now_ns, line)
