"""Who should meet whom? A matcher too slow to be wrong in the same way: it looks at every order.

It knows nothing of levels, plans or money: one list of orders, searched anew for each meeting.
"""

from copy import deepcopy
from typing import NamedTuple

from engine.venues.exchange.matching.words import (
    BUY,
    EXPIRE_BOTH,
    EXPIRE_MAKER,
    EXPIRE_TAKER,
    FOK,
    GTC,
    LIMIT_MAKER,
    MARKET,
    NONE,
    NewOrder,
)


class Standing:
    """An order with what it has left; `number` is its place in time."""

    def __init__(self, number: int, owner: int, asked: NewOrder) -> None:
        self.number, self.owner, self.asked, self.left = number, owner, asked, asked.quantity_e8


class Met(NamedTuple):
    """A trade between two orders."""

    maker: int
    taker: int
    price_e8: int
    quantity_e8: int


class SlowMatcher:
    """One symbol's market by the rules alone."""

    def __init__(self) -> None:
        self.standing: list[Standing] = []
        self.number = 0

    def place(self, owner: int, asked: NewOrder) -> list[Met]:
        """The trades an order makes; it may stand afterwards."""
        self.number += 1
        order = Standing(self.number, owner, asked)
        if asked.type == LIMIT_MAKER and self._next_for(order) is not None:
            return []
        before = deepcopy(self.standing)
        met = self._meet_all(order)
        if asked.time_in_force == FOK and sum(row.quantity_e8 for row in met) < asked.quantity_e8:
            self.standing = before
            return []
        if order.left and asked.type != MARKET and asked.time_in_force == GTC:
            self.standing.append(order)
        return met

    def cancel(self, number: int) -> None:
        """Take an order away."""
        self.standing = [order for order in self.standing if order.number != number]

    def queue(self, side: str) -> list[tuple[int, int, int]]:
        """(price, number, left) of a side, in the order in which they would trade."""
        ours = [order for order in self.standing if order.asked.side == side]
        return [(one.asked.price_e8, one.number, one.left) for one in sorted(ours, key=rank)]

    def _next_for(self, order: Standing) -> Standing | None:
        meets = [other for other in self.standing if would_trade(order.asked, other.asked)]
        return min(meets, key=rank, default=None)

    def _meet_all(self, order: Standing) -> list[Met]:
        met = []
        while order.left:
            other = self._next_for(order)
            if other is None:
                break
            quantity = min(order.left, other.left)
            mode = order.asked.stp_mode
            if other.owner == order.owner and mode != NONE:
                avoid(order, other, quantity)
            else:
                met.append(Met(other.number, order.number, other.asked.price_e8, quantity))
                order.left -= quantity
                other.left -= quantity
            self.standing = [one for one in self.standing if one.left]
        return met


def rank(order: Standing) -> tuple[int, int]:
    """Best price first, then who came first."""
    sign = -1 if order.asked.side == BUY else 1
    return sign * order.asked.price_e8, order.number


def would_trade(asked: NewOrder, other: NewOrder) -> bool:
    """Whether an order's price meets one that stands."""
    if asked.side == other.side:
        return False
    if asked.type == MARKET:
        return True
    if asked.side == BUY:
        return asked.price_e8 >= other.price_e8
    return asked.price_e8 <= other.price_e8


def avoid(order: Standing, other: Standing, quantity: int) -> None:
    """A self-trade: who loses what."""
    mode = order.asked.stp_mode
    if mode in (EXPIRE_TAKER, EXPIRE_BOTH):
        order.left = 0
    if mode in (EXPIRE_MAKER, EXPIRE_BOTH):
        other.left = 0
    if mode not in (EXPIRE_TAKER, EXPIRE_MAKER, EXPIRE_BOTH):
        order.left -= quantity
        other.left -= quantity
