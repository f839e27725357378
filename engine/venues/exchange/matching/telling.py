"""How do others learn what happened? Events in the order in which they happened."""

from collections import deque

from engine.venues.exchange.matching.accounts import BNB, Dealings
from engine.venues.exchange.matching.book import Book
from engine.venues.exchange.matching.orders import Order
from engine.venues.exchange.matching.words import (
    CANCELED,
    NEW,
    PARTIALLY_FILLED,
    REPLACED,
    UNPRICED_TYPES,
    Balances,
    Changed,
    Event,
    Fill,
    Prevented,
    Reported,
)

OPEN = (NEW, PARTIALLY_FILLED)
RENAMING = (CANCELED, REPLACED)
SAID_MAX = 1_000_000  # events nobody took: whoever serves the exchange forgot to


class Telling:
    """What was said and not yet taken, and whose balances are still to be told."""

    def __init__(self) -> None:
        self.said: deque[Event] = deque()
        self.touched: dict[Dealings, None] = {}

    def change(self, order: Order, book: Book, quantity_e8: int, now_us: int) -> None:
        """A price of the book has this quantity now."""
        book.last_update_id += 1
        number, price_e8 = book.last_update_id, order.price_e8
        self.said.append(Changed(order.symbol, number, order.side, price_e8, quantity_e8, now_us))

    def report(
        self,
        order: Order,
        kind: str,
        now_us: int,
        fill: Fill | None = None,
        prevented: Prevented | None = None,
    ) -> None:
        """One account learns of its order, with the trade or prevention that is told of."""
        dealings = order.dealings
        market = dealings.market
        market.last_execution_id += 1
        if not dealings.account.is_followed:
            return
        self.touched[dealings] = None
        client_id, before = order.client_id, ""
        if kind in RENAMING:
            client_id, before = names_in(order, kind)
        self.said.append(
            Reported(
                dealings.account,
                order,
                kind,
                order.status,
                client_id,
                before,
                order.quantity_e8,
                order.executed_e8,
                order.quote_executed_e8,
                order.prevented_e8,
                is_working(order, kind),
                market.last_execution_id,
                now_us,
                fill,
                prevented,
            )
        )

    def reject(self, order: Order, reason: str, now_us: int) -> None:
        """An account learns that the matching engine did not take its order."""
        self.report(order, order.status, now_us)
        self.touched.pop(order.dealings, None)  # no balance changed by it
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
            base, quote = dealings.base, dealings.quote
            assets = {
                rules.base: (base.free, base.locked),
                rules.quote: (quote.free, quote.locked),
            }
            if account.commission.in_bnb:
                bnb = account.balance(BNB)
                assets[BNB] = (bnb.free, bnb.locked)
            self.said.append(Balances(account, assets, now_us))
        self.touched.clear()


def names_in(order: Order, kind: str) -> tuple[str, str]:
    """The client id a cancel or an amendment gave, and the one the order had before."""
    if kind == CANCELED:
        return order.cancel_id, order.client_id
    return order.client_id, order.cancel_id


def is_working(order: Order, kind: str) -> bool:
    """Whether a report shows its order on the book; an accepted market order counts as there."""
    if order.is_waiting or order.status not in OPEN:
        return False
    return kind == NEW or order.type not in UNPRICED_TYPES
