"""What was asked? The first pass: known without importing anything, then handed on."""

import os
import sys
from collections.abc import Mapping

from engine.control.places import base_directory, with_socket
from engine.streams import mend
from supreme_cli.commands import COMMANDS, VERSION, help_text

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BOOT = """\
import sys
sys.path[:0] = {paths!r}
try:
    from {module} import main
    sys.exit(main(sys.argv[1:]))
except KeyboardInterrupt:
    sys.exit(130)
"""
# Words without which no exchange is asked for: a key or variable of it, a shipped or own profile.
EXCHANGED = ("exchange", "trading_mode", "binance", ".toml")
PROCESSES = {"run": "engine.runtime", "serve": "engine.serving"}


def main() -> int:
    """The command line's exit code."""
    mend()
    try:
        code = dispatch(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        # What is still buffered has nowhere to go: the reader left, or the disk is full.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if isinstance(error, BrokenPipeError):
            return 141
        sys.stderr.write(f"The output could not be written: {error.strerror}.\nMake room for it.\n")
        return 2
    return code


def dispatch(argv: list[str]) -> int:
    """Answer from the table, become the engine, or load the command."""
    if not argv or argv[0] in ("-h", "--help"):
        sys.stdout.write(help_text(with_socket(base_directory())))
        return 0
    if argv[0] == "--version":
        sys.stdout.write(f"supreme {VERSION}\n")
        return 0
    if argv[0] not in COMMANDS:
        return unknown(argv)
    if argv[0] == "run" and may_need_keys(argv[1:], os.environ):
        from supreme_cli.handing import run_with_keys

        return run_with_keys(argv)
    if argv[0] in PROCESSES:
        os.execv(sys.executable, engine_command(argv[1:], PROCESSES[argv[0]]))
    from supreme_cli.terminal import perform

    return perform(argv)


def may_need_keys(argv: list[str], environ: Mapping[str, str]) -> bool:
    """Whether an exchange may be asked for: only then it is worth to read the profile here."""
    names = [name for name in environ if "EXCHANGE" in name or name == "TRADING_MODE"]
    words = " ".join([*argv, *names, environ.get("SUPREME_PROFILE", "")]).lower()
    return any(word in words for word in EXCHANGED)


def engine_command(argv: list[str], module: str = PROCESSES["run"]) -> list[str]:
    """The engine as a process of its own: nothing of the environment, no site, no typer."""
    paths = [ROOT, *(path for path in sys.path if path.endswith("-packages") and path != ROOT)]
    return [sys.executable, "-I", "-S", "-c", BOOT.format(paths=paths, module=module), *argv]


def unknown(argv: list[str]) -> int:
    """Two lines for a word that is no command, with the nearest one that is."""
    from difflib import get_close_matches

    from supreme_cli.terminal import complain

    near = get_close_matches(argv[0], COMMANDS, n=1, cutoff=0.5)
    hint = f"Did you mean `supreme {near[0]}`? " if near else ""
    what = "option" if argv[0].startswith("-") else "command"
    return complain(argv, f"There is no {what} {argv[0]!r}.", f"{hint}See: supreme --help", 2)


if __name__ == "__main__":
    sys.exit(main())
