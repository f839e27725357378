"""Can a sale be sent whose lots the stop before it has sold, where more lies there than is ours?"""

from typing import Any

from engine.messages import (
    SELL,
    STOP,
    CancelOrder,
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderRejected,
    SubmitOrder,
    encode,
)
from engine.venues.asking import (
    ABSENT,
    ASK_ORDER,
    CANCEL,
    CANCELED,
    FILLED,
    OPEN,
    SOLD_BEFORE,
    SUBMIT,
    Held,
    Refusal,
    Seen,
    Trade,
)
from engine.venues.outside import Outside
from tests.engine.venues.outside_desk import TERMS, Desk, kinds

SALE = encode(SubmitOrder(0, 0, 0, 2, 10, 0, 0, 0, SELL))
STOPPED = encode(SubmitOrder(0, 0, 0, 1, 10, 2_000, 0, 0, SELL + 2 * STOP))
END = encode(CancelOrder(0, 0, 0, 1, 0))


def with_a_stop(aside_e8: int = 5) -> Desk:
    """A venue where our stop stands, in an account that may hold somebody else's base."""
    desk = Desk()
    held = Held(1_000, [10], [0], 0, (0, aside_e8), (10,))
    desk.venue = Outside(lambda: held)
    desk.venue.tick(desk.now_ns)
    desk.asked()
    desk.venue.send(STOPPED)
    desk.hear(desk.number(SUBMIT), Seen(1, OPEN))
    return desk


def left(desk: Desk) -> tuple[list[int], int]:
    """The verbs of what leaves after cancel and sale were commanded, and the cancel's number."""
    desk.venue.send(END + SALE)
    asked = desk.asked()
    return [one.verb for one in asked], next(one.number for one in asked if one.verb == CANCEL)


def test_a_sale_leaves_once_the_stop_is_known_to_be_gone():
    """Not in the same breath: the venue would take both."""
    desk = with_a_stop()
    verbs, number = left(desk)

    told = desk.hear(number, Seen(1, CANCELED))

    assert verbs == [CANCEL]
    assert kinds(told) == [OrderCanceled]
    assert desk.number(SUBMIT) > 0


def test_a_sale_whose_stop_sold_first_is_never_sent():
    """It would have sold what is somebody else's."""
    desk = with_a_stop()
    _, number = left(desk)
    told: list[Any] = desk.hear(number, Refusal(-2011))
    told += desk.hear(0, Trade(1, 0, SELL, 2_000, 10, 0, 77))
    told += desk.hear(0, Seen(1, FILLED, 10))

    later = [one.verb for _ in range(40) if desk.wait(1.0) == [] for one in desk.asked()]

    assert kinds(told) == [OrderFilled, OrderRejected]
    assert (told[-1].order_id, told[-1].reason) == (2, SOLD_BEFORE)
    assert SUBMIT not in later


def test_a_sale_whose_stop_lives_on_is_not_sent():
    """The stop keeps the lots, and its cancel had no effect."""
    desk = with_a_stop()
    _, number = left(desk)
    desk.hear(number, Refusal(-1))
    told: list[Any] = []
    while CancelRejected not in kinds(told):
        told += desk.wait(1.0)
        for request in desk.asked():
            if request.verb == ASK_ORDER:
                told += desk.hear(request.number, Seen(request.order_id, OPEN))

    assert [type(one) for one in told if one.order_id == 2] == [OrderRejected]


def test_a_sale_that_waited_too_long_is_given_up_and_not_sent_later():
    """It is asked for like any other that nobody knows; when the stop ends, nothing follows."""
    desk = with_a_stop()
    _, number = left(desk)
    desk.venue.orders[2].ask_at_ns = desk.now_ns + 1
    told: list[Any] = []
    for _ in range(int(TERMS.settle_ns / 10**9) + 60):
        told += desk.wait(1.0)
        for request in desk.asked():
            if request.verb == ASK_ORDER and request.order_id == 2:
                told += desk.hear(request.number, Seen(2, ABSENT))
    told += desk.hear(number, Seen(1, CANCELED))

    assert OrderRejected in kinds(told)
    assert SUBMIT not in [one.verb for one in desk.asked()]


def test_where_all_is_ours_both_leave_at_once():
    """The venue refuses the sale of what a stop has sold: nothing need be waited for."""
    verbs, _ = left(with_a_stop(aside_e8=0))

    assert verbs == [CANCEL, SUBMIT]


def test_a_purchase_waits_for_nothing():
    """What it is paid from, no stop has sold."""
    desk = with_a_stop()
    desk.venue.send(END + encode(SubmitOrder(0, 0, 0, 2, 10, 0, 0, 0)))

    assert [one.verb for one in desk.asked()] == [CANCEL, SUBMIT]
    assert OrderAccepted in kinds(desk.hear(0, Seen(2, OPEN)))
