"""Does the loop over a file or a journal do what the live loop does, one event at a time?"""

import struct
from typing import Any

import pytest

from engine.core import PlainCore, Span, run_history
from engine.messages import (
    ORDER_ACCEPTED,
    RECORD_SIZE,
    BarClosed,
    EngineStarted,
    TradeTick,
    encode,
    texts_of,
)
from engine.simulation import YIELD_MAX
from tests.builders import MINUTE, PRICE, QUICK, SECOND, START, driven, opening

CLOSES = [PRICE] * 6 + [PRICE + 200 * (step % 7) for step in range(60)]


def bars(closes: list[int]) -> list[bytes]:
    """One bar a minute."""
    made = []
    for number, close in enumerate(closes):
        begin_ns = START + number * MINUTE
        prices = (close, close, close, close, 10**15)
        made.append(encode(BarClosed(0, begin_ns, begin_ns + MINUTE, *prices)))
    return made


@pytest.fixture(scope="module")
def told() -> tuple[list[bytes], bytes]:
    """A run driven event by event: its inputs and outcomes in order, and its final state."""
    core = PlainCore()
    rows = [*opening(*QUICK), *bars(CLOSES)]
    return [one for record in rows for one in driven(core, record)], core.image()


def outcomes(stream: list[bytes]) -> bytes:
    """Commands and facts alone."""
    return b"".join(record for record in stream if record[4] >= ORDER_ACCEPTED)


def folded(stream: list[bytes]) -> tuple[Any, Span]:
    """A plain core that replayed the stream, and how far it came."""
    core, span = PlainCore(), Span()
    core.run_replay(b"".join(stream), span.out, span.raw)
    return core, span


def test_a_file_is_run_with_its_heartbeats(told):
    """Heartbeats that are due come by themselves; what is yielded is what the live loop yields."""
    stream, image = told
    core = PlainCore()

    yielded = b"".join(run_history(core, b"".join([*opening(*QUICK), *bars(CLOSES)])))

    assert yielded == outcomes(stream)
    assert len(yielded) > 20 * RECORD_SIZE
    assert core.image() == image
    assert core.state.clock.heartbeats == len(CLOSES) - 1


def test_a_full_output_is_emptied_and_the_run_goes_on(told):
    """With room for one event at a time the result is the same."""
    stream, image = told
    core, span = PlainCore(), Span(YIELD_MAX)
    records = b"".join([*opening(*QUICK), *bars(CLOSES[:12])])

    parts = []
    while span.at.next * RECORD_SIZE < len(records):
        before = span.at.next
        core.run_history(records, span.out, span.raw)
        parts.append(span.yielded())
        assert span.at.next > before

    assert len(parts) > 2
    assert outcomes(stream).startswith(b"".join(parts))
    assert core.image() != image


def test_a_recorded_run_folds_to_its_state(told):
    """Inputs are decided anew, outcomes compared; texts and starts of engines are passed over."""
    stream, image = told
    started = encode(EngineStarted(0, START, START, 1, 99))
    names = texts_of("what only people read", 1)

    core, span = folded([started, *names, *stream[:90], *names, *stream[90:]])

    assert (span.at.differs, span.yielded()) == (-1, b"")
    assert core.image() == image


@pytest.mark.parametrize("byte", [4, 5, 6, 8, 16, 24, 32, 40, 48, 56])
def test_any_other_byte_is_a_difference(told, byte):
    """Kind, flags, symbol, both times and all five numbers are compared."""
    stream = list(told[0])
    place = [n for n, record in enumerate(stream) if record[4] >= ORDER_ACCEPTED][7]
    record = bytearray(stream[place])
    record[byte] ^= 1
    stream[place] = bytes(record)

    _, span = folded(stream)

    assert span.at.differs == place


def test_the_check_is_not_compared(told):
    """It depends on the place in a journal, not on what was decided."""
    stream = [struct.pack("<I", 77) + record[4:] for record in told[0]]

    core, span = folded(stream)

    assert span.at.differs == -1
    assert core.image() == told[1]


def test_what_a_crash_lost_is_told_again(told):
    """The outcomes of the last input that were not recorded are left in the output."""
    stream = told[0]
    place = max(n for n, record in enumerate(stream) if record[4] >= ORDER_ACCEPTED)
    first = place
    while stream[first - 1][4] >= ORDER_ACCEPTED:
        first -= 1

    for end in range(first, place + 1):
        _, span = folded(stream[:end])

        assert span.at.differs == -1
        assert span.yielded() == b"".join(stream[end : place + 1])


def test_a_hole_before_the_next_input_is_a_difference(told):
    """Only the end of a record may be missing."""
    stream = list(told[0])
    places = [n for n, record in enumerate(stream) if record[4] >= ORDER_ACCEPTED]
    place = next(n for n in places if stream[n + 1][4] < ORDER_ACCEPTED)
    del stream[place]

    _, span = folded(stream)

    assert span.at.differs == place


def test_an_outcome_that_nothing_caused_is_a_difference(told):
    """Somebody wrote a command that was never decided."""
    stream = list(told[0])
    foreign = next(record for record in stream if record[4] >= ORDER_ACCEPTED)

    _, span = folded([*stream, foreign])

    assert span.at.differs == len(stream)


def test_the_last_event_leaves_the_same_state_in_both_ways():
    """A run that ends with a fill is not one byte different from the loop over its file."""
    rows = [*opening(*QUICK), *bars(CLOSES[:8])]
    live, looped = PlainCore(), PlainCore()
    stream = [one for record in rows for one in driven(live, record)]
    assert stream[-1][4] >= ORDER_ACCEPTED

    for _ in run_history(looped, b"".join(rows)):
        pass

    assert looped.image() == live.image()


def test_a_trade_file_beats_by_event_time():
    """A period of half a second: two heartbeats between trades a second apart."""
    rows = opening()
    ticks = [
        TradeTick(0, at, at, PRICE, 10**8, 1) for at in range(START, START + 10 * SECOND, SECOND)
    ]
    core = PlainCore()

    for _ in run_history(core, b"".join([*rows, *map(encode, ticks)])):
        pass

    assert core.state.clock.heartbeats == 18
