"""What does the venue say? Fields with their types checked, and one error for all that is wrong.

Amounts become whole numbers of 1e-8, times nanoseconds; nothing passes 2^62 in size.
"""

import json
from typing import Any

from engine.instruments import BOUND, e8_of

MILLISECOND_NS, MICROSECOND_NS = 1_000_000, 1_000
MICROSECONDS_FROM = 100_000_000_000_000  # in milliseconds that is the year 5138
TEXT_MAX = 64 << 20
DECODER, SPACE = json.JSONDecoder(), " \t\r\n"


class Unreadable(Exception):
    """The text is not what the venue's documents promise; the message names what is wrong."""


def parsed(text: str | bytes) -> Any:
    """What a JSON text holds; Unreadable if it is none, or too long."""
    if len(text) > TEXT_MAX:
        raise Unreadable(f"a message of {len(text)} bytes")
    try:
        told = (text if isinstance(text, str) else text.decode()).strip(SPACE)
        value, end = DECODER.raw_decode(told)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"no JSON: {type(error).__name__}") from None
    if end < len(told):
        raise Unreadable("no JSON alone: something is behind it")
    return value


def object_of(value: object, what: str) -> dict[str, Any]:
    """The value as a JSON object."""
    if not isinstance(value, dict):
        raise Unreadable(f"{what} is no object")
    return value


def rows_of(value: object, what: str) -> list[Any]:
    """The value as a JSON array."""
    if not isinstance(value, list):
        raise Unreadable(f"{what} is no array")
    return value


def text_in(row: dict[str, Any], key: str) -> str:
    """The text under a key, which must be there."""
    value = row.get(key)
    if type(value) is not str:
        raise Unreadable(f"{key} is no text")
    return value


def text_or_nothing(row: dict[str, Any], key: str) -> str:
    """The text under a key, or "" if there is none."""
    value = row.get(key)
    return value if isinstance(value, str) else ""


def whole_in(row: dict[str, Any], key: str) -> int:
    """The whole number under a key, of less than 2^62."""
    value = row.get(key)
    if type(value) is not int or abs(value) >= BOUND:  # True is no int here
        raise Unreadable(f"{key} is no whole number")
    return value


def flag_in(row: dict[str, Any], key: str) -> bool:
    """The true or false under a key."""
    value = row.get(key)
    if not isinstance(value, bool):
        raise Unreadable(f"{key} is neither true nor false")
    return value


def e8_in(row: dict[str, Any], key: str) -> int:
    """The decimal text under a key in 1e-8; it may be negative."""
    text = text_in(row, key)
    if len(text) > 60:
        raise Unreadable(f"{key} is no decimal text")
    try:
        value = e8_of(text)
    except ValueError:
        raise Unreadable(f"{key} is no decimal of at most 8 places") from None
    if not -BOUND < value < BOUND:
        raise Unreadable(f"{key} is beyond 2^62")
    return value


def amount_in(row: dict[str, Any], key: str) -> int:
    """The decimal text under a key in 1e-8, not negative."""
    text = row.get(key)
    if type(text) is str:
        whole, _, fraction = text.partition(".")
        digits = whole + fraction
        if len(fraction) == 8 and len(digits) < 19 and digits.isdigit() and digits.isascii():
            return int(digits)  # eight decimals, as nearly everything comes
    value = e8_in(row, key)
    if value < 0:
        raise Unreadable(f"{key} is negative")
    return value


def time_ns_in(row: dict[str, Any], key: str) -> int:
    """The time under a key in ns: venues write milliseconds, or microseconds where asked to."""
    value = whole_in(row, key)
    unit = MILLISECOND_NS if value < MICROSECONDS_FROM else MICROSECOND_NS
    if not 0 <= value * unit < BOUND:
        raise Unreadable(f"{key} is no time of this age")
    return value * unit
