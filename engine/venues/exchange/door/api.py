"""What can be asked of the venue? One table, from which REST and the WebSocket API both answer."""

from collections.abc import Mapping
from typing import Any

from engine.venues.exchange.door import account_answers as of_account
from engine.venues.exchange.door import market_answers as of_market
from engine.venues.exchange.door import trading_answers as of_trading
from engine.venues.exchange.door.asking import NONE, TRADE, USER_DATA, Row
from engine.venues.exchange.door.parameters import (
    IN_FORCE,
    SIDE,
    STATUS,
    TYPE,
    Parameter,
    amount_e8,
    client_id,
    flag,
    limit,
    moment,
    needed,
    one_of,
    symbol,
    symbols,
    whole,
    word,
)
from engine.venues.exchange.market.klines import LENGTHS
from engine.venues.exchange.matching.words import (
    ALLOW_FAILURE,
    ONLY_NEW,
    ONLY_PARTIALLY_FILLED,
    STOP_ON_FAILURE,
    STP_MODES,
)

GET, POST, PUT, DELETE = "GET", "POST", "PUT", "DELETE"
V3 = "/api/v3/"

ONE = {"symbol": needed(symbol)}
SOME = {"symbol": Parameter(symbol), "symbols": Parameter(symbols)}
LIMITED = {"limit": Parameter(limit)}
TIMES = {"startTime": Parameter(moment), "endTime": Parameter(moment), **LIMITED}
STATUSES = {"symbolStatus": Parameter(STATUS)}
FORM = {"type": Parameter(one_of("FULL", "MINI", code=-1139, said="Invalid ticker type."))}
RESTRICTION = Parameter(
    one_of(ONLY_NEW, ONLY_PARTIALLY_FILLED, code=-1145, said="Invalid cancelRestrictions")
)
PERMISSIONS = {"permissions": Parameter(word), "showPermissionSets": Parameter(flag)}
BARS = {
    "interval": needed(one_of(*LENGTHS, code=-1120, said="Invalid interval.")),
    "timeZone": Parameter(one_of("0", "00:00", "0:00")),
}
ORDER = {
    **ONE,
    "side": needed(SIDE),
    "type": needed(TYPE),
    "timeInForce": Parameter(IN_FORCE),
    "quantity": Parameter(amount_e8),
    "quoteOrderQty": Parameter(amount_e8),
    "price": Parameter(amount_e8),
    "newClientOrderId": Parameter(client_id),
    "strategyId": Parameter(whole),
    "strategyType": Parameter(whole),
    "stopPrice": Parameter(amount_e8),
    "trailingDelta": Parameter(whole),
    "icebergQty": Parameter(amount_e8),
    "newOrderRespType": Parameter(one_of("ACK", "RESULT", "FULL")),
    "selfTradePreventionMode": Parameter(one_of(*STP_MODES)),
}
WHICH = {
    **ONE,
    "orderId": Parameter(whole),
    "origClientOrderId": Parameter(client_id),
}
CANCEL = {**WHICH, "newClientOrderId": Parameter(client_id), "cancelRestrictions": RESTRICTION}
REPLACE = {
    **ORDER,
    "cancelReplaceMode": needed(one_of(STOP_ON_FAILURE, ALLOW_FAILURE)),
    "cancelOrderId": Parameter(whole),
    "cancelOrigClientOrderId": Parameter(client_id),
    "cancelNewClientOrderId": Parameter(client_id),
    "cancelRestrictions": RESTRICTION,
}
AMEND = {**WHICH, "newClientOrderId": Parameter(client_id), "newQty": needed(amount_e8)}
FROM_ID = {"fromId": Parameter(whole)}
OF_ORDER = {"orderId": Parameter(whole)}


def fills_weight(sent: Mapping[str, Any]) -> int:
    """Less for one order."""
    return 5 if "orderId" in sent else 20


def open_weight(sent: Mapping[str, Any]) -> int:
    """Much more for all symbols."""
    return 6 if "symbol" in sent else 80


def prevented_weight(sent: Mapping[str, Any]) -> int:
    """More for a whole order's."""
    return 20 if "orderId" in sent else 2


def ticker_weight(sent: Mapping[str, Any]) -> int:
    """Much more for all symbols."""
    return 2 if {"symbol", "symbols"} & sent.keys() else 80


def best_weight(sent: Mapping[str, Any]) -> int:
    """Twice as much for more than one symbol."""
    return 2 if "symbol" in sent else 4


def empty(path: str, answer: Any, weight: int = 1) -> Row:
    """What clients ask of markets this venue does not have: taken with any parameters."""
    return Row(GET, path, "", NONE, weight, None, answer)


MARKET_ROWS = [
    Row(GET, V3 + "ping", "ping", NONE, 1, {}, of_market.ping),
    Row(GET, V3 + "time", "time", NONE, 1, {}, of_market.server_time),
    Row(GET, V3 + "exchangeInfo", "exchangeInfo", NONE, 20, SOME | PERMISSIONS | STATUSES,
        of_market.exchange_info),
    Row(GET, V3 + "depth", "depth", NONE, of_market.depth_weight, ONE | LIMITED | STATUSES,
        of_market.depth),
    Row(GET, V3 + "trades", "trades.recent", NONE, 25, ONE | LIMITED, of_market.trades),
    Row(GET, V3 + "historicalTrades", "trades.historical", NONE, 25, ONE | LIMITED | FROM_ID,
        of_market.old_trades),
    Row(GET, V3 + "aggTrades", "trades.aggregate", NONE, 4, ONE | TIMES | FROM_ID,
        of_market.aggregates),
    Row(GET, V3 + "klines", "klines", NONE, 2, ONE | BARS | TIMES, of_market.klines),
    Row(GET, V3 + "uiKlines", "uiKlines", NONE, 2, ONE | BARS | TIMES, of_market.klines),
    Row(GET, V3 + "avgPrice", "avgPrice", NONE, 2, ONE, of_market.average_price),
    Row(GET, V3 + "ticker/24hr", "ticker.24hr", NONE, ticker_weight, SOME | FORM | STATUSES,
        of_market.ticker_day),
    Row(GET, V3 + "ticker", "ticker", NONE, 4,
        SOME | FORM | STATUSES | {"windowSize": Parameter(word)}, of_market.ticker_window),
    Row(GET, V3 + "ticker/price", "ticker.price", NONE, best_weight, SOME | STATUSES,
        of_market.ticker_price),
    Row(GET, V3 + "ticker/bookTicker", "ticker.book", NONE, best_weight, SOME | STATUSES,
        of_market.ticker_book),
]  # fmt: skip
ACCOUNT_ROWS = [
    Row(POST, V3 + "order", "order.place", TRADE, 1, ORDER, of_trading.place),
    Row(POST, V3 + "order/test", "order.test", TRADE, of_trading.test_weight,
        ORDER | {"computeCommissionRates": Parameter(flag)}, of_trading.test),
    Row(DELETE, V3 + "order", "order.cancel", TRADE, 1, CANCEL, of_trading.cancel),
    Row(POST, V3 + "order/cancelReplace", "order.cancelReplace", TRADE, 1, REPLACE,
        of_trading.cancel_replace),
    Row(PUT, V3 + "order/amend/keepPriority", "order.amend.keepPriority", TRADE, 4, AMEND,
        of_trading.amend),
    Row(DELETE, V3 + "openOrders", "openOrders.cancelAll", TRADE, 1, ONE, of_trading.cancel_all),
    Row(GET, V3 + "account", "account.status", USER_DATA, 20,
        {"omitZeroBalances": Parameter(flag)}, of_account.account),
    Row(GET, V3 + "order", "order.status", USER_DATA, 4, WHICH, of_account.order),
    Row(GET, V3 + "openOrders", "openOrders.status", USER_DATA, open_weight,
        {"symbol": Parameter(symbol)}, of_account.open_orders),
    Row(GET, V3 + "allOrders", "allOrders", USER_DATA, 20, ONE | TIMES | OF_ORDER,
        of_account.all_orders),
    Row(GET, V3 + "myTrades", "myTrades", USER_DATA, fills_weight,
        ONE | TIMES | OF_ORDER | FROM_ID, of_account.fills),
    Row(GET, V3 + "rateLimit/order", "account.rateLimits.orders", USER_DATA, 40, {},
        of_account.order_counts),
    Row(GET, V3 + "account/commission", "account.commission", USER_DATA, 20, ONE,
        of_account.commission),
    Row(GET, V3 + "myPreventedMatches", "myPreventedMatches", USER_DATA, prevented_weight,
        ONE | LIMITED | OF_ORDER | {"preventedMatchId": Parameter(whole)}, of_account.prevented),
]  # fmt: skip
# Asked by clients that load every kind of market, whether it is wanted or not.
BESIDE_ROWS = [
    empty("/fapi/v1/exchangeInfo", of_market.no_symbols),
    empty("/dapi/v1/exchangeInfo", of_market.no_symbols),
    empty("/sapi/v1/margin/allPairs", of_market.nothing),
    empty("/sapi/v1/margin/isolated/allPairs", of_market.nothing),
    empty("/sapi/v1/capital/config/getall", of_market.nothing),
    empty("/sapi/v1/asset/tradeFee", of_market.trade_fees),
    empty("/sapi/v1/system/status", of_market.is_normal),
]
TABLE = [*MARKET_ROWS, *ACCOUNT_ROWS, *BESIDE_ROWS]
BY_PATH = {(row.verb, row.path): row for row in TABLE}
BY_METHOD = {row.method: row for row in TABLE if row.method}
PATHS = {row.path for row in TABLE}
