"""What did the exchange say in this line of a recording, and when was it heard?

A line is the local receive time, then the JSON as it came: `1723161254024619568 {...}`. The time
may be in seconds with a fraction, have a colon, and stand behind the address that was asked:
`https://... -> 1633998274.8: {...}`.
"""

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.instruments import BOUND, e8_of
from engine.market.book import Levels, Snapshot, Top, Update
from engine.market.text_columns import TIME_MAX, TIME_MIN, TIME_UNITS
from engine.messages import BUYER_IS_MAKER

if TYPE_CHECKING:
    from collections.abc import Callable

LINE = re.compile(rb"(?:(\S+) -> )?(\d{9,19})(?:\.(\d+))?:? (\{.*)", re.DOTALL)
ADDRESS = re.compile(rb"(?:wss?|https?)://")
SYMBOL = re.compile(r"[A-Z0-9_]{2,20}")
ASKED = re.compile(r"[?&]symbol=([A-Z0-9_]+)")
SHIFTS: list[int] = [10 ** (8 - decimals) for decimals in range(9)]
# What a line that says nothing raises: no JSON, a field missing or of another kind, no number.
NOTHING_SAID = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class Trade(NamedTuple):
    """A trade of others, or several of one taker at one price; amounts in 1e-8."""

    trade_id: int
    price: int
    volume: int
    flags: int
    is_aggregate: bool


class Ticker(NamedTuple):
    """The exchange's own best bid and ask at an update of its book."""

    update: int
    top: Top


class Heard(NamedTuple):
    """What was said of a symbol (empty: it was not named) at `time_ns` of the exchange's clock."""

    symbol: str
    received_ns: int
    time_ns: int
    said: Trade | Ticker | Update | Snapshot


def begins_recording(text: bytes) -> bool:
    """Whether a text's first line is one of a recording."""
    return bool(LINE.match(text) or ADDRESS.match(text))


def heard(line: bytes) -> Heard | None:
    """What a line says, None if it is of no use here; one of NOTHING_SAID if it is no message."""
    match = LINE.fullmatch(line.rstrip())
    if not match and ADDRESS.match(line):
        return None  # where it was recorded from
    if not match:
        raise ValueError("is no time and JSON")
    address, seconds, fraction, text = match.groups()
    received_ns = time_of(int(seconds))
    if fraction:
        received_ns += unit_of(int(seconds)) * int(fraction[:9].ljust(9, b"0")) // 1_000_000_000
    return understood(json.loads(text), (address or b"").decode(), received_ns)


def understood(message: dict[str, Any], address: str, received_ns: int) -> Heard | None:
    """What a message says, heard then from this address; None and errors as above."""
    body = message["data"] if "stream" in message else message
    if type(body) is not dict:
        raise ValueError("is no message")
    kind = kind_of(body, streamed="stream" in message)
    if kind not in SAID:
        return None
    read, is_futures = SAID[kind]
    symbol = symbol_of(body, address)
    if not symbol and kind != "snapshot":
        raise ValueError("names no symbol")
    if symbol and (is_futures(body) or "/fapi/" in address):
        symbol += "-PERP"
    told = body.get("T", body.get("E"))
    return Heard(symbol, received_ns, time_of(told) if told else received_ns, read(body))


def symbol_of(body: dict[str, Any], address: str) -> str:
    """The symbol that a message names, or the address it was asked of; or nothing."""
    asked = ASKED.search(address)
    symbol = body.get("s", asked[1] if asked else "")
    if symbol and not SYMBOL.fullmatch(symbol):
        raise ValueError("names no symbol")
    return str(symbol)


def kind_of(body: dict[str, Any], *, streamed: bool) -> str:
    """What kind of message it is: spot's bookTicker and a snapshot do not say so themselves."""
    if "lastUpdateId" in body:
        # A stream of the best levels alone looks the same and is no snapshot of the book.
        return "" if streamed else "snapshot"
    if "e" not in body and {"u", "b", "B", "a", "A"} <= body.keys():
        return "bookTicker"
    # Futures tell of fills by insurance and of trades that were none in the same stream.
    return str(body.get("e", "")) if body.get("X", "MARKET") == "MARKET" else ""


def unit_of(number: int) -> int:
    """The ns of the unit that a time's size tells."""
    return next(unit for least, unit in TIME_UNITS if number >= least)


def time_of(number: int) -> int:
    """A time since 1970 in ns; ValueError if it is none."""
    time_ns = whole(number) * unit_of(number)
    if not TIME_MIN <= time_ns <= TIME_MAX:
        raise ValueError(f"{number} is no time")
    return time_ns


def trade_of(body: dict[str, Any]) -> Trade:
    """A trade, or an aggregate of some."""
    is_aggregate = body["e"] == "aggTrade"
    flags = BUYER_IS_MAKER if body["m"] is True else 0
    number = whole(body["a" if is_aggregate else "t"])
    return Trade(number, amount(body["p"]), amount(body["q"]), flags, is_aggregate)


def ticker_of(body: dict[str, Any]) -> Ticker:
    """The best bid and ask."""
    return Ticker(whole(body["u"]), Top(*(amount(body[name]) for name in ("b", "a", "B", "A"))))


def update_of(body: dict[str, Any]) -> Update:
    """A change of the book; spot tells its own first update, futures the last one before it."""
    previous = whole(body["pu"]) if "pu" in body else whole(body["U"]) - 1
    return Update(previous, whole(body["u"]), levels_of(body["b"]), levels_of(body["a"]))


def snapshot_of(body: dict[str, Any]) -> Snapshot:
    """The whole book."""
    return Snapshot(whole(body["lastUpdateId"]), levels_of(body["bids"]), levels_of(body["asks"]))


def levels_of(rows: list[list[str]]) -> Levels:
    """Prices and volumes of a list of levels."""
    return [(amount(row[0]), amount(row[1])) for row in rows]


def amount(text: str) -> int:
    """A price or a volume in 1e-8; ValueError if it is none that can be."""
    integer, _, fraction = text.partition(".")
    digits = integer + fraction
    if len(fraction) <= 8 and digits.isdigit():
        number = int(digits) * SHIFTS[len(fraction)]
    else:
        number = e8_of(text)
    if not 0 <= number <= BOUND:
        raise ValueError(f"{text} is no amount")
    return number


def whole(number: int) -> int:
    """An id; ValueError if it is none."""
    if type(number) is not int or not 0 <= number <= BOUND:
        raise ValueError(f"{number} is no id")
    return number


SAID: "dict[str, tuple[Callable[[Any], Any], Callable[[Any], bool]]]" = {
    "trade": (trade_of, lambda body: "M" not in body),
    "aggTrade": (trade_of, lambda body: "M" not in body),
    "bookTicker": (ticker_of, lambda body: "e" in body),
    "depthUpdate": (update_of, lambda body: "pu" in body),
    "snapshot": (snapshot_of, lambda _: False),
}
