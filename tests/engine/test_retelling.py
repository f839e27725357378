"""Does a journal of other code come to the same account, though nothing of it is decided anew?"""

from typing import Any

import pytest

from engine.core import CompiledCore, PlainCore, Span
from engine.layout import bytes_of
from engine.messages import (
    MARKET,
    OUTSIDE,
    STOP,
    BarClosed,
    CancelOrder,
    CodeChanged,
    EngineStarted,
    OrderDenied,
    OrderUnknown,
    encode,
    texts_of,
)
from engine.state import STATE
from tests.builders import ALL_IN, MINUTE, PRICE, QUICK, START, driven, opening
from tests.random_records import Maker

KEPT = ("account", "orders", "remembered", "fills", "curve", "parameters")
POSITION = ("lots", "cost_e8", "value_e8", "trade_e8", "claimed_lots", "stop_id", "closing_id",
            "entering_id")  # fmt: skip


def retold(core: Any, stream: list[bytes]) -> Any:
    """The core after the stream was told to it, not decided."""
    span = Span()
    span.retell(told=True)
    core.run_replay(b"".join(stream), span.out, span.raw)
    assert (span.at.next, span.at.written, span.at.differs) == (len(stream), 0, -1)
    return core.state


def block_of(state: Any, name: str) -> bytes:
    """One block of a plain state as bytes."""
    return bytes_of(STATE[name], getattr(state, name))


def must_be_alike(decided: Any, told: Any) -> None:
    """The account, the orders, the positions and the venue's books."""
    for name in KEPT:
        assert block_of(told, name) == block_of(decided, name), name
    for number in range(decided.clock.symbols):
        here, there = decided.symbols[number].position, told.symbols[number].position
        assert [getattr(here, key) for key in POSITION] == [getattr(there, key) for key in POSITION]
    assert told.venue.cash_e8 == decided.venue.cash_e8
    assert list(told.venue.held) == list(decided.venue.held)
    assert resting(told) == resting(decided)
    assert told.breakers.level == decided.breakers.level
    assert (told.breakers.stopped, told.breakers.paused, told.breakers.flattening) == (
        decided.breakers.stopped,
        decided.breakers.paused,
        decided.breakers.flattening,
    )
    assert (told.gate.denied, list(told.gate.denials)) == (
        decided.gate.denied,
        list(decided.gate.denials),
    )


def resting(state: Any) -> list[tuple[int, ...]]:
    """What waits at the simulated venue; a stop that found nobody yet may be triggered again."""
    rows = state.venue.orders[: state.venue.count]
    kinds = [STOP if row.type == MARKET and row.price else row.type for row in rows]
    keys = ("id", "symbol", "side", "lots", "price", "accepted")
    told = [[getattr(row, key) for key in keys] for row in rows]
    return [(kind, *row) for kind, row in zip(kinds, told, strict=True)]


@pytest.mark.parametrize(("seed", "symbols"), [(1, 1), (2, 3), (3, 8), (4, 1), (5, 2)])
def test_an_honest_world_comes_to_the_same_account(seed, symbols):
    """Entries, stops, partial fills, breakers, pauses, kills, resets, deposits, parameters."""
    maker, core = Maker(seed, symbols, honest=True), PlainCore()
    stream = []
    for record in maker.opening():
        stream += driven(core, record)
    for _ in range(1_500):
        stream += driven(core, maker.record(core))

    told = retold(PlainCore(), stream)

    assert core.state.account.fills > 0
    must_be_alike(core.state, told)


def test_compiled_code_tells_it_alike(native):
    """The same bytes of the whole state."""
    maker, core = Maker(9, 3, honest=True), PlainCore()
    stream = [one for record in maker.opening() for one in driven(core, record)]
    for _ in range(600):
        stream += driven(core, maker.record(core))
    plain, compiled = PlainCore(), CompiledCore(native)

    retold(plain, stream)
    retold(compiled, stream)

    assert compiled.image() == plain.image()


def risen(*changes: str, flags: int = 0) -> tuple[Any, list[bytes]]:
    """An engine whose agent has just wanted to buy, and all that was recorded."""
    core, stream = PlainCore(), []
    for record in opening(*QUICK, *changes, flags=flags):
        stream += driven(core, record)
    for close in (*[PRICE] * 6, PRICE + 100, PRICE + 200):
        stream += driven(core, bar(core, close))
    return core, stream


def test_an_entry_that_rests_is_told_with_its_time():
    """Its claim and its expiry follow from the record and the profile."""
    core, stream = risen("orders.entry=limit", "orders.limit_seconds=600", "sizing.stop_loss=0")
    waiting = retold(PlainCore(), stream)

    assert waiting.orders.due_ns > 0
    must_be_alike(core.state, waiting)


def test_an_entry_whose_time_was_over_is_told_as_canceled():
    """One of two, so that the other's time is the next."""
    core, stream = risen("orders.entry=limit", "orders.limit_seconds=90")
    for close in (PRICE + 300, PRICE + 400, PRICE + 500):
        stream += driven(core, bar(core, close))

    must_be_alike(core.state, retold(PlainCore(), stream))


def test_what_an_outside_venue_reports_is_told_too():
    """Its orders in doubt stay in doubt, and nothing is booked at a simulated one."""
    core, stream = risen(*ALL_IN, flags=OUTSIDE)
    stream += driven(core, encode(OrderUnknown(0, START, START, 1)))

    told = retold(PlainCore(), stream)

    assert (told.orders.unknown, told.venue.count, told.venue.cash_e8) == (1, 0, 0)
    must_be_alike(core.state, told)


def test_what_is_of_the_engine_alone_moves_nothing():
    """Starts, texts and the change of the code itself."""
    stream = opening(*QUICK)
    words = [
        *texts_of("some words", 3),
        encode(EngineStarted(0, 5, 5, 2, 77)),
        encode(CodeChanged(0, 5, 5, 1, 2)),
    ]

    assert image_of(retold(PlainCore(), [*stream, *words])) == image_of(retold(PlainCore(), stream))


def test_a_denial_for_a_reason_that_is_no_more_is_counted():
    """Other code had another check: it denied, for a reason that has no place here."""
    told = retold(PlainCore(), [*opening(*QUICK), encode(OrderDenied(0, 5, 5, 99, 1, 1, 0, 0))])

    assert (told.gate.denied, sum(told.gate.denials)) == (1, 0)


def test_a_cancel_of_an_order_that_is_not_there_changes_nothing():
    """As little as one that has ended."""
    stream = opening(*QUICK)
    before = retold(PlainCore(), stream)
    told = retold(PlainCore(), [*stream, encode(CancelOrder(0, 5, 5, 9, 1))])

    assert block_of(told, "orders") == block_of(before, "orders")


def bar(core: Any, close: int) -> bytes:
    """The next minute, at one price."""
    begin_ns = max(int(core.state.clock.now_ns), START)
    prices = (close, close, close, close, 10**15)
    return encode(BarClosed(0, begin_ns, begin_ns + MINUTE, *prices))


def image_of(state: Any) -> bytes:
    """A plain state as bytes."""
    return bytes_of(STATE, state)
