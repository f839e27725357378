"""May this request be served? Limits, key, time and signature, in that order; then its answer.

The time is checked twice, before a request is taken up and when it reaches the exchange
(rest-api.md, Timing security).
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from engine.venues.exchange.door.asking import NONE, USER_STREAM, Answer, Ask, Request
from engine.venues.exchange.door.parameters import amount_e8, missing, moment, read_all, text_of
from engine.venues.exchange.door.trading_answers import HALF, Partly
from engine.venues.exchange.door.weights import TooMuch
from engine.venues.exchange.matching.words import VenueRefusal

if TYPE_CHECKING:
    from engine.venues.exchange.house import House, Member

WINDOW_MS, WINDOW_MAX_MS = 5_000, 60_000
E8_A_MICROSECOND = 100_000  # of a window told in milliseconds
AHEAD_US = 1_000_000
STATUSES = {-1003: 429, -1015: 429, -2014: 401, -2015: 401, HALF: 409}
BESIDE = ("timestamp", "recvWindow")  # read here, before a request's own parameters
SIGNED_BESIDE = 2  # the signature and the time


class Admitted(NamedTuple):
    """A request that may be served until its window closes."""

    request: Request
    member: "Member | None"
    sent_us: int = 0
    window_us: int = 0


def admit(house: "House", request: Request) -> Admitted:
    """Count it and check it; VenueRefusal."""
    now_us, row = house.clock(), request.row
    house.addresses.of(request.host).use(row.weight_of(request.sent), now_us)
    if row.security == NONE:
        return Admitted(request, None)
    member = member_of(house, request)
    sent_us, window_us = times_of(request.sent)
    if sent_us >= now_us + AHEAD_US:
        raise VenueRefusal(
            -1021, "Timestamp for this request was 1000ms ahead of the server's time."
        )
    if now_us - sent_us > window_us:
        raise too_late()
    if request.key and not member.key.is_signature(request.payload, request.signature):
        raise VenueRefusal(-1022, "Signature for this request is not valid.")
    return Admitted(request, member, sent_us, window_us)


def member_of(house: "House", request: Request) -> "Member":
    """Whose key it is; without one, whoever the session is logged on for."""
    if not request.key:
        session = request.session
        if session is None:
            raise VenueRefusal(-2014, "API-key format invalid.")
        if session.member is None or request.row.security == USER_STREAM:
            raise missing("apiKey")
        return session.member
    if not request.signature:
        raise missing("signature")
    member = house.members.get(request.key)
    if member is None:
        raise forbidden()
    return member


def too_late() -> VenueRefusal:
    """The refusal of a request whose window has closed."""
    return VenueRefusal(-1021, "Timestamp for this request is outside of the recvWindow.")


def forbidden() -> VenueRefusal:
    """The refusal of a key that is not known here."""
    return VenueRefusal(-2015, "Invalid API-key, IP, or permissions for action.")


def times_of(sent: dict[str, Any]) -> tuple[int, int]:
    """When it was sent and how long it holds, in us."""
    if sent.get("timestamp") in (None, ""):
        raise missing("timestamp")
    sent_us = moment("timestamp", text_of(sent["timestamp"]))
    if sent.get("recvWindow") in (None, ""):
        return sent_us, WINDOW_MS * 1000
    window_us = amount_e8("recvWindow", text_of(sent["recvWindow"])) // E8_A_MICROSECOND
    if window_us > WINDOW_MAX_MS * 1000:
        raise VenueRefusal(
            -1102,
            "'recvWindow' contains unexpected value. Cannot be greater than 60000.",
        )
    return sent_us, window_us


def carry_out(house: "House", admitted: Admitted) -> Any:
    """The request's result; VenueRefusal."""
    request, row = admitted.request, admitted.request.row
    now_us = house.clock()
    sent = request.sent
    if admitted.member is not None:
        if now_us - admitted.sent_us > admitted.window_us:
            raise too_late()
        sent = {name: value for name, value in sent.items() if name not in BESIDE}
    given = read_all(row.parameters, sent, SIGNED_BESIDE) if row.parameters is not None else sent
    ask = Ask(house, given, request.unit, now_us, admitted.member, request.session)
    return row.answer(ask)


def answer_of(house: "House", admitted: Admitted) -> Answer:
    """The request's answer; whatever it set off is told, also where it was refused."""
    try:
        return Answer(200, carry_out(house, admitted), admitted.member)
    except VenueRefusal as refusal:
        return refused(house, refusal, admitted.request, admitted.member)
    finally:
        house.settle()


def refused(
    house: "House", refusal: VenueRefusal, request: Request, member: "Member | None" = None
) -> Answer:
    """A refusal as an answer."""
    body: dict[str, Any] = {"code": refusal.code, "msg": refusal.text}
    if isinstance(refusal, TooMuch):
        if request.session is not None:
            times = {"serverTime": house.clock(), "retryAfter": refusal.until_us}
            body["data"] = {name: at_us // request.unit for name, at_us in times.items()}
        return Answer(refusal.status, body, member, refusal.until_us)
    if isinstance(refusal, Partly):
        body["data"] = refusal.told
    return Answer(STATUSES.get(refusal.code, 400), body, member)
