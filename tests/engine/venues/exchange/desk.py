"""How do these tests place orders in a line? An exchange whose clock goes on by itself."""

from typing import Any

from engine.instruments import E8, e8_of
from engine.venues.exchange.matching.accounts import Account
from engine.venues.exchange.matching.exchange import Exchange
from engine.venues.exchange.matching.orders import Order
from engine.venues.exchange.matching.words import NewOrder, Rules, Which

# The widest rules: what a test asks about it says itself.
FREE = Rules("BTCUSDT", "BTC", "USDT", tick_e8=1_000_000, step_e8=10_000, stp_default="NONE")
RICH = {"BTC": 1_000 * E8, "USDT": 1_000_000 * E8}
MILLISECOND = 1_000


def asked(words: str, **more) -> NewOrder:
    """An order as in "BUY LIMIT 1.5 at 100", "SELL STOP_LOSS 1 stop 90", "BUY MARKET for 10"."""
    side, order_type, *rest = words.split()
    named = {"at": "price_e8", "stop": "stop_price_e8", "for": "quote_quantity_e8"}
    given: dict[str, Any] = {} if rest[0] in named else {"quantity_e8": e8_of(rest.pop(0))}
    given |= {named[rest[i]]: e8_of(rest[i + 1]) for i in range(0, len(rest), 2)}
    return NewOrder("BTCUSDT", side, order_type, **given, **more)


class Desk:
    """An exchange of one symbol, and accounts a and b that have plenty and pay no fees."""

    def __init__(self, rules: Rules = FREE, *others: Rules) -> None:
        self.exchange = Exchange([rules, *others])
        self.symbol = rules.name
        self.book = self.exchange.books[rules.name]
        self.a, self.b = (self.account() for _ in "ab")
        self.now_us = 1_000_000

    def account(self, balances: dict[str, int] | None = None, **more) -> Account:
        """Another account; without fees unless said."""
        free = {"maker_ppm": 0, "taker_ppm": 0}
        return self.exchange.open_account(dict(balances or RICH), **(free | more))

    def place(self, account: Account, words: str, **more) -> Order:
        """An order in a line, a millisecond after the last."""
        return self.exchange.place(account, asked(words, **more), self.tick())

    def cancel(self, account: Account, order: Order, **more) -> Order:
        """Cancel an order."""
        return self.exchange.cancel(account, Which(self.symbol, order.id, **more), self.tick())

    def tick(self) -> int:
        """The next millisecond."""
        self.now_us += MILLISECOND
        return self.now_us

    def levels(self) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """Bids and asks as (price, quantity) in whole coins, best first."""
        bids, asks = self.book.depth(100)
        return coins(bids), coins(asks)

    def heard(self) -> list:
        """All events since the last time."""
        events = list(self.exchange.said)
        self.exchange.said.clear()
        return events


def coins(rows: list[tuple[int, int]]) -> list[tuple[float, float]]:
    """Pairs of 1e-8 in whole coins."""
    return [(one / E8, other / E8) for one, other in rows]


def has(account: Account, asset: str) -> tuple[float, float]:
    """Free and locked, in whole coins."""
    row = account.balance(asset)
    return row.free / E8, row.locked / E8


def done(order: Order) -> tuple[str, float, float]:
    """Status, executed quantity and executed quote, in whole coins."""
    return order.status, order.executed_e8 / E8, order.quote_executed_e8 / E8
