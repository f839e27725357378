"""Whom does an order meet? A plan in price-time order; nothing is changed by making it."""

from typing import NamedTuple

from engine.instruments import E8
from engine.venues.exchange.matching.book import Book, Level
from engine.venues.exchange.matching.orders import Order
from engine.venues.exchange.matching.words import (
    DECREMENT,
    EXPIRE_BOTH,
    EXPIRE_MAKER,
    EXPIRE_TAKER,
    NONE,
    TRANSFER,
)

LOWEST = -(1 << 200)


class Step(NamedTuple):
    """One meeting: a trade, or where `mode` is given the self-trade prevention that comes of it.

    `quantity_e8` is what trades, or what would have.
    """

    maker: Order
    quantity_e8: int
    mode: str


class Plan(NamedTuple):
    """All meetings of one order; `traded_e8` is what trades, `quote_e8` what changes hands for it.

    `wanted_e8` is the whole quantity of an order sized by quote: what it takes, and what it would
    go on to take at the last price if the book had more.
    """

    steps: list[Step]
    wanted_e8: int
    traded_e8: int
    quote_e8: int


NOBODY = Plan([], 0, 0, 0)


def plan(book: Book, order: Order, step_e8: int) -> Plan:
    """What happens to an order that arrives now; quote-sized ones take multiples of `step_e8`."""
    side = book.asks if order.is_buy else book.bids
    worst = order.price_e8 * side.sign if order.price_e8 else LOWEST
    if not side.keys or side.keys[-1] < worst:
        return NOBODY
    walk = _Walk(order, step_e8)
    for key in reversed(side.keys):
        if key < worst or not walk.goes_through(side.levels[key]):
            break
    return walk.plan()


class _Walk:
    """An order on its way through the other side of the book."""

    __slots__ = (
        *("left", "money", "is_by_quote", "account", "mode", "step_e8", "price"),
        *("steps", "wanted", "traded", "quote"),
    )

    def __init__(self, order: Order, step_e8: int) -> None:
        self.left, self.money, self.step_e8 = order.left_e8, order.quote_quantity_e8, step_e8
        self.is_by_quote = self.money > 0
        self.account, self.mode = order.dealings.account, order.stp_mode
        self.steps: list[Step] = []
        self.price = self.wanted = self.traded = self.quote = 0

    def goes_through(self, level: Level) -> bool:
        """Meet the orders of one price; whether the way goes on to the next."""
        self.price = price = level.price_e8
        for maker in level.orders.values():
            wanted = self._affordable() if self.is_by_quote else self.left
            quantity = min(maker.left_e8, wanted)
            if not quantity:
                return False
            if self.mode != NONE and self.account.is_same_trader(maker.dealings.account):
                self._avoid(maker, quantity, wanted)
            else:
                self.steps.append(Step(maker, quantity, ""))
                self.traded += quantity
                self.quote += price * quantity // E8
                self._spend(quantity)
        return self.is_by_quote or self.left > 0

    def plan(self) -> Plan:
        """What the way came to."""
        wanted = self.wanted + (self._affordable() if self.is_by_quote else 0)
        return Plan(self.steps, wanted, self.traded, self.quote)

    def _affordable(self) -> int:
        """What a quote-sized order can still take here: never more than its sum."""
        quantity = self.money * E8 // self.price
        return quantity - quantity % self.step_e8

    def _spend(self, quantity_e8: int) -> None:
        self.left -= quantity_e8
        self.wanted += quantity_e8
        self.money -= self.price * quantity_e8 // E8

    def _avoid(self, maker: Order, quantity_e8: int, wanted_e8: int) -> None:
        """A meeting with oneself: which quantity ends by it (faqs/stp_faq.md)."""
        mode = self.mode
        if mode == TRANSFER and maker.stp_mode != TRANSFER:
            mode = DECREMENT
        self.steps.append(Step(maker, quantity_e8, mode))
        if mode in (EXPIRE_TAKER, EXPIRE_BOTH):
            self.wanted += wanted_e8
            self.left = self.money = 0
        elif mode != EXPIRE_MAKER:
            if mode == TRANSFER and maker.dealings.account is not self.account:
                self.quote += self.price * quantity_e8 // E8
            self._spend(quantity_e8)
