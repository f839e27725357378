"""Which order is meant, and how does it end or shrink by its owner's will?"""

from engine.venues.exchange.matching import errors
from engine.venues.exchange.matching.accounts import Dealings
from engine.venues.exchange.matching.filters import refuse_resized
from engine.venues.exchange.matching.orders import Order
from engine.venues.exchange.matching.telling import Telling
from engine.venues.exchange.matching.words import (
    CANCELED,
    NEW,
    ONLY_NEW,
    ONLY_PARTIALLY_FILLED,
    PARTIALLY_FILLED,
    REPLACED,
    Which,
)

NEEDED_STATUS = {ONLY_NEW: NEW, ONLY_PARTIALLY_FILLED: PARTIALLY_FILLED}


def found(dealings: Dealings, which: Which) -> Order | None:
    """The order that is meant; with both ids the client's must be that order's."""
    if which.order_id is not None:
        order = dealings.orders.get(which.order_id)
        is_other = order is not None and which.client_id not in (None, order.client_id)
        return None if is_other else order
    return dealings.named.get(which.client_id or "")


class Canceling:
    """Ends and shrinks orders."""

    def __init__(self, telling: Telling) -> None:
        self.telling = telling

    def open_one(self, dealings: Dealings, which: Which) -> Order:
        """The open order that a cancel means; VenueRefusal if it cannot be canceled."""
        if which.order_id is None and not which.client_id:
            raise errors.refusal(errors.NEITHER_ID)
        order = found(dealings, which)
        if order is None or not order.is_open:
            raise errors.refusal(errors.UNKNOWN_ORDER)
        if which.only and order.status != NEEDED_STATUS[which.only]:
            raise errors.refusal(errors.RESTRICTED)
        return order

    def cancel(self, order: Order, cancel_id: str, now_us: int) -> None:
        """End an open order."""
        order.cancel_id = cancel_id or f"cancel_{order.id}"
        order.updated_us = now_us
        self.leave(order, now_us)
        order.dealings.close(order, CANCELED)
        self.telling.report(order, CANCELED, now_us)

    def leave(self, order: Order, now_us: int) -> None:
        """Take an open order from where it stands: the book, or those that wait."""
        market = order.dealings.market
        if order.is_waiting:
            market.stops.remove(order)
            return
        side = market.book.bids if order.is_buy else market.book.asks
        left = side.reduce(order, order.left_e8, is_gone=True)
        self.telling.change(order, market.book, left, now_us)

    def amend(self, order: Order, quantity_e8: int, client_id: str, now_us: int) -> None:
        """Shrink an open order where it stands (faqs/order_amend_keep_priority.md)."""
        dealings = order.dealings
        by = order.quantity_e8 - quantity_e8
        refuse_amendment(order, quantity_e8, client_id)
        if not order.is_waiting:
            side = dealings.market.book.bids if order.is_buy else dealings.market.book.asks
            left = side.reduce(order, by, is_gone=False)
            self.telling.change(order, dealings.market.book, left, now_us)
        order.quantity_e8 = quantity_e8
        order.left_e8 -= by
        dealings.buying_e8 -= by if order.is_buy else 0
        dealings.lock(order, order.needs_e8())
        order.amends += 1
        order.cancel_id, order.updated_us = order.client_id, now_us
        if dealings.named.get(order.client_id) is order:
            del dealings.named[order.client_id]
        order.client_id = client_id or f"venue_{order.id}_{order.amends}"
        dealings.named[order.client_id] = order
        self.telling.report(order, REPLACED, now_us)


def refuse_amendment(order: Order, quantity_e8: int, client_id: str) -> None:
    """VenueRefusal if an order cannot have this quantity or this client id from now on."""
    holder = order.dealings.named.get(client_id)
    gone = order.executed_e8 + order.prevented_e8
    for is_broken, said in (
        (quantity_e8 > order.quantity_e8, errors.AMEND_INCREASE),
        (quantity_e8 == order.quantity_e8, errors.AMEND_NOTHING),
        (order.amends >= order.dealings.market.rules.amends_max, errors.AMEND_TOO_OFTEN),
        (
            holder is not None and holder is not order and holder.is_open,
            errors.AMEND_DUPLICATE,
        ),
    ):
        if is_broken:
            raise errors.refusal(said)
    if quantity_e8 <= gone:
        raise errors.filter_failure("LOT_SIZE")
    refuse_resized(order, quantity_e8)
