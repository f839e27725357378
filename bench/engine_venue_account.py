"""What does the benchmark's venue answer? Just what an engine asks, at one price, without a book.

Market orders fill at once and as a whole, stops rest until they are canceled. Of each order what
the exchange tells of it is told: its answer, and the same as events of the account's stream.
"""

import time
from typing import Any, NamedTuple

SYMBOL, BASE, QUOTE = "ETHUSDT", "ETH", "USDT"
PRICE = "2683.80000000"
CASH, MANY = 100_000.0, 1 << 30
NOTHING = "0.00000000"
FILTERS = [
    {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
    {"filterType": "LOT_SIZE", "minQty": "0.0001", "maxQty": "9000", "stepSize": "0.0001"},
    {
        "filterType": "NOTIONAL",
        "minNotional": "5",
        "maxNotional": "9000000",
        "applyMinToMarket": True,
        "applyMaxToMarket": False,
        "avgPriceMins": 5,
    },
]
LIMITS = [
    {"rateLimitType": type_, "interval": "MINUTE", "intervalNum": 1, "limit": MANY}
    for type_ in ("REQUEST_WEIGHT", "ORDERS", "RAW_REQUESTS")
]
RULES: dict[str, Any] = {
    "symbols": [
        {
            "symbol": SYMBOL,
            "status": "TRADING",
            "baseAsset": BASE,
            "quoteAsset": QUOTE,
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "orderTypes": ["LIMIT", "MARKET", "STOP_LOSS"],
            "permissionSets": [["SPOT"]],
            "filters": FILTERS,
        }
    ],
    "rateLimits": LIMITS,
    "exchangeFilters": [],
}
DEPTH: dict[str, Any] = {
    "lastUpdateId": 1,
    "bids": [["2683.80", "3.0"]],
    "asks": [["2683.81", "31.4"]],
}

# What all executions have in common, so that one is as long as the exchange's own.
EXECUTION: dict[str, Any] = {
    "e": "executionReport",
    "s": SYMBOL,
    "f": "GTC",
    "r": "NONE",
    "L": PRICE,
    "V": "EXPIRE_MAKER",
    "N": None,
    "C": "",
    "m": False,
    "M": False,
    "g": -1,
    "v": 0,
    **dict.fromkeys("pPFnZYQ", NOTHING),
}


class Said(NamedTuple):
    """The answer's status and what it says, and events that follow it."""

    status: int
    told: Any
    events: tuple[dict[str, Any], ...] = ()


class Account:
    """One account; `held` is what it has of base."""

    def __init__(self) -> None:
        self.held = 0.0
        self.last_id = self.executions = 0
        self.stops: dict[int, dict[str, Any]] = {}
        self.placed = self.canceled = 0
        self.methods = {
            "time": lambda _: Said(200, {"serverTime": now_ms()}),
            "exchangeInfo": lambda _: Said(200, RULES),
            "avgPrice": lambda _: Said(200, {"mins": 5, "price": PRICE, "closeTime": now_ms()}),
            "userDataStream.subscribe.signature": lambda _: Said(200, {"subscriptionId": 0}),
            "openOrders.status": lambda _: Said(200, list(self.stops.values())),
            "account.status": lambda _: Said(200, self._balances()),
            "order.place": self._place,
            "order.cancel": self._cancel,
        }

    def answer(self, method: str, params: dict[str, Any]) -> Said:
        """What is said to a request; -2013 to whatever else is asked: it is not there."""
        known = self.methods.get(method)
        if known is None:
            return Said(400, {"code": -2013, "msg": "Order does not exist."})
        return known(params)

    def _balances(self) -> dict[str, Any]:
        rows = self._position()["B"]
        balances = [{"asset": row["a"], "free": row["f"], "locked": row["l"]} for row in rows]
        return {"balances": balances, "permissions": ["SPOT"], "updateTime": now_ms()}

    def _place(self, params: dict[str, Any]) -> Said:
        self.last_id += 1
        self.placed += 1
        is_stop, amount = params["type"] == "STOP_LOSS", float(params["quantity"])
        quantity = f"{amount:.8f}"
        order = {
            "symbol": SYMBOL,
            "orderId": self.last_id,
            "clientOrderId": params["newClientOrderId"],
            "side": params["side"],
            "type": params["type"],
            "origQty": quantity,
            "executedQty": NOTHING if is_stop else quantity,
            "status": "NEW" if is_stop else "FILLED",
            "transactTime": now_ms(),
            "fills": [],
        }
        told = [self._execution(order, "NEW", "NEW")]
        if is_stop:
            self.stops[self.last_id] = order
            return Said(200, order, tuple(told))
        self.held = round(self.held + (amount if params["side"] == "BUY" else -amount), 8)
        row = {"price": PRICE, "qty": quantity, "commission": NOTHING}
        order["fills"] = [{**row, "commissionAsset": QUOTE, "tradeId": self.last_id}]
        told += [self._execution(order, "TRADE", "FILLED"), self._position()]
        return Said(200, order, tuple(told))

    def _position(self) -> dict[str, Any]:
        """An `outboundAccountPosition`: what is held after a fill."""
        held = {QUOTE: f"{CASH - self.held * float(PRICE):.8f}", BASE: f"{self.held:.8f}"}
        rows = [{"a": name, "f": free, "l": NOTHING} for name, free in held.items()]
        return {"e": "outboundAccountPosition", "E": now_ms(), "u": now_ms(), "B": rows}

    def _cancel(self, params: dict[str, Any]) -> Said:
        name = params.get("origClientOrderId")
        named = [id_ for id_, one in self.stops.items() if one["clientOrderId"] == name]
        order = self.stops.pop(params.get("orderId", sum(named)), None)
        if order is None:
            return Said(400, {"code": -2011, "msg": "Unknown order sent."})
        self.canceled += 1
        order = {**order, "status": "CANCELED", "origClientOrderId": order["clientOrderId"]}
        return Said(200, order, (self._execution(order, "CANCELED", "CANCELED"),))

    def _execution(self, order: dict[str, Any], kind: str, status: str) -> dict[str, Any]:
        """An `executionReport`, as long as a real one."""
        self.executions += 1
        traded = order["origQty"] if kind == "TRADE" else NOTHING
        at_ms = now_ms()
        said = {"c": order["clientOrderId"], "S": order["side"], "o": order["type"], "x": kind}
        said |= {"X": status, "q": order["origQty"], "i": order["orderId"], "t": order["orderId"]}
        said |= {"l": traded, "z": traded, "I": self.executions, "w": traded == NOTHING}
        return {**EXECUTION, **said, "E": at_ms, "T": at_ms, "O": at_ms, "W": at_ms}


def now_ms() -> int:
    """The venue's clock."""
    return time.time_ns() // 1_000_000
