"""What is a question to a slow source, and when is an answer none? Words that all of them share."""

from decimal import Decimal, InvalidOperation
from json import loads
from typing import Any, NamedTuple

PLACES = Decimal("1e-8")
LARGEST = Decimal(10) ** 10  # of a value: beyond it its 1e-8 are no number of the journal's


class Question(NamedTuple):
    """One request. A key stands in the headers wherever the source takes it there."""

    url: str
    parameters: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any] | None = None  # sent as JSON by POST; without one it is a GET


class Told(NamedTuple):
    """What a source said: a context value as decimal text, as of its own time."""

    name: str
    value: str
    time_ns: int


class Odd(Exception):
    """An answer that says nothing, and why; never with what was asked, for a key may be in that."""


def parsed(raw: bytes) -> dict[str, Any]:
    """An answer's JSON object, its numbers exact. Odd where it is none."""
    try:
        found = loads(raw, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError, InvalidOperation):
        raise Odd("no JSON") from None
    if not isinstance(found, dict):
        raise Odd("JSON, but no object")
    return found


def inside(found: Any, *names: str) -> Any:
    """What lies under these names, one in the other. Odd where something is missing."""
    for name in names:
        if not isinstance(found, dict) or found.get(name) is None:
            raise Odd(f"nothing under {name}")
        found = found[name]
    return found


def amount(found: Any, what: str) -> Decimal:
    """A number, or its text. Odd where it is none, or too large to be true."""
    if isinstance(found, bool) or not isinstance(found, Decimal | str):
        raise Odd(f"{what} is no number")
    try:
        number = Decimal(found)
    except InvalidOperation:
        raise Odd(f"{what} is no number") from None
    if not number.is_finite() or abs(number) > LARGEST:
        raise Odd(f"{what} cannot be true")
    return number


def written(number: Decimal) -> str:
    """A number as plain text with eight decimals, as the engine takes it. Odd beyond its bound."""
    if abs(number) > LARGEST:
        raise Odd("a sum that cannot be true")
    return f"{number.quantize(PLACES):f}"
