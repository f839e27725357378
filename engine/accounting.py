"""What do facts change? Orders, positions, cash, instruments, parameters and operator acts."""

from engine.arithmetic import scaled
from engine.execution.corrections import correct, hold_aside, take_fee_balance
from engine.execution.orders import (
    ACCEPT,
    CANCEL,
    DOUBT,
    EXPIRE,
    PENDING_CANCEL,
    REFUSE_CANCEL,
    REJECT,
    fill_order,
    is_known,
    is_open,
    place_of,
    release,
    step,
)
from engine.execution.portfolio import (
    apply_fill,
    deposit,
    forget_peak,
    is_repeated,
    keep_fill,
    mark,
    weigh_fee,
)
from engine.messages import (
    ACCOUNT_NAMED,
    CASH_DEPOSITED,
    CONTEXT_UPDATED,
    FEE_BALANCE_CHANGED,
    FEE_STEP,
    HELD_ASIDE,
    INSTRUMENT_DEFINED,
    INSTRUMENT_LIMITED,
    MARKET_DOUBTED,
    OPERATOR_FLATTENED,
    OPERATOR_KILLED,
    OPERATOR_PAUSED,
    OPERATOR_RESET,
    OPERATOR_RESUMED,
    ORDER_ACCEPTED,
    ORDER_CANCELED,
    ORDER_EXPIRED,
    ORDER_FILLED,
    ORDER_REJECTED,
    ORDER_UNKNOWN,
    PARAMETER_CHANGED,
    POSITION_CORRECTED,
    SELL,
)
from engine.remeasuring import take_definition, take_limits
from engine.risk.breakers import HALTED, flatten, kill, reset, trading_state
from engine.state import set_parameter
from engine.strategy.context import take_context

SECOND_NS = 1_000_000_000


def account(state, number, event):
    """Take one fact into the account; nothing is decided here."""
    state.account.ended_order = 0
    kind = state.clock.kind
    if kind == ORDER_FILLED:
        take_fill(state, number, event)
    elif ORDER_ACCEPTED <= kind <= ORDER_UNKNOWN:
        take_report(state, number, event, trigger_of(kind))
    elif kind == INSTRUMENT_DEFINED:
        take_definition(state, number, event)
        state.clock.symbols = max(state.clock.symbols, number + 1)
        state.venue.outside = state.clock.flags % 2
    elif kind == INSTRUMENT_LIMITED:
        take_limits(state, number, event)
    elif kind == PARAMETER_CHANGED:
        set_parameter(state.parameters, event.a, event.b, scaled(event.b, event.c))
    elif kind == CASH_DEPOSITED:
        deposit(state.account, event.a)
    elif kind == POSITION_CORRECTED:
        symbol = state.symbols[number]
        bid = symbol.features.market.bid
        correct(state.account, symbol.position, symbol.instrument, event, bid)
    elif HELD_ASIDE <= kind <= ACCOUNT_NAMED:
        take_beside(state, number, event)
    elif kind == FEE_BALANCE_CHANGED:
        take_fee_balance(state.account, event)
    elif kind == MARKET_DOUBTED:
        state.symbols[number].features.market.doubt = event.a
    elif kind == CONTEXT_UPDATED:
        take_context(state.context, event)
    else:
        take_request(state, kind)


def take_beside(state, number, event):
    """What the venue says of the account beside what is ours in it: the rest, and whose it is."""
    if state.clock.kind == HELD_ASIDE:
        hold_aside(state.account, state.symbols[number].position, event)
    else:
        state.account.uid = event.a


def trigger_of(kind):
    """Which row of the order table a venue's report (other than a fill) pulls."""
    if kind == ORDER_ACCEPTED:
        return ACCEPT
    if kind == ORDER_REJECTED:
        return REJECT
    if kind == ORDER_CANCELED:
        return CANCEL
    if kind == ORDER_UNKNOWN:
        return DOUBT
    return EXPIRE if kind == ORDER_EXPIRED else REFUSE_CANCEL


def take_request(state, kind):
    """An operator's word. A halt ends only from HALTED, and drawdown counts anew from there."""
    breakers = state.breakers
    if kind == OPERATOR_RESET and trading_state(breakers) == HALTED:
        reset(breakers)
        forget_peak(state.account)
    elif kind == OPERATOR_PAUSED:
        breakers.paused = 1
    elif kind == OPERATOR_RESUMED and breakers.flattening == 0:
        breakers.paused = 0
    elif kind == OPERATOR_FLATTENED and breakers.stopped == 0:
        flatten(breakers)
    elif kind == OPERATOR_KILLED:
        kill(breakers)


def take_fill(state, number, event):
    """A fill has the last word: it counts even when its order is unknown or was canceled."""
    symbol = state.symbols[number]
    if is_repeated(state.remembered, symbol.position, event.a, event.e):
        return
    fee = state.fee
    flags = state.clock.flags
    weigh_fee(fee, flags, state.parameters.fees, symbol.instrument, event)
    realized_e8 = state.account.realized_e8
    apply_fill(state.account, symbol.position, symbol.instrument, event, fee)
    kept = keep_fill(state.fills, number, event, fee.side)
    kept.fee_in = flags // FEE_STEP % 4
    kept.net_e8 = state.account.realized_e8 - realized_e8 - fee.worth_e8 - fee.beside_e8
    mark(state.account, symbol.position, symbol.instrument, symbol.features.market.bid)
    if not is_known(state.orders, event.a, number):
        state.orders.anomalies += 1
        return
    order = state.orders.table[place_of(event.a)]
    kept.asked = order.asked
    kept.waited_ns = event.received_ns - order.submitted_ns
    fill_order(state.orders, state.account, symbol.position, order, event.c)
    finish(state, symbol.position, order)


def take_report(state, number, event, trigger):
    """A report about an order moves it along the table."""
    if not is_known(state.orders, event.a, number):
        state.orders.anomalies += 1
        return
    order = state.orders.table[place_of(event.a)]
    position = state.symbols[number].position
    refused = trigger == REFUSE_CANCEL and order.status == PENDING_CANCEL
    is_sale = position.closing_id == order.id and order.filled == 0
    if is_sale and REJECT <= trigger <= EXPIRE:
        position.refused_ns = state.clock.now_ns
    step(state.orders, order, trigger)
    if refused:
        reclaim(state, position, order)
    finish(state, position, order)


def reclaim(state, position, order):
    """An order whose cancel was refused lives on: a sale claims its lots, an expiry is set."""
    if order.side == SELL:
        lots = order.lots - order.filled
        order.claim += lots
        position.claimed_lots += lots
    if order.expires_ns > 0:
        order.expires_ns = state.clock.now_ns + state.parameters.orders.limit_seconds * SECOND_NS
        if state.orders.due_ns == 0 or order.expires_ns < state.orders.due_ns:
            state.orders.due_ns = order.expires_ns


def finish(state, position, order):
    """An order that ended claims nothing more and stands for nothing in its position."""
    if is_open(order.status):
        return
    release(state.account, position, order, order.claim)
    if position.entering_id == order.id:
        position.entering_id = 0
        state.account.ended_order = 1
    if position.closing_id == order.id:
        position.closing_id = 0
        state.account.ended_order = 1
    if position.stop_id == order.id:
        position.stop_id = 0
