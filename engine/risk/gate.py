"""May this order be sent? Named checks, and the only hand that writes commands."""

from engine.instruments import notional_of
from engine.layout import I, block
from engine.messages import (
    BREAKER_CHANGED,
    BUY,
    CANCEL_ORDER,
    FLATTEN_ENDED,
    MARKET,
    ORDER_DENIED,
    RECORD,
    SUBMIT_ORDER,
)
from engine.risk.breakers import ACTIVE, HALTED, is_closing, trading_state
from engine.risk.limits import RATE, orders_this_minute

# Records one event may cause; who finds no room waits for the next event.
COMMANDS_MAX = 32
COMMANDS = block(count=I, table=(RECORD, COMMANDS_MAX))
REASONS = {
    1: "halted",
    2: "reducing only",
    3: "market unknown or stale",
    4: "price not sane",
    5: "quantity filter",
    6: "notional filter",
    7: "not held",
    8: "not enough cash",
    9: "position limit",
    10: "exposure limit",
    11: "order rate",
    12: "too many open orders",
    13: "paused",
    14: "market told late",
    15: "market doubted",
}
REASONS_MAX = 16
NO_PLACE, PAUSED = 12, 13
GATE = block(rate=RATE, denied=I, denials=(I, REASONS_MAX), last_reason=I)
PPM = 1_000_000.0


def trading_allows(state, draft):
    """HALTED allows nothing, REDUCING only what sells."""
    trading = trading_state(state.breakers)
    if trading == HALTED:
        return 1
    if trading == ACTIVE or draft.side != BUY:
        return 0
    return 2 if is_closing(state.breakers) else PAUSED


def market_is_known(state, symbol, draft):
    """Nothing is bought on a price that is unknown or old; what is held may still be sold."""
    market = symbol.features.market
    age_ns = state.clock.now_ns - market.received_ns
    stale = float(age_ns) > state.parameters.risk.stale_seconds * 1e9
    return 3 if market.last <= 0 or (stale and draft.side == BUY) else 0


def market_is_told_in_time(state, symbol, draft):
    """Nothing is bought on what was long on its way: it is old, though it came just now."""
    late = float(symbol.features.market.late_ns) > state.parameters.risk.stale_seconds * 1e9
    return 14 if late and draft.side == BUY else 0


def market_is_believed(symbol, draft):
    """Nothing is bought while whoever hears the market doubts it; what is held may be sold."""
    return 15 if symbol.features.market.doubt != 0 and draft.side == BUY else 0


def price_is_sane(state, symbol, draft):
    """A limit or trigger lies inside the venue's bounds and near the last price."""
    if draft.type == MARKET:
        return 0
    instrument = symbol.instrument
    if draft.price < instrument.price_min or draft.price > instrument.price_max:
        return 4
    last = symbol.features.market.last
    distance = float(abs(draft.price - last))
    return 4 if distance > last * state.parameters.risk.price_band else 0


def quantity_fits(symbol, draft):
    """The venue's lot filter."""
    instrument = symbol.instrument
    most = instrument.market_lots_max if draft.type == MARKET else instrument.lots_max
    return 5 if draft.lots < instrument.lots_min or draft.lots > most else 0


def notional_fits(symbol, draft):
    """The venue's least order value; at market by the price a taker would get."""
    market = symbol.features.market
    price = draft.price
    if price == 0:
        price = market.ask if draft.side == BUY else market.bid
    value = notional_of(symbol.instrument, price, draft.lots)
    return 6 if value < symbol.instrument.notional_min_e8 else 0


def is_held(symbol, draft):
    """Spot: what is not held, or is promised to another order, cannot be sold."""
    if draft.side == BUY:
        return 0
    position = symbol.position
    return 7 if draft.lots > position.lots - position.claimed_lots + draft.freed_lots else 0


def cash_suffices(state, draft):
    """A buy is paid from cash that no other order has claimed."""
    free = state.account.cash_e8 - state.account.reserved_e8
    return 8 if draft.side == BUY and draft.claim > free else 0


def position_fits(state, symbol, draft):
    """The position after a buy stays within its share of equity."""
    if draft.side != BUY:
        return 0
    value = float(symbol.position.value_e8 + draft.claim)
    return 9 if value > state.account.equity_e8 * state.parameters.risk.position_max else 0


def exposure_fits(state, draft):
    """All positions and open buys after a buy stay within their share of equity."""
    if draft.side != BUY:
        return 0
    value = float(state.account.value_e8 + state.account.reserved_e8 + draft.claim)
    return 10 if value > state.account.equity_e8 * state.parameters.risk.exposure_max else 0


def rate_allows(state, draft):
    """Entries a minute are bounded; exits never wait for it."""
    made = orders_this_minute(state.gate.rate, state.clock.now_ns)
    return 11 if draft.side == BUY and made >= state.parameters.risk.orders_per_minute_max else 0


def place_is_free(order_id):
    """The order table has a place and the commands have room."""
    return NO_PLACE if order_id == 0 else 0


def first_denial(state, symbol, draft, order_id):
    """The reason of the first check that denies, 0 when none does. One check a row."""
    return (
        trading_allows(state, draft)
        or market_is_known(state, symbol, draft)
        or market_is_told_in_time(state, symbol, draft)
        or market_is_believed(symbol, draft)
        or price_is_sane(state, symbol, draft)
        or quantity_fits(symbol, draft)
        or notional_fits(symbol, draft)
        or is_held(symbol, draft)
        or cash_suffices(state, draft)
        or position_fits(state, symbol, draft)
        or exposure_fits(state, draft)
        or rate_allows(state, draft)
        or place_is_free(order_id)
    )


def clear(commands):
    """Room for the commands of the next event."""
    commands.count = 0


def has_room(commands, count):
    """Whether this many more commands fit."""
    return commands.count + count <= COMMANDS_MAX


def written(commands, clock, number):
    """The next command record, with its header and times set."""
    record = commands.table[commands.count]
    commands.count += 1
    record.flags = 0
    record.symbol = number
    record.time_ns = clock.now_ns
    record.received_ns = clock.now_ns
    record.a = 0
    record.b = 0
    record.c = 0
    record.d = 0
    record.e = 0
    return record


def sign(record, intent):
    """Why this is asked: agent, cause and confidence of the decision behind it."""
    record.d = intent.agent * 256 + intent.cause
    confidence = intent.confidence * PPM
    record.e = int(confidence) if 0.0 <= confidence <= PPM else 0


def approve(commands, clock, number, draft, order_id):
    """The command to submit an approved order."""
    record = written(commands, clock, number)
    record.kind = SUBMIT_ORDER
    record.flags = draft.side + draft.type * 2
    record.a = order_id
    record.b = draft.lots
    record.c = draft.price
    return record


def deny(commands, clock, number, draft, reason):
    """The verdict on an order that may not be sent."""
    record = written(commands, clock, number)
    record.kind = ORDER_DENIED
    record.flags = draft.side + draft.type * 2
    record.a = reason
    record.b = draft.lots
    record.c = draft.price
    return record


def cancel(commands, clock, number, order_id, cause):
    """The command to end an order, and why."""
    record = written(commands, clock, number)
    record.kind = CANCEL_ORDER
    record.a = order_id
    record.b = cause


def report_level(commands, clock, level, drawdown):
    """The fact that a breaker moved."""
    record = written(commands, clock, 0)
    record.kind = BREAKER_CHANGED
    record.a = level
    share = drawdown * PPM
    record.b = int(share) if 0.0 <= share <= PPM else 1_000_000


def report_flat(commands, clock, symbols, value_e8):
    """The fact that a flatten has ended, and what it had to leave."""
    record = written(commands, clock, 0)
    record.kind = FLATTEN_ENDED
    record.a = symbols
    record.b = value_e8
