"""What if a symbol comes in other steps than before? What is counted in them is counted anew.

Nothing moves by it: what is held, what orders ask for and claim, and every price stay what they
were, in more steps that are finer. Money and market volumes are in 1e-8, bars in quote: as ever.
"""

from engine.execution.corrections import recount
from engine.execution.orders import ORDERS_MAX
from engine.execution.portfolio import FILLS_KEPT, carry_dust, is_flat
from engine.instruments import BOUND, E8, STEP_MAX, common_divisor, define, limit
from engine.messages import SELL


def take_definition(state, number, event):
    """Take an InstrumentDefined, unless what is counted could not be in its steps."""
    symbol = state.symbols[number]
    if not can_be_counted_in(symbol.instrument, symbol.features.market, event):
        state.clock.malformed += 1
        return
    tick_e8 = symbol.instrument.tick_e8  # 0 before the first
    lot_e8 = symbol.instrument.lot_e8
    define(symbol.instrument, event)
    ticks = tick_e8 // max(symbol.instrument.tick_e8, 1)
    lots = lot_e8 // max(symbol.instrument.lot_e8, 1)
    if ticks > 1 or lots > 1:
        remeasure(state, number, ticks, lots)


def take_limits(state, number, event):
    """Take an InstrumentLimited; finer lots may be whole by now, coarser ones not sellable."""
    symbol = state.symbols[number]
    was_flat = is_flat(symbol.position, symbol.instrument)
    limit(symbol.instrument, event)
    carry_dust(symbol.position, symbol.instrument)
    bid = symbol.features.market.bid
    recount(state.account, symbol.position, symbol.instrument, was_flat, bid)


def can_be_counted_in(instrument, market, event):
    """Whether steps divide those of before, and the largest order at today's price is a number."""
    if instrument.tick_e8 <= 0:
        return True  # nothing is counted yet
    if event.a <= 0 or event.b <= 0 or event.d < 0:
        return False
    if instrument.tick_e8 % event.a != 0 or instrument.lot_e8 % event.b != 0:
        return False
    ticks = max(instrument.tick_e8 // event.a, 1)
    divisor = max(common_divisor(event.a * event.b, E8), 1)
    worth = max(event.a * event.b // divisor, 1)
    lots_max = max(event.d, 1)
    largest = max(lots_max, E8 // divisor)
    highest = BOUND // largest // worth // ticks
    return max(market.ask, market.high) <= highest


def finer(amount, steps):
    """An amount in steps of which one of before has so many, as far as numbers go."""
    if steps <= 1:
        return amount
    most = BOUND // steps
    return min(max(amount, -most), most) * steps


def remeasure(state, number, ticks, lots):
    """All of a symbol that is counted in its ticks and lots."""
    symbol = state.symbols[number]
    remeasure_steps(symbol.instrument, ticks, lots)
    remeasure_position(symbol.position, ticks, lots)
    remeasure_market(symbol.features, ticks)
    remeasure_orders(state.orders, number, ticks, lots)
    remeasure_fills(state.fills, number, ticks, lots)
    remeasure_venue(state.venue, number, ticks, lots)


def remeasure_steps(instrument, ticks, lots):
    """What orders stand on, until the limits say it anew."""
    instrument.price_step = min(finer(max(instrument.price_step, 1), ticks), STEP_MAX)
    instrument.lot_step = min(finer(max(instrument.lot_step, 1), lots), STEP_MAX)


def remeasure_position(position, ticks, lots):
    """What is held."""
    position.lots = finer(position.lots, lots)
    position.claimed_lots = finer(position.claimed_lots, lots)
    position.entry_price = finer(position.entry_price, ticks)


def remeasure_market(features, ticks):
    """The newest prices, and those of the bar that is being built."""
    market = features.market
    market.last = finer(market.last, ticks)
    market.bid = finer(market.bid, ticks)
    market.ask = finer(market.ask, ticks)
    market.open = finer(market.open, ticks)
    market.high = finer(market.high, ticks)
    market.low = finer(market.low, ticks)
    builder = features.builder
    builder.open = finer(builder.open, ticks)
    builder.high = finer(builder.high, ticks)
    builder.low = finer(builder.low, ticks)
    builder.close = finer(builder.close, ticks)


def remeasure_orders(orders, number, ticks, lots):
    """Every order the table knows, ended ones too: a late fill may find them. Buys claim quote."""
    for place in range(ORDERS_MAX):
        order = orders.table[place]
        if order.symbol == number:
            order.lots = finer(order.lots, lots)
            order.filled = finer(order.filled, lots)
            order.price = finer(order.price, ticks)
            order.claim = finer(order.claim, lots) if order.side == SELL else order.claim


def remeasure_fills(fills, number, ticks, lots):
    """The newest fills."""
    for place in range(FILLS_KEPT):
        kept = fills.table[place]
        if kept.symbol == number:
            kept.lots = finer(kept.lots, lots)
            kept.price = finer(kept.price, ticks)


def remeasure_venue(venue, number, ticks, lots):
    """A simulated venue's own books."""
    venue.held[number] = finer(venue.held[number], lots)
    for place in range(venue.count):
        order = venue.orders[place]
        if order.symbol == number:
            order.lots = finer(order.lots, lots)
            order.price = finer(order.price, ticks)
