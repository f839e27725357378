"""What becomes of an order that a venue took and knows no more, or did not take at all?"""

from typing import Any

from engine.messages import OrderCanceled
from engine.venues.asking import ABSENT, ASK_HOLDING, ASK_ORDER, OPEN, Holding, Refusal, Seen
from tests.engine.venues.outside_desk import TERMS, Desk, kinds


def test_an_order_that_stood_and_is_no_more_is_given_up_after_minutes():
    """A test network that forgot all: a stop that is waited for would keep a position from one."""
    desk = Desk()
    desk.hear(desk.submit(), Seen(1, OPEN))
    stood_ns = desk.now_ns
    told: list[Any] = []
    while OrderCanceled not in kinds(told) and desk.now_ns < stood_ns + 2 * TERMS.lost_ns:
        told += desk.wait(1.0)
        for request in desk.asked():
            if request.verb == ASK_ORDER:
                told += desk.hear(request.number, Seen(1, ABSENT))
            elif request.verb == ASK_HOLDING:
                told += desk.hear(request.number, Holding(1_000, (0,), ()))

    assert kinds(told) == [OrderCanceled]
    assert desk.now_ns >= stood_ns + TERMS.lost_ns


def test_an_order_that_is_seen_again_was_not_lost():
    """The venue's memory of it may lag: what counts is that nothing else is said for minutes."""
    desk = Desk()
    desk.hear(desk.submit(), Seen(1, OPEN))
    told: list[Any] = []
    for number in range(3_000):
        told += desk.wait(1.0)
        for request in desk.asked():
            if request.verb == ASK_ORDER:
                status = OPEN if number % 400 > 350 else ABSENT
                told += desk.hear(request.number, Seen(1, status))
            elif request.verb == ASK_HOLDING:
                told += desk.hear(request.number, Holding(1_000, (0,), ()))

    assert told == []


def test_a_definite_no_makes_one_look_at_what_is_held():
    """Perhaps somebody else sold it: that is found in seconds, not at the next look in a minute."""
    desk = Desk()
    desk.hear(desk.submit(), Refusal(reason=-2010))

    desk.wait(5.0)

    assert desk.number(ASK_HOLDING) > 0
