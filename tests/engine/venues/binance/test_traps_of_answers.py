"""Do answers and events step into a trap of the exchange's documents? One test for each.

Unknown outcomes, names of orders, late and double reports, commission, cancels that race.
"""

from typing import Any

import pytest

from engine.errors import Refused
from engine.messages import BUY, IN_BASE, IN_OTHER, IN_QUOTE, SELL
from engine.venues.asking import (
    ABSENT,
    ASK_FILLS,
    ASK_HOLDING,
    ASK_ORDER,
    CANCELED,
    EXPIRED,
    FILLED,
    OPEN,
    Holding,
    Refusal,
    Seen,
    Silence,
    Trade,
    Trades,
)
from engine.venues.binance import reasons
from engine.venues.binance.answers import steps_traded
from engine.venues.binance.fees import fee_of
from tests.engine.venues.binance.desk import (
    SECOND,
    Line,
    eth_rules,
    order_row,
    report,
    submit,
    trade_report,
    words,
)

E8 = 100_000_000


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, -1000),
        (503, -1008),
        (502, -1001),
        (400, -1006),
        (400, -1007),
        (504, -1007),
        (409, -2021),
    ],
)
def test_trap_9_an_unknown_status_is_silence_and_is_never_sent_again(status, code):
    """The order may have been taken: what follows are questions."""
    line = Line()
    line.submit(submit())

    heard = line.refuse(line.only("order.place"), code, "Execution status unknown.", status=status)
    line.wait(3.0)

    assert words(heard) == [Silence()]
    assert [one for one in line.leaves() if one["method"] == "order.place"] == []


def test_trap_10_a_duplicate_is_another_engines_order():
    """The id is in use, and ours was sent once: nothing goes on."""
    line = Line()
    line.submit(submit())

    with pytest.raises(Refused, match="S0badcafe-7-1 is not of this one"):
        line.refuse(line.only(), -2010, "Duplicate order sent.")


def test_trap_10_other_rejections_are_definite():
    """No balance: the request had no effect."""
    line = Line()
    line.submit(submit())
    told = "Account has insufficient balance for requested action."

    assert words(line.refuse(line.only(), -2010, told)) == [Refusal(-2010)]


def test_trap_10_an_id_is_used_once():
    """After a fill the venue would take the same id again: nothing here would send it."""
    line = Line()
    for order_id in (1, 2, 3):
        line.submit(submit(order_id))
    names = [one["params"]["newClientOrderId"] for one in line.leaves() if "params" in one]

    assert len(names) == len({*names}) == 3


def test_trap_11_no_such_order_is_said_and_not_believed_here():
    """-2013 is handed on as absent: the conversation asks again until it may be believed."""
    line = Line()
    line.ask(ASK_ORDER, 1)

    assert words(line.refuse(line.only(), -2013, "Order does not exist.")) == [Seen(1, ABSENT)]


def test_trap_11_an_order_of_an_older_life_is_absent_only_under_all_its_names():
    """Six lives may have sent it, and each of them may have canceled it."""
    line = Line(first_id=100)
    line.ask(ASK_ORDER, 1)
    asked: list[str] = []
    heard: list[Any] = []
    while not heard:
        sent = line.only("order.status")
        asked.append(sent["params"]["origClientOrderId"])
        heard = line.refuse(sent, -2013, "Order does not exist.")

    assert asked[:3] == ["S0badcafe-6-1", "S0badcafe-6-1c", "S0badcafe-5-1"]
    assert len(asked) == 12
    assert words(heard) == [Seen(1, ABSENT)]


def test_trap_18_a_late_report_moves_no_status_back():
    """It was seen filled: the report of its acceptance says nothing more, a trade still does."""
    line = Line()

    line.event(**report(x="TRADE", X="FILLED", l="0.04", L="2500", z="0.1", t=701, I=12))
    late = line.event(**report(I=10))
    trade = line.event(
        **report(x="TRADE", X="PARTIALLY_FILLED", l="0.06", L="2500", z="0.06", t=700, I=11)
    )

    assert late == []
    assert words(trade) == [Trade(1, 0, BUY, 250_000, 600, 0, 700)]


def test_trap_18_an_answer_and_its_events_may_come_in_any_order():
    """The trades of the answer have the numbers of those in the events."""
    line = Line()
    line.submit(submit())
    fill = {"price": "2500.00", "qty": "0.1", "commission": "0.25", "commissionAsset": "USDT"}
    answer = order_row(status="FILLED", executedQty="0.1", fills=[{**fill, "tradeId": 700}])

    by_event = words(line.event(**trade_report()))
    by_answer = words(line.reply(line.only(), answer))

    assert by_event == by_answer


def test_trap_19_a_cancel_has_an_id_of_its_own():
    """`c` names the cancel, `C` the order; both lead to the order here."""
    line = Line()
    canceled: dict[str, Any] = {"x": "CANCELED", "X": "CANCELED"}

    theirs = line.event(**report(c="web_0815", C="S0badcafe-7-1", **canceled))
    ours = line.event(**report(2, c="S0badcafe-7-2c", C="S0badcafe-7-2", **canceled))
    other = line.event(**report(3, c="S0badcafe-7-3", C="somebody", i=77, I=1, **canceled))

    assert words(theirs) == [Seen(1, CANCELED)]
    assert words(ours) == [Seen(2, CANCELED)]
    assert words(other) == [Seen(3, CANCELED)]


@pytest.mark.parametrize(
    ("kind", "state", "status"),
    [
        ("EXPIRED", "EXPIRED", EXPIRED),
        ("TRADE_PREVENTION", "EXPIRED_IN_MATCH", EXPIRED),
        ("TRADE_PREVENTION", "NEW", OPEN),
        ("CANCELED", "CANCELED", CANCELED),
    ],
)
def test_trap_20_what_traded_so_far_is_the_truth(kind, state, status):
    """Whatever ends it: `z` says how much of it traded, and a last quantity of zero is no trade."""
    line = Line()

    heard = line.event(**report(x=kind, X=state, l="0.00000000", z="0.04000000"))

    assert words(heard) == [Seen(1, status, 400)]


@pytest.mark.parametrize(
    ("asset", "fee"),
    [
        ("USDT", (12_345, IN_QUOTE)),
        ("ETH", (12_345, IN_BASE)),
        ("BNB", (12_345, IN_OTHER)),
        ("XYZ", (0, 0)),
    ],
)
def test_trap_21_a_commission_has_an_asset(asset, fee):
    """Of the quote, the base or the one other that is counted; in 1e-8 of it."""
    assert fee_of(12_345, asset, eth_rules().instrument, "BNB") == fee


def test_trap_21_less_arrives_than_was_bought():
    """A thousandth of the base is the fee: what can be sold is cut to whole lots."""
    rules = eth_rules()
    bought = 1_000 * rules.instrument.lot_e8

    assert rules.lots_down(f"0.{bought - bought // 1_000:08d}") == 999


def test_trap_23_a_refused_cancel_is_no_cancel():
    """-2011 says that there is nothing to cancel: how it ended must be asked."""
    line = Line()
    line.cancel()

    assert words(line.refuse(line.only("order.cancel"), -2011, "Unknown order sent.")) == [
        Refusal(-2011)
    ]


def test_trap_23_half_a_success_is_none():
    """409: part of it was done."""
    assert not reasons.is_definite(409, -2021, "Order cancel-replace partially failed.")


def test_trap_26_a_market_order_may_expire_in_part_and_the_reason_is_kept():
    """The trades it made count, then its end."""
    line = Line()
    rule = "EXECUTION_RULE_PRICE_RANGE_EXCEEDED"

    heard = line.event(**report(o="MARKET", x="EXPIRED", X="EXPIRED", z="0.03", eR=rule))

    assert words(heard) == [Seen(1, EXPIRED, 300)]
    assert any(rule in note for note in line.books.notes)


def test_trap_27_a_lost_post_is_not_repeated():
    """Without an answer over REST the order is unknown, as over any other way."""
    line = Line(connected=False)
    line.submit(submit())
    ((id_, rest),) = line.account.leaving_by_rest(line.now_ns)

    heard = line.account.hear_by_rest(id_, 0, {}, "", line.now_ns)

    assert rest.verb == "POST"
    assert words(heard) == [Silence()]
    assert line.account.leaving_by_rest(line.now_ns + SECOND) == []


def test_an_orders_trades_are_asked_by_the_venues_own_id():
    """First the order, for its id, then page after page."""
    line = Line()
    line.ask(ASK_FILLS, 1)
    first = line.reply(line.only("order.status"), order_row(status="FILLED", executedQty="0.1"))
    row = {"symbol": "ETHUSDT", "orderId": 5_001, "price": "2500", "qty": "0.0001", "time": 1}
    row |= {"commission": "0.001", "commissionAsset": "BNB", "isBuyer": True, "isMaker": True}
    page = [{**row, "id": number} for number in range(1, 501)]
    sent = line.only("myTrades")
    second = line.reply(sent, page)
    third = line.reply(line.only("myTrades"), [{**row, "id": 501}])

    assert words(first) == [Seen(1, FILLED, 1_000)]
    assert sent["params"]["orderId"] == 5_001
    assert line.sent[-1]["params"]["fromId"] == 501
    assert len(second) == 500
    assert [type(answer) for answer in words(third)] == [Trades]


def test_what_is_held_is_cash_lots_and_our_open_orders():
    """Free and locked; the orders of others are counted, and not ours to judge."""
    line = Line()
    line.ask(ASK_HOLDING)
    rows = [order_row(3), order_row(4, clientOrderId="somebody"), order_row(5, symbol="BTCUSDT")]
    line.reply(line.only("openOrders.status"), rows)
    held = [
        {"asset": "USDT", "free": "90.5", "locked": "9.5"},
        {"asset": "BNB", "free": "1", "locked": "0"},
    ]
    held.append({"asset": "ETH", "free": "0.10009999", "locked": "0.1"})

    heard = line.reply(line.only("account.status"), {"balances": held, "permissions": ["SPOT"]})

    assert words(heard) == [Holding(100 * E8, (2_000,), (3,), (9_999,), E8)]
    assert line.books.around(0).open == 1


def test_a_trade_between_two_ticks_moves_against_us():
    """The venue may change its tick while an order rests."""
    instrument = eth_rules().instrument
    amounts = (250_000_500_000, 10_000)

    assert steps_traded(BUY, *amounts, instrument) == (250_001, 1)
    assert steps_traded(SELL, *amounts, instrument) == (250_000, 1)
