"""How does the WebSocket API ask and answer? One connection: key, subscriptions, frames."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.venues.exchange.door.api import BY_METHOD
from engine.venues.exchange.door.asking import NONE, TRADE, Answer, Request, Row
from engine.venues.exchange.door.front import Front
from engine.venues.exchange.door.session_answers import SESSION_ROWS
from engine.venues.exchange.door.signing_check import socket_payload
from engine.venues.exchange.door.weights import order_rows, weight_row
from engine.venues.exchange.matching.words import VenueRefusal
from engine.venues.exchange.spelling import encoded

if TYPE_CHECKING:
    from engine.venues.exchange.house import Member

METHODS = BY_METHOD | {row.method: row for row in SESSION_ROWS}
DECODER = json.JSONDecoder(parse_float=str)  # decimals are signed as they were written
KEYS = ("apiKey", "signature", "returnRateLimits")


class Wire(NamedTuple):
    """How a session is heard: answers, events, and its end."""

    host: str
    unit: int
    send: Callable[[str], None]
    send_event: Callable[[str], None]


class Asked(NamedTuple):
    """What a frame said."""

    id: Any
    method: str
    params: dict[str, Any]


class ApiSession:
    """One connection to `/ws-api/v3`; `subscriptions` are accounts by number."""

    def __init__(self, front: Front, wire: Wire, *, tells_limits: bool) -> None:
        self.front, self.wire, self.tells_limits = front, wire, tells_limits
        self.unit = wire.unit
        self.member: Member | None = None
        self.connected_us = front.house.clock()
        self.authorized_us = 0
        self.subscriptions: dict[int, int] = {}
        self.by_logon: int | None = None  # the subscription that ends with the logon
        self.next_number = 0

    def take(self, text: str) -> None:
        """One frame: answered now or later."""
        try:
            asked = asked_of(text)
        except ValueError:
            said = {"code": -1135, "msg": "Invalid JSON Request"}
            self.wire.send(encoded({"id": None, "status": 400, "error": said}))
            return
        row = METHODS.get(asked.method.removeprefix("v3/"))
        if row is None:
            refusal = {"code": -1020, "msg": "This operation is not supported."}
            self.reply(asked, None, Answer(400, refusal))
            return
        request = self.request_of(row, asked)
        self.front.take(request, lambda answer: self.reply(asked, row, answer))

    def request_of(self, row: Row, asked: Asked) -> Request:
        """The request a frame holds."""
        params = asked.params
        sent = {name: value for name, value in params.items() if name not in KEYS}
        if row.security == NONE:
            return Request(row, sent, self.wire.host, self.unit, session=self)
        key = str(params.get("apiKey") or "")
        payload = socket_payload(params) if key else b""
        signature = str(params.get("signature") or "")
        return Request(row, sent, self.wire.host, self.unit, key, signature, payload, self)

    def reply(self, asked: Asked, row: Row | None, answer: Answer | None) -> None:
        """An answer with its id, and what was used of the limits unless that is unwanted."""
        if answer is None:
            return
        part = "result" if answer.status == 200 else "error"
        told = {"id": asked.id, "status": answer.status, part: answer.body}
        if asked.params.get("returnRateLimits", self.tells_limits) is not False:
            told["rateLimits"] = self.limit_rows(row, answer)
        self.wire.send(encoded(told))

    def limit_rows(self, row: Row | None, answer: Answer) -> list[dict[str, Any]]:
        """The limits a request touched."""
        house, now_us = self.front.house, self.front.house.clock()
        rows = [weight_row(house.addresses.of(self.wire.host), now_us)]
        if answer.member is not None and row is not None and row.security == TRADE:
            rows[:0] = order_rows(answer.member.orders, now_us)
        return rows

    def subscribe(self, account_id: int) -> int:
        """Events of an account from now on; the subscription's number."""
        if account_id in self.subscriptions.values():
            raise VenueRefusal(-2035, "User Data Stream subscription already active.")
        number, self.next_number = self.next_number, self.next_number + 1
        self.subscriptions[number] = account_id
        self.front.house.users.add(account_id, self, number)
        return number

    def unsubscribe(self, number: int) -> None:
        """No longer, and a word that it ended."""
        account_id = self.subscriptions.pop(number, None)
        if account_id is None:
            raise VenueRefusal(-2036, "User Data Stream subscription not active.")
        self.front.house.users.remove(account_id, self, number)
        if number == self.by_logon:
            self.by_logon = None
        at = self.front.house.clock() // self.unit
        event = {"e": "eventStreamTerminated", "E": at}
        self.wire.send(encoded({"subscriptionId": number, "event": event}))

    def hear_account(self, text: str) -> None:
        """An event of a subscription."""
        self.wire.send_event(text)

    def say_goodbye(self, now_us: int) -> None:
        """The venue is about to end."""
        event = {"e": "serverShutdown", "E": now_us // self.unit}
        self.wire.send(encoded({"event": event}))

    def close(self) -> None:
        """The connection is gone."""
        for number, account_id in self.subscriptions.items():
            self.front.house.users.remove(account_id, self, number)
        self.subscriptions.clear()


def asked_of(text: str) -> Asked:
    """A frame taken apart, decimals as they were written; ValueError where it is no request."""
    try:
        frame = DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    match frame:
        case {"method": str(method), **rest}:
            params, number = rest.get("params"), rest.get("id")
            if isinstance(params, dict | None) and isinstance(number, int | str | None):
                return Asked(number, method, params or {})
    raise ValueError("is no request")
