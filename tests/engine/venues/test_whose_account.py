"""Is a journal gone on with on its own account alone?"""

from typing import Any

import pytest

from engine.errors import Refused
from engine.messages import ACCOUNT_NAMED, AccountNamed, CashDeposited, decode
from engine.service.rows import SAID, Sayer, Told
from engine.service.schema import COLUMNS
from engine.venues.asking import ASK_HOLDING, ASK_ORDER, Held, Holding, Refusal
from engine.venues.binance.reasons import HELD_BACK
from engine.venues.exchange.house import uid_of
from engine.venues.holdings import held_in, whose
from engine.venues.outside import Outside
from tests.builders import QUICK, START, Run
from tests.engine.venues.binance.desk import Line, order_row, submit, words

SECOND = 1_000_000_000
UID, OTHER = 354_937_868, 211_118_765


@pytest.mark.parametrize(
    ("known", "told", "said"),
    [(0, UID, [AccountNamed(0, 9, 9, UID)]), (UID, UID, []), (UID, 0, []), (0, 0, [])],
)
def test_an_account_is_named_once_and_not_compared_where_the_venue_names_none(known, told, said):
    """A key may be another by then: the account counts."""
    records = whose(Holding(1, (0,), (), uid=told), Held(1, [0], uid=known), 9)

    assert [decode(record) for record in records] == said


def test_another_account_is_refused_and_shown_by_its_last_digits():
    """Two lines, and no more of a number than tells two apart."""
    with pytest.raises(Refused, match=r"of account \.\.\.7868 .* of account \.\.\.8765") as refused:
        whose(Holding(1, (0,), (), uid=OTHER), Held(1, [0], uid=UID), 9)

    assert refused.value.code == 4
    assert "another --data-dir" in refused.value.fix
    assert str(UID)[:5] not in str(refused.value)


def test_of_another_account_nothing_is_taken_over_and_nothing_is_asked():
    """Neither a correction nor the cancel of an order that nobody here wants."""
    venue = Outside(lambda: (1_000, [0], (), 0, (), (), UID), is_fresh=True)
    venue.tick(START)
    (asked,) = venue.outgoing
    venue.outgoing.clear()

    with pytest.raises(Refused):
        venue.take(asked.number, Holding(9_000, (4,), (77,), uid=OTHER))

    assert not venue.outgoing


def test_the_first_look_names_the_account_before_it_takes_anything_over():
    """One record, and then what differs."""
    venue = Outside(lambda: (1_000, [0]), is_fresh=True)
    venue.tick(START)

    told = [decode(one) for one in venue.take(1, Holding(1_500, (0,), (), uid=UID))]

    assert [type(one) for one in told] == [AccountNamed, CashDeposited]


def test_the_state_knows_whose_account_it_is():
    """And nothing else of it moves."""
    run = Run(*QUICK)
    before = run.state.account.cash_e8, run.state.account.equity_e8

    run.alone(AccountNamed(0, run.now_ns, run.now_ns, UID))

    assert held_in(run.state).uid == held_in(run.state, is_shared=True).uid == UID
    assert (run.state.account.cash_e8, run.state.account.equity_e8) == before


def test_the_tables_tell_an_account_by_its_last_digits():
    """As an act of the venue's."""
    run, rows = Run(*QUICK), dict[str, list[Any]]()
    named = Told(5, AccountNamed(0, START, START, UID), {}, run.state)

    SAID[ACCOUNT_NAMED](Sayer(run.state, "ab" * 16), named, rows)

    (told,) = [dict(zip(COLUMNS["acts"], row, strict=True)) for row in rows["acts"]]
    assert (told["act"], told["reason"]) == ("account named", "...7868")


def begun() -> tuple[Line, dict[str, Any]]:
    """A life's first question about the account, on its way; and an order that waits."""
    line = Line(connected=False)
    line.account.courier.is_met = False
    line.account.opened(1, line.now_ns)
    line.submit(submit())
    line.ask(ASK_ORDER, 1)
    line.ask(ASK_HOLDING)
    own = ("time", "userDataStream.subscribe.signature")
    (sent,) = [one for one in line.leaves() if one["method"] not in own]
    return line, sent


def test_before_the_account_was_looked_at_nothing_of_orders_leaves():
    """Whose it is must be compared first; then what waited goes."""
    line, sent = begun()
    assert sent["method"] == "openOrders.status"
    line.reply(sent, [])
    (sent,) = line.leaves()
    assert sent["method"] == "account.status"

    line.reply(sent, {"balances": [], "uid": UID})

    assert [one["method"] for one in line.leaves()] == ["order.status"]
    assert line.books.uid == UID


def test_an_order_that_waits_for_that_look_is_held_back_after_a_second():
    """Its price is old by then: it is not sent, and the core decides anew."""
    line, _ = begun()

    assert Refusal(HELD_BACK) in words(line.wait(1.0))


def test_a_first_look_that_failed_is_made_again_at_once():
    """Not after the minute that lies between two looks later."""
    line, sent = begun()
    line.wait(0.1)
    line.refuse(sent, -1000, "An unknown error occurred.")
    line.wait(2.5)

    assert "openOrders.status" in {one["method"] for one in line.leaves()}
    assert line.account.due_ns(line.now_ns) <= line.now_ns + 5 * SECOND


def test_an_account_that_is_named_by_something_else_than_a_number_is_no_account():
    """It is asked again, and nothing is believed of it."""
    line = Line()
    line.ask(ASK_HOLDING)
    line.reply(line.only(), [order_row()])

    told = words(line.reply(line.only("account.status"), {"balances": [], "uid": "x"}))

    assert [type(one).__name__ for one in told] == ["Silence"]


def test_an_account_of_the_paper_exchange_is_the_same_by_its_key():
    """Also where the exchange begins anew; two keys have two accounts."""
    assert uid_of("one-key") == uid_of("one-key") != uid_of("another-key")
    assert 10**8 <= uid_of("one-key") < 10**9
