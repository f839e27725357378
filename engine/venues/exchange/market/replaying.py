"""How does a recorded market become one that can be traded on? Its book as orders, its trades too.

The recorded levels nearest to the best price stand in the book as one rich account's orders with
the recorded quantities; a recorded trade is another's order at its price. What customers take is
put back, as their trades never were in the recording.
"""

from collections.abc import Iterator
from typing import NamedTuple

from engine.venues.exchange.market.ladder import E8, Ladder, Place, rich
from engine.venues.exchange.matching.exchange import Exchange
from engine.venues.exchange.matching.words import (
    BUY,
    IOC,
    LIMIT,
    SELL,
    TRADING,
    NewOrder,
    Rules,
    VenueRefusal,
)

LEVELS = 60  # a side
FOREVER = 1 << 62
Levels = list[tuple[int, int]]


class Recorded(NamedTuple):
    """The levels that changed at a time, or all of them; in 1e-8, 0 for a level that is gone."""

    at_us: int
    bids: Levels
    asks: Levels
    is_whole: bool


class Deal(NamedTuple):
    """A trade at a time."""

    at_us: int
    price_e8: int
    quantity_e8: int
    is_buyer_maker: bool


Played = Iterator[Recorded | Deal]


class Replay:
    """One symbol's recorded market."""

    def __init__(self, exchange: Exchange, rules: Rules, played: Played) -> None:
        self.exchange, self.rules, self.played = exchange, rules, played
        self.ladder, self.taker = Ladder(exchange, rules), rich(exchange, rules)
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.next = next(played, None)

    def step(self, now_us: int) -> None:
        """Play what is due, then put the book right."""
        is_open = self.exchange.markets[self.rules.name].status == TRADING
        while self.next is not None and self.next.at_us <= now_us:
            if isinstance(self.next, Recorded):
                self.take(self.next)
            elif is_open:
                self.deal(self.next, now_us)
            self.next = next(self.played, None)
        if is_open:
            self.ladder.put(self.levels(), now_us, exactly=True)

    def take(self, said: Recorded) -> None:
        """Levels of the recorded book."""
        if said.is_whole:
            self.bids, self.asks = {}, {}
        for side, levels in ((self.bids, said.bids), (self.asks, said.asks)):
            for price, quantity in levels:
                if quantity:
                    side[price] = quantity
                else:
                    side.pop(price, None)

    def levels(self) -> dict[Place, int]:
        """The best recorded levels that this venue's filters let stand."""
        bids = sorted(self.bids, reverse=True)[:LEVELS]
        asks = sorted(self.asks)[:LEVELS]
        rows = [((BUY, price), self.bids[price]) for price in bids]
        rows += [((SELL, price), self.asks[price]) for price in asks]
        found = {place: quantity - quantity % self.rules.step_e8 for place, quantity in rows}
        least = self.rules.notional_min_e8 * E8
        return {place: many for place, many in found.items() if many * place[1] >= max(least, 1)}

    def deal(self, said: Deal, now_us: int) -> None:
        """A recorded trade."""
        side = SELL if said.is_buyer_maker else BUY
        quantity = said.quantity_e8 - said.quantity_e8 % self.rules.step_e8
        asked = NewOrder(self.rules.name, side, LIMIT, quantity, said.price_e8, IOC)
        try:
            self.exchange.place(self.taker, asked, now_us)
        except VenueRefusal:
            return  # too small to be worth an order here
