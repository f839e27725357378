"""Is every question asked until its answer is final, and nothing asked twice that acts?"""

from itertools import pairwise
from typing import Any

import pytest

from engine.messages import (
    NEVER_ARRIVED,
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
)
from engine.venues.asking import (
    ABSENT,
    ASK_FILLS,
    ASK_HOLDING,
    ASK_ORDER,
    CANCEL,
    CANCELED,
    EXPIRED,
    FILLED,
    OPEN,
    Refusal,
    Seen,
    Silence,
    Trade,
    Trades,
)
from tests.engine.venues.outside_desk import SECOND, START, TERMS, Desk, kinds


def test_silence_makes_an_order_unknown_and_is_followed_by_questions_alone():
    """Each after twice the pause, at most three seconds; never another submit."""
    desk = Desk()
    desk.submit()

    told = desk.wait(TERMS.answer_ns / SECOND)
    asked = []
    for _ in range(4_000):
        desk.wait(0.1)
        for request in desk.asked():
            asked.append((request.verb, desk.now_ns))
            if request.verb == ASK_ORDER:
                desk.hear(request.number, Silence())
    at = [now_ns for verb, now_ns in asked if verb == ASK_ORDER]
    pauses = [round((later - sooner) / SECOND, 1) for sooner, later in pairwise(at)]

    assert kinds(told) == [OrderUnknown]
    assert {verb for verb, _ in asked} <= {ASK_ORDER, ASK_HOLDING}
    assert pauses[:6] == [0.2, 0.4, 0.8, 1.6, 3.0, 3.0]
    assert pauses[-1] == 3.0


def test_no_such_order_is_believed_late_and_not_at_once():
    """While the request may still be on its way it means nothing; afterwards it takes three."""
    desk = Desk()
    desk.submit()
    told = desk.wait(TERMS.answer_ns / SECOND)
    denials = 0
    while OrderRejected not in kinds(told):
        told += desk.wait(0.5)
        for request in desk.asked():
            if request.verb == ASK_ORDER:
                denials += desk.now_ns >= START + TERMS.settle_ns
                told += desk.hear(request.number, Seen(1, ABSENT))

    assert kinds(told) == [OrderUnknown, OrderRejected]
    assert told[-1].reason == NEVER_ARRIVED
    assert denials == TERMS.absent_times


def test_a_definite_no_is_one():
    """Nothing is unknown, and nothing is asked."""
    desk = Desk()

    told = desk.hear(desk.submit(), Refusal(reason=7))

    assert [(type(one), one.reason) for one in told] == [(OrderRejected, 7)]
    assert desk.wait(30.0) == []
    assert [one for one in desk.asked() if one.verb != ASK_HOLDING] == []


def test_an_order_ends_when_its_trades_are_told():
    """Canceled with seven lots traded, three of them told: the others come first."""
    desk = Desk()
    desk.hear(desk.submit(), Seen(1, OPEN))
    first = Trade(1, 0, 0, 100, 3, 1, 50)
    desk.hear(0, first)

    early = desk.hear(0, Seen(1, CANCELED, 7))
    desk.wait(0.2)
    number = desk.number(ASK_FILLS)
    told = desk.hear(number, Trades(1, (first, Trade(1, 0, 0, 100, 4, 1, 51))))

    assert early == []
    assert kinds(told) == [OrderFilled, OrderCanceled]
    assert (told[0].lots, told[0].fill_id) == (4, 51)


@pytest.mark.parametrize(("status", "kind"), [(FILLED, None), (EXPIRED, OrderExpired)])
def test_the_last_word_is_said_once(status, kind):
    """By the answer, the stream and the stream again."""
    desk = Desk()
    number = desk.submit()
    trade = Trade(1, 0, 0, 100, 10, 1, 50)

    told = desk.hear(0, trade) + desk.hear(0, trade)
    told += desk.hear(0, Seen(1, status, 10)) + desk.hear(number, Seen(1, status, 10))
    told += desk.hear(0, Seen(1, OPEN)) + desk.hear(0, Seen(1, status, 10))

    assert kinds(told) == [OrderFilled, *([kind] if kind else [])]
    assert [one for one in desk.asked() if one.verb == CANCEL] == []


def test_an_order_filled_before_its_trades_are_told_is_taken():
    """It is not called unknown, and not left as sent."""
    desk = Desk()

    told = desk.hear(desk.submit(), Seen(1, FILLED, 10))

    assert kinds(told) == [OrderAccepted]


def test_a_refused_cancel_is_a_question():
    """Is it open still? Then it lives on. Has it traded? Then that is why."""
    desk = Desk()
    desk.hear(desk.submit(), Seen(1, OPEN))

    early = desk.hear(desk.cancel(), Refusal())
    desk.wait(0.2)
    told = desk.hear(desk.number(ASK_ORDER), Seen(1, OPEN))

    assert early == []
    assert kinds(told) == [CancelRejected]


def test_a_cancel_without_an_answer_may_still_be_on_its_way():
    """Open means nothing until no request of that time is taken any more."""
    desk = Desk()
    desk.hear(desk.submit(), Seen(1, OPEN))
    desk.hear(desk.cancel(), Silence())
    sent_ns = desk.now_ns
    told: list[Any] = []

    while not told:
        desk.wait(0.5)
        for request in desk.asked():
            if request.verb == ASK_ORDER:
                told += desk.hear(request.number, Seen(1, OPEN))

    assert kinds(told) == [CancelRejected]
    assert desk.now_ns >= sent_ns + TERMS.settle_ns


@pytest.mark.parametrize(("reported", "ends"), [(10, True), (11, True), (12, False)])
def test_trades_on_finer_steps_lose_less_than_a_lot_each_and_their_order_ends(reported, ends):
    """What stays away and could be that is no trade; the core counted less, so its end is told."""
    desk = Desk()
    desk.hear(desk.submit(), Seen(1, OPEN))
    told = desk.hear(0, Seen(1, FILLED, reported))
    trades = Trades(1, (Trade(1, 0, 0, 100, 3, 1, 50), Trade(1, 0, 0, 100, 6, 1, 51)))

    for _ in range(3):
        told += desk.wait(60.0)
        told += desk.hear(desk.number(ASK_FILLS), trades)

    assert kinds(told) == [OrderFilled, OrderFilled, *([OrderExpired] if ends else [])]
    assert bool(desk.venue.orders) is not ends


def test_the_end_of_an_order_that_a_journal_left_open_is_always_told():
    """The core may have counted less of it than is told now: it must not stay open there."""
    desk = Desk()
    desk.venue.adopt(1, 0, accepted=True, canceling=False)

    told = desk.hear(0, Trade(1, 0, 0, 100, 10, 1, 50)) + desk.hear(0, Seen(1, FILLED, 10))

    assert kinds(told) == [OrderFilled, OrderExpired]
