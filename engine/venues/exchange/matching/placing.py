"""What becomes of an order that passed its filters? From the matching engine's look at it on."""

from engine.venues.exchange.matching import errors
from engine.venues.exchange.matching.accounts import Dealings
from engine.venues.exchange.matching.matching import NOBODY, Plan, plan
from engine.venues.exchange.matching.orders import Order
from engine.venues.exchange.matching.stops import is_reached
from engine.venues.exchange.matching.telling import Telling
from engine.venues.exchange.matching.trading import Trading
from engine.venues.exchange.matching.words import (
    EXPIRED,
    FOK,
    GTC,
    IOC,
    LIMIT_MAKER,
    NEW,
    NO_LIQUIDITY,
    REJECTED,
    UNFILLED_FOK,
    UNFILLED_IOC,
    NewOrder,
)

EXPIRY_REASONS = {GTC: NO_LIQUIDITY, IOC: UNFILLED_IOC, FOK: UNFILLED_FOK}


class Placing:
    """Takes orders in and leads each to where it ends: filled, on the book, waiting, expired."""

    def __init__(self, trading: Trading, telling: Telling) -> None:
        self.trading, self.telling = trading, telling

    def place(self, dealings: Dealings, asked: NewOrder, now_us: int) -> Order:
        """The order, with all it set off done; VenueRefusal if the matching engine says no."""
        market = dealings.market
        market.last_order_id += 1
        order = Order(market.last_order_id, dealings, asked, now_us)
        order.stp_mode = asked.stp_mode or market.rules.stp_default
        planned = NOBODY if order.is_waiting else plan(market.book, order, market.rules.step_e8)
        if order.quote_quantity_e8:
            order.quantity_e8 = order.left_e8 = planned.wanted_e8
        need = need_of(order, planned)
        said = objection(order, planned, need)
        if said:
            self._reject(order, said, now_us)
        dealings.take(order)
        dealings.lock(order, need)
        self.telling.report(order, NEW, now_us)
        if order.is_waiting:
            market.stops.add(order)
        else:
            self._run(order, planned, now_us)
        while market.woken:
            self._wake(market.woken.popleft(), now_us)
        return order

    def expire(self, order: Order, reason: str, now_us: int) -> None:
        """An order ends without its owner's will."""
        order.expiry_reason, order.updated_us = reason, now_us
        order.dealings.close(order, EXPIRED)
        self.telling.report(order, EXPIRED, now_us)

    def _reject(self, order: Order, said: tuple[int, str], now_us: int) -> None:
        order.status = REJECTED
        if said in errors.REJECT_REASONS:
            self.telling.reject(order, errors.REJECT_REASONS[said], now_us)
        raise errors.refusal(said)

    def _run(self, order: Order, planned: Plan, now_us: int) -> None:
        """Trade as planned; what is left rests on the book or expires."""
        market = order.dealings.market
        if order.time_in_force == FOK and planned.traded_e8 < order.quantity_e8:
            self.expire(order, UNFILLED_FOK, now_us)
            return
        self.trading.carry_out(market, order, planned, now_us)
        if not order.is_open:
            return
        if order.price_e8 and order.time_in_force == GTC:
            side = market.book.bids if order.is_buy else market.book.asks
            self.telling.change(order, market.book, side.add(order), now_us)
        else:
            self.expire(order, EXPIRY_REASONS[order.time_in_force], now_us)

    def _wake(self, order: Order, now_us: int) -> None:
        """A waiting order's price was traded: it enters the book like one that arrives now."""
        dealings, market = order.dealings, order.dealings.market
        order.is_waiting = False
        order.working_us = order.updated_us = now_us
        planned = plan(market.book, order, market.rules.step_e8)
        need = need_of(order, planned)
        if is_short(order, need):  # the market went beyond what was locked at the stop price
            self.expire(order, REJECTED, now_us)
            return
        dealings.lock(order, need)
        self.telling.report(order, NEW, now_us)
        self._run(order, planned, now_us)


def need_of(order: Order, planned: Plan) -> int:
    """What an order locks: all it could spend, or what its trades will cost if it has no price."""
    if order.is_buy and not order.price_e8 and not order.is_waiting:
        return planned.quote_e8
    return order.needs_e8()


def is_short(order: Order, need_e8: int) -> bool:
    """Whether the account cannot lock so much for an order."""
    dealings = order.dealings
    balance = dealings.quote if order.is_buy else dealings.base
    return balance.free + order.locked_e8 < need_e8


def objection(order: Order, planned: Plan, need_e8: int) -> tuple[int, str] | None:
    """Why the matching engine does not take an order, if it does not."""
    market = order.dealings.market
    earlier = order.dealings.named.get(order.client_id)
    if earlier is not None and earlier.is_open:
        return errors.DUPLICATE
    if order.is_waiting and market.last_price_e8:
        stop = (order.type, order.side, order.stop_price_e8)
        if is_reached(*stop, market.last_price_e8):
            return errors.WOULD_TRIGGER
    if order.type == LIMIT_MAKER and planned.steps:
        return errors.WOULD_MATCH
    if order.quote_quantity_e8:
        if said := objection_to_size(order):
            return said
        need_e8 = max(need_e8, order.quote_quantity_e8) if order.is_buy else need_e8
    return errors.NO_BALANCE if is_short(order, need_e8) else None


def objection_to_size(order: Order) -> tuple[int, str] | None:
    """Whether the quantity that a sum of quote comes to lies outside the symbol's bounds."""
    rules, book, quantity = order.dealings.market.rules, order.dealings.market.book, order.left_e8
    if not (book.asks if order.is_buy else book.bids).keys:
        return errors.EMPTY_BOOK
    if quantity < max(rules.quantity_min_e8, 1):
        return errors.THIN_BOOK
    if quantity < rules.market_quantity_min_e8:
        return errors.THIN_MARKET
    if 0 < rules.quantity_max_e8 < quantity:
        return errors.TOO_MUCH
    return errors.TOO_MUCH_AT_ONCE if 0 < rules.market_quantity_max_e8 < quantity else None
