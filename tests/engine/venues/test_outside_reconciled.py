"""Are orders and holdings there held against ours, again and again until they agree?"""

from typing import Any

from engine.messages import (
    CashDeposited,
    OrderAccepted,
    OrderUnknown,
    PositionCorrected,
    decode,
)
from engine.venues.asking import (
    ASK_HOLDING,
    ASK_ORDER,
    CANCEL,
    OPEN,
    Holding,
    Seen,
)
from tests.engine.venues.outside_desk import SECOND, TERMS, Desk, kinds


def test_an_order_that_nobody_wants_is_canceled_there():
    """It was said to have never come, and came."""
    desk = Desk()
    desk.wait(TERMS.reconcile_ns / SECOND)

    desk.hear(desk.number(ASK_HOLDING), Holding(1_000, (0,), (5,)))

    (request,) = desk.asked()
    assert (request.verb, request.order_id) == (CANCEL, 5)


def test_an_order_that_is_missing_there_is_asked_for():
    """Its end was not heard."""
    desk = Desk()
    desk.hear(desk.submit(), Seen(1, OPEN))
    desk.wait(TERMS.reconcile_ns / SECOND)

    desk.hear(desk.number(ASK_HOLDING), Holding(1_000, (0,), ()))
    desk.wait(0.2)

    assert desk.number(ASK_ORDER) > 0


def reconciled(desk: Desk, holding: Holding) -> list[Any]:
    """One look at what is held there."""
    while not (asked := [one for one in desk.asked() if one.verb == ASK_HOLDING]):
        desk.wait(1.0)
    return desk.hear(asked[0].number, holding)


def test_a_difference_that_stays_is_taken_over():
    """The fourth time the same: cash and lots, as events."""
    desk = Desk()
    looks = [reconciled(desk, Holding(1_250, (4,), ())) for _ in range(4)]

    assert looks[:3] == [[], [], []]
    assert kinds(looks[3]) == [PositionCorrected, CashDeposited]
    assert (looks[3][0].lots, looks[3][1].amount_e8) == (4, 250)


def test_a_difference_that_passes_is_none():
    """A trade was under way: other numbers each time, then none."""
    desk = Desk()

    looks = [reconciled(desk, Holding(1_250 + number, (4,), ())) for number in range(8)]
    looks += [reconciled(desk, Holding(1_000, (0,), ())) for _ in range(4)]

    assert looks == [[]] * 12


def test_a_difference_waits_for_what_is_on_its_way():
    """While an order is in doubt nobody knows what should be held."""
    desk = Desk()
    desk.submit()

    looks = [reconciled(desk, Holding(1_250, (4,), ())) for _ in range(4)]

    assert looks == [[]] * 4


def test_what_a_journal_left_open_is_asked_for():
    """Sent and not answered: unknown; accepted and being canceled: perhaps open."""
    desk = Desk()

    told = [
        decode(record)
        for record in (
            *desk.venue.adopt(1, 0, accepted=False, canceling=False),
            *desk.venue.adopt(2, 0, accepted=True, canceling=True),
        )
    ]
    desk.wait(0.2)
    numbers = {one.order_id: one.number for one in desk.asked() if one.verb == ASK_ORDER}

    assert [(type(one), one.order_id) for one in told] == [(OrderUnknown, 1)]
    assert set(numbers) == {1, 2}
    assert kinds(desk.hear(numbers[1], Seen(1, OPEN))) == [OrderAccepted]
