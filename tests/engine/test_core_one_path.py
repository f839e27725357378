"""Is there one path: event by event, as history, and folded from what was recorded?"""

import random
import struct
from itertools import accumulate
from typing import Any

import pytest

from engine.core import CompiledCore, PlainCore, Span, run_history
from engine.messages import (
    BOOK_TOP,
    ORDER_ACCEPTED,
    RECORD_SIZE,
    SUBMIT_ORDER,
    OrderAccepted,
    OrderFilled,
    SubmitOrder,
    decode,
)
from tests.builders import cut, driven, opening_before, real_bars, real_trades

MINUTE_BARS = ("run.heartbeat_ns=60000000000",)
SECOND_BARS = (
    "features.bar_seconds=1",
    "schedule.interval_seconds=0",
    "strategy.agent=ema_cross",
    "strategy.ema_cross.bars_min=30",
)
CUTS = 200
LATENCY_NS = 50_000_000


class Story:
    """A run driven event by event: market records, the whole stream with outcomes, the end."""

    def __init__(self, native: Any, records: bytes, *changes: str) -> None:
        self.native, self.market = native, records
        self.opening = opening_before(records, *changes)
        core = CompiledCore(native)
        rows = [*self.opening, *cut(records)]
        self.stream = [one for record in rows for one in driven(core, record)]
        self.image = core.image()
        self.outcomes = b"".join(record for record in self.stream if record[4] >= ORDER_ACCEPTED)


def replayed(core: Any, stream: bytes | memoryview) -> Span:
    """Fold recorded inputs and outcomes; `differs` and what was not recorded lie in the span."""
    span = Span()
    while span.at.next * RECORD_SIZE < len(stream):
        core.run_replay(stream, span.out, span.raw)
        if span.at.differs >= 0:
            break
    return span


@pytest.fixture(scope="module")
def minutes(native, shared) -> Story:
    """All 130,707 real minutes."""
    return Story(native, real_bars(shared), *MINUTE_BARS)


@pytest.fixture(scope="module")
def trades(native, shared) -> Story:
    """Six minutes of real trades, decided at each second's bar."""
    return Story(native, real_trades(shared), *SECOND_BARS)


@pytest.fixture(params=["minutes", "trades"])
def story(request) -> Story:
    """Each of the two."""
    found: Story = request.getfixturevalue(request.param)
    return found


def test_history_is_the_same_path(story):
    """The compiled loop over a file ends in the same bytes, with the same records on the way."""
    core = CompiledCore(story.native)

    caused = b"".join(run_history(core, b"".join(story.opening) + story.market))

    assert core.image() == story.image
    assert caused == story.outcomes
    assert len(caused) > 100 * RECORD_SIZE


def test_no_fill_comes_sooner_than_its_order_could_arrive(story):
    """Order and acceptance, fill or cancel lie at least the latency apart, on real data too."""
    left: dict[int, int] = {}
    for message in map(decode, cut(story.outcomes)):
        if isinstance(message, SubmitOrder):
            left[message.order_id] = message.received_ns
        elif isinstance(message, OrderAccepted | OrderFilled):
            assert message.received_ns - left[message.order_id] >= LATENCY_NS
    assert len(left) > 20


def test_what_was_recorded_replays_to_the_same_state(story):
    """Every outcome is decided again and found equal."""
    core = CompiledCore(story.native)

    span = replayed(core, b"".join(story.stream))

    assert (span.at.differs, span.yielded()) == (-1, b"")
    assert core.image() == story.image


def test_plain_python_replays_what_the_compiled_core_recorded(story):
    """Where nothing can be compiled, a journal is still readable."""
    core, compiled = PlainCore(), CompiledCore(story.native)
    stream = b"".join(story.stream[:4_000])

    span = replayed(core, stream)

    assert (span.at.differs, span.yielded()) == (-1, replayed(compiled, stream).yielded())
    assert core.image() == compiled.image()


def test_one_unit_of_difference_is_found_where_it_is(story):
    """A recorded outcome that is not what is decided now has its number named."""
    draw = random.Random(3)
    places = [n for n, record in enumerate(story.stream) if record[4] >= ORDER_ACCEPTED]
    for place in draw.sample(places, 20):
        changed = list(story.stream)
        field = draw.choice((8, 16, 24, 32, 40, 48, 56))
        number = struct.unpack_from("<q", changed[place], field)[0] + draw.choice((-1, 1))
        record = bytearray(changed[place])
        struct.pack_into("<q", record, field, number)
        changed[place] = bytes(record)

        span = replayed(CompiledCore(story.native), b"".join(changed))

        assert span.at.differs == place


@pytest.mark.parametrize("change", ["removed", "added"])
def test_an_outcome_too_few_or_too_many_is_found(trades, change):
    """A command that was never recorded, or one that was never decided, is a difference."""
    places = [n for n, record in enumerate(trades.stream) if record[4] == SUBMIT_ORDER]
    place = places[5]
    stream = list(trades.stream)
    if change == "removed":
        del stream[place]
    else:
        stream.insert(place, stream[place])

    span = replayed(CompiledCore(trades.native), b"".join(stream))

    assert span.at.differs == place + (change == "added")


def test_a_cut_stream_goes_on_to_the_same_end(story):
    """Wherever a crash cut the record, the rest of the market leads to the same state."""
    draw = random.Random(7)
    stream = memoryview(b"".join(story.stream))
    market = [0, *accumulate(record[4] <= BOOK_TOP for record in story.stream)]
    outcomes = [0, *accumulate(record[4] >= ORDER_ACCEPTED for record in story.stream)]
    for place in draw.sample(range(len(story.opening), len(story.stream)), CUTS):
        core = CompiledCore(story.native)
        span = replayed(core, stream[: place * RECORD_SIZE])
        lost = span.yielded()

        rest = run_history(core, story.market[market[place] * RECORD_SIZE :])
        told = lost + b"".join(rest)

        assert span.at.differs == -1
        assert told == story.outcomes[outcomes[place] * RECORD_SIZE :]
        assert core.image() == story.image
