"""What happens where the venue is simulated? The same decision, its venue, and time from a file."""

from engine.decision import process
from engine.execution.fills import FACTS_MAX, match, receive
from engine.layout import I, block
from engine.messages import (
    BOOK_TOP,
    CANCEL_ORDER,
    CASH_DEPOSITED,
    HEARTBEAT,
    RECORD,
    SUBMIT_ORDER,
)
from engine.risk.gate import COMMANDS_MAX

# One event yields at most every report the venue can make, each with a full set of commands.
YIELD_MAX = (FACTS_MAX + 1) * (COMMANDS_MAX + 1)
SPAN = block(next=I, stop=I, written=I, room=I, pulse=RECORD)


def history(state, records, out, span):
    """Run records[span.next:span.stop]; what they yield goes to `out` while it has room.

    The caller empties `out` and calls again until `span.next` has reached `span.stop`.
    """
    while span.next < span.stop and span.written + YIELD_MAX <= span.room:
        event = records[span.next]
        if heartbeat_is_due(state.clock, event.received_ns):
            set_heartbeat(span.pulse, state.clock)
            span.written = simulate(state, span.pulse, out, span.written)
        else:
            span.written = simulate(state, event, out, span.written)
            span.next += 1


def attend(state, event):
    """The venue's turn after an event: it takes the commands, then the market meets its orders."""
    venue = state.venue
    venue.facts.count = 0
    hand_over(state)
    if event.kind <= BOOK_TOP:
        number = state.clock.symbol
        match(venue, state.symbols[number], state.parameters.paper, number)
    elif event.kind == CASH_DEPOSITED:
        venue.cash_e8 += event.a


def hand_over(state):
    """Commands leave for the venue."""
    for place in range(state.commands.count):
        command = state.commands.table[place]
        if command.kind == SUBMIT_ORDER or command.kind == CANCEL_ORDER:
            receive(state.venue, state.parameters.paper, command)


def heartbeat_is_due(clock, received_ns):
    """Whether a heartbeat comes before an event received at this time."""
    return 0 < clock.heartbeat_due_ns < received_ns


def set_heartbeat(record, clock):
    """The heartbeat that is due, as a record."""
    record.kind = HEARTBEAT
    record.time_ns = clock.heartbeat_due_ns
    record.received_ns = clock.heartbeat_due_ns
    record.a = clock.heartbeats + 1


def simulate(state, event, out, written):
    """One event through the engine and the simulated venue; returns how many records `out` holds."""
    process(state, event)
    written = keep_commands(state, out, written)
    attend(state, event)
    facts = state.venue.facts
    place = 0
    while place < facts.count:
        fact = facts.table[place]
        written = keep(out, written, fact)
        process(state, fact)
        written = keep_commands(state, out, written)
        hand_over(state)
        place += 1
    return written


def keep_commands(state, out, written):
    """Append the commands at hand to the output."""
    for place in range(state.commands.count):
        written = keep(out, written, state.commands.table[place])
    return written


def keep(out, written, record):
    """Append a copy of one record to the output."""
    to = out[written]
    to.kind = record.kind
    to.flags = record.flags
    to.symbol = record.symbol
    to.time_ns = record.time_ns
    to.received_ns = record.received_ns
    to.a = record.a
    to.b = record.b
    to.c = record.c
    to.d = record.d
    to.e = record.e
    return written + 1
