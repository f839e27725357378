"""Is bad input refused in Binance's own codes and texts? Parameter by parameter, on both doors."""

import pytest

from engine.venues.exchange.matching.words import CANCEL_ONLY, HALT, TRADING
from tests.venue_house import ORDER, Client, serving

LIMIT = {**ORDER, "quantity": "0.1", "price": "1500"}
ILLEGAL = "Illegal characters found in parameter '{}'; legal range is '{}'."
AMOUNT, WHOLE = r"^([0-9]{1,20})(\.[0-9]{1,20})?$", "^[0-9]{1,20}$"
MARKET = {"symbol": "ETHUSDT", "side": "BUY", "type": "MARKET"}
STOP = {"symbol": "ETHUSDT", "side": "SELL", "type": "STOP_LOSS", "quantity": "0.1"}


def without(name):
    """A limit order that lacks a parameter."""
    return {key: value for key, value in LIMIT.items() if key != name}


def missing(name):
    """What is said of a parameter that is missing."""
    return f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


def unwanted(name):
    """What is said of a parameter too many."""
    return f"Parameter '{name}' sent when not required."


REFUSED = [
    (without("symbol"), -1102, missing("symbol")),
    (without("side"), -1102, missing("side")),
    (without("type"), -1102, missing("type")),
    (without("timeInForce"), -1102, missing("timeInForce")),
    (without("quantity"), -1102, missing("quantity")),
    (without("price"), -1102, missing("price")),
    (MARKET, -1102, "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!"),
    (STOP, -1102, missing("stopPrice")),
    (LIMIT | {"symbol": "NOPE"}, -1121, "Invalid symbol."),
    (LIMIT | {"symbol": "ethusdt"}, -1100, ILLEGAL.format("symbol", "^[A-Z0-9-_.]{1,20}$")),
    (LIMIT | {"side": "HOLD"}, -1117, "Invalid side."),
    (LIMIT | {"type": "ICEBERG"}, -1116, "Invalid orderType."),
    (LIMIT | {"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
    (LIMIT | {"quantity": "-1"}, -1100, ILLEGAL.format("quantity", AMOUNT)),
    (LIMIT | {"quantity": "1e3"}, -1100, ILLEGAL.format("quantity", AMOUNT)),
    (LIMIT | {"price": "0.123456789"}, -1111, "Parameter 'price' has too much precision."),
    (LIMIT | {"price": "1500.001"}, -1013, "Filter failure: PRICE_FILTER"),
    (LIMIT | {"price": "100"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    (LIMIT | {"quantity": "0.00001"}, -1013, "Filter failure: LOT_SIZE"),
    (LIMIT | {"quantity": "0.001"}, -1013, "Filter failure: NOTIONAL"),
    (LIMIT | {"quantity": "99"}, -2010, "Account has insufficient balance for requested action."),
    (LIMIT | {"newClientOrderId": "a b"}, -1100,
     ILLEGAL.format("newClientOrderId", "^[a-zA-Z0-9-_]{1,36}$")),
    (LIMIT | {"newClientOrderId": ""}, -1105, "Parameter 'newClientOrderId' was empty."),
    (LIMIT | {"newOrderRespType": "SOME"}, -1130,
     "Data sent for parameter 'newOrderRespType' is not valid."),
    (LIMIT | {"stopPrice": "1400"}, -1106, unwanted("stopPrice")),
    (LIMIT | {"strategyType": "5"}, -1134, "`strategyType` was less than 1000000."),
    (LIMIT | {"icebergQty": "0.01"}, -1013, "Iceberg orders are not supported for this symbol."),
    (MARKET | {"quantity": "1", "quoteOrderQty": "10"}, -1106, unwanted("quoteOrderQty")),
    (MARKET | {"quantity": "1", "price": "10"}, -1106, unwanted("price")),
    (MARKET | {"quantity": "1", "timeInForce": "GTC"}, -1106, unwanted("timeInForce")),
    (LIMIT | {"wish": "1"}, -1104,
     "Not all sent parameters were read; read '8' parameter(s) but was sent '9'."),
]  # fmt: skip


@pytest.fixture(scope="module")
def served():
    """A venue that knows a price, for the whole file."""
    with serving() as venue:
        Client(venue).signed("POST", "order", **MARKET, quantity="0.01")
        yield venue


@pytest.mark.parametrize(("sent", "code", "text"), REFUSED)
def test_an_order_that_is_wrong_is_refused(client, sent, code, text):
    """REST and the WebSocket API answer from one table: the same code, the same text."""
    by_rest = client.signed("POST", "order", **sent)
    with client.socket("/ws-api/v3") as line:
        by_message = client.ask(line, "order.place", sign=True, **sent)

    assert (by_rest.status, by_rest.body) == (400, {"code": code, "msg": text})
    assert (by_message["status"], by_message["error"]) == (400, by_rest.body)


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("depth", "", -1102),
        ("depth", "symbol=", -1105),
        ("depth", "symbol=ETHUSDT&symbol=ETHUSDT", -1101),
        ("depth", "symbol=ETHUSDT&limit=0", -1130),
        ("depth", "symbol=ETHUSDT&limit=x", -1100),
        ("depth", "symbol=ETHUSDT&limit=99999999999999999999", -1108),
        ("depth", "symbol=ETHUSDT&symbolStatus=BREAK", -1220),
        ("depth", "symbol=ETHUSDT&symbolStatus=OPEN", -1122),
        ("klines", "symbol=ETHUSDT&interval=2m", -1120),
        ("klines", "symbol=ETHUSDT", -1102),
        ("exchangeInfo", "symbol=NOPE", -1121),
        ("exchangeInfo", "symbols=ETHUSDT", -1100),
        ("exchangeInfo", "symbols=%5B%22ETHUSDT%22,%22ETHUSDT%22%5D", -1151),
        ("exchangeInfo", "symbol=ETHUSDT&symbols=%5B%22ETHUSDT%22%5D", -1128),
        ("ticker/24hr", "symbol=ETHUSDT&type=TINY", -1139),
        ("ticker", "", -1102),
        ("time", "wish=1", -1104),
    ],
)
def test_market_questions_that_are_wrong_are_refused(client, path, query, code):
    """The codes of errors.md."""
    told = client.rest("GET", f"/api/v3/{path}", query)

    assert (told.status, told.body["code"]) == (400, code)


def test_a_time_unit_that_is_none_is_refused(client):
    """-1194 names the two there are."""
    told = client.rest("GET", "/api/v3/time", **{"X-MBX-TIME-UNIT": "HOUR"})

    said = "Invalid value for time unit; expected either MICROSECOND or MILLISECOND."
    assert told.body == {"code": -1194, "msg": said}


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [("GET", "/api/v3/moon", 404), ("POST", "/api/v3/time", 405), ("GET", "/", 404)],
)
def test_what_is_not_served_is_not_found(client, verb, path, status):
    """No JSON error of the exchange: the path is wrong, not the request."""
    assert client.rest(verb, path).status == status


@pytest.mark.parametrize(
    ("asked", "sent", "code", "text"),
    [
        ("GET order", {"orderId": 99}, -2013, "Order does not exist."),
        ("DELETE order", {"orderId": 99}, -2011, "Unknown order sent."),
        ("DELETE openOrders", {}, -2011, "Unknown order sent."),
        ("GET order", {}, -1102,
         "Param 'orderId' or 'origClientOrderId' must be sent, but both were empty/null!"),
        ("DELETE order", {"orderId": 1, "cancelRestrictions": "ALL"}, -1145,
         "Invalid cancelRestrictions"),
        ("GET myTrades", {"startTime": 1, "endTime": 1 + 86_400_001}, -1127,
         "More than 24 hours between startTime and endTime."),
    ],
)  # fmt: skip
def test_questions_about_orders_that_are_wrong_are_refused(client, asked, sent, code, text):
    """An order that is not there has a code of its own for each question."""
    told = client.signed(*asked.split(), symbol="ETHUSDT", **sent)

    assert told.body == {"code": code, "msg": text}


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", -1135),
        ("[]", -1135),
        ('{"id": 1}', -1135),
        ('{"id": [1], "method": "ping"}', -1135),
        ('{"id": 1, "method": "ping", "params": []}', -1135),
        ('{"id": 1, "method": "moon"}', -1020),
        ('{"id": 1, "method": "depth", "params": {}}', -1102),
        ('{"id": 1, "method": "order.place", "params": {}}', -1102),
        ("[" * 5_000, -1135),
    ],
)
def test_frames_that_are_no_request_are_answered_with_an_error(client, frame, code):
    """The connection goes on."""
    with client.socket("/ws-api/v3") as line:
        line.send(frame)
        told = line.recv(timeout=10)
        alive = client.ask(line, "ping")

    assert f'"code":{code}' in told
    assert alive["status"] == 200


@pytest.mark.parametrize("status", [HALT, CANCEL_ONLY])
def test_a_symbol_that_does_not_trade_takes_cancels_only(served, status):
    """exchangeInfo tells the status; an order is answered with -1013 Market is closed."""
    client = Client(served)
    number = client.signed("POST", "order", **LIMIT).body["orderId"]

    served.do(lambda: served.house.exchange.halt("ETHUSDT", status))
    told = client.get("exchangeInfo", symbol="ETHUSDT")["symbols"][0]["status"]
    placed = client.signed("POST", "order", **LIMIT)
    canceled = client.signed("DELETE", "order", symbol="ETHUSDT", orderId=number)
    served.do(lambda: served.house.exchange.halt("ETHUSDT", TRADING))

    assert told == status
    assert placed.body == {"code": -1013, "msg": "Market is closed."}
    assert canceled.body["status"] == "CANCELED"
