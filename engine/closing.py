"""What is taken back? What a stop, a kill, a flatten, a pause or a doubt ends, and what waited."""

from engine.dealing import ask_cancel, is_sellable, leave
from engine.execution.orders import ORDERS_MAX, UNKNOWN, is_open
from engine.risk.gate import has_room, report_flat
from engine.strategy.agents.registry import (
    DOUBTED,
    FLATTENED,
    KILLED,
    PAUSED,
    STOPPED,
    TIMED_OUT,
)


def close_symbol(state, number):
    """One symbol's part of the stop: its orders canceled, its position sold."""
    position = state.symbols[number].position
    if has_room(state.commands, 3):
        if is_sellable(state.symbols[number]) and position.closing_id == 0:
            leave(state, number)
        elif position.entering_id > 0:
            ask_cancel(state, number, position.entering_id)
        elif position.stop_id > 0:
            ask_cancel(state, number, position.stop_id)


def still_busy(state):
    """What is still to be closed: positions that can be sold, and open orders."""
    held = 0
    for number in range(state.clock.symbols):
        held += 1 if is_sellable(state.symbols[number]) else 0
    return held + state.orders.open


def wind_down(state):
    """A stop, a kill or a flatten: close everything, as far as one event's commands reach."""
    breakers = state.breakers
    state.intent.agent = 0
    state.intent.cause = FLATTENED if breakers.flattening == 1 else STOPPED
    if breakers.killed == 1:
        state.intent.cause = KILLED
    state.intent.confidence = 1.0
    for number in range(state.clock.symbols):
        close_symbol(state, number)
    breakers.busy = still_busy(state)
    if breakers.flattening == 1 and breakers.busy == 0:
        end_flatten(state)


def end_flatten(state):
    """All that can be sold is sold: say what is left, and stay paused."""
    left = 0
    value_e8 = 0
    for number in range(state.clock.symbols):
        left += 1 if state.symbols[number].position.lots > 0 else 0
        value_e8 += state.symbols[number].position.value_e8
    state.breakers.flattening = 0
    report_flat(state.commands, state.clock, left, value_e8)


def withdraw_entries(state):
    """A pause: what would still buy is taken back."""
    for number in range(state.clock.symbols):
        withdraw_entry(state, number, PAUSED)


def withdraw_doubted(state, number):
    """A doubted market: what would still buy there is taken back, for nobody sees it fall."""
    if state.symbols[number].features.market.doubt != 0:
        withdraw_entry(state, number, DOUBTED)


def withdraw_entry(state, number, cause):
    """Take back what would still buy a symbol, if anything would."""
    entering_id = state.symbols[number].position.entering_id
    if entering_id > 0 and has_room(state.commands, 1):
        state.intent.agent = 0
        state.intent.cause = cause
        ask_cancel(state, number, entering_id)


def retire_entries(state):
    """Cancel the resting entries whose time is over, and find when the next one's is."""
    orders = state.orders
    orders.due_ns = 0
    state.intent.cause = TIMED_OUT
    for place in range(ORDERS_MAX):
        order = orders.table[place]
        if is_open(order.status) and order.expires_ns > 0:
            if order.expires_ns <= state.clock.now_ns:
                if has_room(state.commands, 1) and order.status != UNKNOWN:
                    ask_cancel(state, order.symbol, order.id)
                else:
                    orders.due_ns = order.expires_ns
            elif orders.due_ns == 0 or order.expires_ns < orders.due_ns:
                orders.due_ns = order.expires_ns
