"""Which orders wait for a price? Kept by that price; a trade at or beyond it wakes them."""

from bisect import insort

from engine.venues.exchange.matching.orders import Order
from engine.venues.exchange.matching.words import BUY, STOP_LOSS, STOP_LOSS_LIMIT

STOPS = frozenset({STOP_LOSS, STOP_LOSS_LIMIT})
Waiting = list[tuple[int, int, Order]]  # key, order id, order; the next to wake first


def wakes_rising(order_type: str, side: str) -> bool:
    """Whether an order waits for the price to rise; the others wait for it to fall.

    Binance, New order: stop prices above the market are STOP_LOSS BUY and TAKE_PROFIT SELL.
    """
    return (order_type in STOPS) == (side == BUY)


class Stops:
    """The waiting orders of one symbol."""

    def __init__(self) -> None:
        self.rising: Waiting = []
        self.falling: Waiting = []  # keys are negated prices

    @property
    def is_any_waiting(self) -> bool:
        """Whether a trade can wake anything."""
        return bool(self.rising or self.falling)

    def add(self, order: Order) -> None:
        """Begin to wait."""
        if wakes_rising(order.type, order.side):
            insort(self.rising, (order.stop_price_e8, order.id, order), key=_place)
        else:
            insort(self.falling, (-order.stop_price_e8, order.id, order), key=_place)

    def remove(self, order: Order) -> None:
        """Wait no longer."""
        waiting = self.rising if wakes_rising(order.type, order.side) else self.falling
        waiting[:] = [row for row in waiting if row[2] is not order]

    def reached(self, price_e8: int) -> list[Order]:
        """Orders that a trade at this price wakes, those of the nearest price first."""
        return _taken(self.rising, price_e8) + _taken(self.falling, -price_e8)


def is_reached(order_type: str, side: str, stop_price_e8: int, price_e8: int) -> bool:
    """Whether a stop order would wake at once with this last price."""
    if wakes_rising(order_type, side):
        return price_e8 >= stop_price_e8
    return price_e8 <= stop_price_e8


def _place(row: tuple[int, int, Order]) -> tuple[int, int]:
    return row[:2]


def _taken(waiting: Waiting, key: int) -> list[Order]:
    count = 0
    while count < len(waiting) and waiting[count][0] <= key:
        count += 1
    taken = [order for _, _, order in waiting[:count]]
    del waiting[:count]
    return taken
