"""What do tests of the exchange's adapter share? An account told and asked by hand."""

import json
from typing import Any

from engine.messages import CancelOrder, SubmitOrder, encode
from engine.venues.asking import ASK_FILLS, ASK_HOLDING, ASK_ORDER, CANCEL, SUBMIT, Request
from engine.venues.binance.account import Account
from engine.venues.binance.books import Books
from engine.venues.binance.naming import Names
from engine.venues.binance.rules import Rules, rules_of
from engine.venues.binance.signing import HmacKey
from engine.venues.binance.steps import Heard

MS = 1_000_000
SECOND = 1_000 * MS
START = 1_764_000_000 * SECOND
KEY = HmacKey("the-id", "the-secret")
VERBS = {ASK_ORDER, ASK_FILLS, ASK_HOLDING, CANCEL}
BUY_LIMIT, SELL_MARKET, SELL_STOP, BUY_MARKET = 2, 1, 5, 0


def filters(**changes: Any) -> list[dict[str, Any]]:
    """ETHUSDT's filters; a change is a whole filter, or None to leave it out."""
    rows: dict[str, Any] = {
        "PRICE_FILTER": {"minPrice": "0.01", "maxPrice": "1000000.00", "tickSize": "0.01"},
        "LOT_SIZE": {"minQty": "0.0001", "maxQty": "9000.0", "stepSize": "0.0001"},
        "MARKET_LOT_SIZE": {"minQty": "0.0", "maxQty": "500.0", "stepSize": "0.0"},
        "NOTIONAL": {
            "minNotional": "5.0",
            "applyMinToMarket": True,
            "maxNotional": "9000000.0",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        "PERCENT_PRICE_BY_SIDE": {
            "bidMultiplierUp": "5",
            "bidMultiplierDown": "0.2",
            "askMultiplierUp": "5",
            "askMultiplierDown": "0.2",
            "avgPriceMins": 5,
        },
        "MAX_NUM_ORDERS": {"maxNumOrders": 200},
        "MAX_NUM_ALGO_ORDERS": {"maxNumAlgoOrders": 5},
    }
    rows |= changes
    return [{"filterType": name, **row} for name, row in rows.items() if row is not None]


def symbol_row(**changes: Any) -> dict[str, Any]:
    """A row of exchangeInfo for ETHUSDT."""
    row = {
        "symbol": "ETHUSDT",
        "status": "TRADING",
        "baseAsset": "ETH",
        "baseAssetPrecision": 8,
        "quoteAsset": "USDT",
        "quotePrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT"],
        "filters": filters(),
        "permissions": [],
        "permissionSets": [["SPOT", "MARGIN"]],
    }
    return row | changes


def eth_rules(**changes: Any) -> Rules:
    """ETHUSDT's rules: tick 0.01, lot 0.0001."""
    return rules_of(symbol_row(**changes))


def submit(order_id: int = 1, flags: int = BUY_LIMIT, lots: int = 1_000, price: int = 250_000):
    """A command: a tenth of an ether at 2,500 by default."""
    return SubmitOrder(0, START, START, order_id, lots, price, 0, 0, flags)


class Line:
    """An account with one connection, subscribed, its venue's clock our own.

    A hundred orders of this life were sent before.
    """

    def __init__(self, *, rules: Rules | None = None, first_id: int = 1, connected: bool = True):
        names = Names("0badcafe", 7, first_id)
        names.sent(first_id + 99)
        self.account = Account(KEY, Books([rules or eth_rules()], names))
        self.now_ns = START
        self.number = 0
        self.sent: list[dict[str, Any]] = []
        self.account.courier.is_met = not connected
        if connected:
            self.connect(1)

    @property
    def books(self) -> Books:
        """What the account knows."""
        return self.account.books

    def connect(self, line: int) -> list[Heard]:
        """A connection opens, answers the time, and is subscribed."""
        self.account.opened(line, self.now_ns)
        heard = []
        for _ in range(4):
            heard += self.account.tick(self.now_ns)
            for sent in self.leaves():
                heard += self.reply(sent, self.own_result(sent["method"]))
        return heard

    def own_result(self, method: str) -> Any:
        """What the venue says to the adapter's own questions."""
        return {
            "time": {"serverTime": self.now_ns // MS},
            "userDataStream.subscribe.signature": {"subscriptionId": 0},
            "openOrders.status": [],
            "account.status": {"balances": []},
            "exchangeInfo": {"symbols": []},
            "avgPrice": {"mins": 5, "price": "2500.00", "closeTime": 5},
        }[method]

    def ask(self, verb: int, order_id: int = 0, record: bytes = b"") -> list[Heard]:
        """One request."""
        self.number += 1
        return self.account.ask(Request(self.number, verb, order_id, 0, record), self.now_ns)

    def submit(self, order: SubmitOrder) -> list[Heard]:
        """A new order."""
        return self.ask(SUBMIT, order.order_id, encode(order))

    def cancel(self, order_id: int = 1) -> list[Heard]:
        """The end of an order."""
        command = CancelOrder(0, self.now_ns, self.now_ns, order_id, 0)
        return self.ask(CANCEL, order_id, encode(command))

    def leaves(self) -> list[dict[str, Any]]:
        """What leaves now, with the connection it leaves by."""
        sent = []
        for line, text in self.account.leaving(self.now_ns):
            sent.append({**json.loads(text), "line": line})
        self.sent += sent
        return sent

    def only(self, method: str = "") -> dict[str, Any]:
        """The one request that leaves now."""
        own = ("time", "exchangeInfo", "avgPrice")
        (sent,) = [one for one in self.leaves() if one["method"] not in own]
        assert sent["method"] == (method or sent["method"])
        return sent

    def reply(self, sent: dict[str, Any], result: Any, **more: Any) -> list[Heard]:
        """The venue's result."""
        answer = {"id": sent["id"], "status": 200, "result": result, **more}
        return self.account.hear(sent["line"], json.dumps(answer), self.now_ns)

    def refuse(self, sent: dict[str, Any], code: int, msg: str = "", **more: Any) -> list[Heard]:
        """The venue's error."""
        told = {"id": sent["id"], "status": more.pop("status", 400)}
        error = {"code": code, "msg": msg, **more}
        return self.account.hear(sent["line"], json.dumps({**told, "error": error}), self.now_ns)

    def event(self, line: int = 1, **event: Any) -> list[Heard]:
        """An event of the account's stream."""
        text = json.dumps({"subscriptionId": 0, "event": event})
        return self.account.hear(line, text, self.now_ns)

    def wait(self, seconds: float) -> list[Heard]:
        """Time passes; the adapter's own questions are answered."""
        self.now_ns += int(seconds * SECOND)
        return self.account.tick(self.now_ns)


def order_row(order_id: int = 1, **changes: Any) -> dict[str, Any]:
    """The venue's answer about one of our orders."""
    row = {
        "symbol": "ETHUSDT",
        "orderId": 5_000 + order_id,
        "orderListId": -1,
        "clientOrderId": f"S0badcafe-7-{order_id}",
        "transactTime": START // MS,
        "price": "2500.00000000",
        "origQty": "0.10000000",
        "executedQty": "0.00000000",
        "cummulativeQuoteQty": "0.00000000",
        "status": "NEW",
        "timeInForce": "GTC",
        "type": "LIMIT",
        "side": "BUY",
    }
    return row | changes


def report(order_id: int = 1, **changes: Any) -> dict[str, Any]:
    """An executionReport of one of our orders."""
    row = {
        "e": "executionReport",
        "E": START // MS,
        "s": "ETHUSDT",
        "c": f"S0badcafe-7-{order_id}",
        "C": "",
        "S": "BUY",
        "o": "LIMIT",
        "f": "GTC",
        "q": "0.10000000",
        "p": "2500.00000000",
        "x": "NEW",
        "X": "NEW",
        "r": "NONE",
        "i": 5_000 + order_id,
        "l": "0.00000000",
        "z": "0.00000000",
        "L": "0.00000000",
        "n": "0",
        "N": None,
        "T": START // MS,
        "t": -1,
        "I": 90_000 + order_id,
        "m": False,
        "Z": "0.00000000",
    }
    return row | changes


def trade_report(order_id: int = 1, **changes: Any) -> dict[str, Any]:
    """An executionReport of a trade of all of it, at its price, a thousandth as commission."""
    traded = {
        "x": "TRADE",
        "X": "FILLED",
        "l": "0.10000000",
        "z": "0.10000000",
        "L": "2500.00000000",
        "Z": "250.00000000",
        "n": "0.25000000",
        "N": "USDT",
        "t": 700,
        "I": 91_000 + order_id,
    }
    return report(order_id, **(traded | changes))


def words(heard: list[Heard]) -> list[Any]:
    """What was heard, without the numbers."""
    return [answer for _, answer in heard]
