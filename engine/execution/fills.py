"""What would the venue have done? The simulated venue: its orders, its ledger, its reports."""

from engine.execution.assumptions import (
    arrival_of,
    bounded,
    half_spread,
    limit_is_reached,
    limit_takes,
    lots_for_us,
    middle_price,
    slippage_ticks,
    stop_fill_price,
    stop_is_reached,
    worse,
)
from engine.instruments import fee_of, notional_of
from engine.layout import I, block
from engine.messages import (
    BUY,
    CANCEL_ORDER,
    CANCEL_REJECTED,
    LIMIT,
    MAKER,
    MARKET,
    ORDER_ACCEPTED,
    ORDER_CANCELED,
    ORDER_EXPIRED,
    ORDER_FILLED,
    ORDER_REJECTED,
    RECORD,
    SELL,
    STOP,
)

# Every open order of the engine and a cancel for each: more cannot be on the way.
RESTING_MAX = 128
# Reports one event may cause; the rest waits for the next event.
FACTS_MAX = 256
SYMBOLS_MAX = 64
CANCEL = 3  # the type of a request that ends another order
RESTING = block(id=I, symbol=I, side=I, type=I, lots=I, price=I, arrives_ns=I, accepted=I, done=I)
VENUE = block(
    outside=I,  # 1 where the real venue is elsewhere: then nothing is simulated here
    count=I,
    last_fill_id=I,
    cash_e8=I,
    spread_e8=I,  # cost of the half-spread so far
    slippage_e8=I,
    held=(I, SYMBOLS_MAX),
    orders=(RESTING, RESTING_MAX),
    facts=block(count=I, table=(RECORD, FACTS_MAX)),
    trade=block(now_ns=I, ours=I, flags=I),  # the event at hand: its time, lots left to us
)
INSUFFICIENT = 1


def report(venue, kind, order):
    """One report to the engine about an order."""
    facts = venue.facts
    record = facts.table[facts.count]
    facts.count += 1
    record.kind = kind
    record.flags = order.side
    record.symbol = order.symbol
    record.time_ns = venue.trade.now_ns
    record.received_ns = venue.trade.now_ns
    record.a = order.id
    record.b = 0
    record.c = 0
    record.d = 0
    record.e = 0
    return record


def refuse(venue, order, reason):
    """The venue takes the order off, saying why."""
    order.done = 1
    record = report(venue, ORDER_REJECTED, order)
    record.b = reason


def settle(venue, instrument, order, price, lots):
    """Book one fill in the venue's own ledger; returns its notional in 1e-8."""
    notional = notional_of(instrument, price, lots)
    if order.side == BUY:
        venue.held[order.symbol] += lots
        venue.cash_e8 -= notional
    else:
        venue.held[order.symbol] -= lots
        venue.cash_e8 += notional
    order.lots -= lots
    venue.trade.ours -= lots
    if order.lots == 0:
        order.done = 1
    return notional


def fill(venue, instrument, order, price, rate_ppm):
    """Fill as much of an order as the event's volume allows, and report it."""
    lots = min(order.lots, venue.trade.ours)
    notional = settle(venue, instrument, order, price, lots)
    fee = fee_of(notional, rate_ppm)
    venue.cash_e8 -= fee
    venue.last_fill_id += 1
    record = report(venue, ORDER_FILLED, order)
    record.b = price
    record.c = lots
    record.d = fee
    record.e = venue.last_fill_id
    return record


def is_broke(venue, instrument, order, price, rate_ppm):
    """Spot: a purchase the cash at hand cannot pay, fee included, is taken off the book."""
    notional = notional_of(instrument, price, min(order.lots, venue.trade.ours))
    if order.side == SELL or notional + fee_of(notional, rate_ppm) <= venue.cash_e8:
        return False
    order.done = 1
    report(venue, ORDER_EXPIRED, order)
    return True


def take(venue, symbol, parameters, order, around):
    """A taker's fill around a price: half-spread and slippage are paid and counted apart."""
    if venue.trade.ours <= 0:
        return
    quoted = worse(order.side, around, half_spread(order.side, symbol.features.market))
    price = bounded(order, worse(order.side, quoted, slippage_ticks(quoted, parameters)))
    if is_broke(venue, symbol.instrument, order, price, parameters.taker_fee_ppm):
        return
    lots = min(order.lots, venue.trade.ours)
    venue.spread_e8 += notional_of(symbol.instrument, abs(quoted - around), lots)
    venue.slippage_e8 += notional_of(symbol.instrument, abs(price - quoted), lots)
    fill(venue, symbol.instrument, order, price, parameters.taker_fee_ppm)


def make(venue, symbol, parameters, order):
    """A resting limit's fill at its own price."""
    rate_ppm = parameters.maker_fee_ppm
    if venue.trade.ours <= 0 or is_broke(venue, symbol.instrument, order, order.price, rate_ppm):
        return
    record = fill(venue, symbol.instrument, order, order.price, rate_ppm)
    record.flags = order.side + MAKER


def end_other(venue, order):
    """Carry out a cancel: the order it names is taken off, or there is nothing to cancel."""
    order.done = 1
    for place in range(venue.count):
        other = venue.orders[place]
        if other.id == order.id and other.type != CANCEL and other.done == 0:
            other.done = 1
            report(venue, ORDER_CANCELED, other)
            return
    report(venue, CANCEL_REJECTED, order)


def can_pay(venue, symbol, order):
    """Spot: a sale needs the lots, a purchase the cash, when the order arrives."""
    if order.side == SELL:
        return venue.held[order.symbol] >= order.lots
    price = order.price if order.price > 0 else symbol.features.market.last
    return venue.cash_e8 >= notional_of(symbol.instrument, price, order.lots)


def admit(venue, symbol, parameters, order):
    """An order or cancel has arrived."""
    if order.type == CANCEL:
        end_other(venue, order)
    elif not can_pay(venue, symbol, order):
        refuse(venue, order, INSUFFICIENT)
    else:
        order.accepted = 1
        report(venue, ORDER_ACCEPTED, order)
        market = symbol.features.market
        around = middle_price(order.side, market, order.arrives_ns)
        quoted = worse(order.side, around, half_spread(order.side, market))
        if order.type == MARKET or (order.type == LIMIT and limit_takes(order, quoted)):
            take(venue, symbol, parameters, order, around)


def receive(venue, parameters, command):
    """A command sets out for the venue; one beyond its bound is lost, as on any wire."""
    if venue.count >= RESTING_MAX:
        return
    venue.trade.flags = command.flags
    order = venue.orders[venue.count]
    order.id = command.a
    order.symbol = command.symbol
    order.side = venue.trade.flags % 2
    order.type = CANCEL if command.kind == CANCEL_ORDER else venue.trade.flags // 2
    order.lots = command.b
    order.price = command.c
    order.arrives_ns = arrival_of(command.received_ns, parameters)
    order.accepted = 0
    order.done = 0
    venue.count += 1


def is_ours(venue, place, number, now_ns):
    """Whether an entry is of this symbol, still alive and already at the venue."""
    order = venue.orders[place]
    return order.symbol == number and order.done == 0 and order.arrives_ns <= now_ns


def has_room(venue):
    """Whether two more reports fit: what one order can cause at a time."""
    return venue.facts.count + 2 <= FACTS_MAX


def arrive(venue, symbol, parameters, number):
    """First what came in: market orders go on filling, newcomers are admitted in their order."""
    for place in range(venue.count):
        if is_ours(venue, place, number, venue.trade.now_ns) and has_room(venue):
            order = venue.orders[place]
            if order.accepted == 0:
                admit(venue, symbol, parameters, order)
            elif order.type == MARKET:
                around = middle_price(order.side, symbol.features.market, order.arrives_ns)
                take(venue, symbol, parameters, order, around)


def rests(venue, place, market, kind):
    """Whether an accepted order of this type was there before the event ended."""
    order = venue.orders[place]
    return order.accepted == 1 and order.type == kind and order.arrives_ns < market.received_ns


def trigger_stops(venue, symbol, parameters, number):
    """Then the stops: within a bar the adverse extreme is assumed to come first."""
    market = symbol.features.market
    for place in range(venue.count):
        if is_ours(venue, place, number, venue.trade.now_ns) and rests(venue, place, market, STOP):
            order = venue.orders[place]
            if stop_is_reached(order, market) and has_room(venue):
                order.type = MARKET
                take(venue, symbol, parameters, order, stop_fill_price(order, market))


def fill_limits(venue, symbol, parameters, number):
    """Last the resting limits."""
    market = symbol.features.market
    for place in range(venue.count):
        if is_ours(venue, place, number, venue.trade.now_ns) and rests(venue, place, market, LIMIT):
            order = venue.orders[place]
            if limit_is_reached(order, market) and has_room(venue):
                make(venue, symbol, parameters, order)


def sweep(venue):
    """Close the ranks over what is done, keeping the order of arrival."""
    kept = 0
    for place in range(venue.count):
        if venue.orders[place].done == 0:
            if kept != place:
                copy_entry(venue.orders[kept], venue.orders[place])
            kept += 1
    venue.count = kept


def copy_entry(to, source):
    """Move one entry of the venue's list."""
    to.id = source.id
    to.symbol = source.symbol
    to.side = source.side
    to.type = source.type
    to.lots = source.lots
    to.price = source.price
    to.arrives_ns = source.arrives_ns
    to.accepted = source.accepted
    to.done = source.done


def match(venue, symbol, parameters, number):
    """One market event of a symbol meets what waits for it; reports go to `venue.facts`."""
    if venue.count == 0:
        return
    market = symbol.features.market
    venue.trade.now_ns = market.received_ns
    venue.trade.ours = lots_for_us(market, symbol.instrument, parameters)
    arrive(venue, symbol, parameters, number)
    trigger_stops(venue, symbol, parameters, number)
    fill_limits(venue, symbol, parameters, number)
    sweep(venue)
