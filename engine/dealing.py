"""What do we do about a target? Enter, leave and protect, each through the gate."""

from engine.execution.orders import (
    ASK_CANCEL,
    PENDING_CANCEL,
    UNKNOWN,
    is_in_doubt,
    is_open,
    next_id,
    open_order,
    place_of,
    release,
    step,
)
from engine.instruments import down_to, fee_of, notional_of
from engine.messages import BUY, LIMIT, MARKET, SELL, STOP
from engine.risk.breakers import least_confidence, size_factor
from engine.risk.gate import (
    NO_PLACE,
    approve,
    cancel,
    deny,
    first_denial,
    has_room,
    sign,
)
from engine.risk.limits import count_order
from engine.risk.sizing import entry_lots, stop_price
from engine.strategy.agents.registry import (
    PROTECTED,
)

HELD, UNSURE, ENTERED, LEFT, DENIED, WITHDRAWN = 0, 1, 2, 3, 4, 5
OUTCOMES = ("nothing to do", "too unsure", "entered", "left", "denied", "withdrawn")
SECOND_NS = 1_000_000_000
# A sale that was refused would be again at once: so long the venue is asked what is held there.
RETRY_NS = SECOND_NS
# A market buy may cost half a percent more than it looked: that much more cash is claimed.
SLACK_DIVISOR = 200


def judged(state, number):
    """The id for the drafted order, or 0 when risk denies it; the denial is written down."""
    order_id = next_id(state.orders)
    reason = first_denial(state, state.symbols[number], state.draft, order_id)
    state.gate.last_reason = reason
    if reason == 0:
        return order_id
    state.gate.denied += 1
    state.gate.denials[reason] += 1
    sign(deny(state.commands, state.clock, number, state.draft, reason), state.intent)
    return 0


def send(state, number, order_id):
    """Submit the judged draft: it enters the table and claims what it may use."""
    draft = state.draft
    sign(approve(state.commands, state.clock, number, draft, order_id), state.intent)
    open_order(state.orders, order_id, draft, number, state.clock.now_ns)
    asked = state.intent.agent * 256 + state.intent.cause
    state.orders.table[place_of(order_id)].asked = asked
    if draft.side == BUY:
        state.account.reserved_e8 += draft.claim
        count_order(state.gate.rate, state.clock.now_ns)
    else:
        state.symbols[number].position.claimed_lots += draft.claim


def ask_cancel(state, number, order_id):
    """Ask the venue to end an open order; what a sale had claimed is free from here on.

    One that nobody knows of is waited for: a cancel that overtakes it would end nothing.
    """
    order = state.orders.table[place_of(order_id)]
    if not is_open(order.status) or order.status == PENDING_CANCEL or order.status == UNKNOWN:
        return
    step(state.orders, order, ASK_CANCEL)
    if order.side == SELL:
        release(state.account, state.symbols[number].position, order, order.claim)
    cancel(state.commands, state.clock, number, order_id, state.intent.cause)


def orderable(instrument, kind, lots):
    """What of a quantity one order may have; more goes out in further ones."""
    most = instrument.market_lots_max if kind == MARKET else instrument.lots_max
    return down_to(min(lots, most), instrument.lot_step)


def draft_entry(state, symbol):
    """The order that would enter: at market, or resting at the bid for a while."""
    draft = state.draft
    market = symbol.features.market
    resting = state.parameters.orders.entry == 1
    draft.side = BUY
    draft.type = LIMIT if resting else MARKET
    draft.price = down_to(market.bid, symbol.instrument.price_step) if resting else 0
    draft.freed_lots = 0
    draft.expires_ns = 0
    if resting:
        wait_ns = state.parameters.orders.limit_seconds * SECOND_NS
        draft.expires_ns = state.clock.now_ns + wait_ns
    price = draft.price if resting else market.ask
    factor = size_factor(state.breakers)
    equity = state.account.equity_e8
    lots = entry_lots(state.parameters.sizing, symbol.instrument, equity, price, factor)
    draft.lots = orderable(symbol.instrument, draft.type, lots)
    draft.claim = cost_of(state, symbol, price, draft.lots)


def cost_of(state, symbol, price, lots):
    """What a buy may cost in 1e-8 of quote: with its fee, and a little more than it looks."""
    notional = notional_of(symbol.instrument, price, lots)
    fee = fee_of(notional, state.parameters.paper.taker_fee_ppm)
    return notional + fee + notional // SLACK_DIVISOR


def draft_sale(state, symbol, kind, price):
    """The order that would sell what is held, as far as one order may."""
    draft = state.draft
    draft.side = SELL
    draft.type = kind
    draft.price = price
    draft.lots = orderable(symbol.instrument, kind, symbol.position.lots)
    draft.claim = draft.lots
    draft.freed_lots = 0
    draft.expires_ns = 0


def enter(state, number):
    """Open a position; a stop left under a remainder gives way, once it is known to stand.

    Returns the outcome.
    """
    symbol = state.symbols[number]
    if is_in_doubt(state.orders, symbol.position.stop_id):
        return HELD
    draft_entry(state, symbol)
    order_id = judged(state, number)
    if order_id == 0:
        return DENIED
    if symbol.position.stop_id > 0:
        ask_cancel(state, number, symbol.position.stop_id)
    send(state, number, order_id)
    symbol.position.entering_id = order_id
    return ENTERED


def leave(state, number):
    """Sell all that is held; the protective stop gives way first, in the same breath.

    Of a stop that may stand or not, nobody knows whether its lots are free: that is waited for.
    """
    position = state.symbols[number].position
    again_ns = position.refused_ns + RETRY_NS if position.refused_ns > 0 else 0
    if is_in_doubt(state.orders, position.stop_id) or state.clock.now_ns < again_ns:
        return HELD
    draft_sale(state, state.symbols[number], MARKET, 0)
    if position.stop_id > 0:
        state.draft.freed_lots = state.orders.table[place_of(position.stop_id)].claim
    order_id = judged(state, number)
    if order_id == 0:
        # A full table must not keep us in the market: the stop's place will serve.
        if state.gate.last_reason == NO_PLACE and position.stop_id > 0:
            ask_cancel(state, number, position.stop_id)
        return DENIED
    if position.entering_id > 0:
        ask_cancel(state, number, position.entering_id)
    if position.stop_id > 0:
        ask_cancel(state, number, position.stop_id)
    send(state, number, order_id)
    position.closing_id = order_id
    return LEFT


def protect(state, number):
    """Place the protective stop under a position that has none, once its entry has ended."""
    symbol = state.symbols[number]
    position = symbol.position
    price = stop_price(state.parameters.sizing, symbol.instrument, position.entry_price)
    if guard(state, number) or position.stop_id + position.closing_id > 0:
        return
    ready = position.entering_id == 0 and price > 0 and is_sellable(symbol)
    if ready and has_room(state.commands, 1):
        sign_as_stop(state.intent)
        draft_sale(state, state.symbols[number], STOP, price)
        order_id = judged(state, number)
        if order_id > 0:
            send(state, number, order_id)
            position.stop_id = order_id


def sign_as_stop(intent):
    """What follows is asked for by the protective stop, not by an agent."""
    intent.agent = 0
    intent.cause = PROTECTED
    intent.confidence = 1.0


def guard(state, number):
    """Sell what has no stop at the venue and already fell below it: a stop there would be late.

    So a position is watched while its entry is still filling. Returns whether it was sold.
    """
    symbol = state.symbols[number]
    position = symbol.position
    price = stop_price(state.parameters.sizing, symbol.instrument, position.entry_price)
    if position.stop_id + position.closing_id > 0 or symbol.features.market.bid > price:
        return False
    if not is_sellable(symbol) or not has_room(state.commands, 3):
        return False
    sign_as_stop(state.intent)
    return leave(state, number) == LEFT


def withdraw(state, number):
    """Take back an entry that has not finished."""
    ask_cancel(state, number, state.symbols[number].position.entering_id)
    return WITHDRAWN


def pursue(state, number):
    """Move a symbol toward the intent's target, if it is sure enough; returns the outcome.

    What is too small to be sold counts as nothing held: the next entry takes it along.
    """
    intent = state.intent
    position = state.symbols[number].position
    strategy = state.parameters.strategy
    if intent.target < 0.0 or position.closing_id > 0:
        return HELD
    # A breaker makes buying harder, never leaving.
    least = strategy.exit_confidence_min
    if intent.target > 0.5:
        usual = strategy.confidence_min
        least = least_confidence(state.breakers, state.parameters.breakers, usual)
    if intent.confidence < least:
        return UNSURE
    held = is_sellable(state.symbols[number])
    if intent.target > 0.5:
        return HELD if held or position.entering_id > 0 else enter(state, number)
    if held:
        return leave(state, number)
    return withdraw(state, number) if position.entering_id > 0 else HELD


def is_sellable(symbol):
    """Whether something is held, and enough of it for one market order by the gate's own filters.

    What is denied here is never asked for again and again: a flatten ends with it as its remainder.
    """
    instrument = symbol.instrument
    lots = orderable(instrument, MARKET, symbol.position.lots)
    value = notional_of(instrument, symbol.features.market.bid, lots)
    return lots > 0 and lots >= instrument.lots_min and value >= instrument.notional_min_e8
