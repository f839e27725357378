"""Which values does the engine run with? One complete TOML file, checked key by key."""

import math
import os
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from engine.core import ROOT, digest_of_bytes
from engine.errors import Refused
from engine.layout import F, I, Parameter
from engine.messages import PARAMETER_NAME, ParameterChanged, encode, texts_of
from engine.state import KEYS

# A checkout keeps them at its top, an installed package inside the engine.
PROFILES = next(
    (found for found in (ROOT / "profiles", ROOT / "engine" / "profiles") if found.is_dir()),
    ROOT / "profiles",
)
# What a profile says beyond the core's own keys.
SETTINGS = {
    "account.cash": Parameter(F, 10_000.0, 0.0, 1e9, "quote", "Cash of a new paper account."),
    "journal.segment_bytes": Parameter(
        I, 16 << 20, 1 << 16, 1 << 30, "bytes", "Size of one journal file."
    ),
}
PAGE = 4096  # a journal file consists of whole ones
# Pairs that mean something only in this order.
ORDERED = (
    ("indicators.ema_fast", "indicators.ema_slow"),
    ("indicators.macd_fast", "indicators.macd_slow"),
    ("breakers.drawdown_half", "breakers.drawdown_conservative"),
    ("breakers.drawdown_conservative", "breakers.drawdown_stop"),
    ("sizing.stop_loss", "risk.price_band"),  # a stop beyond the band would be denied
)
ALL_KEYS = {**SETTINGS, **KEYS}


class Profile(NamedTuple):
    """Every value by its key, already checked."""

    name: str
    values: dict[str, int | float]

    def digest(self) -> bytes:
        """SHA-256 of all values."""
        rows = "\n".join(f"{key}={self.values[key]!r}" for key in ALL_KEYS)
        return digest_of_bytes(rows.encode())


def load_profile(name: str, changes: list[str] | None = None) -> Profile:
    """The profile of that name (or path), with `key=value` changes applied. Refused if wrong."""
    path = Path(name) if name.endswith(".toml") else PROFILES / f"{name}.toml"
    if not os.path.exists(path):
        known = ", ".join(sorted(found.stem for found in PROFILES.glob("*.toml")))
        raise Refused(f"there is no profile {name}", f"use one of {known}, or a path to a .toml")
    try:
        written = flattened(tomllib.loads(path.read_text()))
    except OSError as wrong:
        raise Refused(f"{path} cannot be read: {wrong.strerror}", "give a readable file") from wrong
    except (ValueError, RecursionError) as wrong:  # TOML, UTF-8, a number of 5,000 digits
        raise Refused(f"{path} is not valid TOML: {wrong}", "mend that line") from wrong
    for key in written:
        known_key(key, str(path))
    missing = [key for key in ALL_KEYS if key not in written]
    if missing:
        raise Refused(
            f"{path} lacks {missing[0]}" + (f" and {len(missing) - 1} more" if missing[1:] else ""),
            "a profile is complete: copy the line from profiles/scalping.toml",
        )
    for change in changes or []:
        key, is_given, text = change.partition("=")
        if not is_given:
            raise Refused(f"--set {change} has no value", "write --set key=value")
        written[known_key(key.strip(), "--set")] = text.strip()
    values = {key: checked(key, written[key]) for key in ALL_KEYS}
    for less, more in ORDERED:
        if values[less] > values[more]:
            raise Refused(
                f"{less} = {values[less]} is above {more} = {values[more]}",
                "give them in rising order",
            )
    if values["journal.segment_bytes"] % PAGE:
        raise Refused(
            f"journal.segment_bytes = {values['journal.segment_bytes']} is impossible",
            f"give a multiple of {PAGE}",
        )
    return Profile(path.stem, values)


def flattened(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables as dotted keys."""
    rows: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            rows.update(flattened(value, f"{prefix}{key}."))
        else:
            rows[prefix + key] = value
    return rows


def known_key(key: str, where: str) -> str:
    """The key itself; Refused with the nearest one if there is none of that name."""
    if key in ALL_KEYS:
        return key
    from difflib import get_close_matches

    near = get_close_matches(key, ALL_KEYS, 1, 0.4)
    raise Refused(
        f"{where}: there is no key {key}",
        f"did you mean {near[0]}?" if near else "see profiles/scalping.toml for all keys",
    )


def checked(key: str, value: Any) -> int | float:
    """The value in its own kind and range. Refused otherwise."""
    row = ALL_KEYS[key]
    if "|" in row.unit:
        return choice(key, row, value)
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
    if value not in names:
        raise Refused(
            f"{key} = {shown(value)} is impossible", f"it must be one of {', '.join(names)}"
        )
    return int(row.low) + names.index(value)


def shown(value: Any) -> str:
    """A wrong value, as far as it fits a line."""
    try:
        return str(value)[:60]
    except ValueError:
        return "a number of thousands of digits"


def parts_of(value: float) -> tuple[int, int]:
    """A finite number as mantissa and exponent of two, exactly."""
    if isinstance(value, int):
        return value, 0
    exponent = max(math.frexp(value)[1] - 53, -1074)
    return int(math.ldexp(value, -exponent)), exponent


def parameter_records(profile: Profile, at_ns: int) -> list[bytes]:
    """The profile as events: each key's name, then its value."""
    records = []
    for number, key in enumerate(KEYS):
        records += texts_of(key, PARAMETER_NAME, received_ns=at_ns)
        mantissa, exponent = parts_of(profile.values[key])
        records.append(encode(ParameterChanged(0, at_ns, at_ns, number, mantissa, exponent)))
    return records


def as_toml(values: dict[str, int | float], opening: str) -> str:
    """A complete profile file, each key with its meaning, unit and range."""
    lines, section = [f"# {opening}"], ""
    for key, row in ALL_KEYS.items():
        table, _, name = key.rpartition(".")
        if table != section:
            lines += ["", f"[{table}]"]
            section = table
        value: Any = values[key]
        if "|" in row.unit:
            value = f'"{row.unit.split("|")[int(value) - int(row.low)]}"'
        limits = "" if "|" in row.unit else f" {row.low} to {row.high} {row.unit}".rstrip() + "."
        lines += [f"# {row.text}{limits}", f"{name} = {value}"]
    return "\n".join(lines) + "\n"
