"""Who trades here when no customer does? Seeded makers around a price, and takers now and then.

The price comes from outside, a step at a time. Makers keep a ladder of levels on both sides of it
and put back what was taken; takers buy and sell at the market. All of it goes through the
exchange, so that bars, tickers and ids are those of real trades.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import TYPE_CHECKING

from engine.venues.exchange.accounts import Account
from engine.venues.exchange.exchange import Exchange
from engine.venues.exchange.words import (
    BUY,
    IOC,
    LIMIT,
    SELL,
    TRADING,
    NewOrder,
    Rules,
    VenueRefusal,
    Which,
)

if TYPE_CHECKING:
    from engine.venues.exchange.orders import Order

E8 = 100_000_000
RICH_E8 = 1_000_000_000 * E8  # of each asset: nobody here runs out
LEVELS = 20  # a side
SPREAD_E8, GAP_E8, GAP_MAX_E8 = 4_000, 6_000, 40_000  # of the price: half, then level by level
WORTH_E8 = 2_500 * E8  # quote a level is worth, times 0.5 to 2.5
TAKEN_E8 = 150 * E8  # quote a taker trades, times 0.2 to 3
TAKERS_A_STEP = 0.75
STEP_US = 250_000

Prices = Iterator[tuple[int, int]]  # (when in us, price in 1e-8), later and later


class Makers:
    """One symbol's liquidity; `price_e8` is what its makers think it is worth."""

    def __init__(self, exchange: Exchange, rules: Rules, prices: Prices, seed: int) -> None:
        self.exchange, self.rules, self.prices = exchange, rules, prices
        self.random = Random(f"{seed} {rules.name}")  # noqa: S311  a market, no secret
        self.maker, self.taker = (rich(exchange, rules) for _ in range(2))
        self.next_us, self.next_e8 = next(prices)
        self.price_e8 = self.next_e8
        self.orders: dict[tuple[str, int], Order] = {}  # of the makers: side, price

    def step(self, now_us: int) -> None:
        """Follow the price up to now, put the ladder right, and let somebody trade."""
        while self.next_us <= now_us:
            self.price_e8 = self.next_e8
            self.next_us, self.next_e8 = next(self.prices, (1 << 62, self.price_e8))
        if self.exchange.markets[self.rules.name].status != TRADING:
            return
        self.quote(now_us)
        if self.random.random() < TAKERS_A_STEP:
            self.take(now_us)

    def quote(self, now_us: int) -> None:
        """The ladder around the price: what is wrong goes, what is missing comes."""
        wanted = self.ladder()
        for place, order in list(self.orders.items()):
            if place not in wanted or not order.is_open:
                del self.orders[place]
                if order.is_open:
                    which = Which(self.rules.name, order.id)
                    self.exchange.cancel(self.maker, which, now_us)
        for place in wanted:
            if place not in self.orders:
                self.offer(place, now_us)

    def ladder(self) -> list[tuple[str, int]]:
        """The prices to stand at, nearest first; they move in steps, so that most orders stay."""
        tick = self.rules.tick_e8
        grid = max(self.price_e8 * GAP_E8 // E8 // tick, 1) * tick
        middle = self.price_e8 - self.price_e8 % grid
        half = max(self.price_e8 * SPREAD_E8 // E8 // tick, 1) * tick
        found = []
        for level in range(LEVELS):
            away = half + level * grid * (1 + level * (GAP_MAX_E8 // GAP_E8) // LEVELS)
            found += [(BUY, middle - away), (SELL, middle + away)]
        return [(side, price) for side, price in found if price > 0]

    def offer(self, place: tuple[str, int], now_us: int) -> None:
        """One level; where a customer's order is in the way, the two trade."""
        side, price = place
        worth = WORTH_E8 * (0.5 + 2 * self.random.random())
        asked = NewOrder(
            self.rules.name, side, LIMIT, quantity_e8=self.lots(worth, price), price_e8=price
        )
        order = self.ask(self.maker, asked, now_us)
        if order is not None and order.is_open:
            self.orders[place] = order

    def take(self, now_us: int) -> None:
        """Somebody trades at the market, at most as far as the ladder reaches."""
        side = BUY if self.random.random() < 0.5 else SELL
        bid, ask = self.exchange.books[self.rules.name].best()
        best = (ask if side == BUY else bid)[0]
        if not best:
            return
        quantity = self.lots(TAKEN_E8 * (0.2 + 2.8 * self.random.random()), best)
        tick = self.rules.tick_e8
        reach = best * GAP_MAX_E8 // E8 // tick * tick
        limit = best + reach if side == BUY else max(best - reach, tick)
        asked = NewOrder(
            self.rules.name,
            side,
            LIMIT,
            quantity_e8=quantity,
            price_e8=limit,
            time_in_force=IOC,
        )
        self.ask(self.taker, asked, now_us)

    def lots(self, worth_e8: float, price_e8: int) -> int:
        """A quantity of about that worth, in whole steps, and never too little to be worth."""
        step = self.rules.step_e8
        least = (self.rules.notional_min_e8 * E8 // price_e8 // step + 2) * step
        quantity = int(worth_e8) * E8 // price_e8 // step * step
        most = self.rules.quantity_max_e8 or quantity
        return min(max(quantity, least, self.rules.quantity_min_e8), most)

    def ask(self, account: Account, asked: NewOrder, now_us: int) -> "Order | None":
        """Place an order, unless a filter is in the way."""
        try:
            return self.exchange.place(account, asked, now_us)
        except VenueRefusal:
            return None


def rich(exchange: Exchange, rules: Rules) -> Account:
    """An account that never runs out, pays nothing and hears nothing."""
    funds = {rules.base: RICH_E8, rules.quote: RICH_E8}
    account = exchange.open_account(funds, maker_ppm=0, taker_ppm=0)
    account.is_followed = False
    return account


def live_through(
    makers: list[Makers], since_us: int, now_us: int, settle: Callable[[], None]
) -> None:
    """Let the makers live through a time that has passed, a step every two seconds."""
    for at_us in range(since_us, now_us, 8 * STEP_US):
        for one in makers:
            one.step(at_us)
        settle()
