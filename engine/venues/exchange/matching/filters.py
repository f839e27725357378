"""May this order be placed at all? Binance's filters, one function each (filters.md)."""

from collections.abc import Callable
from typing import NamedTuple

from engine.instruments import E8
from engine.venues.exchange.matching import errors
from engine.venues.exchange.matching.accounts import Dealings
from engine.venues.exchange.matching.orders import Order
from engine.venues.exchange.matching.words import (
    ALGO_TYPES,
    BUY,
    FOK,
    GTC,
    IOC,
    LIMIT,
    MARKET,
    SELL,
    STOP_LOSS_LIMIT,
    TAKE_PROFIT_LIMIT,
    UNPRICED_TYPES,
    NewOrder,
    Rules,
)

SIDES = (BUY, SELL)
TIMES_IN_FORCE = (GTC, IOC, FOK)
TIMED_TYPES = (LIMIT, STOP_LOSS_LIMIT, TAKE_PROFIT_LIMIT)


class Asked(NamedTuple):
    """An order and what its filters look at."""

    order: NewOrder
    rules: Rules
    dealings: Dealings
    average_e8: int  # the market's price for filters; 0 while there is none

    @property
    def is_unpriced(self) -> bool:
        """Whether it takes whatever price the book has."""
        return self.order.type in UNPRICED_TYPES


def is_outside(value: int, low: int, high: int, step: int) -> bool:
    """Whether a value breaks a range or its step; a bound of 0 is none."""
    return value < low or (high and value > high) or bool(step and value % step)


def price_filter(asked: Asked) -> bool:
    """Price and stop price lie within the range and on the tick."""
    rules = asked.rules
    bounds = (rules.price_min_e8, rules.price_max_e8, rules.tick_e8)
    price, stop_price = asked.order.price_e8, asked.order.stop_price_e8
    if price and is_outside(price, *bounds):
        return False
    return not stop_price or not is_outside(stop_price, *bounds)


def percent_price_by_side(asked: Asked) -> bool:
    """The price lies within multiples of the average price; without one every price passes."""
    order, rules = asked.order, asked.rules
    is_buy = order.side == BUY
    up, down = (
        (rules.bid_up_e8, rules.bid_down_e8) if is_buy else (rules.ask_up_e8, rules.ask_down_e8)
    )
    price = order.price_e8 * E8
    if not price or not asked.average_e8:
        return True
    return not ((up and price > asked.average_e8 * up) or price < asked.average_e8 * down)


def lot_size(asked: Asked) -> bool:
    """The quantity lies within the range and on the step."""
    rules = asked.rules
    bounds = (rules.quantity_min_e8, rules.quantity_max_e8, rules.step_e8)
    quantity = asked.order.quantity_e8
    return not quantity or not is_outside(quantity, *bounds)


def market_lot_size(asked: Asked) -> bool:
    """The same for what takes any price, with bounds of its own."""
    rules, quantity = asked.rules, asked.order.quantity_e8
    low, high = rules.market_quantity_min_e8, rules.market_quantity_max_e8
    if not asked.is_unpriced or not quantity:
        return True
    return not is_outside(quantity, low, high, rules.market_step_e8)


def notional(asked: Asked) -> bool:
    """Price times quantity lies within bounds; without a price the average stands for it."""
    order, rules = asked.order, asked.rules
    low, high = rules.notional_min_e8, rules.notional_max_e8
    price = order.price_e8
    if asked.is_unpriced:
        low = low if rules.notional_min_to_market else 0
        high = high if rules.notional_max_to_market else 0
        price = asked.average_e8
    worth = order.quote_quantity_e8 * E8 or price * order.quantity_e8
    if not worth:  # a market order before the first trade
        return True
    return worth >= low * E8 and (not high or worth <= high * E8)


def max_num_orders(asked: Asked) -> bool:
    """The account's open orders on the symbol."""
    return len(asked.dealings.open) < asked.rules.orders_max


def max_num_algo_orders(asked: Asked) -> bool:
    """Those of them that wait for a price or did."""
    return asked.order.type not in ALGO_TYPES or asked.dealings.algos < asked.rules.algo_orders_max


def max_position(asked: Asked) -> bool:
    """What the account has of the base asset, and what open orders could add to it."""
    most, dealings = asked.rules.position_max_e8, asked.dealings
    if not most or asked.order.side != BUY:
        return True
    has = dealings.base.free + dealings.base.locked + dealings.buying_e8
    return has + asked.order.quantity_e8 <= most


FILTERS: tuple[tuple[str, Callable[[Asked], bool]], ...] = (
    ("PRICE_FILTER", price_filter),
    ("PERCENT_PRICE_BY_SIDE", percent_price_by_side),
    ("LOT_SIZE", lot_size),
    ("MARKET_LOT_SIZE", market_lot_size),
    ("NOTIONAL", notional),
    ("MAX_NUM_ORDERS", max_num_orders),
    ("MAX_NUM_ALGO_ORDERS", max_num_algo_orders),
    ("MAX_POSITION", max_position),
)


def refuse_unfit(order: NewOrder, dealings: Dealings, now_us: int) -> None:
    """VenueRefusal with the first rule of the symbol that an order breaks."""
    market = dealings.market
    refuse_malformed(order, market.rules)
    asked = Asked(order, market.rules, dealings, market.average_price_e8(now_us))
    for name, passes in FILTERS:
        if not passes(asked):
            raise errors.filter_failure(name)


def refuse_malformed(order: NewOrder, rules: Rules) -> None:
    """VenueRefusal if the parts of an order do not go together, or the symbol lacks them."""
    if order.side not in SIDES:
        raise errors.refusal(errors.BAD_SIDE)
    if order.type not in rules.order_types:
        raise errors.without_type(order.type)
    if order.time_in_force not in TIMES_IN_FORCE:
        raise errors.refusal(errors.BAD_TIME_IN_FORCE)
    if order.time_in_force != GTC and order.type not in TIMED_TYPES:
        raise errors.refusal(errors.UNSUPPORTED)
    if order.stp_mode and order.stp_mode not in rules.stp_allowed:
        raise errors.refusal(errors.NO_SUCH_STP)
    if order.iceberg_e8:
        raise errors.refusal(errors.NO_ICEBERGS)
    if order.trailing_delta:
        raise errors.refusal(errors.NO_TRAILING)
    refuse_amounts(order, rules)


def refuse_amounts(order: NewOrder, rules: Rules) -> None:
    """VenueRefusal if an amount is missing, or given where the order's type has none."""
    if order.quote_quantity_e8:
        if order.type != MARKET or order.quantity_e8:
            raise errors.refusal(errors.UNSUPPORTED)
        if not rules.has_quote_market:
            raise errors.refusal(errors.NO_QUOTE_MARKET)
    if order.quantity_e8 + order.quote_quantity_e8 <= 0:
        raise errors.refusal(errors.BAD_QUANTITY)
    if (order.price_e8 > 0) == (order.type in UNPRICED_TYPES) or order.price_e8 < 0:
        raise errors.refusal(errors.BAD_PRICE)
    if (order.stop_price_e8 > 0) != (order.type in ALGO_TYPES) or order.stop_price_e8 < 0:
        raise errors.refusal(errors.BAD_STOP_PRICE)
    if order.price_e8 and order.price_e8 * order.quantity_e8 < E8:
        raise errors.refusal(errors.NOTHING_WORTH)


def refuse_resized(order: Order, quantity_e8: int) -> None:
    """VenueRefusal if an order on the book could not have been placed with this quantity."""
    market = order.dealings.market
    resized = NewOrder(order.symbol, order.side, order.type, quantity_e8, order.price_e8)
    asked = Asked(resized, market.rules, order.dealings, market.last_price_e8)
    for name, passes in (("LOT_SIZE", lot_size), ("NOTIONAL", notional)):
        if not passes(asked):
            raise errors.filter_failure(name)
