"""What happens where the venue is simulated? The same decision, its venue, and time from a file."""

from engine.decision import process
from engine.execution.fills import FACTS_MAX, match, receive
from engine.layout import I, block
from engine.messages import (
    BOOK_TOP,
    BREAKER_CHANGED,
    CANCEL_ORDER,
    CASH_DEPOSITED,
    CODE_CHANGED,
    ENGINE_STARTED,
    HEARTBEAT,
    ORDER_ACCEPTED,
    RECORD,
    SUBMIT_ORDER,
    TEXT,
)
from engine.retelling import retell
from engine.risk.gate import COMMANDS_MAX

# One event yields at most every report the venue can make, each with a full set of commands.
YIELD_MAX = (FACTS_MAX + 1) * (COMMANDS_MAX + 1)
SPAN = block(
    next=I,  # number of the record that comes next
    stop=I,
    written=I,  # records in the output
    room=I,
    compared=I,  # of these, found equal to what a journal recorded
    differs=I,  # number of the first record that is not what was decided now, or -1
    retold=I,  # 1 where other code decided: taken as it stands, and nothing compared
    pulse=RECORD,
)


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


def replay(state, records, out, span):
    """Fold journal records: inputs are decided anew, and what was recorded of them is compared.

    What is decided but was not recorded (a tail lost in a crash) is left in `out` at the end.
    """
    span.differs = -1
    while span.retold == 1 and span.next < span.stop:
        if is_told(records[span.next].kind):
            retell(state, records[span.next])
        span.next += 1
    while span.next < span.stop and span.written + YIELD_MAX <= span.room and span.differs < 0:
        event = records[span.next]
        if is_input(state.venue, event.kind) and span.written > 0:
            span.differs = span.next  # only the last input's outcomes may be missing
        elif is_input(state.venue, event.kind):
            span.written = simulate(state, event, out, span.written)
        elif is_outcome(event.kind):
            compare(event, out, span)
        span.next += 1


def is_input(venue, kind):
    """Whether the state depends on it: the market, time, definitions, operators, a real venue."""
    first_outcome = BREAKER_CHANGED if venue.outside == 1 else ORDER_ACCEPTED
    return kind < first_outcome and is_told(kind)


def is_told(kind):
    """Whether it says something of the account or the market, not of the engine alone."""
    return kind < TEXT and kind != ENGINE_STARTED and kind != CODE_CHANGED


def is_outcome(kind):
    """Whether, not being an input, it follows from them: commands, verdicts, simulated reports."""
    return ORDER_ACCEPTED <= kind < TEXT


def compare(recorded, out, span):
    """Hold one recorded outcome against the next one decided now."""
    if span.compared == span.written or not is_same(recorded, out[span.compared]):
        span.differs = span.next
        return
    span.compared += 1
    if span.compared == span.written:
        span.compared = 0
        span.written = 0


def is_same(left, right):
    """Whether two records say the same; the journal's check is not part of it."""
    heads = left.kind == right.kind and left.flags == right.flags and left.symbol == right.symbol
    times = left.time_ns == right.time_ns and left.received_ns == right.received_ns
    first = left.a == right.a and left.b == right.b and left.c == right.c
    return heads and times and first and left.d == right.d and left.e == right.e


def attend(state, event):
    """The venue's turn after an event: it takes the commands, then the market meets its orders.

    An event that cannot be true meets nothing: what it would have matched was matched before.
    """
    venue = state.venue
    venue.facts.count = 0
    if venue.outside == 1:
        return
    hand_over(state)
    if event.kind <= BOOK_TOP and state.clock.sane == 1:
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
    """One event through engine and simulated venue; returns how many records `out` holds."""
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
    facts.count = 0
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
