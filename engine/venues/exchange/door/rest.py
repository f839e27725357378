"""How does REST ask and answer? A request becomes a row of the table, an answer becomes bytes."""

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from engine.venues.exchange.door import http_wire
from engine.venues.exchange.door.api import BY_PATH, PATHS
from engine.venues.exchange.door.asking import NONE, Answer, Request
from engine.venues.exchange.door.http_wire import Asked
from engine.venues.exchange.door.signing_check import rest_payload
from engine.venues.exchange.matching.words import VenueRefusal
from engine.venues.exchange.spelling import body_of, unit_of

if TYPE_CHECKING:
    from engine.venues.exchange.house import House

SECOND_US = 1_000_000
PAIRS_MAX = 200


class NoSuchPlace(Exception):
    """Nothing is served at this path, or not with this verb; `status` says which."""

    def __init__(self, status: int) -> None:
        super().__init__(http_wire.phrase(status))
        self.status = status


def request_of(asked: Asked, host: str) -> Request:
    """What was asked; NoSuchPlace, or VenueRefusal for parameters that cannot be read."""
    row = BY_PATH.get((asked.verb, asked.path))
    if row is None:
        raise NoSuchPlace(405 if asked.path in PATHS else 404)
    unit = unit_of(asked.headers.get("x-mbx-time-unit", ""))
    if unit is None:
        raise VenueRefusal(
            -1194, "Invalid value for time unit; expected either MICROSECOND or MILLISECOND."
        )
    body = asked.body.decode("utf-8", "replace")
    sent = pairs_of(body) | pairs_of(asked.query)
    if row.security == NONE:
        return Request(row, sent, host, unit)
    payload, signature = rest_payload(asked.query, body)
    sent.pop("signature", None)
    key = asked.headers.get("x-mbx-apikey", "")
    return Request(row, sent, host, unit, key, signature, payload)


def pairs_of(text: str) -> dict[str, str]:
    """Parameters of a query or a form; VenueRefusal where one is told twice."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=PAIRS_MAX)
    except ValueError:
        raise VenueRefusal(-1101, "Too many parameters sent for this endpoint.") from None
    found = dict(pairs)
    if len(found) < len(pairs):
        raise VenueRefusal(-1101, "Duplicate values for a parameter detected.")
    return found


def headers_of(house: "House", host: str, answer: Answer) -> dict[str, str]:
    """What was used of the limits, and when to ask again after too much."""
    now_us = house.clock()
    used = str(house.addresses.of(host).weight.at(now_us))
    told = {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}
    if house.market_label:
        told["X-Supreme-Market"] = house.market_label
    if answer.member is not None:
        for name, count in answer.member.orders.counts.items():
            told[f"X-MBX-ORDER-COUNT-{name}"] = str(count.at(now_us))
    if answer.retry_us:
        told["Retry-After"] = str(max(-(-(answer.retry_us - now_us) // SECOND_US), 1))
    return told


def bytes_of(house: "House", host: str, answer: Answer, *, is_last: bool) -> bytes:
    """An answer on the wire."""
    told = headers_of(house, host, answer)
    return http_wire.answer(answer.status, body_of(answer.body), told, is_last=is_last)


def nowhere(asked: Asked, status: int) -> bytes:
    """The answer where nothing is served."""
    body = body_of({"status": status, "error": http_wire.phrase(status), "path": asked.path})
    return http_wire.answer(status, body, {}, is_last=asked.is_last)
