"""What did a request say, parameter by parameter? Text into values, or Binance's refusal of it."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from engine.instruments import e8_of
from engine.venues.exchange.door.signing_check import told
from engine.venues.exchange.matching.words import VenueRefusal
from engine.venues.exchange.spelling import microseconds

SYMBOL = "^[A-Z0-9-_.]{1,20}$"
CLIENT_ID = "^[a-zA-Z0-9-_]{1,36}$"
AMOUNT = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
WHOLE = "^[0-9]{1,20}$"
DECIMALS = 8
WHOLE_MAX = (1 << 63) - 1
SYMBOLS_MAX = 100
# What clients call a client order id goes further than the range that is told.
ACCEPTED = {legal: re.compile(legal) for legal in (SYMBOL, AMOUNT, WHOLE)}
ACCEPTED[CLIENT_ID] = re.compile(r"[.A-Za-z:/0-9_-]{1,36}")

Read = Callable[[str, str], Any]  # (name, text) -> value; VenueRefusal


class Parameter(NamedTuple):
    """One parameter: how its text is read, and whether it must be sent."""

    read: Read
    is_needed: bool = False


def needed(read: Read) -> Parameter:
    """A parameter without which a request is refused."""
    return Parameter(read, is_needed=True)


def within(name: str, text: str, legal: str) -> str:
    """The text, if it has no character but legal ones."""
    if not ACCEPTED[legal].fullmatch(text):
        raise VenueRefusal(
            -1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."
        )
    return text


def symbol(name: str, text: str) -> str:
    """A symbol's name; whether there is such a symbol is not asked here."""
    return within(name, text, SYMBOL)


def client_id(name: str, text: str) -> str:
    """An id a client gave."""
    return within(name, text, CLIENT_ID)


def whole(name: str, text: str) -> int:
    """A number without decimals."""
    number = int(within(name, text, WHOLE))
    if number > WHOLE_MAX:
        raise VenueRefusal(-1108, f"Parameter '{name}' overflowed.")
    return number


def moment(name: str, text: str) -> int:
    """A time, given in milliseconds or microseconds, in microseconds."""
    return microseconds(whole(name, text))


def limit(name: str, text: str) -> int:
    """How many rows at most, one at least."""
    number = whole(name, text)
    if number < 1:
        raise VenueRefusal(-1130, f"Data sent for parameter '{name}' is not valid.")
    return number


def amount_e8(name: str, text: str) -> int:
    """A decimal amount in 1e-8; what is finer is refused, zeros behind are not."""
    within(name, text, AMOUNT)
    _, _, fraction = text.partition(".")
    if len(fraction.rstrip("0")) > DECIMALS:
        raise VenueRefusal(-1111, f"Parameter '{name}' has too much precision.")
    return e8_of(text)


def flag(name: str, text: str) -> bool:
    """`true` or `false`, small or capital."""
    if text.lower() not in ("true", "false"):
        raise VenueRefusal(-1130, f"Data sent for parameter '{name}' is not valid.")
    return text.lower() == "true"


def one_of(*choices: str, code: int = -1130, said: str = "") -> Read:
    """A word out of a few; another one is refused with `code`, and `said` where it has words."""

    def read(name: str, text: str) -> str:
        if text not in choices:
            raise VenueRefusal(code, said or f"Data sent for parameter '{name}' is not valid.")
        return text

    return read


def symbols(name: str, text: str) -> list[str]:
    """A JSON list of names, none twice."""
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not names or not all(isinstance(one, str) for one in names):
        raise VenueRefusal(
            -1100,
            f"Illegal characters found in parameter '{name}'; legal range is "
            r"""'^\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\]$'.""",
        )
    if len(names) > SYMBOLS_MAX:
        raise VenueRefusal(-1101, "Too many parameters sent for this endpoint.")
    if len(set(names)) < len(names):
        raise VenueRefusal(-1151, "Symbol is present multiple times in the list.")
    return [symbol(name, one) for one in names]


def word(_name: str, text: str) -> str:
    """Any text: it is told back or has no effect here."""
    return text


SIDE = one_of("BUY", "SELL", code=-1117, said="Invalid side.")
TYPES = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)
TYPE = one_of(*TYPES, code=-1116, said="Invalid orderType.")
IN_FORCE = one_of("GTC", "IOC", "FOK", code=-1115, said="Invalid timeInForce.")
STATUS = one_of("TRADING", "HALT", "BREAK", code=-1122, said="Invalid symbolStatus.")


def read_all(rows: Mapping[str, Parameter], sent: Mapping[str, Any], beside: int) -> dict[str, Any]:
    """Each parameter's value; `beside` is how many more were sent that were read before.

    VenueRefusal for one that is missing (-1102), empty (-1105), malformed, or of no use (-1104).
    """
    found = {}
    for name, row in rows.items():
        if name not in sent or sent[name] is None:
            if row.is_needed:
                raise missing(name)
            continue
        text = text_of(sent[name])
        if not text:
            raise VenueRefusal(-1105, f"Parameter '{name}' was empty.")
        found[name] = row.read(name, text)
    if len(found) == len(sent):
        return found
    unread = [name for name, value in sent.items() if value is not None and name not in rows]
    if unread:
        read = len(found) + beside
        raise VenueRefusal(
            -1104,
            f"Not all sent parameters were read; read '{read}' parameter(s) but was sent "
            f"'{read + len(unread)}'.",
        )
    return found


def text_of(value: Any) -> str:
    """A parameter's text, also where JSON told it as a number, a flag or a list."""
    if type(value) is str:
        return value
    if isinstance(value, list | dict):
        return json.dumps(value, separators=(",", ":"))
    return told(value)


def missing(name: str) -> VenueRefusal:
    """The refusal of a request that lacks a parameter."""
    return VenueRefusal(
        -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )


def either(first: str, second: str, given: Mapping[str, Any]) -> None:
    """VenueRefusal where neither of two was sent."""
    if first not in given and second not in given:
        raise VenueRefusal(
            -1102,
            f"Param '{first}' or '{second}' must be sent, but both were empty/null!",
        )
