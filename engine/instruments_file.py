"""Which symbols does the instruments file know, in what steps, and since when?"""

import os
from typing import TYPE_CHECKING, Any

from engine.errors import Refused
from engine.instruments import Instrument, e8_of, refuse_beyond_bounds

if TYPE_CHECKING:
    from datetime import date


def load_instruments(path: str | None = None) -> "dict[str, list[tuple[date, Instrument]]]":
    """Every symbol's instruments with the date each is valid from; the shipped file by default."""
    import tomllib

    path = path or os.path.join(os.path.dirname(__file__), "instruments.toml")
    try:
        with open(path, "rb") as file:
            return {name: dated(name, told) for name, told in tomllib.load(file).items()}
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise Refused(
            f"{path} is no list of instruments: {type(error).__name__}: {error}",
            "Mend it after the example of the shipped engine/instruments.toml.",
        ) from error


def dated(name: str, told: dict[str, Any]) -> "list[tuple[date, Instrument]]":
    """A symbol's instruments in order of time; each change alters what it names."""
    from datetime import date

    rows = []
    for change in [{}, *told["changes"]]:
        told = told | change
        rows.append((date.fromordinal(told["from"].toordinal()), made(name, told)))
    return sorted(rows, key=lambda row: row[0])


def made(name: str, told: dict[str, Any]) -> Instrument:
    """One instrument from decimal text; bounds that lie between two steps move inwards."""
    tick, lot = e8_of(told["tick"]), e8_of(told["lot"])
    most, market = e8_of(told["quantity_max"]) // lot, e8_of(told["market_quantity_max"]) // lot
    price_min = -(-e8_of(told.get("price_min", told["tick"])) // tick)
    limits = (e8_of(told["notional_min"]), price_min, e8_of(told["price_max"]) // tick)
    sizes = (tick, lot, 1, most, min(most, market))
    one = Instrument(name, told["base"], told["quote"], *sizes, *limits)
    refuse_beyond_bounds(one)
    return one


def instrument(name: str, on: "date", path: str | None = None) -> Instrument:
    """The symbol as it was traded on a date; Refused if the file does not know it then."""
    known = load_instruments(path)
    if name not in known:
        raise Refused(
            f"There is no instrument {name!r}; known are {', '.join(sorted(known))}.",
            "Give one of these, or an instruments file of your own that has it.",
        )
    rows = [row for since, row in known[name] if since <= on]
    if not rows:
        raise Refused(
            f"The filters of {name} before {known[name][0][0]} are not known.",
            "Ask for a later date, or give an instruments file of your own that has them.",
        )
    return rows[-1]
