"""Do adapter and conversation together keep their word? Thousands of orders over bad lines.

The simulated exchange speaks the real one's JSON; lines break, clocks jump, answers are lost.
"""

from random import Random
from typing import Any

import pytest

from engine.messages import (
    CancelOrder,
    CashDeposited,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    PositionCorrected,
    SubmitOrder,
    decode,
    encode,
)
from engine.venues.asking import SUBMIT
from engine.venues.binance.account import Account
from engine.venues.binance.books import Books
from engine.venues.binance.naming import Names
from engine.venues.binance.steps import Heard
from engine.venues.outside import Outside
from tests.engine.venues.binance.desk import KEY, MS, SECOND, START, eth_rules
from tests.engine.venues.binance.rendered import INSTRUMENT, Rendered
from validators.simulation.exchange import Faults

CASH_E8 = 10**15
STEP_NS = 40 * MS
BAD = Faults(
    request_lost=0.02,
    answer_lost=0.03,
    submit_silent=0.02,
    answer_empty=0.03,
    stream_lost=0.05,
    stream_twice=0.1,
    stale=0.1,
    expires=0.002,
    delay_s=0.6,
    stream_delay_s=1.0,
    parts=3,
)


class World:
    """An engine's side of the loop, with a ledger in the core's place."""

    def __init__(self, seed: int, faults: Faults) -> None:
        self.draw = Random(seed)
        self.venue = Rendered(Random(seed + 1), faults, CASH_E8)
        self.account = Account(KEY, Books([eth_rules()], Names("0badcafe", 7, 1)), seed)
        self.cash_e8, self.lots = CASH_E8, 0
        self.outside = Outside(self.holds)
        self.now_ns, self.price, self.line = START, 250_000, 0
        self.connects_at_ns = 0
        self.venue.move(START, self.price)
        self.fills: dict[int, OrderFilled] = {}
        self.open: set[int] = set()
        self.rejected: set[int] = set()
        self.corrections: list[Any] = []
        self.sent = self.steps = 0

    def holds(self) -> Any:
        """What the ledger says is held."""
        return self.cash_e8, [self.lots]

    def step(self) -> None:
        """A little time passes for everybody."""
        self.now_ns += STEP_NS
        self.steps += 1
        self.account.books.balances.clear() if self.steps % 500 == 0 else None
        if self.steps % 10 == 0:
            self.price += self.draw.randrange(-3, 4)
            self.venue.move(self.now_ns, self.price)
        self.connect()
        self.take(self.outside.tick(self.now_ns))
        heard = self.account.tick(self.now_ns)
        while self.outside.outgoing:
            heard += self.account.ask(self.outside.outgoing.popleft(), self.now_ns)
        for line, text in self.account.leaving(self.now_ns):
            self.venue.hear_text(line, text, self.now_ns)
        for line, text in self.venue.due(self.now_ns):
            heard += self.account.hear(line, text, self.now_ns)
        self.hand_over(heard)

    def hand_over(self, heard: list[Any]) -> None:
        """What the adapter heard, to the conversation."""
        for number, answer in heard:
            self.take(self.outside.take(number, answer))

    def connect(self) -> None:
        """Lines that are wanted come, sometimes not at once; lines that are done go."""
        for line in self.account.lines_to_close(self.now_ns):
            self.drop(line)
        if not self.account.wants_line(self.now_ns):
            return
        if self.connects_at_ns == 0:
            self.connects_at_ns = self.now_ns + self.draw.randrange(300) * MS
        if self.now_ns >= self.connects_at_ns:
            self.connects_at_ns, self.line = 0, self.line + 1
            if self.draw.random() < 0.2:
                self.hand_over(self.account.closed(self.line, self.now_ns))
            else:
                self.venue.lines[self.line] = False
                self.account.opened(self.line, self.now_ns)

    def drop(self, line: int) -> None:
        """A line is gone."""
        self.venue.lines.pop(line, None)
        self.hand_over(self.account.closed(line, self.now_ns))

    def break_something(self) -> None:
        """A line, a clock, or the peace."""
        lines = list(self.venue.lines)
        chance = self.draw.random()
        if chance < 0.002 and lines:
            self.drop(self.draw.choice(lines))
        elif chance < 0.004 and lines:
            self.venue.announce(self.draw.choice(lines), {"e": "serverShutdown"})
        elif chance < 0.005 and lines:
            line = self.draw.choice(lines)
            self.venue.lines[line] = False
            self.venue.announce(line, {"e": "eventStreamTerminated"})
        elif chance < 0.006:
            self.venue.ahead_ms = self.draw.randrange(-20_000, 20_000)

    def trade(self) -> None:
        """Sometimes an order, sometimes a cancel."""
        if len(self.open) < 40 and self.draw.random() < 0.5:
            self.sent += 1
            side = self.draw.randrange(2) if self.lots > 100 else 0
            kind = self.draw.choice((0, 1, 1, 2)) if side else self.draw.choice((0, 1, 1))
            lots = self.draw.randrange(30, 100)
            away = self.draw.randrange(-4, 6) * (1 if side else -1)
            price = 0 if kind == 0 else self.price + (away if kind == 1 else -5)
            order = SubmitOrder(0, 0, 0, self.sent, lots, price, 0, 0, side + 2 * kind)
            self.open.add(self.sent)
            self.outside.send(encode(order))
        elif self.open and self.draw.random() < 0.2:
            order_id = self.draw.choice(sorted(self.open))
            self.outside.send(encode(CancelOrder(0, 0, 0, order_id, 0)))

    def take(self, facts: list[bytes]) -> None:
        """What the core would be told."""
        for record in facts:
            fact = decode(record)
            if isinstance(fact, OrderFilled):
                self.fill(fact)
            elif isinstance(fact, OrderRejected):
                self.rejected.add(fact.order_id)
            elif isinstance(fact, PositionCorrected | CashDeposited):
                self.corrections.append(fact)
            if isinstance(fact, OrderRejected | OrderCanceled | OrderExpired):
                self.open.discard(fact.order_id)
        for order_id in self.open - self.outside.orders.keys():
            self.open.discard(order_id)

    def fill(self, fact: OrderFilled) -> None:
        """A trade counts once."""
        if fact.fill_id in self.fills:
            return
        self.fills[fact.fill_id] = fact
        worth = fact.price * fact.lots * INSTRUMENT.value_numerator // INSTRUMENT.value_denominator
        sold = fact.flags & 1
        self.cash_e8 += (worth if sold else -worth) - fact.fee_e8
        self.lots += -fact.lots if sold else fact.lots

    def run(self, orders: int) -> None:
        """So many orders in bad times, then good times until everything is known."""
        while self.sent < orders:
            self.venue.limited = 0.02 if self.steps % 1_000 < 100 else 0.0
            self.break_something()
            self.trade()
            self.step()
        self.venue.heal()
        self.venue.limited = 0.0
        until_ns = self.now_ns + 400 * SECOND
        while self.now_ns < until_ns:
            self.step()
        for order_id in list(self.outside.orders):
            self.outside.send(encode(CancelOrder(0, 0, 0, order_id, 0)))
        until_ns = self.now_ns + 200 * SECOND
        while self.now_ns < until_ns:
            self.step()


def judge(world: World) -> None:
    """No order twice, none in doubt, every trade told, money equal."""
    booked = [trade for order in world.venue.orders.values() for trade in order.trades]
    told = {fill_id: (one.order_id, one.price, one.lots) for fill_id, one in world.fills.items()}

    assert world.venue.repeated == 0
    assert len(world.venue.placed) == len({*world.venue.placed})
    assert world.outside.orders == {}
    assert told == {one.fill_id: (one.order_id, one.price, one.lots) for one in booked}
    assert (world.cash_e8, world.lots) == (world.venue.cash_e8, world.venue.lots)
    assert world.corrections == []
    assert world.account.books.open == {}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_few_hundred_orders_over_bad_lines(seed):
    """No order twice, none in doubt, every trade told, money equal."""
    world = World(seed, BAD)

    world.run(400)

    judge(world)
    assert len(world.fills) > 100
    assert world.line > 3


class Resending(Account):
    """What the adapter must not be: an order without an answer is sent again."""

    def closed(self, line: int, now_ns: int) -> list[Heard]:
        """As ever, and once more."""
        lost = [one for one in self.courier.pending.values() if one.line == line]
        heard = super().closed(line, now_ns)
        for question in lost:
            if question.verb == SUBMIT and question.call:
                self.courier.post(question, question.call)
        return heard


def test_an_adapter_that_sends_again_is_found():
    """By the exchange, which was sent an order twice."""
    world = World(1, BAD)
    world.account = Resending(KEY, world.account.books, 1)

    world.run(400)

    with pytest.raises(AssertionError):
        judge(world)


@pytest.mark.long
def test_ten_thousand_orders_over_bad_lines():
    """The same for hours."""
    world = World(11, BAD)

    world.run(10_000)

    judge(world)
