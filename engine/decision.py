"""What is decided on one event? The three rooms called in order: the file to read first.

The market goes into the features, facts into the account; then the question is asked: what do
we want (strategy), may we (risk), what do we ask for (execution). No clock, no I/O, no doubt.
"""

from engine.accounting import account
from engine.closing import retire_entries, wind_down, withdraw_doubted, withdraw_entries
from engine.dealing import ENTERED, guard, protect, pursue
from engine.execution.curve import draw
from engine.execution.portfolio import mark
from engine.instruments import BOUND
from engine.messages import (
    BAR_CLOSED,
    BOOK_TOP,
    HEARTBEAT,
    INSTRUMENT_DEFINED,
    INSTRUMENT_LIMITED,
    ORDER_FILLED,
    PAST,
    TRADE_TICK,
)
from engine.risk.breakers import is_closing, level_after, move_to
from engine.risk.gate import clear, has_room, report_level
from engine.state import DECISIONS_KEPT
from engine.strategy.agents.registry import propose
from engine.strategy.context import see_context
from engine.strategy.features import (
    VOLUME_MAX,
    add_trade,
    bar_has_ended,
    bar_is_sane,
    believed,
    close_bar,
    see_bar,
    see_book,
    see_trade,
    take_bar,
)
from engine.strategy.schedule import is_due, set_next


def process(state, event):
    """Take one event into the state; what must be asked of the venue lies in `state.commands`."""
    clear(state.commands)
    advance(state.clock, state.parameters.run, event)
    number = state.clock.symbol
    if state.clock.kind <= BOOK_TOP:
        if observe(state, state.symbols[number], event) and not is_past(state.clock):
            decide(state, number)
    elif state.clock.kind == HEARTBEAT:
        beat(state)
    else:
        account(state, number, event)
        decide_on_fact(state, number)
    if state.orders.due_ns > 0 and state.clock.now_ns >= state.orders.due_ns:
        retire_entries(state)


def advance(clock, run, event):
    """Time is the largest one seen; the first event sets when the first heartbeat is due."""
    clock.kind = event.kind
    clock.flags = event.flags
    clock.symbol = event.symbol
    clock.events += 1
    clock.now_ns = max(clock.now_ns, event.received_ns)
    if clock.kind == HEARTBEAT:
        clock.heartbeats += 1
        clock.heartbeat_due_ns = event.received_ns + run.heartbeat_ns
    elif clock.heartbeat_due_ns == 0 and clock.kind <= BOOK_TOP:
        period = max(run.heartbeat_ns, 1)
        clock.heartbeat_due_ns = event.received_ns + period - event.received_ns % period
        if event.received_ns % period == 0:
            clock.heartbeat_due_ns = event.received_ns


def observe(state, symbol, event):
    """The market moved: quote, bar, indicators, the position's value. False if malformed."""
    features = symbol.features
    rules = state.parameters.features
    state.clock.sane = 1 if is_sane(state.clock, symbol, event) else 0
    if state.clock.sane == 0:
        state.clock.malformed += 1
        return False
    if state.clock.kind == BAR_CLOSED:
        if not is_past(state.clock):  # a price of then is none to buy, sell or be valued at
            see_bar(features, rules, symbol.instrument, event)
        take_bar(features, state.parameters.indicators, symbol.instrument, event)
    elif state.clock.kind == TRADE_TICK:
        if bar_has_ended(features.builder, rules.bar_seconds, believed(event)):
            close_bar(features, state.parameters.indicators, symbol.instrument)
        add_trade(features.builder, rules.bar_seconds, event)
        see_trade(features, rules, symbol.instrument, event)
    else:
        see_book(features, event)
    if symbol.position.lots != 0:
        mark(state.account, symbol.position, symbol.instrument, features.market.bid)
    return True


def is_past(clock):
    """Whether the event is a bar that closed before anybody listened: indicators alone take it."""
    return clock.kind == BAR_CLOSED and clock.flags % 2 == PAST


def is_sane(clock, symbol, event):
    """Whether a market event can be true at all: a known symbol and prices that fit together."""
    price_max = symbol.instrument.price_max
    if symbol.instrument.tick_e8 <= 0 or not 0 <= event.time_ns <= BOUND:
        return False
    if clock.kind == BAR_CLOSED:
        return bar_is_sane(event) and event.b <= price_max and 0 <= event.e <= VOLUME_MAX
    if clock.kind == TRADE_TICK:
        return 0 < event.a <= price_max and 0 <= event.b <= VOLUME_MAX
    return 0 < event.a <= event.b <= price_max and min(event.c, event.d) >= 0


def watch(state):
    """Drawdown against the breakers; a level that moves is a fact of its own."""
    breakers = state.breakers
    level = level_after(breakers, state.parameters.breakers, state.account.drawdown)
    if level != breakers.level and has_room(state.commands, 1):
        move_to(breakers, level)
        report_level(state.commands, state.clock, level, state.account.drawdown)


def decide(state, number):
    """After a market event: the breakers first, then this symbol if it is due.

    While stopped it is asked too: the gate denies what it may not have, and says so.
    """
    watch(state)
    obey(state)
    withdraw_doubted(state, number)
    if not is_closing(state.breakers) and state.symbols[number].position.lots > 0:
        guard(state, number)
    decide_symbol(state, number)


def obey(state):
    """What a breaker or the operator has stopped is taken back, at every event until it is done."""
    if is_closing(state.breakers):
        wind_down(state)
    elif state.breakers.paused == 1:
        withdraw_entries(state)


def decide_symbol(state, number):
    """Ask the agent when a decision is due, and pursue what it wants."""
    symbol = state.symbols[number]
    bars = symbol.features.indicators.bars
    if not is_due(symbol.schedule, state.parameters.schedule, bars, state.clock.now_ns):
        return
    if not has_room(state.commands, 4):
        return  # still due at the next event
    set_next(symbol.schedule, state.parameters.schedule, bars, state.clock.now_ns)
    see_context(state.context, state.parameters.context, state.clock.now_ns)
    propose(symbol.agents, state.parameters.strategy, symbol.features.indicators, state.intent)
    state.gate.last_reason = 0
    outcome = pursue(state, number)
    remember(state, number, outcome)
    if outcome != ENTERED and not is_closing(state.breakers):
        protect(state, number)


def remember(state, number, outcome):
    """What was decided, and why: for whoever watches."""
    decision = state.decisions.table[state.decisions.count % DECISIONS_KEPT]
    state.decisions.count += 1
    decision.symbol = number
    decision.agent = state.intent.agent
    decision.cause = state.intent.cause
    decision.reason = state.gate.last_reason
    decision.outcome = outcome
    decision.target = state.intent.target
    decision.confidence = state.intent.confidence
    decision.now_ns = state.clock.now_ns


def beat(state):
    """Time passed: bars end though nobody trades, and what is due is decided."""
    close_bars(state)
    watch(state)
    obey(state)
    for number in range(state.clock.symbols):
        withdraw_doubted(state, number)
        decide_symbol(state, number)
    draw(state.curve, state.clock.now_ns, state.account.equity_e8)


def close_bars(state):
    """The bars whose time is over."""
    rules = state.parameters.features
    for number in range(state.clock.symbols):
        symbol = state.symbols[number]
        if bar_has_ended(symbol.features.builder, rules.bar_seconds, state.clock.now_ns):
            close_bar(symbol.features, state.parameters.indicators, symbol.instrument)


def decide_on_fact(state, number):
    """After a fill: the breakers, and the stop under what was just bought; a word, a doubt.

    What an instrument is asks for nothing: its limits come after its steps.
    """
    if state.clock.kind == INSTRUMENT_DEFINED or state.clock.kind == INSTRUMENT_LIMITED:
        return
    if state.clock.kind == ORDER_FILLED:
        watch(state)
    obey(state)
    withdraw_doubted(state, number)
    if state.account.ended_order == 1 and not is_closing(state.breakers):
        protect(state, number)
