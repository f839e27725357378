"""Does everybody hear what happened, once and in order?"""

import pytest

from engine.instruments import E8
from engine.venues.exchange.matching import telling
from engine.venues.exchange.matching.words import Balances, Changed, Reported, Traded, Which
from tests.engine.venues.exchange.desk import FREE, Desk, asked

LTC = FREE._replace(name="LTCBNB", base="LTC", quote="BNB", tick_e8=1)


def reports_to(events: list, account) -> list[Reported]:
    """Execution reports of one account."""
    return [event for event in events if isinstance(event, Reported) and event.account is account]


def test_the_sample_payload_of_a_market_order_is_told_so():
    """faqs/market_orders_faq.md: 6 wanted, 2 and 2 traded, the rest expired, then the balances."""
    desk = Desk(LTC)
    rich = {"LTC": 100 * E8, "BNB": 100 * E8}
    buyer, seller = desk.account(rich), desk.account(rich)
    for words in ("SELL LIMIT 2 at 1", "SELL LIMIT 2 at 1", "BUY MARKET 6"):
        account = buyer if words.startswith("BUY") else seller
        desk.heard()
        desk.exchange.place(account, asked(words)._replace(symbol="LTCBNB"), desk.tick())

    events = desk.heard()
    heard = reports_to(events, buyer)
    assert [
        (
            report.kind,
            report.status,
            report.quantity_e8 // E8,
            report.executed_e8 // E8,
            report.fill.quantity_e8 // E8 if report.fill else 0,
            report.is_working,
        )
        for report in heard
    ] == [
        ("NEW", "NEW", 6, 0, 0, True),
        ("TRADE", "PARTIALLY_FILLED", 6, 2, 2, False),
        ("TRADE", "PARTIALLY_FILLED", 6, 4, 2, False),
        ("EXPIRED", "EXPIRED", 6, 4, 0, False),
    ]
    # Both sides of a trade take an execution id, the taker first: 62, 63, 65, 67 there.
    first = heard[0].execution_id
    assert [report.execution_id - first for report in heard] == [0, 1, 3, 5]
    balances = [event for event in events if isinstance(event, Balances)]
    assert events[-2:] == balances
    assert balances[0].account is buyer
    assert balances[0].assets == {"LTC": (104 * E8, 0), "BNB": (96 * E8, 0)}


def test_the_public_sees_trades_and_every_change_of_the_book():
    """Levels rebuilt from the changes are the book; update ids have no gap."""
    desk = Desk()
    for words in ("SELL LIMIT 2 at 101", "SELL LIMIT 1 at 101", "BUY LIMIT 2.5 at 102"):
        desk.place(desk.a, words)
    last = desk.place(desk.b, "BUY LIMIT 1 at 100")
    desk.exchange.amend(desk.b, Which("BTCUSDT", last.id), E8 // 2, "", desk.tick())

    events = desk.heard()

    changes = [event for event in events if isinstance(event, Changed)]
    assert [change.update_id for change in changes] == list(range(1, len(changes) + 1))
    assert desk.book.last_update_id == len(changes)
    levels = {(change.side, change.price_e8): change.quantity_e8 for change in changes}
    assert levels == {("SELL", 101 * E8): E8 // 2, ("BUY", 100 * E8): E8 // 2}
    trades = [event for event in events if isinstance(event, Traded)]
    assert [(trade.trade_id, trade.quantity_e8, trade.is_buyer_maker) for trade in trades] == [
        (1, 2 * E8, False),
        (2, E8 // 2, False),
    ]


def test_a_cancel_is_told_under_its_own_name():
    """`c` is the cancel's id, `C` the order's."""
    desk = Desk()
    order = desk.place(desk.a, "BUY LIMIT 1 at 100", client_id="mine")
    desk.heard()

    desk.cancel(desk.a, order, cancel_id="away")

    (report,) = reports_to(desk.heard(), desk.a)
    assert (report.kind, report.client_id, report.original_client_id) == (
        *("CANCELED", "away"),
        "mine",
    )
    assert order.client_id == "mine"


def test_an_amendment_is_told_under_the_name_it_gave():
    """`c` is the new id, `C` the one before."""
    desk = Desk()
    desk.place(desk.a, "BUY LIMIT 2 at 100", client_id="mine")
    desk.heard()

    desk.exchange.amend(desk.a, Which("BTCUSDT", 1), E8, "other", desk.tick())

    (report,) = reports_to(desk.heard(), desk.a)
    told = (report.kind, report.client_id, report.original_client_id, report.quantity_e8)
    assert told == ("REPLACED", "other", "mine", E8)


def test_a_report_stays_as_it_was():
    """What happens to the order later does not change what was said of it."""
    desk = Desk()
    desk.place(desk.a, "BUY LIMIT 2 at 100")
    (before,) = reports_to(desk.heard(), desk.a)

    desk.place(desk.b, "SELL LIMIT 2 at 100")

    assert (before.status, before.executed_e8, before.order.status) == ("NEW", 0, "FILLED")


def test_a_prevented_match_is_told_to_those_who_lost_by_it():
    """TRADE_PREVENTION with what was prevented; the taker goes on."""
    desk = Desk(FREE._replace(stp_default="EXPIRE_MAKER"))
    desk.place(desk.a, "BUY LIMIT 1 at 100")
    desk.heard()

    desk.place(desk.a, "SELL LIMIT 2 at 100")

    heard = reports_to(desk.heard(), desk.a)
    assert [(report.kind, report.status, report.order.id) for report in heard] == [
        ("NEW", "NEW", 2),
        ("TRADE_PREVENTION", "EXPIRED_IN_MATCH", 1),
    ]
    assert heard[1].prevented is not None
    assert (heard[1].prevented_e8, heard[1].prevented.quantity_e8) == (E8, E8)


def test_a_waking_order_is_told_to_be_on_the_book():
    """First NEW and not working, then NEW and working."""
    desk = Desk()
    for words in ("SELL LIMIT 1 at 100", "BUY LIMIT 1 at 100"):
        desk.place(desk.b, words)
    desk.place(desk.a, "SELL STOP_LOSS_LIMIT 1 at 95 stop 90")
    for words in ("SELL LIMIT 1 at 90", "BUY LIMIT 1 at 90"):
        desk.place(desk.b, words)

    heard = reports_to(desk.heard(), desk.a)

    assert [(report.kind, report.is_working) for report in heard] == [("NEW", False), ("NEW", True)]


def test_who_is_not_followed_costs_no_words():
    """The public still sees its trades."""
    desk = Desk()
    desk.b.is_followed = False
    desk.place(desk.b, "SELL LIMIT 1 at 100")
    desk.place(desk.a, "BUY LIMIT 1 at 100")

    events = desk.heard()

    assert reports_to(events, desk.b) == []
    assert [event.account for event in events if isinstance(event, Balances)] == [desk.a]
    assert any(isinstance(event, Traded) for event in events)


def test_events_that_nobody_takes_are_a_crash(monkeypatch):
    """What waits is bounded: to forget the draining shows at once, not as a full memory."""
    monkeypatch.setattr(telling, "SAID_MAX", 10)
    desk = Desk()
    for _ in range(3):  # a report, a level and balances each
        desk.place(desk.a, "BUY LIMIT 1 at 100")

    with pytest.raises(RuntimeError, match="drain"):
        desk.place(desk.a, "BUY LIMIT 1 at 100")
