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
from supreme_cli.words import Form, Option, help_of, number, parsed

HZ_MIN, HZ_MAX = 0.5, 10.0
FORM = Form(
    "console",
    """\
Watch the running engine, and command it. The console is a client of the engine: leaving it, or
losing it, never touches the engine. ? shows the keys and what each number means, a what went
wrong, q leaves.
Keys that act (P pause, F flatten, K kill, H leave HALTED) ask first, and for a reason.

Examples:
  supreme console                 the engine that runs
  supreme console --read-only     no act exists
  supreme console --hz 0.5        over a thin line
""",
    {
        "data-dir": Option("DIR", "whose engine [$SUPREME_DATA_DIR, or the one that runs]"),
        "hz": Option("N", "pictures a second, 0.5 to 10 [2]"),
        "read-only": Option("", "watch; the keys that act are not there"),
        "ascii": Option("", "ASCII alone (by itself where the locale is not UTF-8)"),
    },
    "NO_COLOR is honoured: every state has its word.\n",
)
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
        sys.stdout.write(help_of(FORM))
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
    given = parsed(FORM, argv)
    return Options(
        given.get("data-dir", ""),
        number(FORM, "hz", given.get("hz", "2"), HZ_MIN, HZ_MAX),
        "read-only" in given,
        "ascii" in given,
        "help" in given,
    )


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
