"""Does every report find its order, move what it must, and give back what was claimed?"""

import random

import pytest

from engine.execution.orders import (
    CANCELED,
    FILLED,
    NEW,
    PENDING_CANCEL,
    place_of,
)
from engine.execution.portfolio import FILLS_REMEMBERED
from engine.messages import (
    BUY,
    SELL,
    CancelRejected,
    Heartbeat,
    HeldAside,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
)
from tests.builders import (
    MINUTE,
    PRICE,
    QUICK,
    SECOND,
    Run,
    canceled,
    flat_bar,
    submitted,
)

LIMITED = (*QUICK, "orders.entry=limit")


def entered() -> tuple[Run, int]:
    """An engine whose entry of some lots rests at the venue, and the entry's id."""
    run = Run(*LIMITED)
    run.warm_up()
    (entry,) = submitted(run.bar(PRICE + 100))
    run.alone(OrderAccepted(0, run.now_ns, run.now_ns, entry.order_id))
    return run, entry.order_id


def test_a_fill_after_cancel_still_moves_the_position():
    """The venue has the last word: a fill counts even when our cancel was confirmed."""
    run, order_id = entered()
    run.canceled(order_id)

    run.fill(order_id, lots=5, fill_id=900)

    assert run.position.lots == 5
    assert run.state.orders.table[place_of(order_id)].status == CANCELED
    assert run.state.orders.anomalies == 0


def test_a_late_fill_may_complete_a_canceled_order():
    """All of it was traded before the cancel arrived."""
    run, order_id = entered()
    lots = run.state.orders.table[place_of(order_id)].lots
    run.canceled(order_id)

    run.fill(order_id, lots=lots, fill_id=900)

    assert run.position.lots == lots
    assert run.state.orders.table[place_of(order_id)].status == FILLED
    assert run.state.orders.open == 0


def test_a_fill_of_an_unknown_order_counts_and_is_an_anomaly():
    """Money moved, whatever our table says."""
    run, _ = entered()

    run.fill(4_711, lots=5, fill_id=900)

    assert run.position.lots == 5
    assert run.state.orders.anomalies == 1


def test_a_report_of_another_symbols_order_is_an_anomaly():
    """An id belongs to one symbol."""
    run, order_id = entered()

    run.alone(OrderExpired(1, run.now_ns, run.now_ns, order_id))

    assert run.state.orders.table[place_of(order_id)].status == NEW
    assert run.state.orders.anomalies == 1


def test_a_repeated_fill_counts_once():
    """A venue may say it twice: the id tells."""
    run, order_id = entered()

    for _ in range(3):
        run.fill(order_id, lots=5, fill_id=900)

    assert (run.position.lots, run.state.account.fills) == (5, 1)


def test_repeated_fills_are_known_among_many():
    """Of as many fills as are remembered each one told again is recognised, in any order."""
    run, order_id = entered()
    ids = [901 + 7 * number for number in range(FILLS_REMEMBERED)]
    mixed = random.Random(5).sample(ids, len(ids))

    for fill_id in [*mixed, *ids, *reversed(mixed)]:
        run.fill(order_id, lots=1, fill_id=fill_id)

    assert (run.position.lots, run.state.account.fills) == (FILLS_REMEMBERED, FILLS_REMEMBERED)


def test_a_trade_with_ourselves_counts_on_both_sides():
    """Two of our orders, one id of the trade: each told again is known, whichever comes first."""
    run, buy_id = entered()
    run.fill(buy_id, lots=9, fill_id=900)

    for order_id, flags in [(buy_id, BUY), (buy_id + 1, SELL)] * 2 + [(buy_id, BUY)]:
        run.fill(order_id, lots=4, fill_id=901, flags=flags)

    assert (run.position.lots, run.state.account.fills) == (9, 3)


def test_a_venue_that_numbers_anew_loses_no_fill():
    """After its reset a later order's trades have the ids of an earlier one's."""
    run, order_id = entered()
    ids = [901, 902, 903]
    told = [(order_id, one) for one in ids] + [(order_id + 64, one) for one in ids]

    for one, fill_id in [*told, *random.Random(3).sample(told, len(told))]:
        run.fill(one, lots=1, fill_id=fill_id)

    assert (run.position.lots, run.state.account.fills) == (6, 6)


def test_a_fill_without_a_number_is_no_fill_that_was_told():
    """Places of which nothing is remembered yet match nothing."""
    run, _ = entered()

    for _ in range(2):
        run.fill(0, lots=5, fill_id=0)

    assert (run.position.lots, run.state.account.fills) == (5, 1)


@pytest.mark.parametrize("kind", [OrderCanceled, OrderExpired])
def test_an_entry_that_ends_gives_its_cash_back(kind):
    """Nothing is reserved for what will not be bought any more."""
    run, order_id = entered()
    run.fill(order_id, lots=5, fill_id=900)
    assert run.state.account.reserved_e8 > 0

    run.alone(kind(0, run.now_ns, run.now_ns, order_id))

    assert run.state.account.reserved_e8 == 0
    assert run.position.entering_id == 0


def test_a_rejected_entry_gives_its_cash_back():
    """The venue refused it: the engine is free to ask again."""
    run = Run(*LIMITED)
    run.warm_up()
    (entry,) = submitted(run.bar(PRICE + 100))
    assert run.state.account.reserved_e8 > 0

    run.alone(OrderRejected(0, run.now_ns, run.now_ns, entry.order_id, 1))

    assert run.state.account.reserved_e8 == 0
    assert run.position.entering_id == 0


def test_a_rejected_cancel_leaves_the_order_working():
    """The order still rests, and its cash stays reserved."""
    run, order_id = entered()
    (asked,) = canceled(run.alone(flat_bar(run.now_ns + MINUTE, PRICE - 900)))
    order = run.state.orders.table[place_of(order_id)]
    assert (asked.order_id, order.status) == (order_id, PENDING_CANCEL)

    run.alone(CancelRejected(0, run.now_ns, run.now_ns, order_id))

    assert order.status == NEW
    assert run.state.account.reserved_e8 == order.claim > 0


def test_a_refused_cancel_is_asked_again_when_the_time_is_over_again():
    """The entry lives on with a new end; other entries keep theirs."""
    run, order_id = entered()
    run.alone(flat_bar(run.now_ns + MINUTE, PRICE - 900))
    run.alone(CancelRejected(0, run.now_ns, run.now_ns, order_id))
    order = run.state.orders.table[place_of(order_id)]
    later_ns = run.state.clock.now_ns + 30 * SECOND
    assert run.state.orders.due_ns == order.expires_ns == later_ns

    (again,) = canceled(run.alone(Heartbeat(0, later_ns, later_ns, 1)))

    assert again.order_id == order_id


def test_a_refused_cancel_leaves_the_other_entries_their_time():
    """The one that ends first is still looked for first."""
    run, order_id = entered()
    run.alone(flat_bar(run.now_ns + MINUTE, PRICE - 900))
    soon_ns = run.state.orders.due_ns = run.state.clock.now_ns + SECOND

    run.alone(CancelRejected(0, run.now_ns, run.now_ns, order_id))

    assert run.state.orders.due_ns == soon_ns


def test_a_refused_cancel_of_a_sale_claims_its_lots_again():
    """What the stop may still sell is promised to it, and to no other order."""
    run = Run(*QUICK)
    run.go_long()
    stop_id, lots = run.position.stop_id, run.position.lots
    order = run.state.orders.table[place_of(stop_id)]
    (sale,) = submitted(run.alone(flat_bar(run.now_ns + MINUTE, PRICE - 900)))
    assert (order.claim, run.position.claimed_lots) == (0, lots)

    run.alone(CancelRejected(0, run.now_ns, run.now_ns, stop_id))
    run.alone(CancelRejected(0, run.now_ns, run.now_ns, stop_id))

    assert (order.status, order.claim, run.position.claimed_lots) == (NEW, lots, 2 * lots)
    assert run.state.orders.anomalies == 1  # nobody had asked a second time
    run.fill(sale.order_id, lots, 901, flags=1)
    run.alone(OrderExpired(0, run.now_ns, run.now_ns, stop_id))
    assert run.position.lots == run.position.claimed_lots == 0


def test_what_is_held_aside_is_counted_and_is_nobodys_equity():
    """Base of a symbol and quote, more and less of both; nothing of ours moves."""
    run = Run(*QUICK)
    before = run.state.account.equity_e8, run.state.account.cash_e8
    for base_e8, quote_e8 in ((70, 0), (0, 9_000), (-30, -500)):
        run.alone(HeldAside(0, run.now_ns, run.now_ns, base_e8, quote_e8))

    position, account = run.state.symbols[0].position, run.state.account
    assert (position.aside_e8, account.aside_e8) == (40, 8_500)
    assert (account.equity_e8, account.cash_e8) == before
    assert (position.lots, position.dust_e8) == (0, 0)
