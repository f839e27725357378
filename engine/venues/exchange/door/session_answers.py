"""What is answered about a connection itself? Logging on and off, and subscriptions to accounts."""

from typing import Any

from engine.venues.exchange.door.access import forbidden
from engine.venues.exchange.door.asking import NONE, USER_STREAM, Ask, Row
from engine.venues.exchange.door.parameters import Parameter, whole
from engine.venues.exchange.matching.words import VenueRefusal

SUBSCRIPTIONS_MAX, NUMBERS_MAX = 1_000, 65_535


def status(ask: Ask) -> Any:
    """Who is logged on, since when, and whether anything is subscribed to."""
    session = ask.on
    member = session.member
    return {
        "apiKey": member.key.name if member else None,
        "authorizedSince": session.authorized_us // ask.unit if member else None,
        "connectedSince": session.connected_us // ask.unit,
        "returnRateLimits": session.tells_limits,
        "serverTime": ask.now_us // ask.unit,
        "userDataStream": bool(session.subscriptions),
    }


def log_on(ask: Ask) -> Any:
    """From now on the session stands for this key, which must be of Ed25519."""
    if not ask.who.key.may_log_on:
        raise VenueRefusal(-4056, "HMAC_SHA256 API key is not supported.")
    ask.on.member, ask.on.authorized_us = ask.who, ask.now_us
    return status(ask)


def log_out(ask: Ask) -> Any:
    """The session stands for nobody; what was subscribed to by logon ends."""
    session = ask.on
    if session.by_logon is not None:
        session.unsubscribe(session.by_logon)
    session.member = None
    return status(ask)


def subscribe(ask: Ask) -> Any:
    """Events of the account that is logged on."""
    session = ask.on
    if session.member is None:
        raise forbidden()
    number = begun(ask, session.member.account.id)
    session.by_logon = number
    return {"subscriptionId": number}


def subscribe_signed(ask: Ask) -> Any:
    """Events of the account whose key signed."""
    return {"subscriptionId": begun(ask, ask.who.account.id)}


def begun(ask: Ask, account_id: int) -> int:
    """A subscription's number; VenueRefusal for too many."""
    session = ask.on
    if len(session.subscriptions) >= SUBSCRIPTIONS_MAX or session.next_number >= NUMBERS_MAX:
        raise VenueRefusal(-2042, "Maximum subscription ID reached for this connection.")
    return session.subscribe(account_id)


def unsubscribe(ask: Ask) -> Any:
    """One subscription, or all."""
    session = ask.on
    wanted = ask.given.get("subscriptionId")
    for number in list(session.subscriptions) if wanted is None else [wanted]:
        session.unsubscribe(number)
    return {}


def subscriptions(ask: Ask) -> Any:
    """The numbers of all."""
    return [{"subscriptionId": number} for number in ask.on.subscriptions]


SESSION_ROWS = [
    Row("", "", "session.logon", USER_STREAM, 2, {}, log_on),
    Row("", "", "session.status", NONE, 2, {}, status),
    Row("", "", "session.logout", NONE, 2, {}, log_out),
    Row("", "", "session.subscriptions", NONE, 2, {}, subscriptions),
    Row("", "", "userDataStream.subscribe", NONE, 2, {}, subscribe),
    Row("", "", "userDataStream.subscribe.signature", USER_STREAM, 2, {}, subscribe_signed),
    Row("", "", "userDataStream.unsubscribe", NONE, 2,
        {"subscriptionId": Parameter(whole)}, unsubscribe),
]  # fmt: skip
