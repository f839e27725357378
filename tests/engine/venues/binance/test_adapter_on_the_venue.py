"""Do adapter and paper exchange agree to the last 1e-8 after storms? Hours, in virtual time.

Both are the real ones; orders are drawn, lines are cut, events dropped and doubled, outcomes
unknown, the clock is off, symbols halt and addresses are banned.
"""

from random import Random
from typing import Any

import pytest

from engine.messages import (
    CancelOrder,
    CashDeposited,
    FeeBalanceChanged,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    PositionCorrected,
    SubmitOrder,
    decode,
    encode,
)
from engine.venues.asking import Held, Holding
from engine.venues.binance.account import Account
from engine.venues.binance.books import Books
from engine.venues.binance.naming import Names
from engine.venues.binance.reasons import SYMBOL_HALTED
from engine.venues.binance.rules import rules_of
from engine.venues.exchange.door.faults import STORM
from engine.venues.outside import Outside
from tests.engine.venues.binance.desk import KEY, MS, SECOND, START, symbol_row
from tests.engine.venues.binance.housed import Housed

STEP_NS = 20 * MS
SLOW = 5.0  # orders a second, so that all limits are met


class Table:
    """An engine without a core on the paper exchange; its ledger counts fees as they are told."""

    def __init__(self, seed: int, words: str) -> None:
        self.draw, self.venue = Random(seed), Housed(seed, words, START)
        self.account = Account(KEY, Books([rules_of(symbol_row())], Names("0badcafe", 7, 1)), seed)
        self.one = self.account.books.rules[0].instrument
        self.outside = Outside(self.holds, fee_asset="BNB")
        self.now_ns, self.line = START, 0
        self.held: Holding | None = None
        self.cash_e8 = self.base_e8 = self.bnb_e8 = 0
        self.fills: dict[int, OrderFilled] = {}
        self.told: list[Any] = []
        self.sent = 0

    def holds(self) -> Held:
        """What the ledger says is held."""
        lots, dust_e8 = divmod(self.base_e8, self.one.lot_e8)
        return Held(self.cash_e8, [lots], [dust_e8], self.bnb_e8)

    def step(self) -> None:
        """A little time passes for everybody."""
        self.now_ns += STEP_NS
        arrived = self.venue.until(self.now_ns)
        self.connect()
        heard = []
        for line, text in arrived:
            heard += self.account.hear(line, text, self.now_ns)
        if self.held is not None:
            self.take(self.outside.tick(self.now_ns))
        heard += self.account.tick(self.now_ns)
        while self.outside.outgoing:
            heard += self.account.ask(self.outside.outgoing.popleft(), self.now_ns)
        self.hand_over(heard)
        for line, text in self.account.leaving(self.now_ns):
            self.venue.hear_text(line, text)

    def connect(self) -> None:
        """Lines come and go as the adapter wants, and as the venue cuts them."""
        for line in list(self.account.lines.open):
            if line not in self.venue.lines:
                self.hand_over(self.account.closed(line, self.now_ns))
        for line in self.account.lines_to_close(self.now_ns):
            self.venue.cut(line)
            self.hand_over(self.account.closed(line, self.now_ns))
        if self.account.wants_line(self.now_ns):
            self.line += 1
            self.venue.open(self.line)
            self.account.opened(self.line, self.now_ns)

    def hand_over(self, heard: list[Any]) -> None:
        """What the adapter heard, to the conversation; the first holding is what is ours."""
        for number, answer in heard:
            if isinstance(answer, Holding) and self.held is None:
                self.held = answer
                self.cash_e8 = answer.cash_e8
                self.base_e8 = answer.lots[0] * self.one.lot_e8 + answer.dust_e8[0]
            self.take(self.outside.take(number, answer))

    def trade(self) -> None:
        """Sometimes an order near the market, sometimes a cancel."""
        price = self.account.books.marks[0].average // self.one.tick_e8
        if self.held is None or not price or self.draw.random() > SLOW * STEP_NS / SECOND:
            return
        if len(self.outside.orders) < 20:
            self.sent += 1
            side, kind = self.draw.randrange(2), self.draw.choice((0, 1, 1, 2))
            away = self.draw.randrange(-400, 400)
            if kind == 2:
                side, away = 1, -self.draw.randrange(50, 400)
            lots = self.draw.randrange(40, 900)
            told = (self.sent, lots, 0 if kind == 0 else price + away, 0, 0, side + 2 * kind)
            self.outside.send(encode(SubmitOrder(0, 0, 0, *told)))
        if self.outside.orders and self.draw.random() < 0.6:
            order_id = self.draw.choice(sorted(self.outside.orders))
            self.outside.send(encode(CancelOrder(0, 0, 0, order_id, 0)))

    def take(self, facts: list[bytes]) -> None:
        """What the core would be told."""
        for record in facts:
            fact = decode(record)
            self.told.append(fact)
            if isinstance(fact, OrderFilled) and fact.fill_id not in self.fills:
                self.fill(fact)

    def fill(self, fact: OrderFilled) -> None:
        """A trade counts once, its fee where it was taken."""
        self.fills[fact.fill_id] = fact
        one, sold = self.one, fact.flags & 1
        worth = fact.price * fact.lots * one.value_numerator // one.value_denominator
        fees = [0, 0, 0]
        fees[fact.flags >> 4 & 3] = fact.fee_e8
        self.cash_e8 += (worth if sold else -worth) - fees[0]
        self.base_e8 += (-fact.lots if sold else fact.lots) * one.lot_e8 - fees[1]
        self.bnb_e8 -= fees[2]

    def run(self, seconds: int) -> None:
        """So long in storms, then good times until everything is known."""
        for _ in range(seconds * SECOND // STEP_NS):
            self.trade()
            self.step()
        self.venue.heal()
        for order_id in [*self.outside.orders]:
            self.outside.send(encode(CancelOrder(0, 0, 0, order_id, 0)))
        for _ in range(240 * SECOND // STEP_NS):
            self.step()
        for order_id in [*self.outside.orders]:
            self.outside.send(encode(CancelOrder(0, 0, 0, order_id, 0)))
        for _ in range(240 * SECOND // STEP_NS):
            self.step()

    def kinds(self, *kinds: type[Any]) -> list[Any]:
        """What was told of some kinds."""
        return [fact for fact in self.told if isinstance(fact, kinds)]


def judge(table: Table) -> None:
    """No order is in doubt or left, nothing had to be corrected, and the money is equal."""
    assert table.outside.orders == {}
    assert table.kinds(PositionCorrected, CashDeposited, FeeBalanceChanged) == []
    assert table.cash_e8 == table.venue.held("USDT")
    assert table.base_e8 == table.venue.held("ETH")
    assert table.bnb_e8 == table.venue.held("BNB")


def test_ten_minutes_of_storm_lose_no_fill_and_repeat_no_order():
    """A connection lives for 45 s, three outcomes of a hundred are unknown, one event is lost."""
    table = Table(3, STORM)

    table.run(600)

    judge(table)
    assert len(table.fills) > 300
    assert len(table.kinds(OrderUnknown)) > 5
    assert table.line > 5
    halted = [one for one in table.kinds(OrderRejected) if one.reason == SYMBOL_HALTED]
    left = table.sent - len(halted)  # while a symbol is halted nothing leaves
    assert len(table.kinds(OrderRejected)) - len(halted) < left // 3


@pytest.mark.long
def test_ten_hours_of_storm_lose_no_fill_and_repeat_no_order():
    """The same for ten hours: two dozen bans, three hundred halts."""
    table = Table(4, STORM)

    table.run(36_000)

    judge(table)
    assert len(table.fills) > 10_000


def test_an_order_that_never_left_is_known_to_be_none_after_four_hundred_lives():
    """A crash kept it here: all names that it may have are asked for, within the venue's limits."""
    table = Table(5, "latency=1ms..5ms")
    for _ in range(30 * SECOND // STEP_NS):
        table.step()
    names = table.account.books.names
    names.epoch, names.first_id = 400, 100

    table.outside.adopt(50, 0, accepted=False, canceling=False)
    for _ in range(150 * SECOND // STEP_NS):
        table.step()

    assert [one.order_id for one in table.kinds(OrderRejected)] == [50]
    assert table.outside.orders == {}
    assert table.account.courier.limits.banned_until_ns == 0
