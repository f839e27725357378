"""Are orders, fills and accounts answered as Binance documents them, on both doors?"""

import json
from typing import Any

import pytest

from tests.venue_house import ORDER, heard_until, serving

LIMIT = {**ORDER, "quantity": "0.1", "price": "1500"}
MARKET = {"symbol": "ETHUSDT", "side": "BUY", "type": "MARKET"}


@pytest.fixture
def served():
    """A venue of its own for each test: balances are counted."""
    with serving() as venue:
        yield venue


def documented(shared, page, section, place=0):
    """An answer as a page of the documentation shows it."""
    rows = json.loads((shared / f"exchange_fixtures/binance_docs/{page}.json").read_text())
    found = [row["value"] for row in rows if row["section"].endswith(section)][place]
    return found[0] if isinstance(found, list) else found


def balances(client):
    """Free and locked, by asset."""
    rows = client.signed("GET", "account").body["balances"]
    return {row["asset"]: (row["free"], row["locked"]) for row in rows}


@pytest.mark.parametrize(("form", "place"), [("ACK", 0), ("RESULT", 1), ("FULL", 2)])
def test_a_placement_is_answered_in_three_forms(client, shared, form, place):
    """With exactly the documented fields."""
    told = client.signed("POST", "order", **MARKET, quantity="0.5", newOrderRespType=form)

    shown = documented(shared, "rest-api", "New order (TRADE)", place)
    assert told.body.keys() == shown.keys()
    if form == "FULL":
        assert told.body["fills"][0].keys() == shown["fills"][0].keys()


@pytest.mark.parametrize(
    ("kind", "is_full"),
    [
        ({"type": "LIMIT", "timeInForce": "GTC"}, True),
        ({"type": "LIMIT_MAKER"}, False),
        ({"type": "STOP_LOSS", "side": "SELL", "stopPrice": "1500", "price": None}, False),
    ],
)
def test_the_usual_form_depends_on_the_type(client, kind, is_full):
    """FULL for LIMIT and MARKET, ACK for the others."""
    client.signed("POST", "order", **MARKET, quantity="0.1")
    sent = {"symbol": "ETHUSDT", "side": "BUY", "quantity": "0.1", "price": "1500", **kind}

    told = client.signed("POST", "order", **{name: v for name, v in sent.items() if v is not None})

    assert told.status == 200
    assert ("fills" in told.body) is is_full


def test_documented_fields_of_every_answer(client, shared):
    """Query, open orders, cancels, fills and account show what the documents show."""
    client.signed("POST", "order", **MARKET, quantity="0.5")
    number = client.signed("POST", "order", **LIMIT).body["orderId"]
    which = {"symbol": "ETHUSDT", "orderId": number}
    asked = client.signed("GET", "order", **which).body
    opened = client.signed("GET", "openOrders", symbol="ETHUSDT").body[0]
    every = client.signed("GET", "allOrders", symbol="ETHUSDT").body
    canceled = client.signed("DELETE", "order", **which).body
    fill = client.signed("GET", "myTrades", symbol="ETHUSDT").body[0]
    account = client.signed("GET", "account").body
    costs = client.signed("GET", "account/commission", symbol="ETHUSDT").body
    counts = client.signed("GET", "rateLimit/order").body

    for told, section in [
        (asked, "Query order (USER_DATA)"),
        (opened, "Current open orders (USER_DATA)"),
        (every[-1], "All orders (USER_DATA)"),
        (canceled, "Cancel order (TRADE)"),
        (fill, "Account trade list (USER_DATA)"),
        (account, "Account information (USER_DATA)"),
        (costs, "Query Commission Rates (USER_DATA)"),
        (counts[0], "Query Unfilled Order Count (USER_DATA)"),
    ]:
        assert told.keys() == documented(shared, "rest-api", section).keys(), section


def test_a_fill_moves_both_balances_and_pays_its_fee(client):
    """Fees come from what is received, rounded at the eighth place; zero rows are there."""
    told = client.signed("POST", "order", **MARKET, quantity="1.5").body

    assert told["status"] == "FILLED"
    assert told["cummulativeQuoteQty"] == "3002.00000000"  # 1 at 2001, 0.5 at 2002
    assert [fill["tradeId"] for fill in told["fills"]] == [1, 2]
    assert balances(client) == {
        "BNB": ("0.00000000", "0.00000000"),
        "ETH": ("11.49850000", "0.00000000"),
        "USDT": ("96998.00000000", "0.00000000"),
    }


def test_what_an_open_order_needs_is_locked_until_it_is_canceled(client):
    """And -2011 for a second cancel."""
    client.signed("POST", "order", **LIMIT, newClientOrderId="mine")
    during = balances(client)["USDT"]
    canceled = client.signed("DELETE", "order", symbol="ETHUSDT", origClientOrderId="mine")
    again = client.signed("DELETE", "order", symbol="ETHUSDT", origClientOrderId="mine")

    assert during == ("99850.00000000", "150.00000000")
    assert canceled.body["origClientOrderId"] == "mine"
    assert canceled.body["clientOrderId"] != "mine"
    assert balances(client)["USDT"] == ("100000.00000000", "0.00000000")
    assert again.body == {"code": -2011, "msg": "Unknown order sent."}


def test_a_client_order_id_is_used_once_among_open_orders(client):
    """After the order has ended the same id is taken again."""
    first = client.signed("POST", "order", **LIMIT, newClientOrderId="mine")
    second = client.signed("POST", "order", **LIMIT, newClientOrderId="mine")
    client.signed("DELETE", "openOrders", symbol="ETHUSDT")
    third = client.signed("POST", "order", **LIMIT, newClientOrderId="mine")

    assert (first.status, third.status) == (200, 200)
    assert second.body == {"code": -2010, "msg": "Duplicate order sent."}


def test_a_quote_sized_market_order_spends_close_to_its_sum(client):
    """In whole lots, and never more."""
    told = client.signed("POST", "order", **MARKET, quoteOrderQty="1000").body

    assert told["executedQty"] == "0.49970000"
    assert told["cummulativeQuoteQty"] == "999.89970000"
    assert told["origQuoteOrderQty"] == "1000.00000000"


def test_test_orders_have_no_effect(client):
    """They are checked, and may tell what they would cost."""
    told = client.signed("POST", "order/test", **LIMIT)
    costs = client.signed("POST", "order/test", **LIMIT, computeCommissionRates="true").body
    wrong = client.signed("POST", "order/test", **LIMIT | {"price": "1500.001"})

    assert told.body == {}
    assert costs["standardCommissionForOrder"] == {"maker": "0.00100000", "taker": "0.00100000"}
    assert wrong.body["msg"] == "Filter failure: PRICE_FILTER"
    assert client.signed("GET", "allOrders", symbol="ETHUSDT").body == []


def test_a_cancel_replace_tells_of_both_halves(client, shared):
    """409 where one succeeded, 400 where none did, with what became of each."""
    placed = client.signed("POST", "order", **LIMIT).body["orderId"]
    sent = {**LIMIT, "price": "1501", "cancelReplaceMode": "STOP_ON_FAILURE"}

    done = client.signed("POST", "order/cancelReplace", **sent, cancelOrderId=placed)
    failed = client.signed("POST", "order/cancelReplace", **sent, cancelOrderId=placed)
    half = client.signed(
        "POST",
        "order/cancelReplace",
        **sent | {"cancelReplaceMode": "ALLOW_FAILURE"},
        cancelOrderId=placed,
    )

    section = "Cancel an Existing Order and Send a New Order (TRADE)"
    assert done.body.keys() == documented(shared, "rest-api", section).keys()
    assert failed.status == 400
    assert failed.body == documented(shared, "rest-api", section, 1)
    assert (half.status, half.body["code"]) == (409, -2021)
    assert half.body["data"]["newOrderResponse"]["status"] == "NEW"


def test_an_amended_order_keeps_its_place(client, shared):
    """A smaller quantity; the answer has the documented fields."""
    number = client.signed("POST", "order", **LIMIT).body["orderId"]
    which = {"symbol": "ETHUSDT", "orderId": number}

    told = client.signed("PUT", "order/amend/keepPriority", **which, newQty="0.05").body

    section = "Order Amend Keep Priority (TRADE)"
    shown = documented(shared, "rest-api", section)
    assert told.keys() == shown.keys()
    assert told["amendedOrder"].keys() == shown["amendedOrder"].keys()
    assert client.signed("GET", "order", **which).body["origQty"] == "0.05000000"


def test_the_account_stream_tells_each_step_of_an_order(client, shared):
    """NEW, then TRADE with its fee, then the balances; documented fields, the same trade id."""
    with client.socket("/ws-api/v3") as line:
        client.ask(line, "userDataStream.subscribe.signature", sign=True)
        placed = client.signed("POST", "order", **MARKET, quantity="0.5").body
        told = heard_until(line, lambda one: one["event"]["e"] == "outboundAccountPosition")

    kinds = [one["event"].get("x", one["event"]["e"]) for one in told]
    assert kinds == ["NEW", "TRADE", "outboundAccountPosition"]
    assert {one["subscriptionId"] for one in told} == {0}
    report, position = told[1]["event"], told[2]["event"]
    shown = documented(shared, "user-data-stream", "Order Update")["event"]
    assert report.keys() == shown.keys() - {"v"}
    assert (report["t"], report["n"], report["N"]) == (1, "0.00050000", "ETH")
    assert (report["Y"], placed["cummulativeQuoteQty"]) == ("1000.50000000", "1000.50000000")
    assert position["B"][0] == {"a": "ETH", "f": "10.49950000", "l": "0.00000000"}


def test_a_cancel_is_told_with_both_client_ids(client):
    """`c` is the cancel's own, `C` the order's."""
    with client.socket("/ws-api/v3") as line:
        client.ask(line, "userDataStream.subscribe.signature", sign=True)
        client.signed("POST", "order", **LIMIT, newClientOrderId="mine")
        client.signed(
            "DELETE", "order", symbol="ETHUSDT", origClientOrderId="mine", newClientOrderId="stop"
        )
        told = heard_until(line, lambda one: one["event"].get("x") == "CANCELED")[-1]["event"]

    assert (told["c"], told["C"], told["X"]) == ("stop", "mine", "CANCELED")


def test_a_subscription_ends_when_it_is_wanted(client):
    """With a last word; afterwards nothing is told."""
    with client.socket("/ws-api/v3") as line:
        number = client.ask(line, "userDataStream.subscribe.signature", sign=True)["result"]
        listed = client.ask(line, "session.subscriptions")["result"]
        line.send(client.frame("userDataStream.unsubscribe", number))
        last = heard_until(line, lambda one: "id" in one)
        again = client.ask(line, "userDataStream.unsubscribe", **number)
        client.signed("POST", "order", **LIMIT)
        silent = client.ask(line, "ping")

    assert listed == [number]
    assert [one.get("event", {}).get("e") for one in last] == ["eventStreamTerminated", None]
    assert again["error"]["code"] == -2036
    assert silent["result"] == {}


def test_the_two_doors_give_the_same_answers(client):
    """One table behind both: the same results, apart from the time."""
    client.signed("POST", "order", **LIMIT)
    pairs: list[tuple[str, str, dict[str, Any]]] = [
        ("openOrders", "openOrders.status", {}),
        ("allOrders", "allOrders", {"symbol": "ETHUSDT"}),
        ("myTrades", "myTrades", {"symbol": "ETHUSDT"}),
        ("order", "order.status", {"symbol": "ETHUSDT", "orderId": 11}),
    ]
    with client.socket("/ws-api/v3") as line:
        for path, method, sent in pairs:
            by_message = client.ask(line, method, sign=True, **sent)
            assert by_message["result"] == client.signed("GET", path, **sent).body
        all_of_them = client.ask(line, "openOrders.cancelAll", sign=True, symbol="ETHUSDT")

    assert [one["status"] for one in all_of_them["result"]] == ["CANCELED"]


def test_microseconds_where_they_are_asked_for(client):
    """A header of REST, a parameter of the address."""
    by_rest = client.rest("GET", "/api/v3/time", **{"X-MBX-TIME-UNIT": "microsecond"}).body
    with client.socket("/ws-api/v3?timeUnit=MICROSECOND") as line:
        by_message = client.ask(line, "time")["result"]

    assert by_rest["serverTime"] > 10**15
    assert by_message["serverTime"] > 10**15


def test_limits_are_left_out_where_they_are_not_wanted(client):
    """By the request or by the address, and the request has the last word."""
    with client.socket("/ws-api/v3?returnRateLimits=false") as line:
        without = client.ask(line, "ping")
        wanted = client.ask(line, "ping", returnRateLimits=True)

    assert "rateLimits" not in without
    assert wanted["rateLimits"][0]["rateLimitType"] == "REQUEST_WEIGHT"
