"""What is said before a local feed's records? Who feeds, what may be traded, whose clock it is.

A greeting is a length and a JSON object: `{"protocol": 1, "label": ..., "is_simulated": ...,
"instruments": [[name, base, quote, tick_e8, ...], ...]}`; a record's symbol is the place in that
list. The engine answers `{"taken": true}` or `{"error": ..., "fix": ...}` in the same way.
"""

import struct
from json import dumps, loads
from typing import Any, NamedTuple

from engine.errors import Refused
from engine.instruments import Instrument, refuse_beyond_bounds

PROTOCOL = 1
LENGTH = struct.Struct("<I")
GREETING_MAX = 1 << 16  # bytes of a greeting or an answer
SYMBOLS_MAX = 64  # what a core holds at most
LABEL_MAX = 80
NAME_MAX = 20
COLUMNS = len(Instrument._fields) - len(Instrument._field_defaults)  # of an instrument fed
FIX = "feed it with engine.lines.feeding of the engine's own version"


class Hello(NamedTuple):
    """Who feeds: simulated time is the records' own, other time has to be near the clock's."""

    label: str
    is_simulated: bool
    instruments: tuple[Instrument, ...]


def packed(told: dict[str, Any]) -> bytes:
    """A greeting or an answer to it, as bytes."""
    raw = dumps(told).encode()
    return LENGTH.pack(len(raw)) + raw


def unpacked(raw: bytes | bytearray) -> tuple[dict[str, Any], int] | None:
    """What was told and how many bytes that took, None while not all is there. Refused for none."""
    if len(raw) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack_from(raw)
    if not 2 <= length <= GREETING_MAX:
        raise Refused("no greeting of a local feed came", FIX, code=4)
    if len(raw) < LENGTH.size + length:
        return None
    try:
        told = loads(bytes(raw[LENGTH.size : LENGTH.size + length]))
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise Refused("no greeting of a local feed came", FIX, code=4)
    return told, LENGTH.size + length


def greeting(hello: Hello) -> bytes:
    """What a feeder says first."""
    rows = [list(one[:COLUMNS]) for one in hello.instruments]
    told = {"label": hello.label, "is_simulated": hello.is_simulated, "instruments": rows}
    return packed({"protocol": PROTOCOL, **told})


def hello_in(told: dict[str, Any]) -> Hello:
    """The greeting's meaning; Refused (4) for another protocol or for what cannot be traded."""
    if told.get("protocol") != PROTOCOL:
        raise Refused(
            f"the feeder speaks protocol {told.get('protocol')!r:.20}, this engine {PROTOCOL}",
            FIX,
            code=4,
        )
    label, is_simulated, rows = (
        told.get(name) for name in ("label", "is_simulated", "instruments")
    )
    if not isinstance(label, str) or type(is_simulated) is not bool or not isinstance(rows, list):
        raise Refused("the feeder's greeting lacks something", FIX, code=4)
    if not 0 < len(rows) <= SYMBOLS_MAX:
        raise Refused(
            f"the feeder names {len(rows)} instruments", f"1 to {SYMBOLS_MAX} can be fed", code=4
        )
    instruments = tuple(instrument_in(row) for row in rows)
    if len({one.name for one in instruments}) < len(instruments):
        raise Refused("the feeder names an instrument twice", FIX, code=4)
    shown = "".join(letter if letter.isprintable() else "?" for letter in label[:LABEL_MAX])
    return Hello(shown, is_simulated, instruments)


def instrument_in(row: object) -> Instrument:
    """One instrument; Refused (4) for a row that is none or passes the engine's bounds."""
    if not isinstance(row, list) or len(row) != COLUMNS:
        raise Refused(f"an instrument of the feeder is no list of {COLUMNS}", FIX, code=4)
    names, numbers = row[:3], row[3:]
    are_names = all(isinstance(name, str) and is_name(name) for name in names)
    if not are_names or not all(type(number) is int and number >= 0 for number in numbers):
        raise Refused(f"the feeder's instrument {row[0]!r:.40} is none", FIX, code=4)
    one = Instrument(*row)
    refuse_beyond_bounds(one)
    return one


def is_name(text: str) -> bool:
    """Whether it may name a symbol or a currency."""
    return (
        text.isascii()
        and text.replace("-", "").replace("_", "").isalnum()
        and len(text) <= NAME_MAX
    )
