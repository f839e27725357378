"""How do others learn what happened? Events in the order in which they happened."""

from collections import deque

from engine.venues.exchange.accounts import BNB, Dealings
from engine.venues.exchange.book import Book
from engine.venues.exchange.orders import Order
from engine.venues.exchange.words import (
    CANCELED,
    NEW,
    REPLACED,
    UNPRICED_TYPES,
    Balances,
    Changed,
    Event,
    Fill,
    Prevented,
    Reported,
)

SAID_MAX = 1_000_000  # events nobody took: whoever serves the exchange forgot to


class Telling:
    """What was said and not yet taken, and whose balances are still to be told."""

    def __init__(self) -> None:
        self.said: deque[Event] = deque()
        self.touched: dict[Dealings, None] = {}

    def change(self, order: Order, book: Book, quantity_e8: int, now_us: int) -> None:
        """A price of the book has this quantity now."""
        book.last_update_id += 1
        place = (order.symbol, book.last_update_id, order.side, order.price_e8)
        self.said.append(Changed(*place, quantity_e8, now_us))

    def report(
        self, order: Order, kind: str, now_us: int, told: Fill | Prevented | None = None
    ) -> None:
        """One account learns of its order, with the trade or prevention that is told of."""
        dealings = order.dealings
        dealings.market.last_execution_id += 1
        if not dealings.account.is_followed:
            return
        self.touched[dealings] = None
        is_renamed = kind in (CANCELED, REPLACED)
        self.said.append(
            Reported(
                dealings.account,
                order,
                kind,
                order.status,
                order.cancel_id if kind == CANCELED else order.client_id,
                order.cancel_id if kind == REPLACED else order.client_id if is_renamed else "",
                order.quantity_e8,
                order.executed_e8,
                order.quote_executed_e8,
                order.prevented_e8,
                is_working(order, kind),
                dealings.market.last_execution_id,
                now_us,
                told if isinstance(told, Fill) else None,
                told if isinstance(told, Prevented) else None,
            )
        )

    def reject(self, order: Order, reason: str, now_us: int) -> None:
        """An account learns that the matching engine did not take its order."""
        self.report(order, order.status, now_us)
        if order.dealings.account.is_followed:
            told = self.said[-1]
            assert isinstance(told, Reported)
            self.said[-1] = told._replace(reject_reason=reason)

    def settle(self, now_us: int) -> None:
        """Everybody whose orders were told of learns what that made of the balances."""
        if len(self.said) > SAID_MAX:
            raise RuntimeError("nobody takes what the exchange says: drain `said` after each call")
        for dealings in self.touched:
            account, rules = dealings.account, dealings.market.rules
            names = {rules.base, rules.quote} | ({BNB} if account.commission.in_bnb else set())
            rows = {name: account.balance(name) for name in sorted(names)}
            assets = {name: (row.free, row.locked) for name, row in rows.items()}
            self.said.append(Balances(account, assets, now_us))
        self.touched.clear()


def is_working(order: Order, kind: str) -> bool:
    """Whether a report shows its order on the book; an accepted market order counts as there."""
    if order.is_waiting or not order.is_open:
        return False
    return kind == NEW or order.type not in UNPRICED_TYPES
