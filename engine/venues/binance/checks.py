"""May this order be sent? The venue's filters on exact amounts, before it can refuse them.

A check that lacks what it needs (an average price that nobody told) lets the order pass: the venue
has the last word. Source: filters.md.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from engine.errors import Refused
from engine.instruments import BOUND, E8
from engine.messages import BUY, LIMIT, MARKET, STOP, SubmitOrder
from engine.venues.binance import reasons
from engine.venues.binance.rules import TRADING, Filters, Rules

TYPE_NAMES = {MARKET: "MARKET", LIMIT: "LIMIT", STOP: "STOP_LOSS"}
# What does without a type of order; nothing does without the others.
WITHOUT = {
    LIMIT: ", or --set orders.entry=market",
    STOP: ", or --set sizing.stop_loss=0 (no stop protects a position then)",
}


class Marks(NamedTuple):
    """Prices that an order without one is valued at, in 1e-8 of quote; 0 where not known."""

    reference: int = 0  # the venue's own, counts before the others
    average: int = 0  # volume weighted, of the filter's minutes
    last: int = 0


class Around(NamedTuple):
    """What else an order is judged by; amounts in 1e-8 of base."""

    marks: Marks = Marks()
    open: int = 0  # orders of the account on the symbol
    stops: int = 0
    open_everywhere: int = 0
    stops_everywhere: int = 0
    held: int = -1  # free and locked; -1 where not known
    buying: int = 0  # open buys
    exchange: Filters = Filters()
    permissions: frozenset[str] = frozenset()  # none known: not judged


class Order(NamedTuple):
    """An order in the venue's units: price and quantity in 1e-8."""

    side: int
    type: int
    price: int
    quantity: int


def order_of(command: SubmitOrder, rules: Rules) -> Order:
    """The command's amounts, exact."""
    one = rules.instrument
    quantity = command.lots * one.lot_e8
    side, type_ = command.flags & 1, command.flags >> 1 & 3
    return Order(side, type_, command.price * one.tick_e8, quantity)


def valued_at(marks: Marks, minutes: int) -> int:
    """The price that notional and percentages are taken of, in 1e-8; 0 if it is not known."""
    return marks.reference or (marks.average if minutes else marks.last)


def is_out_of(value: int, least: int, most: int, step: int) -> bool:
    """Whether a value is out of bounds or between steps; a bound or step of 0 is none."""
    return value < least or (most > 0 and value > most) or (step > 0 and value % step != 0)


def trades(_order: Order, rules: Rules, _around: Around) -> bool:
    """The symbol takes orders."""
    return rules.status == TRADING


def takes_type(order: Order, rules: Rules, _around: Around) -> bool:
    """The symbol takes orders of this type."""
    return TYPE_NAMES.get(order.type, "") in rules.order_types


def refuse_lacking_types(rules: Rules, sends: Iterable[int]) -> None:
    """Refused where the symbol takes no orders of a type that is going to be sent."""
    lacking = [one for one in sends if TYPE_NAMES[one] not in rules.order_types]
    if lacking:
        names = " and no ".join(TYPE_NAMES[one] for one in lacking)
        instead = "".join(WITHOUT[one] for one in lacking) if MARKET not in lacking else ""
        raise Refused(
            f"{rules.instrument.name} takes no {names} orders there, and the profile sends them",
            f"give another --symbol{instead}",
        )


def is_permitted(_order: Order, rules: Rules, around: Around) -> bool:
    """The account may trade the symbol."""
    return not around.permissions or rules.may_trade(around.permissions)


def fits_price(order: Order, rules: Rules, _around: Around) -> bool:
    """Limits and triggers lie on a tick, within bounds; a market order has no price."""
    one = rules.filters
    if order.type == MARKET:
        return order.price == 0
    return order.price > 0 and not is_out_of(order.price, one.price_min, one.price_max, one.tick)


def fits_lots(order: Order, rules: Rules, _around: Around) -> bool:
    """Every quantity is of whole lots, within bounds."""
    one = rules.filters
    least, most = one.quantity_min, one.quantity_max
    return 0 < order.quantity < BOUND and not is_out_of(order.quantity, least, most, one.step)


def fits_market_lots(order: Order, rules: Rules, _around: Around) -> bool:
    """A market order has bounds of its own."""
    one = rules.filters
    out = is_out_of(order.quantity, one.market_min, one.market_max, one.market_step)
    return order.type != MARKET or not out


def fits_notional(order: Order, rules: Rules, around: Around) -> bool:
    """Price times quantity is within bounds; without a price of its own, at the average."""
    one = rules.filters
    price = order.price
    least, most = one.notional_min, one.notional_max
    if order.type != LIMIT:
        price = valued_at(around.marks, one.notional_minutes)
        least = least if one.notional_min_for_market else 0
        most = most if one.notional_max_for_market else 0
    worth = price * order.quantity  # in 1e-16 of quote: exact
    return price == 0 or (worth >= least * E8 and (most == 0 or worth <= most * E8))


def fits_percent(order: Order, rules: Rules, around: Around) -> bool:
    """A limit is not too far from the average, by its side's own bounds."""
    one = rules.filters
    up, down = (one.bid_up, one.bid_down) if order.side == BUY else (one.ask_up, one.ask_down)
    average = valued_at(around.marks, one.percent_minutes)
    if order.type != LIMIT or average == 0:
        return True
    price = order.price * E8
    return (up == 0 or price <= average * up) and price >= average * down


def leaves_room(_order: Order, rules: Rules, around: Around) -> bool:
    """One more order may be open, here and everywhere."""
    here, everywhere = rules.filters.orders_max, around.exchange.orders_max
    fits_here = here == 0 or around.open < here
    return fits_here and (everywhere == 0 or around.open_everywhere < everywhere)


def leaves_room_for_stops(order: Order, rules: Rules, around: Around) -> bool:
    """One more stop may be open, here and everywhere."""
    here, everywhere = rules.filters.stops_max, around.exchange.stops_max
    fits_here = here == 0 or around.stops < here
    fits_everywhere = everywhere == 0 or around.stops_everywhere < everywhere
    return order.type != STOP or (fits_here and fits_everywhere)


def fits_position(order: Order, rules: Rules, around: Around) -> bool:
    """What is held, what is being bought and this order stay below the largest position."""
    most = rules.filters.position_max
    if order.side != BUY or most == 0 or around.held < 0:
        return True
    return around.held + around.buying + order.quantity <= most


CHECKS: tuple[tuple[int, Callable[[Order, Rules, Around], bool]], ...] = (
    (reasons.SYMBOL_HALTED, trades),
    (reasons.PERMISSIONS, is_permitted),
    (reasons.ORDER_TYPE, takes_type),
    (reasons.PRICE_FILTER, fits_price),
    (reasons.LOT_SIZE, fits_lots),
    (reasons.MARKET_LOT_SIZE, fits_market_lots),
    (reasons.NOTIONAL, fits_notional),
    (reasons.PERCENT_PRICE, fits_percent),
    (reasons.MAX_NUM_ORDERS, leaves_room),
    (reasons.MAX_NUM_ALGO_ORDERS, leaves_room_for_stops),
    (reasons.MAX_POSITION, fits_position),
)


def objection(order: Order, rules: Rules, around: Around) -> int:
    """The number of the first filter that the order fails (see `reasons`), or 0."""
    for reason, holds in CHECKS:
        if not holds(order, rules, around):
            return reason
    return 0
