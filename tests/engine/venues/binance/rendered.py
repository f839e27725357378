"""What would a simulated exchange say in the real one's words? Its answers and events as JSON.

Lines break, the clock jumps, too many requests are refused; what an order is called and when a
request is too old is checked as the documents say.
"""

import json
from random import Random
from typing import Any, NamedTuple

from engine.messages import BUY, SubmitOrder, encode
from engine.venues.asking import (
    ABSENT,
    ASK_FILLS,
    ASK_HOLDING,
    ASK_ORDER,
    CANCEL,
    CANCELED,
    EXPIRED,
    FILLED,
    OPEN,
    REJECTED,
    SUBMIT,
    Answer,
    Holding,
    Refusal,
    Request,
    Seen,
    Silence,
    Trade,
    Trades,
)
from tests.engine.venues.binance.desk import MS, eth_rules, symbol_row
from validators.simulation.exchange import Exchange, Faults

STATUS = {OPEN: "NEW", FILLED: "FILLED", CANCELED: "CANCELED", EXPIRED: "EXPIRED"}
STATUS |= {REJECTED: "REJECTED"}
TYPES = {"MARKET": 0, "LIMIT": 1, "STOP_LOSS": 2}
VERBS = {
    "order.place": SUBMIT,
    "order.cancel": CANCEL,
    "order.status": ASK_ORDER,
    "myTrades": ASK_FILLS,
    "openOrders.status": ASK_HOLDING,
    "account.status": ASK_HOLDING,
}
E8 = 100_000_000
VENUE_ID = 1_000_000  # what the venue's own order ids begin after
ASSETS = ("USDT", "ETH", "BNB")
INSTRUMENT = eth_rules().instrument


class Event(NamedTuple):
    """A word of the account's stream with what the venue knows beside it."""

    word: Answer
    execution_id: int
    filled: int


class Asked(NamedTuple):
    """A request that the venue has not answered."""

    line: int
    id: str
    method: str
    params: dict[str, Any]


class Rendered(Exchange):
    """The simulated exchange behind connections that carry text."""

    def __init__(self, draw: Random, faults: Faults, cash_e8: int) -> None:
        super().__init__(draw, faults, INSTRUMENT, cash_e8)
        self.lines: dict[int, bool] = {}  # whether it is subscribed
        self.ahead_ms = 0
        self.limited = 0.0  # chance that a request is one too many
        self.placed: list[int] = []
        self._asked: dict[int, Asked] = {}
        self._number = self._execution_id = 0
        self._filled: dict[int, int] = {}
        self._at_once: list[tuple[int, dict[str, Any]]] = []

    def hear_text(self, line: int, text: str, now_ns: int) -> None:
        """A frame of a client."""
        told = json.loads(text)
        params = told.get("params", {})
        asked = Asked(line, told["id"], told["method"], params)
        server_ms = now_ns // MS + self.ahead_ms
        stamp_ms = params.get("timestamp", server_ms)
        window_ms = params.get("recvWindow", 5_000)
        if not (stamp_ms < server_ms + 1_000 and server_ms - stamp_ms <= window_ms):
            self._reply(asked, {"status": 400, "error": {"code": -1021, "msg": "Timestamp"}})
        elif self.draw.random() < self.limited:
            until = {"serverTime": server_ms, "retryAfter": server_ms + 700}
            error = {"code": -1003, "msg": "Too much request weight used", "data": until}
            self._reply(asked, {"status": 429, "error": error})
        elif asked.method in VERBS:
            self._number += 1
            self._asked[self._number] = asked
            self.hear(self._request(asked), now_ns)
        else:
            self._reply(asked, {"status": 200, "result": self._own(asked, server_ms)})

    def due(self, now_ns: int) -> list[tuple[int, str]]:
        """(line, text) of all that arrives now."""
        arrived = [(line, json.dumps(one)) for line, one in self._at_once if line in self.lines]
        self._at_once = []
        now = sorted((one for one in self.said if one[0] <= now_ns), key=lambda one: one[0])
        self.said = [one for one in self.said if one[0] > now_ns]
        for _, number, said in now:
            word: Any = said
            if isinstance(word, Event):
                text = json.dumps({"subscriptionId": 0, "event": self._event(word)})
                arrived += [(line, text) for line, hears in self.lines.items() if hears]
                continue
            asked = self._asked.pop(number)
            if asked.line in self.lines:
                answer = {"id": asked.id, **self._said(asked, word)}
                arrived.append((asked.line, json.dumps(answer)))
        return arrived

    def announce(self, line: int, event: dict[str, Any]) -> None:
        """An event of the connection."""
        self._at_once.append((line, {"event": event}))

    def _tell(self, now_ns: int, word: Answer) -> None:
        self._execution_id += 1
        if isinstance(word, Trade):
            self._filled[word.order_id] = self._filled.get(word.order_id, 0) + word.lots
        order_id = word.order_id if isinstance(word, Trade | Seen) else 0
        event: Any = Event(word, self._execution_id, self._filled.get(order_id, 0))
        super()._tell(now_ns, event)

    def _own(self, asked: Asked, server_ms: int) -> Any:
        if asked.method == "time":
            return {"serverTime": server_ms}
        if asked.method == "exchangeInfo":
            return {"symbols": [symbol_row()]}
        if asked.method == "avgPrice":
            return {"mins": 5, "price": text(self.last * INSTRUMENT.tick_e8), "closeTime": 5}
        self.lines[asked.line] = True
        return {"subscriptionId": 0}

    def _request(self, asked: Asked) -> Request:
        """The frame as the simulated exchange takes it."""
        params, verb = asked.params, VERBS[asked.method]
        name = params.get("origClientOrderId") or ""
        order_id = int(params.get("orderId", VENUE_ID)) - VENUE_ID
        if name:
            order_id = int(name.removesuffix("c").rpartition("-")[2])
        if verb != SUBMIT:
            return Request(self._number, verb, order_id)
        order_id = int(params["newClientOrderId"].rpartition("-")[2])
        self.placed.append(order_id)
        flags = (0 if params["side"] == "BUY" else 1) + 2 * TYPES[params["type"]]
        price = INSTRUMENT.ticks_of(params.get("price") or params.get("stopPrice") or "0")
        lots = INSTRUMENT.lots_of(params["quantity"])
        record = encode(SubmitOrder(0, 0, 0, order_id, lots, price, 0, 0, flags))
        return Request(self._number, verb, order_id, 0, record)

    def _reply(self, asked: Asked, answer: dict[str, Any]) -> None:
        self._at_once.append((asked.line, {"id": asked.id, **answer}))

    def _said(self, asked: Asked, word: Answer) -> dict[str, Any]:
        """The simulated exchange's answer."""
        if isinstance(word, Silence):
            error = {"code": -1007, "msg": "Timeout; execution status unknown."}
            return {"status": self.draw.choice((400, 503)), "error": error}
        if isinstance(word, Refusal):
            cancel = asked.method == "order.cancel"
            code, text = (-2011, "Unknown order sent.") if cancel else (-2010, "No balance.")
            return {"status": 400, "error": {"code": code, "msg": text}}
        if isinstance(word, Seen) and word.status == ABSENT and asked.method != "myTrades":
            return {"status": 400, "error": {"code": -2013, "msg": "Order does not exist."}}
        return {"status": 200, "result": self._result(asked, word)}

    def _result(self, asked: Asked, word: Answer) -> Any:
        if isinstance(word, Holding):
            if asked.method == "openOrders.status":
                return [self._row(Seen(order_id, OPEN)) for order_id in word.open_ids]
            held = {"USDT": word.cash_e8, "ETH": word.lots[0] * INSTRUMENT.lot_e8}
            rows = [{"asset": name, "free": text(e8), "locked": "0"} for name, e8 in held.items()]
            return {"balances": rows, "permissions": ["SPOT"]}
        if isinstance(word, Trades):
            return [self._traded(trade) for trade in word.trades]
        if isinstance(word, Seen) and word.status != ABSENT:
            row = self._row(word)
            if asked.method == "order.place":
                row["fills"] = self._fills(word)
            return row
        return []

    def _row(self, seen: Seen) -> dict[str, Any]:
        order = self.orders[seen.order_id]
        status = STATUS[seen.status]
        return {
            "symbol": "ETHUSDT",
            "orderId": seen.order_id + VENUE_ID,
            "clientOrderId": f"S0badcafe-7-{seen.order_id}",
            "executedQty": text(seen.filled * INSTRUMENT.lot_e8),
            "status": "PARTIALLY_FILLED" if status == "NEW" and seen.filled else status,
            "side": "BUY" if order.side == BUY else "SELL",
        }

    def _fills(self, seen: Seen) -> list[dict[str, Any]]:
        """The trades that the answer speaks of."""
        rows, filled = [], 0
        for trade in self.orders[seen.order_id].trades:
            filled += trade.lots
            if filled <= seen.filled:
                rows.append({**self._traded(trade), "tradeId": trade.fill_id})
        return rows

    def _traded(self, trade: Trade) -> dict[str, Any]:
        return {
            "symbol": "ETHUSDT",
            "id": trade.fill_id,
            "orderId": trade.order_id + VENUE_ID,
            "price": text(trade.price * INSTRUMENT.tick_e8),
            "qty": text(trade.lots * INSTRUMENT.lot_e8),
            "commission": text(trade.fee_e8),
            "commissionAsset": ASSETS[trade.fee_in],
            "isBuyer": trade.side == BUY,
            "isMaker": False,
        }

    def _event(self, event: Event) -> dict[str, Any]:
        """The executionReport of a word."""
        word: Any = event.word
        row = {
            "e": "executionReport",
            "s": "ETHUSDT",
            "i": word.order_id + VENUE_ID,
            "c": f"S0badcafe-7-{word.order_id}",
            "C": "",
            "S": "BUY" if self.orders[word.order_id].side == BUY else "SELL",
            "I": event.execution_id,
            "z": text(event.filled * INSTRUMENT.lot_e8),
            "l": "0.00000000",
        }
        if isinstance(word, Seen):
            status = STATUS[word.status]
            return row | {"X": status, "x": "TRADE" if status == "FILLED" else status}
        told = self._traded(word)
        return row | {
            "x": "TRADE",
            "X": "PARTIALLY_FILLED",
            "l": told["qty"],
            "L": told["price"],
            "n": told["commission"],
            "N": told["commissionAsset"],
            "t": word.fill_id,
            "m": False,
        }


def text(value_e8: int) -> str:
    """An amount as the venue writes it."""
    return f"{value_e8 // E8}.{value_e8 % E8:08d}"
