"""Who stands in the book, and in what order? Price first, then time of arrival.

Keys make both sides alike: a bid's price, an ask's price negated, so the best is the last.
"""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator

from engine.venues.exchange.matching.orders import Order

Levels = list[tuple[int, int]]


class Level:
    """All orders at one price, first come first; `quantity_e8` is what they have left."""

    __slots__ = ("orders", "price_e8", "quantity_e8")

    def __init__(self, price_e8: int) -> None:
        self.price_e8, self.quantity_e8 = price_e8, 0
        # Ordered, not plain: taking the first of a plain dict walks over all that was taken before.
        self.orders: OrderedDict[int, Order] = OrderedDict()


class Side:
    """One side's levels; `sign` is 1 for bids and -1 for asks."""

    __slots__ = ("keys", "levels", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []  # price * sign, ascending: the best price is the last
        self.levels: dict[int, Level] = {}  # by key

    def __iter__(self) -> Iterator[Level]:
        """Levels, best first."""
        levels = self.levels
        return (levels[key] for key in reversed(self.keys))

    @property
    def best_e8(self) -> int:
        """The best price, 0 while there is none."""
        return self.keys[-1] * self.sign if self.keys else 0

    def add(self, order: Order) -> int:
        """Put an order behind all others of its price; what its level has then."""
        key = order.price_e8 * self.sign
        level = self.levels.get(key)
        if level is None:
            level = self.levels[key] = Level(order.price_e8)
            keys = self.keys
            if not keys or key > keys[-1]:
                keys.append(key)
            else:
                keys.insert(bisect_left(keys, key), key)
        level.orders[order.id] = order
        level.quantity_e8 += order.left_e8
        return level.quantity_e8

    def reduce(self, order: Order, by_e8: int, *, is_gone: bool) -> int:
        """Take so much away from an order's place, and the order too; what its level has then."""
        key = order.price_e8 * self.sign
        level = self.levels[key]
        level.quantity_e8 -= by_e8
        if is_gone:
            del level.orders[order.id]
            if not level.orders:
                self._drop(key)
        return level.quantity_e8

    def _drop(self, key: int) -> None:
        del self.levels[key]
        if self.keys[-1] == key:
            self.keys.pop()
        else:
            del self.keys[bisect_left(self.keys, key)]


class Book:
    """A symbol's order book; `last_update_id` counts its changes, one each."""

    def __init__(self) -> None:
        self.bids, self.asks = Side(1), Side(-1)
        self.last_update_id = 0

    def best(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Best bid and best ask, each with its quantity; (0, 0) for an empty side."""
        bids, asks = self.depth(1)
        return (bids or [(0, 0)])[0], (asks or [(0, 0)])[0]

    def depth(self, limit: int) -> tuple[Levels, Levels]:
        """Bids and asks as (price, quantity), best first, at most `limit` of each."""
        return levels_of(self.bids, limit), levels_of(self.asks, limit)


def levels_of(side: Side, limit: int) -> Levels:
    """The best levels of a side as (price, quantity)."""
    levels = (side.levels[key] for key in side.keys[: -limit - 1 : -1])
    return [(level.price_e8, level.quantity_e8) for level in levels]
