"""supreme console: watch the engine that runs, and command it."""

import locale
import os
import sys
from typing import Annotated

import typer

from engine.control.client import connect
from engine.core import code_digest, layout_digest
from engine.errors import Refused


def main(
    data_dir: Annotated[str, typer.Option(metavar="DIR", help="the engine's [the one]")] = "",
    hz: Annotated[float, typer.Option(min=0.5, max=10.0, help="pictures a second")] = 2.0,
    read_only: Annotated[bool, typer.Option("--read-only", help="watch; no act exists")] = False,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="draw with ASCII alone")] = False,
) -> int:
    """Watch the running engine and command it: ? shows the keys, q leaves; the engine goes on.

    Keys that act (P pause, F flatten, K kill, H reset) ask first. Colours go with NO_COLOR,
    everything but ASCII with a locale that is not UTF-8. Example: supreme console --read-only
    """
    needs_terminal()
    link = connect(data_dir, 5.0)
    ours = (code_digest() + layout_digest()).hex()
    hello = link.hello
    link.close()
    if hello["code"] != ours:
        raise Refused(
            f"the engine in {hello['data_dir']} (pid {hello['pid']}) is of another version",
            "use the supreme that belongs to it, or restart it with this one",
            code=3,
        )
    code = shown(hello["data_dir"], ours, hz=hz, read_only=read_only,
                 ascii_only=ascii_only or not speaks_utf8())  # fmt: skip
    print(f"The console ended; the engine in {hello['data_dir']} goes on.", file=sys.stderr)
    return code


def needs_terminal() -> None:
    """Refused (4) where there is nothing to draw on."""
    drawn_on = (sys.stdin, sys.stdout, sys.stderr)
    if not all(stream.isatty() for stream in drawn_on) or os.environ.get("TERM") == "dumb":
        raise Refused(
            "supreme console needs a terminal to draw on.",
            "Without one, use: supreme status --watch",
            code=4,
        )


def speaks_utf8() -> bool:
    """Whether the locale's characters are Unicode."""
    locale.setlocale(locale.LC_CTYPE, "")
    return locale.nl_langinfo(locale.CODESET).upper().replace("-", "") == "UTF8"


def shown(place: str, code: str, *, hz: float, read_only: bool, ascii_only: bool) -> int:
    """Run the screen until it is left; its exit code."""
    from tui.app import Console

    console = Console(place, code, hz=hz, read_only=read_only, ascii_only=ascii_only)
    left = console.run(mouse=False)
    return left if left is not None else console.return_code or 0
