"""Is an order that has our name and is another engine's told apart, and is no order of ours?"""

from typing import Any

import pytest

from engine.errors import Refused
from engine.venues.asking import ABSENT, ASK_HOLDING, ASK_ORDER, OPEN, Refusal, Seen, Trade
from engine.venues.binance.naming import Names
from tests.engine.venues.binance.desk import (
    MS,
    SECOND,
    START,
    Line,
    order_row,
    report,
    submit,
    trade_report,
    words,
)

HOUR_MS = 3_600_000


def names_of_a_second_life() -> Names:
    """Of epoch 7, which sent the orders 100 to 110."""
    names = Names("0badcafe", 7, 100)
    names.sent(110)
    return names


@pytest.mark.parametrize(
    "name",
    [
        *("S0badcafe-8-1", "S0badcafe-8-105", "S0badcafe-9-111c"),  # an epoch above
        *("S0badcafe-7-111", "S0badcafe-7-111c"),  # a number that was not sent yet
        *("S0badcafe-6-100", "S0badcafe-1-105", "S0badcafe-6-100c"),  # an older one that began here
        "S0badcafe-7-99",  # this epoch, of a copy that was at fewer orders
    ],
)
def test_a_name_that_this_journal_never_sent_is_a_copys(name):
    """An epoch and a number are told once, in one journal."""
    assert names_of_a_second_life().is_anothers(name)


@pytest.mark.parametrize(
    "name",
    [
        *("S0badcafe-7-100", "S0badcafe-7-110", "S0badcafe-7-110c"),  # of this life
        *("S0badcafe-6-99", "S0badcafe-1-5", "S0badcafe-6-99c"),  # of older ones
        "S0badcafe-7-5c",  # this life's cancel of an older one's order
        *("Sfeedbeef-9-1", "web_1", "", "S0badcafe-9-", "S0badcafe-9-0"),  # not our stamp
    ],
)
def test_what_this_journal_sent_is_no_copys(name):
    """Nor what has another stamp."""
    assert not names_of_a_second_life().is_anothers(name)


@pytest.mark.parametrize("tell", [report, trade_report])
def test_a_report_of_a_copys_order_ends_the_engine(tell: Any):
    """Also a trade of it: nothing is handed on, so nothing is counted."""
    line = Line()

    with pytest.raises(Refused, match="S0badcafe-8-3 is not of this one") as refused:
        line.event(**tell(3, c="S0badcafe-8-3"))

    assert refused.value.code == 4
    assert "stop one of them" in refused.value.fix


def test_an_open_order_of_a_copy_ends_the_engine_at_its_first_look():
    """Before anything of orders leaves: a backup whose orders still stand waits for a person."""
    line = Line()
    line.ask(ASK_HOLDING)

    with pytest.raises(Refused, match="copy of this journal"):
        line.reply(line.only("openOrders.status"), [order_row(clientOrderId="S0badcafe-9-1")])


def test_our_name_under_another_number_of_the_venue_is_a_copys():
    """Both took it: whichever is heard of second is not ours."""
    line = Line()
    line.submit(submit())
    line.reply(line.only(), order_row())

    with pytest.raises(Refused, match="S0badcafe-7-1 is not of this one"):
        line.event(**trade_report(i=6_001))


def test_a_venue_that_forgot_an_order_may_number_it_anew():
    """It was asked for by its number, and there is no such order."""
    line = Line()
    line.submit(submit())
    line.reply(line.only(), order_row())
    line.ask(ASK_ORDER, 1)
    line.refuse(line.only("order.status"), -2013, "Order does not exist.")

    told = words(line.event(**report(i=9)))

    assert told == [Seen(1, OPEN)]


def test_what_comes_twice_or_late_is_no_copys():
    """Over two connections, out of turn, after a reconnect, in an answer and in a report."""
    line = Line()
    line.submit(submit())
    placed = line.only()
    line.event(**trade_report())
    line.connect(2)

    again = [line.event(2, **trade_report()), line.event(2, **report())]
    answered = words(line.reply(placed, order_row(status="FILLED", executedQty="0.1")))

    assert [words(one) for one in again] == [[], []]
    assert [one.order_id for one in answered] == [1]


@pytest.mark.parametrize("leaves", [True, False])
def test_an_order_that_stands_though_ours_was_refused_is_a_copys(leaves):
    """By the venue, or because it could not leave in time: its trade is not counted."""
    line = Line()
    line.submit(submit())
    if leaves:
        answered = words(line.refuse(line.only(), -2010, "Account has insufficient balance."))
    else:
        answered = words(line.wait(1.0))
    assert [type(one) for one in answered] == [Refusal]

    with pytest.raises(Refused, match="S0badcafe-7-1 is not of this one"):
        line.event(**trade_report())


def test_a_refusal_of_an_order_that_stands_says_that_it_is_a_copys():
    """The report of the other's order was quicker."""
    line = Line()
    line.submit(submit())
    placed = line.only()
    line.event(**trade_report())
    line.refuse(placed, -2010, "Account has insufficient balance.")

    with pytest.raises(Refused, match="S0badcafe-7-1 is not of this one"):
        line.wait(0.0)


def test_a_copys_trade_that_is_quicker_than_our_own_answer_is_not_counted():
    """Two engines that decide alike send at once: only the answer says which order is ours."""
    line = Line()
    line.submit(submit())
    placed = line.only()
    theirs = line.event(**trade_report(i=6_001))
    ours = words(line.reply(placed, order_row()))

    with pytest.raises(Refused, match="S0badcafe-7-1 is not of this one"):
        line.wait(0.0)

    assert theirs == []
    assert ours == [Seen(1, OPEN)]


def test_a_report_waits_for_the_answer_to_its_order():
    """Then it is told at the next turn, which is due at once."""
    line = Line()
    line.submit(submit())
    placed = line.only()
    early = line.event(**trade_report())
    waits_until_ns = line.account.due_ns(line.now_ns)
    answered = words(line.reply(placed, order_row()))
    is_due = line.account.is_waiting and line.account.due_ns(line.now_ns) <= line.now_ns

    told = words(line.wait(0.0))

    assert (early, answered, is_due) == ([], [Seen(1, OPEN)], True)
    assert [type(one) for one in told] == [Trade, Seen]
    assert line.now_ns < waits_until_ns <= line.now_ns + SECOND
    assert not line.account.is_waiting


def test_a_report_of_an_order_that_is_not_answered_is_told_after_a_second():
    """The answer may never come; one that cannot be read leaves a note."""
    line = Line()
    line.submit(submit())
    line.leaves()
    line.event(**trade_report())
    line.event(**trade_report(l="much"))

    told = words(line.wait(1.0))

    assert [type(one) for one in told] == [Trade, Seen]
    assert any("unreadable" in note for note in line.books.notes)


def test_a_report_of_our_own_refused_order_is_no_copys():
    """The venue may tell a refusal twice: as an answer and as a report."""
    line = Line()
    line.submit(submit())
    line.event(**report(x="REJECTED", X="REJECTED", I=1))
    line.refuse(line.only(), -2010, "Account has insufficient balance.")

    told = words(line.event(**report(x="REJECTED", X="REJECTED", I=2)))

    assert [one.order_id for one in told] == [1]


def test_an_older_lives_order_that_was_made_long_after_this_one_began_is_a_copys():
    """An old backup counts its epochs and orders from where this journal was long ago."""
    line = Line(first_id=100)
    late_ms, in_flight_ms = START // MS + HOUR_MS, START // MS + 20_000

    told = words(line.event(**trade_report(5, c="S0badcafe-6-5", O=in_flight_ms)))

    assert [type(one) for one in told] == [Trade, Seen]
    with pytest.raises(Refused, match="S0badcafe-6-6 is not of this one"):
        line.event(**trade_report(6, c="S0badcafe-6-6", O=late_ms))


def test_an_order_of_before_a_backup_is_not_taken_for_the_one_that_never_arrived():
    """A backup uses a name again that its lost original used: the venue finds the old order."""
    line = Line()
    line.submit(submit())
    line.leaves()
    line.ask(ASK_ORDER, 1)
    old = order_row(status="FILLED", executedQty="0.1", time=START // MS - 24 * HOUR_MS)

    told = words(line.reply(line.only("order.status"), old))

    assert told == [Seen(1, ABSENT)]


def test_an_order_of_this_life_is_found_by_its_name_whatever_a_clock_did():
    """A venue's clock that jumped by minutes makes no old order of a new one."""
    line = Line()
    line.submit(submit())
    line.leaves()
    line.now_ns += 5 * SECOND
    line.ask(ASK_ORDER, 1)

    told = words(line.reply(line.only("order.status"), order_row(time=START // MS - 30_000)))

    assert told == [Seen(1, OPEN)]
