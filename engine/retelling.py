"""What does a journal of other code say? Its facts and commands taken in; nothing is decided anew.

The account comes out exactly as it was kept: other code would have decided otherwise, but what was
decided and what came of it stands in the records. Indicators are warmed by the market on the way.
"""

from engine.accounting import SECOND_NS, account
from engine.closing import still_busy
from engine.dealing import cost_of
from engine.decision import advance, close_bars, observe
from engine.execution.curve import draw
from engine.execution.fills import CANCEL, receive, settle, sweep
from engine.execution.orders import (
    ASK_CANCEL,
    ORDERS_MAX,
    PENDING_CANCEL,
    is_known,
    is_open,
    open_order,
    place_of,
    release,
    step,
)
from engine.messages import (
    BOOK_TOP,
    BREAKER_CHANGED,
    BUY,
    CANCEL_REJECTED,
    CASH_DEPOSITED,
    FLATTEN_ENDED,
    HEARTBEAT,
    LIMIT,
    MARKET,
    ORDER_ACCEPTED,
    ORDER_CANCELED,
    ORDER_DENIED,
    ORDER_FILLED,
    STOP,
    SUBMIT_ORDER,
)
from engine.risk.breakers import is_closing, move_to
from engine.risk.gate import REASONS_MAX, clear
from engine.risk.limits import count_order


def retell(state, told):
    """One record of the journal into the account: an event, a report, a command or a verdict."""
    clear(state.commands)
    if told.kind < BREAKER_CHANGED:
        retell_event(state, told)
    else:
        state.clock.flags = told.flags
        take_verdict(state, told)
    if is_closing(state.breakers):
        state.breakers.busy = still_busy(state)
    if 0 < state.orders.due_ns <= state.clock.now_ns:
        look_for_expiry(state.orders, state.clock.now_ns)


def look_for_expiry(orders, now_ns):
    """When the next resting entry's time is over; of one whose time was, until it is canceled."""
    orders.due_ns = 0
    for place in range(ORDERS_MAX):
        order = orders.table[place]
        waits = order.expires_ns > now_ns or order.status != PENDING_CANCEL
        sooner = orders.due_ns == 0 or order.expires_ns < orders.due_ns
        if is_open(order.status) and order.expires_ns > 0 and waits and sooner:
            orders.due_ns = order.expires_ns


def retell_event(state, told):
    """What came from outside: the market, time, a report, an operator."""
    advance(state.clock, state.parameters.run, told)
    number = state.clock.symbol
    if state.clock.kind <= BOOK_TOP:
        observe(state, state.symbols[number], told)
    elif state.clock.kind == HEARTBEAT:
        close_bars(state)
        draw(state.curve, state.clock.now_ns, state.account.equity_e8)
    else:
        account(state, number, told)
        retell_to_venue(state, number, told)


def retell_to_venue(state, number, told):
    """A simulated venue kept its own books: they follow from what it reported."""
    if state.venue.outside == 1:
        return
    if state.clock.kind == CASH_DEPOSITED:
        state.venue.cash_e8 += told.a
    elif state.clock.kind >= ORDER_ACCEPTED:
        recall(state.venue, state.symbols[number].instrument, told)


def recall(venue, instrument, told):
    """The venue's own books after a report of its own, for who has the reports and no more."""
    for place in range(venue.count):
        order = venue.orders[place]
        if order.id == told.a and order.type == CANCEL:
            order.done = 1 if told.kind == ORDER_CANCELED or told.kind == CANCEL_REJECTED else 0
        elif order.id == told.a and told.kind == ORDER_ACCEPTED:
            order.accepted = 1
        elif order.id == told.a and told.kind == ORDER_FILLED:
            settle(venue, instrument, order, told.b, told.c)
            venue.cash_e8 -= told.d
            venue.last_fill_id = told.e
            order.type = MARKET if order.type == STOP else order.type  # it was triggered
        elif order.id == told.a and told.kind != CANCEL_REJECTED:
            order.done = 1
    sweep(venue)


def take_verdict(state, told):
    """What was decided then: a command, a denial, a breaker that moved, the end of a flatten."""
    if told.kind == BREAKER_CHANGED:
        move_to(state.breakers, told.a)
    elif told.kind == FLATTEN_ENDED:
        state.breakers.flattening = 0
    elif told.kind == ORDER_DENIED:
        state.gate.denied += 1
        if 0 <= told.a < REASONS_MAX:
            state.gate.denials[told.a] += 1
    elif told.kind == SUBMIT_ORDER:
        retell_order(state, told.symbol, told)
    else:
        retell_cancel(state, told.symbol, told)
    if told.kind >= SUBMIT_ORDER and state.venue.outside == 0:
        receive(state.venue, state.parameters.paper, told)


def retell_order(state, number, told):
    """An order that was sent: it enters the table and claims what it may use."""
    symbol = state.symbols[number]
    draft = state.draft
    draft.side = state.clock.flags % 2
    draft.type = state.clock.flags // 2
    draft.lots = told.b
    draft.price = told.c
    draft.expires_ns = 0
    draft.claim = told.b
    if draft.side == BUY:
        price = told.c if told.c > 0 else symbol.features.market.ask
        draft.claim = cost_of(state, symbol, price, told.b)
        if draft.type == LIMIT:
            wait_ns = state.parameters.orders.limit_seconds * SECOND_NS
            draft.expires_ns = told.received_ns + wait_ns
    open_order(state.orders, told.a, draft, number, told.received_ns)
    state.orders.table[place_of(told.a)].asked = told.d
    if draft.side == BUY:
        state.account.reserved_e8 += draft.claim
        count_order(state.gate.rate, told.received_ns)
        symbol.position.entering_id = told.a
        return
    symbol.position.claimed_lots += draft.claim
    if draft.type == STOP:
        symbol.position.stop_id = told.a
    else:
        symbol.position.closing_id = told.a


def retell_cancel(state, number, told):
    """A cancel that was asked for: what a sale had claimed is free from then on."""
    order = state.orders.table[place_of(told.a)]
    if not is_known(state.orders, told.a, number) or not is_open(order.status):
        return
    step(state.orders, order, ASK_CANCEL)
    if order.side != BUY:
        release(state.account, state.symbols[number].position, order, order.claim)
