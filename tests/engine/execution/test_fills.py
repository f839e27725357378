"""Does the simulated venue fill no order sooner, larger or unpaid than a real one could?"""

import pytest

from engine.execution.fills import FACTS_MAX, INSUFFICIENT, RESTING_MAX
from engine.messages import (
    BUY,
    LIMIT,
    SELL,
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
)
from tests.builders import PLENTY, fills, only
from tests.engine.execution.simulated_venue import CASH_E8, LATENCY_NS, Venue, volume_for

P = 300_000  # ticks
SLIP = 31  # what 100 ppm of a price near P are, rounded up
FREE = {"maker_fee_ppm": 0, "taker_fee_ppm": 0, "slippage_ppm": 0}


@pytest.mark.parametrize(("after_ns", "matched"), [(LATENCY_NS - 1, False), (LATENCY_NS, True)])
def test_nothing_matches_before_the_latency_has_passed(after_ns, matched):
    """An order travels; a trade that happens meanwhile is not ours."""
    venue = Venue()
    venue.buy(100)

    reports = venue.trade(P, after_ns=after_ns)

    assert bool(reports) is matched


def test_an_order_takes_no_more_than_its_share_of_the_volume():
    """A tenth of what traded may be ours; the rest waits for the next trades."""
    venue = Venue()
    venue.buy(100)

    parts = [fills(venue.trade(P, volume_for(lots))) for lots in (30, 0, 60, 500)]

    assert [[part.lots for part in some] for some in parts] == [[30], [], [60], [10]]
    assert venue.venue.count == 0


def test_orders_share_one_volume():
    """What the first took is gone for the second."""
    venue = Venue()
    venue.buy(100)
    venue.buy(100)

    parts = fills(venue.trade(P, volume_for(130)))

    assert [(part.order_id, part.lots) for part in parts] == [(1, 100), (2, 30)]


def test_within_a_bar_the_adverse_price_comes_first():
    """A bar touches the stop and passes the selling limit: first the stop is filled."""
    venue = Venue(held=150)
    venue.send(LIMIT, SELL, 100, P + 500)
    venue.stop(100, P - 500)

    found = fills(venue.bar(P, P + 900, P - 900, P, volume_for(120)))

    assert [(one.order_id, one.lots) for one in found] == [(2, 100), (1, 20)]


def test_a_triggered_stop_goes_on_as_a_market_order():
    """What the volume did not allow is sold at the next prices, wherever they are."""
    venue = Venue(held=100, **FREE)
    venue.stop(100, P - 500)
    venue.bar(P, P, P - 600, P, volume_for(30))

    filled = fills(venue.bar(P + 800, P + 900, P + 700, P + 800))[0]

    assert (filled.price, filled.lots) == (P + 799, 70)


def test_an_order_on_the_way_does_not_meet_a_price_of_before():
    """A stop that arrives at the end of a bar knows nothing of the bar's low."""
    venue = Venue(held=100, latency_ns=60_000_000_000)
    venue.stop(100, P - 500)

    reports = venue.bar(P, P, P - 900, P)

    assert [type(one) for one in reports] == [OrderAccepted]


def test_a_cancel_takes_the_order_off():
    """Confirmed with the order's id; nothing is left to fill."""
    venue = Venue()
    order_id = venue.bid(100, P - 500)
    venue.bar(P, P, P, P)
    venue.cancel(order_id)

    reports = venue.bar(P, P, P - 900, P)

    assert [(type(one), one.order_id) for one in reports] == [(OrderCanceled, order_id)]
    assert venue.venue.count == 0


def test_a_fill_wins_the_race_against_a_cancel_on_the_way():
    """The order trades before the cancel arrives: there is nothing left to cancel."""
    venue = Venue()
    order_id = venue.bid(100, P - 500)
    venue.trade(P)
    venue.cancel(order_id)

    filled = venue.trade(P - 501, after_ns=LATENCY_NS - 1)
    late = venue.trade(P, after_ns=1)

    assert [type(one) for one in filled] == [OrderFilled]
    assert [(type(one), one.order_id) for one in late] == [(CancelRejected, order_id)]


def test_a_cancel_of_an_unknown_order_is_rejected():
    """There was nothing to cancel."""
    venue = Venue()
    venue.cancel(77)

    assert [type(one) for one in venue.trade(P)] == [CancelRejected]


@pytest.mark.parametrize(("side", "lots"), [(SELL, 101), (BUY, 40_000)])
def test_what_cannot_be_paid_or_delivered_is_rejected(side, lots):
    """Spot: 100 lots held, 10,000 of cash."""
    venue = Venue(held=100)
    order_id = venue.send(0, side, lots)

    (rejected,) = venue.bar(P, P, P, P)

    assert type(rejected) is OrderRejected
    assert (rejected.order_id, rejected.reason) == (order_id, INSUFFICIENT)


def test_a_limit_is_admitted_by_its_own_price():
    """The cash must cover the limit, whatever the market is."""
    venue = Venue(cash_e8=CASH_E8)
    venue.bid(34_000, P - 10_000)
    venue.bid(34_000, P)

    first, second = venue.bar(P + 1_000, P + 1_000, P + 1_000, P + 1_000)

    assert (type(first), type(second)) == (OrderAccepted, OrderRejected)


def test_a_purchase_that_became_too_dear_expires():
    """Cash never falls below zero: the rest of an order it cannot pay is taken off."""
    venue = Venue()
    venue.buy(33_000)
    venue.bar(P, P, P, P, volume_for(20_000))

    reports = venue.bar(P + 60_000, P + 60_000, P + 60_000, P + 60_000)

    assert [type(one) for one in reports] == [OrderExpired]
    assert venue.venue.cash_e8 >= 0
    assert (venue.venue.held[0], venue.venue.count) == (20_000, 0)


def test_a_resting_purchase_whose_cash_was_spent_expires():
    """Two limits were admitted on the same cash; the second finds it gone."""
    venue = Venue()
    venue.bid(20_000, P - 10)
    venue.bid(20_000, P - 20)

    reports = venue.bar(P, P, P - 900, P)

    assert [type(one) for one in reports if one.order_id == 2] == [OrderAccepted, OrderExpired]
    assert venue.venue.cash_e8 >= 0


def test_other_symbols_wait_for_their_own_market():
    """An event of one symbol moves no order of another."""
    venue = Venue()
    venue.buy(100)
    venue.venue.orders[0].symbol = 5

    assert venue.bar(P, P, P, P) == []
    assert venue.venue.count == 1


def test_more_than_its_bound_is_not_received():
    """128 requests may wait; one more is lost, and nothing else is touched."""
    venue = Venue()
    for _ in range(RESTING_MAX + 5):
        venue.bid(1, P - 50)

    assert venue.venue.count == RESTING_MAX
    assert len(only(venue.bar(P, P, P, P), OrderAccepted)) == RESTING_MAX


def test_all_that_one_event_can_cause_has_room():
    """A request causes two reports at most: 128 takers fill what the venue can say at once."""
    venue = Venue()
    for _ in range(RESTING_MAX):
        venue.buy(1)

    assert len(venue.trade(P, PLENTY)) == FACTS_MAX
    assert venue.venue.count == 0
