"""What may a value of a profile be, and how is it written? A number, a choice, or a selection."""

import math
from typing import Any

from engine.errors import Refused
from engine.layout import F, I, Parameter

SWITCH = "false|true"  # the choice that TOML has words for


def fitting(key: str, row: Parameter, value: Any) -> int | float:
    """The value of this key in its own kind and range. Refused otherwise."""
    if "|" in row.unit:
        return choice(key, row, value)
    if "," in row.unit:
        return selection(key, row, value)
    try:
        number = float(value) if row.kind == F else int(value)
        fits = not isinstance(value, bool) and row.low <= number <= row.high
        fits = fits and (row.kind == F or float(value) == number)
    except (TypeError, ValueError, OverflowError):
        fits, number = False, 0
    if not fits or not math.isfinite(number):
        what = "a whole number" if row.kind == I else "a number"
        raise Refused(
            f"{key} = {shown(value)} is impossible",
            f"it must be {what} from {row.low} to {row.high} {row.unit}".rstrip(),
        )
    return number


def choice(key: str, row: Parameter, value: Any) -> int:
    """The number of a named choice."""
    names = row.unit.split("|")
    if isinstance(value, bool):
        value = str(value).lower()
    if value not in names:
        raise Refused(
            f"{key} = {shown(value)} is impossible", f"it must be one of {', '.join(names)}"
        )
    return int(row.low) + names.index(value)


def selection(key: str, row: Parameter, value: Any) -> int:
    """The number of some names, given as a list or between commas: a bit for each."""
    names = row.unit.split(",")
    asked = [one.strip() for one in value.split(",")] if isinstance(value, str) else value
    if not isinstance(asked, list) or any(one not in names for one in asked if one != ""):
        raise Refused(f"{key} = {shown(value)} is impossible", f"it must be {range_in_words(row)}")
    return sum(1 << place for place, name in enumerate(names) if name in asked)


def shown(value: Any) -> str:
    """A wrong value, as far as it fits a line."""
    try:
        return str(value)[:60]
    except ValueError:
        return "a number of thousands of digits"


def named(row: Parameter, value: float) -> int | float | str | list[str]:
    """A value that fits, as people write it: a choice by its name, a selection by its names."""
    if "," in row.unit:
        return [name for bit, name in enumerate(row.unit.split(",")) if int(value) >> bit & 1]
    return row.unit.split("|")[int(value) - int(row.low)] if "|" in row.unit else value


def written(value: float | str | list[str]) -> str:
    """A value as TOML has it."""
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    plain = not isinstance(value, str) or value in SWITCH.split("|")
    return f"{value}" if plain else f'"{value}"'


def range_in_words(row: Parameter) -> str:
    """From where to where and of what, or one of which names, or any of them."""
    if "|" in row.unit:
        return row.unit.replace("|", " or ")
    if "," in row.unit:
        return f"any of {row.unit.replace(',', ', ')}"
    return f"{row.low} to {row.high} {row.unit}".rstrip()
