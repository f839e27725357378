"""What was asked of `supreme run`? A small table of options, parsed without argparse's weight."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

from engine import environment
from engine.control.places import base_directory
from engine.errors import Refused
from engine.market.simulated import PLAYED, played
from engine.profile import Given, Profile, examine, load_profile

LEVELS, FORMS = ("debug", "info", "warning", "error", "critical"), ("json", "text")
DEFAULT = "default"  # who gives a value that nobody gave


class Option(NamedTuple):
    """One option: what it takes (a flag nothing), what it is if nobody says, and what it does."""

    takes: str
    usual: str
    text: str


OPTIONS = {
    "replay": Option("FILE", "", "feed this record file (made by `supreme data import`)"),
    "feed": Option("SOCKET", "", "listen here for another program's market records"),
    "symbol": Option("NAME", PLAYED, f"what the simulated market plays [{PLAYED}]"),
    "speed": Option("N|max", "60", "N seconds of market time a second [60]; 1 is real time"),
    "data-dir": Option("DIR", "", "where journal and log live [$XDG_DATA_HOME/supreme/run-...]"),
    "profile": Option("NAME", "scalping", "a profile's name or a path to a .toml file [scalping]"),
    "set": Option("KEY=VALUE", "", "change one value of the profile; may be repeated"),
    "seed": Option("N", "1", "seed of the simulated market [1]"),
    "for": Option("SECONDS", "0", "stop after this time"),
    "reset-halt": Option("", "", "an operator ends a halt; needs --reason"),
    "reason": Option("TEXT", "", "why; kept in the journal"),
    "log-level": Option("LEVEL", "info", "debug, info, warning, error or critical [info]"),
    "log-format": Option("FORM", "json", "json or text [json]"),
    "json": Option("", "", "print the final state as JSON"),
    "quiet": Option("", "", "no live status"),
}
HELP = """\
Usage: supreme run [OPTIONS]

Run the engine in the foreground. Without --replay the market is simulated from a seed, on paper,
and everything it yields is labelled SIMULATED; the profiles binance-paper and binance-live trade at
an exchange (docs/exchange.md). The journal keeps every event; the next start continues where this
one stopped. Ctrl-C (or SIGTERM) stops it and prints the state.

Examples:
  supreme run                                      a simulated market, a minute a second
  supreme run --replay ETHUSDT-1m.records          real history on paper
  supreme run --replay F.records --speed max       as fast as the disk keeps up
  supreme run --profile binance-paper --set exchange.key=paper    at supreme venue
  supreme run --reset-halt --reason "checked"      leave HALTED after the drawdown stop

Options:
""" + "".join(f"  {f'--{name} {row.takes}':20} {row.text}\n" for name, row in OPTIONS.items())
HELP += """\
  -h, --help           this text

A variable may stand for an option or a profile key (SUPREME_SPEED=1): supreme config names
"""
FLAGS = (*(name for name, row in OPTIONS.items() if not row.takes), "help")
VALUED = tuple(name for name, row in OPTIONS.items() if row.takes)


class Options(NamedTuple):
    """What `supreme run` was asked for; `speed` 0 is as fast as possible, `seconds` 0 for ever.

    `given` is each option's last value with its origin, `environment` what variables say of keys.
    """

    replay: str
    feed: str
    symbol: str
    speed: float
    data_dir: str
    profile: str
    changes: tuple[str, ...]
    seed: int
    seconds: float
    reset_halt: bool
    reason: str
    log_level: str
    log_format: str
    json: bool
    quiet: bool
    help: bool
    given: Mapping[str, Given]
    environment: Mapping[str, Given]


def parse(argv: list[str], environ: Mapping[str, str] = os.environ) -> Options:
    """The options of a command line, and of the environment where it is silent.

    Refused names what is wrong and what would be right.
    """
    words = split(argv)
    asked = environment.read({} if "help" in words else environ)
    options = checked(words, asked)
    if options.reset_halt and not options.reason:
        raise Refused("supreme run: --reset-halt needs a reason", 'add --reason "what was checked"')
    return options


def profile_asked(
    name: str, changes: Iterable[str], environ: Mapping[str, str] = os.environ
) -> Profile:
    """The profile of a command that takes --profile and --set alone, by the rules of `run`."""
    asked = environment.read(environ)
    usual = asked.options.get("profile", Given(OPTIONS["profile"].usual, DEFAULT))
    return load_profile(name or usual.value, changes, asked.keys)


def split(argv: list[str]) -> dict[str, list[str]]:
    """Each option of a command line with all its values; a flag's is `yes`."""
    given: dict[str, list[str]] = {}
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        name, has_value, value = word.removeprefix("--").partition("=")
        name = "help" if word == "-h" else name
        if not word.startswith("-") or name not in FLAGS + VALUED:
            raise Refused(f"supreme run: unknown option {word}", nearest(name))
        if name in FLAGS:
            if has_value:
                raise Refused(f"supreme run: --{name} takes no value", f"write --{name} alone")
            value = "yes"
        elif not has_value:
            if not rest or rest[0].startswith("--"):
                raise Refused(f"supreme run: --{name} needs a value", "see: supreme run --help")
            value = rest.pop(0)
        if not value.strip():
            raise Refused(f"supreme run: --{name} needs a value", "see: supreme run --help")
        given.setdefault(name, []).append(value)
    return given


def nearest(name: str) -> str:
    """A hint at the option that was probably meant."""
    from difflib import get_close_matches

    near = get_close_matches(name, FLAGS + VALUED, 1, 0.5)
    return f"did you mean --{near[0]}?" if near else "see: supreme run --help"


def checked(words: Mapping[str, list[str]], asked: environment.Environment) -> Options:
    """The options in their own types and ranges: a word beats a variable, and that the usual."""
    usual = {name: Given(row.usual, DEFAULT) for name, row in OPTIONS.items()}
    flags = {name: Given(values[-1], f"--{name}") for name, values in words.items()}
    given = {**usual, **asked.options, **flags}
    options = Options(
        replay=given["replay"].value,
        feed=given["feed"].value,
        symbol=given["symbol"].value,
        speed=0.0 if given["speed"].value == "max" else number(given["speed"], 1e-3, 1e6),
        data_dir=given["data-dir"].value,
        profile=given["profile"].value,
        changes=tuple(words.get("set", ())),
        seed=whole(given["seed"], 0, 2_000_000_000),
        seconds=number(given["for"], 0.1, 1e9) if given["for"].name != DEFAULT else 0.0,
        reset_halt="reset-halt" in words,
        reason=given["reason"].value.strip(),
        log_level=one_of(given["log-level"], LEVELS),
        log_format=one_of(given["log-format"], FORMS),
        json="json" in words,
        quiet="quiet" in words,
        help="help" in words,
        given=given,
        environment=asked.keys,
    )
    if given["symbol"].name != DEFAULT and not options.replay:
        options = options._replace(symbol=symbol_of(given["symbol"]))
    return options._replace(data_dir=options.data_dir or default_directory(options))


def trades_outside(options: Options) -> bool:
    """Whether the profile names an exchange; a profile that is wrong is refused later, in whole."""
    with suppress(Refused):
        profile = examine(options.profile, options.changes, options.environment)[0]
        return bool(profile.values.get("exchange.venue"))
    return False


def default_directory(options: Options) -> str:
    """A directory of its own for each market, so that trying one never disturbs another."""
    name = f"run-simulated-{options.seed}"
    if options.symbol != PLAYED:
        name += f"-{options.symbol}"
    if trades_outside(options):
        name = f"run-{os.path.basename(options.profile).removesuffix('.toml')}-{options.symbol}"
    elif options.feed:
        name = f"run-feed-{os.path.basename(options.feed).partition('.')[0]}"
    elif options.replay:
        name = f"run-{os.path.basename(options.replay).partition('.')[0] or 'replay'}"
    return os.path.join(base_directory(), name)


def symbol_of(given: Given) -> str:
    """The symbol as the instruments have it; Refused with the nearest one they know."""
    known = {letters(name): name for name in played()}
    found = known.get(letters(given.value))
    if found:
        return found
    from difflib import get_close_matches

    near = get_close_matches(letters(given.value), known, 1, 0.4)
    fix = f"did you mean {known[near[0]]}?" if near else f"use {', '.join(sorted(known.values()))}"
    raise Refused(f"supreme run: {given.name} {given.value} is unknown", fix)


def letters(symbol: str) -> str:
    """A symbol without what people put between its parts: eth-usdt, ETH/USDT, ETHUSDT."""
    return "".join(letter for letter in symbol.upper() if letter.isalnum())


def whole(given: Given, low: int, high: int) -> int:
    """A whole number in its range."""
    value = number(given, low, high)
    if value != int(value):
        raise Refused(
            f"supreme run: {given.name} {given.value} is impossible", "give a whole number"
        )
    return int(value)


def number(given: Given, low: float, high: float) -> float:
    """A number in its range."""
    try:
        value = float(given.value)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise Refused(
            f"supreme run: {given.name} {given.value} is impossible",
            f"give a number from {low:g} to {high:g}",
        )
    return value


def one_of(given: Given, choices: tuple[str, ...]) -> str:
    """One of the words that are known."""
    if given.value not in choices:
        raise Refused(
            f"supreme run: {given.name} {given.value} is unknown", f"use {', '.join(choices)}"
        )
    word: str = given.value
    return word
