"""Who trades here when no customer does? Seeded makers around a price, and takers now and then.

The price comes from outside, a step at a time. Makers keep a ladder of levels on both sides of it
and put back what was taken; takers buy and sell at the market. All of it goes through the
exchange, so that bars, tickers and ids are those of real trades.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random

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

LEVELS, STRIDES = 20, 6  # a side; the outer levels are up to so many gaps apart
SPREAD_E8, GAP_E8 = 4_000, 6_000  # of the price: half, and from level to level
REACH_E8 = 40_000  # of the price: how far a taker goes
WORTH_E8 = 2_500 * E8  # quote a level is worth, times 0.5 to 2.5
TAKEN_E8 = 150 * E8  # quote a taker trades, times 0.2 to 3
TAKERS_A_STEP = 0.75
PAST_STEP_US = 4_000_000

Prices = Iterator[tuple[int, int]]  # (when in us, price in 1e-8), later and later


class Makers:
    """One symbol's liquidity; `price_e8` is what its makers think it is worth."""

    def __init__(self, exchange: Exchange, rules: Rules, prices: Prices, seed: int) -> None:
        self.exchange, self.name, self.prices = exchange, rules.name, prices
        self.random = Random(f"{seed} {rules.name}")  # noqa: S311  a market, no secret
        self.ladder, self.taker = Ladder(exchange, rules), rich(exchange, rules)
        self.next_us, self.next_e8 = next(prices)
        self.price_e8 = self.next_e8

    @property
    def rules(self) -> Rules:
        """The symbol's, as they are by now."""
        return self.exchange.markets[self.name].rules

    def step(self, now_us: int) -> None:
        """Follow the price up to now, put the ladder right, and let somebody trade."""
        while self.next_us <= now_us:
            self.price_e8 = self.next_e8
            self.next_us, self.next_e8 = next(self.prices, (1 << 62, self.price_e8))
        if self.exchange.markets[self.name].status != TRADING:
            return
        self.ladder.put(self.levels(), now_us, exactly=False)
        if self.random.random() < TAKERS_A_STEP:
            self.take(now_us)

    def retire(self, now_us: int) -> None:
        """Leave the book to others."""
        self.ladder.put({}, now_us, exactly=True)

    def levels(self) -> dict[Place, int]:
        """Where to stand and with how much; prices move in steps, so that most orders stay."""
        tick, drawn = self.rules.tick_e8, self.random.random
        grid = max(self.price_e8 * GAP_E8 // E8 // tick, 1) * tick
        half = max(self.price_e8 * SPREAD_E8 // E8 // tick, 1) * tick
        middle = self.price_e8 - self.price_e8 % grid
        found = {}
        for level in range(LEVELS):
            away = half + level * grid * (1 + level * STRIDES // LEVELS)
            for side, price in ((BUY, middle - away), (SELL, middle + away)):
                if price > 0:
                    found[side, price] = self.lots(WORTH_E8 * (0.5 + 2 * drawn()), price)
        return found

    def take(self, now_us: int) -> None:
        """Somebody trades at the market, but goes no further than a little."""
        side = BUY if self.random.random() < 0.5 else SELL
        bid, ask = self.exchange.books[self.name].best()
        best = (ask if side == BUY else bid)[0]
        if not best:
            return
        quantity = self.lots(TAKEN_E8 * (0.2 + 2.8 * self.random.random()), best)
        tick = self.rules.tick_e8
        reach = best * REACH_E8 // E8 // tick * tick
        limit = best + reach if side == BUY else max(best - reach, tick)
        asked = NewOrder(self.name, side, LIMIT, quantity, limit, IOC)
        try:
            self.exchange.place(self.taker, asked, now_us)
        except VenueRefusal:
            return  # a filter was in the way

    def lots(self, worth_e8: float, price_e8: int) -> int:
        """A quantity of about that worth, in whole steps, and never too little to be worth."""
        step = self.rules.step_e8
        least = (self.rules.notional_min_e8 * E8 // price_e8 // step + 2) * step
        quantity = int(worth_e8) * E8 // price_e8 // step * step
        most = self.rules.quantity_max_e8 or quantity
        return min(max(quantity, least, self.rules.quantity_min_e8), most)


def live_through(
    makers: Sequence[Makers], since_us: int, now_us: int, settle: Callable[[], None]
) -> None:
    """Let the makers live through a time that has passed, a step every few seconds."""
    for at_us in range(since_us, now_us, PAST_STEP_US):
        for one in makers:
            one.step(at_us)
        settle()
