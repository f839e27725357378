"""Who sits at the adapter's table? An engine without a core: orders by chance, a ledger, bad lines.

`venue` takes and gives texts by connection, moves its market when told to, and can be healed.
"""

from random import Random
from typing import Any

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
from engine.venues.binance.account import Account
from engine.venues.binance.books import Books
from engine.venues.binance.naming import Names
from engine.venues.outside import Outside
from tests.engine.venues.binance.desk import KEY, MS, SECOND, START, eth_rules
from tests.engine.venues.binance.rendered import INSTRUMENT

CASH_E8 = 10**15
STEP_NS = 40 * MS


class World:
    """An engine's side of the loop, with a ledger in the core's place."""

    def __init__(self, seed: int, venue: Any) -> None:
        self.draw, self.venue = Random(seed), venue
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
