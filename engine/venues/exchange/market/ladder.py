"""How does a book get the levels it should have? One rich account's orders, put right at once.

Levels that should not be there go first, then what is missing comes: a ladder never trades with
itself. A customer's order that stands in the way trades with it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.venues.exchange.matching.accounts import Account
from engine.venues.exchange.matching.exchange import Exchange
from engine.venues.exchange.matching.words import LIMIT, NewOrder, Rules, VenueRefusal, Which

if TYPE_CHECKING:
    from engine.venues.exchange.matching.orders import Order

E8 = 100_000_000
REMEMBERED = 100  # of its orders and trades, which nobody asks for
RICH_E8 = 1_000_000_000 * E8  # of each asset: nobody here runs out

Place = tuple[str, int]  # side, price in 1e-8


class Ladder:
    """The orders of one account on one symbol, one a level."""

    def __init__(self, exchange: Exchange, rules: Rules) -> None:
        self.exchange, self.rules = exchange, rules
        self.account = rich(exchange, rules)
        self.orders: dict[Place, Order] = {}

    def put(self, wanted: Mapping[Place, int], now_us: int, *, exactly: bool) -> None:
        """Stand at these levels with these quantities; unless `exactly`, what is there may stay."""
        for place, order in list(self.orders.items()):
            quantity = wanted.get(place)
            is_right = quantity is not None and (not exactly or order.left_e8 == quantity)
            if not order.is_open or not is_right:
                self.leave(place, now_us)
        for place, quantity in wanted.items():
            if place not in self.orders:
                self.offer(place, quantity, now_us)

    def leave(self, place: Place, now_us: int) -> None:
        """Away from a level."""
        order = self.orders.pop(place)
        if order.is_open:
            self.exchange.cancel(self.account, Which(self.rules.name, order.id), now_us)

    def offer(self, place: Place, quantity_e8: int, now_us: int) -> None:
        """To a level, unless a filter is in the way."""
        asked = NewOrder(self.rules.name, place[0], LIMIT, quantity_e8, place[1])
        try:
            order = self.exchange.place(self.account, asked, now_us)
        except VenueRefusal:
            return
        if order.is_open:
            self.orders[place] = order


def rich(exchange: Exchange, rules: Rules) -> Account:
    """An account that never runs out, pays nothing and hears nothing."""
    funds = {rules.base: RICH_E8, rules.quote: RICH_E8}
    account = exchange.open_account(funds, maker_ppm=0, taker_ppm=0)
    account.is_followed = False
    account.remembers = REMEMBERED
    return account
