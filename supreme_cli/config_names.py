"""Which variables are there? All of them, made from the same rows that are obeyed."""

from collections.abc import Iterator
from typing import NamedTuple

from engine.environment import ALIASES, NAMES, NOT_READ, OF_KEYS, OURS
from engine.options import OPTIONS
from engine.profile import ALL_KEYS, SECRETS, TEXTS, range_of
from engine.secrets.mode import API_KEY, MODE, SANDBOX, SECRET

SPELLED = {
    "SYMBOL_FOCUS": "ETHUSDT, ETH-USDT or ETH/USDT; must agree with the file of --replay",
    "INTERVAL_SECONDS": "30 to 60 is usual",
    "POSTGRES_URL": "read by supreme serve alone, shown nowhere",
    "REDIS_URL": "the Redis that shares the cache of the service",
}


MEANT = {
    API_KEY: "an API key of the exchange; with the secret and without production: binance-paper",
    SECRET: "its secret, shown nowhere, and kept from the engine's environment",
    SANDBOX: "true or false; false and production is real money: the profile binance-live",
}


class Name(NamedTuple):
    """A variable, what it stands for, and what it means."""

    variable: str
    stands_for: str
    meaning: str


def names() -> Iterator[Name]:
    """Every variable that is read, refused or our own."""
    for variable, name in NAMES.items():
        if name in OPTIONS:
            yield Name(variable, f"--{name} {OPTIONS[name].takes}", OPTIONS[name].text)
    for alias, variable in ALIASES.items():
        yield Name(alias, variable, SPELLED[alias])
    yield Name(MODE, "--profile", "paper, or production: then all of the next three are needed")
    for name, meaning in MEANT.items():
        yield Name(name, "", meaning)
    for variable, name in NAMES.items():
        if name in ALL_KEYS:
            yield Name(variable, name, f"{ALL_KEYS[name].text} {range_of(name)}")
    for variable, name in NAMES.items():
        if name in SECRETS or name in TEXTS:
            yield Name(variable, name, SECRETS.get(name) or TEXTS[name])
    for name, why in NOT_READ.items():
        yield Name(f"{name}*" if name.endswith("_") else name, "refused", why)
    for name, meaning in OF_KEYS.items():
        yield Name(name, "", meaning)
    for name in OURS:
        yield Name(name, "ignored", "read by console, venue, tests or benchmarks")


def table() -> str:
    """The same as a Markdown table."""
    rows = [("variable", "stands for", "meaning"), ("---", "---", "---")]
    rows += [(f"`{one.variable}`", one.stands_for, one.meaning) for one in names()]
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)
