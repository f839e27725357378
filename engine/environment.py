"""What does the environment ask for? The names that are read, and those refused by name.

A variable that is empty counts as not set; the data directory's is refused then, lest another one
be meant. No value of a name that is not read is ever shown.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from engine.control.places import directory_named
from engine.errors import Refused
from engine.profile import ALL_KEYS, SECRETS, TEXTS, Given, refuse
from engine.secrets.mode import API_KEY, MODE, SANDBOX, SECRET, profile_by_mode

PREFIX = "SUPREME_"
# The options of `supreme run` that a variable may stand for.
LASTING = (
    *("profile", "symbol", "replay", "feed", "speed", "seed", "data-dir", "for"),
    *("log-level", "log-format"),
)
# Asked for at the prompt alone: who ends a halt says so each time, and profile keys have names.
AT_THE_PROMPT = ("set", "reset-halt", "reason", "json", "quiet", "help")
# Names that were in use before ours; ours beats them.
ALIASES = {
    "SYMBOL_FOCUS": "SUPREME_SYMBOL",
    "INTERVAL_SECONDS": "SUPREME_SCHEDULE__INTERVAL_SECONDS",
    "POSTGRES_URL": "SUPREME_SERVICE__POSTGRES_URL",
    "REDIS_URL": "SUPREME_CACHE__REDIS_URL",
}
# What stands for a profile together: which money, and the keys to it.
OF_MODE = (MODE, API_KEY, SECRET, SANDBOX, *(PREFIX + n for n in (API_KEY, SECRET, SANDBOX)))
# Refused: whoever sets one of these expects what does not happen.
NOT_READ = {
    "EXCHANGE_": "of an exchange only EXCHANGE_API_KEY, EXCHANGE_SECRET, EXCHANGE_SANDBOX are read",
}
# Read where keys are opened, or set by the command that hands them to the engine it starts.
OF_KEYS = {
    "SUPREME_KEYS_FD": "set by the command that hands keys to an engine; never by hand",
    "SUPREME_PASSPHRASE_FILE": "a file, 0600, whose first line opens the keys that run needs",
}
# Read by console and venue, or by this project's own tests and benchmarks, never by the engine.
OURS = (
    "SUPREME_BENCH_RUN_SECONDS",
    "SUPREME_BENCH_WATCH_SECONDS",
    "SUPREME_CLIENTS",
    "SUPREME_CONSOLE_DIFF",
    "SUPREME_FAULT",
    "SUPREME_FAULT_ON",
    "SUPREME_FAULT_TALLY",
    "SUPREME_FAULT_TRACE",
    "SUPREME_PEERS",
    "SUPREME_SHARED",
    "SUPREME_VENUE_KEY",
    "SUPREME_VENUE_SECRET",
)


def variable_of(name: str) -> str:
    """The variable of an option or a profile key: SUPREME_LOG_LEVEL, SUPREME_RISK__POSITION_MAX."""
    return PREFIX + name.upper().replace("-", "_").replace(".", "__")


# variable -> the option or key it stands for; only keys have a point in them.
NAMES = {variable_of(name): name for name in (*LASTING, *ALL_KEYS, *TEXTS, *SECRETS)}


class Environment(NamedTuple):
    """What was asked for, each with its variable: options of `supreme run`, and profile keys."""

    options: dict[str, Given]
    keys: dict[str, Given]


def read(environ: Mapping[str, str]) -> Environment:
    """What the environment asks for. Refused with the first thing wrong in it."""
    asked, wrong = examine(environ)
    refuse(wrong)
    return asked


def examine(environ: Mapping[str, str]) -> tuple[Environment, list[Refused]]:
    """What the environment asks for, and every name or mode in it that is refused."""
    said = {name: text.strip() for name, text in environ.items() if text.strip()}
    given: dict[str, Given] = {}
    for name, ours in [*ALIASES.items(), *((name, name) for name in NAMES)]:
        if name in said:
            given[NAMES[ours]] = Given(said[name], name)
    wrong: list[Refused] = []
    try:
        profile = profile_by_mode(environ)
        if profile and "profile" not in given:
            given["profile"] = Given(profile, MODE)
    except Refused as refused:
        wrong.append(refused)
    asked = Environment(
        {name: value for name, value in given.items() if name in LASTING},
        {name: value for name, value in given.items() if name not in LASTING},
    )
    return asked, [*wrong, *nowhere(environ), *not_read(said), *unknown(said)]


def nowhere(environ: Mapping[str, str]) -> Iterator[Refused]:
    """A data directory without a name."""
    try:
        directory_named(environ)
    except Refused as refused:
        yield refused


def not_read(said: Mapping[str, str]) -> Iterator[Refused]:
    """Names that stand for nothing here."""
    for start, why in NOT_READ.items():
        whole = start.endswith("_")  # a prefix
        names = [n for n in sorted(said) if n == start or (whole and n.startswith(start))]
        names = [name for name in names if name not in OF_MODE]
        if names:
            verb = "are" if names[1:] else "is"
            yield Refused(f"{', '.join(names)} {verb} set: {why}", f"unset {' '.join(names)}")


def unknown(said: Mapping[str, str]) -> Iterator[Refused]:
    """Names that look like ours and are not."""
    for name in sorted(said):
        is_known = name in NAMES or name in (*OF_KEYS, *OF_MODE, *OURS)
        if name.startswith(PREFIX) and not is_known:
            yield Refused(f"there is no variable {name}", meant(name))


def meant(name: str) -> str:
    """A hint at what a wrong name was probably for."""
    option = name.removeprefix(PREFIX).lower().replace("_", "-")
    if option in AT_THE_PROMPT:
        return f"give --{option} on the command line: it holds for one start"
    from difflib import get_close_matches

    rests = {known.removeprefix(PREFIX): known for known in NAMES}
    near = get_close_matches(name.removeprefix(PREFIX), rests, 1, 0.5)
    return f"did you mean {rests[near[0]]}?" if near else "supreme config names lists all"


def origin_of(name: str) -> str:
    """Where a value came from, by the name it was given under."""
    if name.startswith("--"):
        return "flag"
    if name in ALIASES:
        return f"alias {name}"
    return f"environment {name}" if name in NAMES or name == MODE else name
