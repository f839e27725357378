"""Is an order that nobody answered for neither sent again, nor canceled, nor forgotten?"""

from typing import Any

import pytest

from engine.core import PlainCore, Span
from engine.execution.orders import CANCELED, FILLED, NEW, REJECTED, UNKNOWN, place_of
from engine.messages import (
    NEVER_ARRIVED,
    OUTSIDE,
    STOP,
    BarClosed,
    FlattenEnded,
    OperatorFlattened,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    PositionCorrected,
    encode,
)
from engine.risk.breakers import ACTIVE, REDUCING, trading_state
from tests.builders import (
    ALL_IN,
    MINUTE,
    PRICE,
    QUICK,
    SECOND,
    Run,
    canceled,
    cut,
    denials,
    only,
    opening,
    submitted,
)

RESTING = (*QUICK, "orders.entry=limit", "orders.limit_seconds=90")
FAR_STOP = (*QUICK, *ALL_IN, "sizing.stop_loss=0.3", "risk.price_band=0.5")


def abroad(*changes: str) -> Run:
    """An engine whose venue is outside: nothing fills but what is told."""
    return Run(*changes, flags=OUTSIDE)


def order(run: Run, order_id: int) -> Any:
    """A row of the order table."""
    return run.state.orders.table[place_of(order_id)]


def tell(run: Run, kind: Any, order_id: int, *more: int) -> list[Any]:
    """A venue's report about an order; what it causes."""
    return run.alone(kind(0, run.now_ns, run.now_ns, order_id, *more))


def in_doubt(*changes: str) -> tuple[Run, Any]:
    """An engine whose entry was sent and never answered, and the entry."""
    run = abroad(*changes)
    run.warm_up()
    (entry,) = submitted(run.bar(PRICE + 100))
    tell(run, OrderUnknown, entry.order_id)
    return run, entry


def held(*changes: str) -> tuple[Run, int]:
    """An engine that holds a position, and the id of the stop it has just sent."""
    run = abroad(*FAR_STOP, *changes)
    run.warm_up()
    (entry,) = submitted(run.bar(PRICE + 100))
    (stop,) = submitted(run.fill(entry.order_id, entry.lots, 900))
    assert stop.flags // 2 == STOP
    run.hold_on()
    return run, stop.order_id


def test_its_worst_case_goes_on_counting():
    """The cash it may have spent stays promised, and it counts as open."""
    run, entry = in_doubt(*QUICK)

    row = order(run, entry.order_id)
    assert row.status == UNKNOWN
    assert run.state.account.reserved_e8 == row.claim > 0
    assert (run.state.orders.open, run.state.orders.unknown) == (1, 1)


def test_it_is_never_sent_again_nor_canceled():
    """Whatever the agent wants, and though its time is over: only the venue's word helps."""
    run, _ = in_doubt(*RESTING)

    caused = [one for step in range(8) for one in run.bar(PRICE + 100 * (-1) ** step)]

    assert (submitted(caused), canceled(caused)) == ([], [])


@pytest.mark.parametrize(
    ("kind", "more", "status"),
    [
        (OrderAccepted, (), NEW),
        (OrderCanceled, (), CANCELED),
        (OrderRejected, (NEVER_ARRIVED,), REJECTED),
    ],
)
def test_the_venues_word_ends_the_doubt(kind, more, status):
    """It was there, or it was not; what it may have spent is free again when it was not."""
    run, entry = in_doubt(*QUICK)

    tell(run, kind, entry.order_id, *more)

    assert order(run, entry.order_id).status == status
    assert run.state.orders.unknown == 0
    assert run.state.orders.open == (1 if status == NEW else 0)
    assert (run.state.account.reserved_e8 > 0) == (status == NEW)


def test_a_resting_entry_whose_time_was_over_in_doubt_is_taken_back_when_it_is_found():
    """Its expiry is not forgotten meanwhile."""
    run, entry = in_doubt(*RESTING)
    run.hold_on()
    run.bars(PRICE + 100, PRICE + 100, PRICE + 100)

    asked = canceled(tell(run, OrderAccepted, entry.order_id))

    assert [one.order_id for one in asked] == [entry.order_id]


def test_a_fill_counts_though_the_venue_had_said_it_knew_nothing():
    """The last word is the money's: in part, and to the end."""
    run, entry = in_doubt(*QUICK)
    tell(run, OrderRejected, entry.order_id, NEVER_ARRIVED)

    run.fill(entry.order_id, 5, 901)
    run.fill(entry.order_id, entry.lots - 5, 902)

    assert run.position.lots == entry.lots
    assert order(run, entry.order_id).status == FILLED
    assert (run.state.orders.anomalies, run.state.account.reserved_e8) == (0, 0)


def test_a_sale_waits_for_a_stop_in_doubt():
    """It may have sold the lots already: nothing is asked, nothing denied, and nobody gives up."""
    run, stop_id = held()
    tell(run, OrderUnknown, stop_id)

    run.ask(OperatorFlattened)
    waiting = run.bars(PRICE, PRICE, PRICE)
    busy = trading_state(run.state.breakers)
    sold = tell(run, OrderAccepted, stop_id)

    assert (submitted(waiting), denials(waiting), canceled(waiting)) == ([], [], [])
    assert only(waiting, FlattenEnded) == []
    assert busy == REDUCING
    assert [one.order_id for one in canceled(sold)] == [stop_id]
    assert [one.lots for one in submitted(sold)] == [run.position.lots]


def test_an_entry_waits_for_a_stop_in_doubt():
    """What it protects is too small to sell: more is bought once it is known what stands."""
    run, stop_id = held()
    tell(run, OrderUnknown, stop_id)
    run.state.symbols[0].instrument.notional_min_e8 = run.position.value_e8 * 2
    run.change("strategy.agent", "ema_cross")
    run.change("indicators.ema_slow", 3)

    caused = run.bars(*[PRICE + 100 * step for step in range(12)])

    assert (submitted(caused), canceled(caused)) == ([], [])
    assert trading_state(run.state.breakers) == ACTIVE


def test_what_the_venue_reports_is_folded_as_an_event():
    """A journal of a real venue replays: its reports are inputs, our commands are compared."""
    core, stream = PlainCore(), []
    for record in told_by_a_venue():
        caused = cut(core.process(record))
        assert core.attend(record) is None
        stream += [record, *caused]
    again, span = PlainCore(), Span()

    again.run_replay(b"".join(stream), span.out, span.raw)

    assert (span.at.differs, span.at.next) == (-1, len(stream))
    assert span.yielded() == b""
    assert again.image() == core.image()
    assert core.state.account.fills == 1


def test_a_forged_command_in_a_journal_of_a_real_venue_is_found():
    """Only what is decided may stand in it."""
    core, stream = PlainCore(), []
    for record in told_by_a_venue():
        stream += [record, *cut(core.process(record))]
    place = next(number for number, record in enumerate(stream) if record[4] == 64)
    stream[place] = stream[place][:33] + b"\x01" + stream[place][34:]
    again, span = PlainCore(), Span()

    again.run_replay(b"".join(stream), span.out, span.raw)

    assert span.at.differs == place


def told_by_a_venue() -> list[bytes]:
    """A market that rises, and a real venue that loses the first answer and fills later."""
    records = opening(*QUICK, flags=OUTSIDE)
    core, now_ns = PlainCore(), 0
    for record in records:
        core.process(record)
        now_ns = core.state.clock.now_ns
    for close in (*[PRICE] * 6, PRICE + 100, PRICE + 200, PRICE + 300):
        now_ns += MINUTE
        prices = (close, close, close, close, 10**15)
        records.append(encode(BarClosed(0, now_ns - MINUTE, now_ns, *prices)))
        for sent in cut(core.process(records[-1])):
            if sent[4] == 64 and core.state.orders.submitted == 1:
                stamp = (0, now_ns + SECOND, now_ns + SECOND)
                reports = (
                    OrderUnknown(*stamp, 1),
                    OrderFilled(*stamp, 1, close, core.state.orders.table[1].lots, 5, 77),
                    OrderExpired(*stamp, 1),
                )
                for report in reports:
                    records.append(encode(report))
                    core.process(records[-1])
    return records


@pytest.mark.parametrize(
    ("lots", "cost"), [(7, 17), (-4, 6), (-10, 0), (-99, 0)], ids=["more", "less", "all", "beyond"]
)
def test_a_correction_takes_over_what_the_venue_holds(lots, cost):
    """More is worth the bid it is seen at, less takes its share of the cost; no profit, no cash."""
    run = abroad(*QUICK)
    run.book(PRICE, PRICE)
    run.alone(PositionCorrected(0, run.now_ns, run.now_ns, 10, 0))
    account, cost_e8 = run.state.account, run.position.cost_e8
    before = (account.cash_e8, account.realized_e8, account.wins, account.losses)

    run.alone(PositionCorrected(0, run.now_ns, run.now_ns, lots, 0))

    assert run.position.lots == max(10 + lots, 0)
    assert run.position.cost_e8 == run.position.value_e8 == cost_e8 * cost // 10
    assert (account.cash_e8, account.realized_e8, account.wins, account.losses) == before
    assert account.open_positions == (1 if run.position.lots else 0)
    assert account.equity_e8 == account.cash_e8 + run.position.value_e8
