"""How many orders a second does the exchange match in one process, with nobody left untold?

One symbol with every filter on, twenty accounts that all hear of their orders and balances, and
events taken out after each call. Requests are made before the clock runs.
"""

from random import Random

from bench.figures import Figure
from bench.measuring import cpu_ns, median
from engine.instruments import E8
from engine.venues.exchange.matching.exchange import Exchange
from engine.venues.exchange.matching.words import (
    BUY,
    IOC,
    LIMIT,
    MARKET,
    SELL,
    NewOrder,
    Which,
)
from tests import venue_house

ORDERS, ROUNDS, ACCOUNTS, PROMISED = 60_000, 5, 20, 20_000
CENT, START = E8 // 100, 200_000  # cents
RULES = venue_house.RULES._replace(
    market_quantity_max_e8=3_000 * E8, position_max_e8=10**9 * E8, orders_max=2_000
)
# A request: whose, and the order; without an order it cancels the account's oldest open one.
Request = tuple[int, NewOrder | None]


def figures() -> list[Figure]:
    """Orders placed a second, and what became of them."""
    requests = day()
    rounds = [Day(requests) for _ in range(ROUNDS)]
    taken_ns = median([cpu_ns(each.pass_by) for each in rounds])
    a_second = ORDERS * 1e9 / taken_ns
    one = rounds[0]
    mix = (
        f"{one.resting / ORDERS:.0%} rest, {one.filling / ORDERS:.0%} trade at once, "
        f"{one.trades:,} trades, {one.canceled:,} cancels"
    )
    return [
        Figure(
            f"{ORDERS:,} orders on one symbol, everybody told",
            f"{a_second:,.0f} orders/s",
            f">= {PROMISED:,}/s",
            a_second >= PROMISED,
        ),
        Figure("  of these", mix),
        Figure("  orders and cancels", f"{(ORDERS + one.canceled) * 1e9 / taken_ns:,.0f} a second"),
    ]


def day() -> list[Request]:
    """Seeded requests around a wandering price: 60 % limit, 15 % IOC, 25 % market; and cancels."""
    draw, middle, placed = Random(6), START, 0
    requests: list[Request] = []
    while placed < ORDERS:
        middle += draw.randint(-2, 2)
        owner = draw.randrange(ACCOUNTS)
        if draw.random() < 0.25:
            requests.append((owner, None))
            continue
        placed += 1
        requests.append((owner, wish(draw, middle)))
    return requests


def wish(draw: Random, middle: int) -> NewOrder:
    """One order; prices in cents."""
    side = draw.choice((BUY, SELL))
    quantity = draw.randint(100, 20_000) * (E8 // 10_000)
    chance = draw.random()
    if chance < 0.25:
        return NewOrder("ETHUSDT", side, MARKET, quantity)
    away = draw.randint(-40, 5) if side == BUY else draw.randint(-5, 40)
    if chance < 0.40:
        price = (middle - away) * CENT
        return NewOrder("ETHUSDT", side, LIMIT, quantity, price, time_in_force=IOC)
    return NewOrder("ETHUSDT", side, LIMIT, quantity, (middle + away) * CENT)


class Day:
    """One exchange, and the requests it gets."""

    def __init__(self, requests: list[Request]) -> None:
        self.requests = requests
        self.exchange = Exchange([RULES])
        free = {"ETH": 10**6 * E8, "USDT": 10**10 * E8}
        self.accounts = [self.exchange.open_account(dict(free)) for _ in range(ACCOUNTS)]
        self.canceled = self.filling = self.resting = self.trades = 0

    def pass_by(self) -> None:
        """Every request, and the events of each taken out."""
        exchange, now_us = self.exchange, 0
        for owner, order in self.requests:
            now_us += 1_000
            if order is None:
                self._cancel(owner, now_us)
            else:
                placed = exchange.place(self.accounts[owner], order, now_us)
                self.filling += placed.executed_e8 > 0
                self.resting += placed.is_open
            exchange.said.clear()
        self.trades = exchange.markets["ETHUSDT"].last_trade_id

    def _cancel(self, owner: int, now_us: int) -> None:
        account = self.accounts[owner]
        open_orders = self.exchange.dealings(account, "ETHUSDT").open
        if open_orders:
            which = Which("ETHUSDT", next(iter(open_orders)))
            self.exchange.cancel(account, which, now_us)
            self.canceled += 1
