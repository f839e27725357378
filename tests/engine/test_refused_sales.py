"""Is a sale that the venue refuses asked for again with patience, so that its reason can be found?

Somebody else may have sold what is held there: then every sale is refused until holdings were
compared, and they are compared only while nothing is on its way.
"""

import pytest

from engine.messages import (
    OUTSIDE,
    OperatorFlattened,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    PositionCorrected,
)
from tests.builders import ALL_IN, PRICE, QUICK, SECOND, Run, submitted

TICK_NS = SECOND // 10
REFUSED = -2010


def holding() -> Run:
    """An engine whose venue is outside, with a position and without a stop."""
    run = Run(*QUICK, *ALL_IN, flags=OUTSIDE)
    run.warm_up()
    (entry,) = submitted(run.bar(PRICE + 100))
    run.fill(entry.order_id, entry.lots, 900)
    run.hold_on()
    return run


@pytest.mark.parametrize("kind", [OrderRejected, OrderExpired])
def test_a_sale_that_is_refused_is_not_sent_at_every_event(kind):
    """One a second at most, whatever the market does meanwhile; and it goes on until it is sold."""
    run = holding()
    sent = submitted(run.ask(OperatorFlattened))
    for _ in range(50):
        if sent and run.position.closing_id == sent[-1].order_id:
            more = (REFUSED,) if kind is OrderRejected else ()
            sent += submitted(run.alone(kind(0, run.now_ns, run.now_ns, sent[-1].order_id, *more)))
        sent += submitted(run.trade(PRICE, after_ns=TICK_NS))

    assert 4 <= len(sent) <= 6
    assert {one.lots for one in sent} == {run.position.lots}


def test_what_is_found_not_to_be_held_ends_the_attempts():
    """The correction comes in a pause, and the flatten is over."""
    run = holding()
    (sale,) = submitted(run.ask(OperatorFlattened))
    run.alone(OrderRejected(0, run.now_ns, run.now_ns, sale.order_id, REFUSED))
    lots = run.position.lots
    run.alone(PositionCorrected(0, run.now_ns, run.now_ns, -lots, 0))

    later = [one for _ in range(30) for one in run.trade(PRICE, after_ns=TICK_NS)]

    assert submitted(later) == []
    assert run.state.breakers.flattening == 0


def test_a_sale_that_sold_a_part_goes_on_at_once():
    """In a fall every moment counts: only what sold nothing is waited for."""
    run = holding()
    (sale,) = submitted(run.ask(OperatorFlattened))
    stamp = (0, run.now_ns, run.now_ns)
    run.alone(OrderFilled(*stamp, sale.order_id, PRICE, 5, 0, 901, 1))

    again = submitted(run.alone(OrderExpired(*stamp, sale.order_id)))

    assert [one.lots for one in again] == [sale.lots - 5]


def test_a_canceled_order_is_no_refused_sale():
    """A stop that ends leaves the way free."""
    run = holding()
    run.alone(OrderCanceled(0, run.now_ns, run.now_ns, 1))

    assert len(submitted(run.ask(OperatorFlattened))) == 1
