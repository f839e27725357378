"""Which values does the engine run with? One complete TOML file, checked key by key."""

import math
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine.cache import settings as caching
from engine.core import ROOT, digest_of_bytes
from engine.errors import Refused
from engine.layout import F, I, Parameter
from engine.messages import PARAMETER_NAME, ParameterChanged, encode, texts_of
from engine.resilience import settings as resilience
from engine.service.context import settings as feeding
from engine.state import KEYS
from engine.values import fitting, named, range_in_words, written

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
    "journal.keep_days": Parameter(
        I, 0, 0, 36_500, "days", "Age up to which compaction keeps records; 0 for ever."
    ),
    "journal.free_disk_floor_bytes": Parameter(
        I, 256 << 20, 0, 1 << 50, "bytes", "Free disk below which nothing more is bought."
    ),
    "journal.reserved_bytes": Parameter(
        I, 32 << 20, 0, 1 << 40, "bytes", "Disk kept back for cancels and exits once it is full."
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
    *resilience.ORDERED,
)
ALL_KEYS = {**SETTINGS, **KEYS, **resilience.ROWS, **caching.ROWS, **feeding.ROWS}
# May be left out, and what is given is shown nowhere.
SECRETS = {
    "service.postgres_url": "Where the service copies its tables: postgresql://USER:PASS@HOST/DB.",
    "cache.redis_url": "The Redis that shares the cache: redis://USER:PASS@HOST/DB, unix:///PATH.",
    **feeding.SECRETS,
}
NOTHING: Mapping[str, Any] = {}


class Given(NamedTuple):
    """A value as somebody gave it, and by which name: an option, a variable, or `file PATH`."""

    value: Any
    name: str


class Profile(NamedTuple):
    """Every value by its key, already checked, and the name by which each was given."""

    name: str
    values: dict[str, int | float]
    origins: dict[str, str]
    secrets: Mapping[str, str] = NOTHING

    def digest(self) -> bytes:
        """SHA-256 of all values."""
        rows = "\n".join(f"{key}={self.values[key]!r}" for key in ALL_KEYS)
        return digest_of_bytes(rows.encode())


def load_profile(
    name: str, changes: Iterable[str] = (), environment: Mapping[str, Given] = NOTHING
) -> Profile:
    """The profile of that name (or path), as `examine` finds it. Refused if anything is wrong."""
    profile, wrong = examine(name, changes, environment)
    refuse(wrong)
    return profile


def refuse(wrong: list[Refused]) -> None:
    """Refused with the first of these, if there is one."""
    if wrong:
        more = f" (the first of {len(wrong)} problems)" if wrong[1:] else ""
        raise Refused(wrong[0].what, wrong[0].fix + more, wrong[0].code)


def examine(
    name: str, changes: Iterable[str] = (), environment: Mapping[str, Given] = NOTHING
) -> tuple[Profile, list[Refused]]:
    """The profile of that name (or path) as far as it is right, and all that is wrong with it.

    A `key=value` change beats the environment, which beats the file. Refused without a file.
    """
    path = path_of(name)
    wrong: list[Refused] = []
    given: dict[str, Given] = {}
    rows = [(key, Given(value, f"file {path}")) for key, value in read(path).items()]
    for key, said in [*rows, *environment.items(), *map(changed, changes)]:
        try:
            given[known_key(key, said)] = said
        except Refused as refused:
            wrong.append(refused)
    values: dict[str, int | float] = {}
    for key in ALL_KEYS:
        try:
            values[key] = value_of(key, given, path)
        except Refused as refused:
            wrong.append(refused)
    wrong += contradictions(values)
    secrets = {key: given[key].value for key in SECRETS if key in given and given[key].value}
    origins = {key: given[key].name for key in (*values, *secrets)}
    return Profile(path.stem, values, origins, secrets), wrong


def path_of(name: str) -> Path:
    """Where the profile of that name lies; a path is its own. Refused if there is none."""
    path = Path(name) if name.endswith(".toml") else PROFILES / f"{name}.toml"
    if os.path.exists(path):
        return path
    known = ", ".join(shipped())
    raise Refused(f"there is no profile {name}", f"use one of {known}, or a path to a .toml")


def shipped() -> list[str]:
    """The names of the profiles that come with the engine."""
    return sorted(found.stem for found in PROFILES.glob("*.toml"))


def read(path: Path) -> dict[str, Any]:
    """What a profile file says, by key. Refused if it cannot be read, or is no TOML."""
    try:
        return flattened(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as wrong:
        raise Refused(f"{path} cannot be read: {wrong.strerror}", "give a readable file") from wrong
    except (ValueError, RecursionError) as wrong:  # TOML, UTF-8, a number of 5,000 digits
        raise Refused(f"{path} is not valid TOML: {wrong}", "mend that line") from wrong


def changed(change: str) -> tuple[str, Given]:
    """A `key=value` of --set; without a value it has none."""
    key, is_given, text = change.partition("=")
    return key.strip(), Given(text.strip() if is_given else None, "--set")


def value_of(key: str, given: Mapping[str, Given], path: Path) -> int | float:
    """The value of a key, checked. Refused where there is none, or a wrong one, naming whose."""
    if key not in given:
        raise Refused(
            f"{path} lacks {key}",
            "a profile is complete: supreme config show prints every line",
        )
    value, name = given[key]
    try:
        return checked(key, value)
    except Refused as refused:
        if name.startswith(("--", "file ")):
            raise
        raise Refused(f"{name}: {refused.what}", refused.fix) from refused


def contradictions(values: Mapping[str, int | float]) -> list[Refused]:
    """Values, each possible in itself, that mean nothing together."""
    found = [
        Refused(
            f"{less} = {values[less]} is above {more} = {values[more]}",
            "give them in rising order",
        )
        for less, more in ORDERED
        if less in values and more in values and values[less] > values[more]
    ]
    size = values.get("journal.segment_bytes", 0)
    if size % PAGE:
        found.append(
            Refused(f"journal.segment_bytes = {size} is impossible", f"give a multiple of {PAGE}")
        )
    return found


def flattened(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables as dotted keys."""
    rows: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            rows.update(flattened(value, f"{prefix}{key}."))
        else:
            rows[prefix + key] = value
    return rows


def known_key(key: str, given: Given) -> str:
    """The key itself; Refused with the nearest one if there is none of that name."""
    if given.value is None:
        raise Refused(f"--set {key} has no value", "write --set key=value")
    if key in SECRETS:
        return secret(key, given)
    if key in ALL_KEYS:
        return key
    from difflib import get_close_matches

    near = get_close_matches(key, ALL_KEYS, 1, 0.4)
    raise Refused(
        f"{given.name.removeprefix('file ')}: there is no key {key}",
        f"did you mean {near[0]}?" if near else "supreme config show prints all keys",
    )


def secret(key: str, given: Given) -> str:
    """The key of a secret; Refused, without its value, where others could read it, or for none."""
    if given.name == "--set":
        raise Refused(
            f"{key} is a secret: whoever lists the processes would read it",
            "set its variable (supreme config names), or write it into a profile of your own",
        )
    if not isinstance(given.value, str):
        where = given.name.removeprefix("file ")
        raise Refused(f"{where}: {key} is no text", "put it between quotation marks")
    return key


def checked(key: str, value: Any) -> int | float:
    """The value in its own kind and range. Refused otherwise."""
    return fitting(key, ALL_KEYS[key], value)


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


def as_toml(values: Mapping[str, int | float], opening: str) -> str:
    """A complete profile file, each key with its meaning, unit and range."""
    lines, section = [f"# {opening}"], ""
    for key, row in ALL_KEYS.items():
        table, _, name = key.rpartition(".")
        if table != section:
            lines += ["", f"[{table}]"]
            section = table
        limits = "" if "|" in row.unit else f" {range_of(key)}."
        lines += [f"# {row.text}{limits}", f"{name} = {written(worded(key, values[key]))}"]
    return "\n".join(lines) + "\n"


def worded(key: str, value: float) -> int | float | str | list[str]:
    """A checked value as a profile writes it: a choice by its name, a selection by its names."""
    return named(ALL_KEYS[key], value)


def range_of(key: str) -> str:
    """What a key may be, in words: from where to where and of what, or one of which names."""
    return range_in_words(ALL_KEYS[key])
