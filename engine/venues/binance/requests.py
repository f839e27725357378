"""How is it asked? The engine's requests as calls of the WebSocket API, and the same over REST.

Source: web-socket-api.md and rest-api.md, "Trading requests" and "Account requests".
"""

import json
from typing import NamedTuple

from engine.messages import BUY, LIMIT, STOP, SubmitOrder
from engine.venues.binance.checks import TYPE_NAMES
from engine.venues.binance.limits import Cost, cost_of
from engine.venues.binance.rules import Rules
from engine.venues.binance.signing import (
    Key,
    Parameters,
    encoded,
    signed_for_rest,
    signed_for_ws,
)

RECEIVE_WINDOW_MS = 5_000  # the venue takes nothing older; `Terms.settle_ns` counts on it
TRADES_MAX = 500  # of one page
FORM = "application/x-www-form-urlencoded"


class Call(NamedTuple):
    """One call: its method, its way over REST, its parameters but for time and signature."""

    method: str
    verb: str
    path: str
    parameters: Parameters
    cost: Cost
    is_signed: bool = True


class Rest(NamedTuple):
    """One HTTP request; the target begins with a slash."""

    verb: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: str


def place(order: SubmitOrder, rules: Rules, name: str) -> Call:
    """A new order, by quantity always: one by quote would not spend exactly its sum."""
    one, type_ = rules.instrument, order.flags >> 1 & 3
    parameters: Parameters = {
        "symbol": one.name,
        "side": "BUY" if order.flags & 1 == BUY else "SELL",
        "type": TYPE_NAMES[type_],
        "quantity": one.quantity_text(order.lots),
        "newClientOrderId": name,
        "newOrderRespType": "FULL",
    }
    if type_ == LIMIT:
        parameters |= {"timeInForce": "GTC", "price": one.price_text(order.price)}
    if type_ == STOP:
        parameters["stopPrice"] = one.price_text(order.price)
    return Call("order.place", "POST", "/api/v3/order", parameters, cost_of(1, 1))


def whose(venue_id: int, name: str) -> Parameters:
    """The order by the venue's id, or where that is not known by its name."""
    return {"orderId": venue_id} if venue_id else {"origClientOrderId": name}


def cancel(symbol: str, venue_id: int, name: str) -> Call:
    """The end of an order; the cancel's name leads back to it."""
    parameters: Parameters = {"symbol": symbol, **whose(venue_id, name)}
    parameters["newClientOrderId"] = name if name.endswith("c") else name + "c"
    return Call("order.cancel", "DELETE", "/api/v3/order", parameters, cost_of(1))


def order_status(symbol: str, venue_id: int, name: str) -> Call:
    """What became of an order."""
    parameters: Parameters = {"symbol": symbol, **whose(venue_id, name)}
    return Call("order.status", "GET", "/api/v3/order", parameters, cost_of(4))


def trades_of(symbol: str, venue_id: int, from_id: int = 0) -> Call:
    """A page of an order's trades, from a trade id on."""
    parameters: Parameters = {"symbol": symbol, "orderId": venue_id, "limit": TRADES_MAX}
    if from_id:
        parameters["fromId"] = from_id
    return Call("myTrades", "GET", "/api/v3/myTrades", parameters, cost_of(5))


def open_orders(symbol: str = "") -> Call:
    """Every open order, of one symbol or of all."""
    parameters: Parameters = {"symbol": symbol} if symbol else {}
    cost = cost_of(6 if symbol else 80)
    return Call("openOrders.status", "GET", "/api/v3/openOrders", parameters, cost)


def account_status() -> Call:
    """Balances and permissions."""
    parameters: Parameters = {"omitZeroBalances": True}
    return Call("account.status", "GET", "/api/v3/account", parameters, cost_of(20))


def venue_time() -> Call:
    """The venue's clock."""
    return Call("time", "GET", "/api/v3/time", {}, cost_of(1), is_signed=False)


def exchange_info(symbols: tuple[str, ...]) -> Call:
    """What may be traded, and by which rules, over the WebSocket API; REST wants a JSON text."""
    told = json.dumps(list(symbols), separators=(",", ":"))
    parameters: Parameters = {"symbols": told} if symbols else {}
    return Call(
        "exchangeInfo", "GET", "/api/v3/exchangeInfo", parameters, cost_of(20), is_signed=False
    )


def average_price(symbol: str) -> Call:
    """The volume weighted price of the filters' minutes."""
    parameters: Parameters = {"symbol": symbol}
    return Call("avgPrice", "GET", "/api/v3/avgPrice", parameters, cost_of(2), is_signed=False)


def subscription() -> Call:
    """The account's own stream, on the connection that carries the call."""
    return Call("userDataStream.subscribe.signature", "", "", {}, cost_of(2))


def ws_text(call: Call, id_: str, key: Key, stamp_ms: int) -> str:
    """The call as one text frame; amounts and ids are texts, times are numbers."""
    parameters = call.parameters
    if call.is_signed:
        timed = {**parameters, "recvWindow": RECEIVE_WINDOW_MS, "timestamp": stamp_ms}
        parameters = signed_for_ws(timed, key)
    elif call.method == "exchangeInfo" and parameters:
        listed = {"symbols": json.loads(str(parameters["symbols"]))}
        return json.dumps({"id": id_, "method": call.method, "params": listed})
    return json.dumps({"id": id_, "method": call.method, "params": parameters})


def rest_of(call: Call, key: Key, stamp_ms: int) -> Rest:
    """The call as an HTTP request: a POST carries a form, everything else a query."""
    if not call.is_signed:
        query = encoded(call.parameters)
        return Rest(call.verb, f"{call.path}?{query}" if query else call.path, (), "")
    timed = {**call.parameters, "recvWindow": RECEIVE_WINDOW_MS, "timestamp": stamp_ms}
    sent = encoded(timed)
    headers: tuple[tuple[str, str], ...] = (("X-MBX-APIKEY", key.id),)
    if call.verb == "POST":
        body = f"{sent}&{signed_for_rest('', sent, key)}"
        return Rest(call.verb, call.path, (*headers, ("Content-Type", FORM)), body)
    return Rest(call.verb, f"{call.path}?{sent}&{signed_for_rest(sent, '', key)}", headers, "")
