"""supreme console: watch the engine that runs, and command it.

Its few options are parsed here: typer would cost as much as the whole first paint may.
"""

import gc
import locale
import os
import sys
from typing import Any, NamedTuple

from engine.control.places import directory_named
from engine.errors import Refused

HELP = """\
Usage: supreme console [OPTIONS]

Watch the running engine, and command it. The console is a client of the engine: leaving it, or
losing it, never touches the engine. ? shows the keys and what each number means, q leaves.
Keys that act (P pause, F flatten, K kill, H leave HALTED) ask first, and for a reason.

Examples:
  supreme console                 the engine that runs
  supreme console --read-only     no act exists
  supreme console --hz 0.5        over a thin line

Options:
  --data-dir DIR    the engine's data directory [$SUPREME_DATA_DIR, or the one that runs]
  --hz N            pictures a second, 0.5 to 10 [2]
  --read-only       watch; the keys that act are not there
  --ascii           draw with ASCII alone (by itself where the locale is not UTF-8)
  -h, --help        this text

NO_COLOR is honoured: every state has its word.
"""
FLAGS, VALUED = ("read-only", "ascii", "help"), ("data-dir", "hz")
HZ_MIN, HZ_MAX = 0.5, 10.0
ANSWER_S = 5.0


class Options(NamedTuple):
    """What was asked for."""

    data_dir: str = ""
    hz: float = 2.0
    read_only: bool = False
    ascii_only: bool = False
    help: bool = False


def perform(argv: list[str]) -> int:
    """The exit code of `supreme console`."""
    asked = parse(argv)
    if asked.help:
        sys.stdout.write(HELP)
        return 0
    asked = asked._replace(data_dir=asked.data_dir or directory_named(os.environ))
    needs_terminal()
    gc.disable()  # what is loaded now stays: looking through it again costs a tenth of the start
    hello, picture = seen_of(asked.data_dir)
    code, gone = shown(asked, hello, picture)
    word = gone or f"the engine in {hello['data_dir']} goes on"
    print(f"The console ended; {word}.", file=sys.stderr)
    return code


def seen_of(data_dir: str) -> tuple[dict[str, Any], bytes]:
    """What the engine says of itself, and a picture; Refused (3) for none, or one of other code."""
    from engine.control.client import connect
    from engine.core import code_digest, layout_digest

    link = connect(data_dir, ANSWER_S)
    hello = link.hello
    if hello.get("code") != (code_digest() + layout_digest()).hex():
        raise Refused(
            f"the engine in {hello['data_dir']} (pid {hello['pid']}) is of another version",
            "use the supreme that belongs to it, or restart it with this one",
            code=3,
        )
    picture = link.picture()
    link.close()
    return hello, picture


def parse(argv: list[str]) -> Options:
    """The options of a command line; Refused names what is wrong and what would be right."""
    given: dict[str, str] = {}
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        name, has_value, value = word.removeprefix("--").partition("=")
        name = "help" if word == "-h" else name
        if not word.startswith("-") or name not in FLAGS + VALUED:
            raise misused(f"unknown option {word}")
        if name in VALUED and not has_value:
            value = rest.pop(0) if rest and not rest[0].startswith("--") else ""
        if (name in VALUED) != bool(value.strip()):
            raise misused(f"--{name} {'needs a' if name in VALUED else 'takes no'} value")
        given[name] = value
    return Options(
        given.get("data-dir", ""),
        rate(given.get("hz", "2")),
        "read-only" in given,
        "ascii" in given,
        "help" in given,
    )


def misused(what: str) -> Refused:
    """Usage, in two lines."""
    return Refused(f"supreme console: {what}", "see: supreme console --help")


def rate(text: str) -> float:
    """Pictures a second in their range."""
    try:
        hz = float(text)
    except ValueError:
        hz = 0.0
    if not HZ_MIN <= hz <= HZ_MAX:
        raise Refused(
            f"supreme console: --hz {text} is impossible",
            f"give a number from {HZ_MIN:g} to {HZ_MAX:g}",
        )
    return hz


def options() -> dict[str, str]:
    """Each option and what it does, as the help has it."""
    rows = [line.split(None, 2) for line in HELP.splitlines() if line.startswith("  --")]
    return {words[0]: words[-1] for words in rows}


def needs_terminal() -> None:
    """Refused (4) where there is nothing to draw on."""
    ends = (sys.stdin, sys.stdout, sys.stderr)
    if not all(end.isatty() for end in ends) or os.environ.get("TERM") == "dumb":
        raise Refused(
            "supreme console needs a terminal to draw on",
            "without one, use: supreme status --watch",
            code=4,
        )


def speaks_utf8() -> bool:
    """Whether the locale's characters are Unicode."""
    try:
        locale.setlocale(locale.LC_CTYPE, "")
    except locale.Error:
        return False
    return locale.nl_langinfo(locale.CODESET).upper().replace("-", "") == "UTF8"


def shown(asked: Options, hello: dict[str, Any], picture: bytes) -> tuple[int, str]:
    """Run the screen until it is left; its exit code, and why no engine answers by then."""
    from tui.app import Console
    from tui.seen import view_of

    console = Console(
        str(hello["data_dir"]),
        view_of(picture, {"hello": hello}),
        hz=asked.hz,
        read_only=asked.read_only,
        ascii_only=asked.ascii_only or not speaks_utf8(),
    )
    left = console.run(mouse=False)
    if console.failure is not None:
        raise console.failure
    return left or 0, console.link.gone
