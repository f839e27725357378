"""What was asked of `supreme run`? A small table of options, parsed without argparse's weight."""

import os
from typing import NamedTuple

from engine.errors import Refused

HELP = """\
Usage: supreme run [OPTIONS]

Run the engine in the foreground, on paper. Without --replay the market is simulated from a seed,
and everything it yields is labelled SIMULATED. The journal keeps every event; the next start
continues where this one stopped. Ctrl-C (or SIGTERM) stops it and prints the state.

Examples:
  supreme run                                      a simulated market, a minute a second
  supreme run --replay ETHUSDT-1m.records          real history on paper
  supreme run --replay F.records --speed max       as fast as the disk keeps up
  supreme run --reset-halt --reason "checked"      leave HALTED after the drawdown stop

Options:
  --replay FILE        feed this record file (made by `supreme data import`)
  --speed N|max        N seconds of market time a second [60]; 1 is real time
  --data-dir DIR       where journal and log live [$XDG_DATA_HOME/supreme/run-...]
  --profile NAME       a profile's name or a path to a .toml file [scalping]
  --set KEY=VALUE      change one value of the profile; may be repeated
  --seed N             seed of the simulated market [1]
  --for SECONDS        stop after this time
  --reset-halt         an operator ends a halt; needs --reason
  --reason TEXT        why; kept in the journal
  --log-level LEVEL    debug, info, warning, error or critical [info]
  --log-format FORM    json or text [json]
  --json               print the final state as JSON
  --quiet              no live status
  -h, --help           this text
"""
FLAGS = ("reset-halt", "json", "quiet", "help")
VALUED = (
    *("replay", "speed", "data-dir", "profile", "set", "seed"),
    *("for", "reason", "log-level", "log-format"),
)
LEVELS, FORMS = ("debug", "info", "warning", "error", "critical"), ("json", "text")


class Options(NamedTuple):
    """What `supreme run` was asked for; `speed` 0 is as fast as possible, `seconds` 0 for ever."""

    replay: str = ""
    speed: float = 60.0
    data_dir: str = ""
    profile: str = "scalping"
    changes: tuple[str, ...] = ()
    seed: int = 1
    seconds: float = 0.0
    reset_halt: bool = False
    reason: str = ""
    log_level: str = "info"
    log_format: str = "json"
    json: bool = False
    quiet: bool = False
    help: bool = False


def parse(argv: list[str]) -> Options:
    """The options of a command line; Refused names what is wrong and what would be right."""
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
    return checked(given)


def nearest(name: str) -> str:
    """A hint at the option that was probably meant."""
    from difflib import get_close_matches

    near = get_close_matches(name, FLAGS + VALUED, 1, 0.5)
    return f"did you mean --{near[0]}?" if near else "see: supreme run --help"


def checked(given: dict[str, list[str]]) -> Options:
    """The options in their own types and ranges."""
    last = {name: values[-1] for name, values in given.items()}
    options = Options(
        replay=last.get("replay", ""),
        speed=0.0 if last.get("speed") == "max" else number(last, "speed", 60.0, 1e-3, 1e6),
        profile=last.get("profile", "scalping"),
        changes=tuple(given.get("set", ())),
        seed=whole(last, "seed", 1, 0, 2_000_000_000),
        seconds=number(last, "for", 0.0, 0.1, 1e9),
        reset_halt="reset-halt" in last,
        reason=last.get("reason", "").strip(),
        log_level=one_of(last, "log-level", LEVELS, "info"),
        log_format=one_of(last, "log-format", FORMS, "json"),
        json="json" in last,
        quiet="quiet" in last,
        help="help" in last,
    )
    if options.reset_halt and not options.reason:
        raise Refused("supreme run: --reset-halt needs a reason", 'add --reason "what was checked"')
    return options._replace(data_dir=last.get("data-dir") or default_directory(options))


def default_directory(options: Options) -> str:
    """A directory of its own for each market, so that trying one never disturbs another."""
    home = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local/share")
    name = f"run-simulated-{options.seed}"
    if options.replay:
        name = f"run-{os.path.basename(options.replay).partition('.')[0] or 'replay'}"
    return os.path.join(home, "supreme", name)


def whole(given: dict[str, str], name: str, usual: int, low: int, high: int) -> int:
    """A whole number in its range."""
    value = number(given, name, usual, low, high)
    if value != int(value):
        raise Refused(f"supreme run: --{name} {given[name]} is impossible", "give a whole number")
    return int(value)


def number(given: dict[str, str], name: str, usual: float, low: float, high: float) -> float:
    """A number in its range."""
    text = given.get(name)
    if text is None:
        return usual
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise Refused(
            f"supreme run: --{name} {text} is impossible", f"give a number from {low:g} to {high:g}"
        )
    return value


def one_of(given: dict[str, str], name: str, choices: tuple[str, ...], usual: str) -> str:
    """One of the words that are known."""
    word = given.get(name, usual)
    if word not in choices:
        raise Refused(f"supreme run: --{name} {word} is unknown", f"use {', '.join(choices)}")
    return word
