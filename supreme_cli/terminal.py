"""How does a command meet the terminal? By typer; each end is an exit code and a line or two."""

import json
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

from engine.errors import Refused
from supreme_cli.commands import COMMANDS, OWN

USAGE, INTERNAL, INTERRUPTED, TERMINATED = 2, 70, 130, 143


def perform(argv: list[str]) -> int:
    """Carry out the command `argv[0]`; returns its exit code. Leaves Ctrl-C and a broken pipe.

    A command of OWN parses for itself: its function takes the words after it.
    """
    if argv[0] in OWN:
        row = COMMANDS[argv[0]]
        alone: Callable[[list[str]], int] = getattr(import_module(row.module), row.function)
        signal.signal(signal.SIGTERM, terminate)
        return refusing(argv, lambda: alone(argv[1:]))
    return refusing(argv, lambda: invoke(app_of(argv[0]), argv))


def refusing(argv: list[str], work: Callable[[], int]) -> int:
    """Do it; whatever ends it is two lines and an exit code."""
    try:
        return work()
    except BrokenPipeError:
        raise
    except Refused as refused:
        return complain(argv, refused.what, refused.fix, refused.code)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        what = f"{where}{error.strerror or error}."
        return complain(argv, what, "Mend that, then repeat the command.", USAGE)
    except Exception as error:  # noqa: BLE001  the last door: a traceback is never shown
        return confess(argv, error)


def terminate(_signal: int, _frame: Any) -> NoReturn:
    """Unwind, so that nothing is left half-written, and end as the signal would."""
    raise SystemExit(TERMINATED)


def app_of(name: str) -> Any:
    """The command's typer application: the module's `app`, or one made of its function."""
    import typer

    module = import_module(COMMANDS[name].module)
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer()
        app.command()(getattr(module, COMMANDS[name].function))
    # Help drawn by rich costs twice the start, and completion is not offered yet.
    app.rich_markup_mode = None
    app._add_completion = False  # noqa: SLF001  typer reads it when the application is built
    return app


def invoke(app: Any, argv: list[str]) -> int:
    """Parse and call. A returned number is the exit code, as much as `raise typer.Exit(code)`."""
    import typer

    # Not while modules are imported: Python drops an exception raised in a callback of theirs.
    signal.signal(signal.SIGTERM, terminate)
    # Some versions of typer carry their own copy of the parser: its errors are found by descent.
    usage_error: Any = typer.BadParameter.__mro__[1]
    command = typer.main.get_command(app)
    try:
        helps = ["-h", "--help"]
        name = f"supreme {argv[0]}"
        with command.make_context(name, argv[1:], help_option_names=helps) as context:
            verdict = command.invoke(context)
    except typer.Exit as end:
        return int(end.exit_code)
    except typer.Abort:
        return INTERRUPTED
    except usage_error as error:
        return misused(argv, error)
    return verdict if isinstance(verdict, int) else 0


def misused(argv: list[str], error: Any) -> int:
    """What was wrong with the words after the command; without any, its help."""
    said = error.format_message()
    if said.lstrip().startswith("Usage:"):
        print(said, file=sys.stderr)
        return USAGE
    path = error.ctx.command_path if error.ctx else f"supreme {argv[0]}"
    return complain(argv, f"{path}: {said.partition(chr(10))[0]}", f"See: {path} --help", USAGE)


def complain(argv: list[str], what: str, fix: str, code: int) -> int:
    """Say what happened and what to do on stderr, and as one object on stdout under --json."""
    if wants_json(argv):
        print(json.dumps({"error": what, "fix": fix, "code": code}))
    print(f"{what}\n{fix}" if fix else what, file=sys.stderr)
    return code


def wants_json(argv: list[str]) -> bool:
    """Whether whoever asked reads JSON."""
    pairs = zip(argv, [*argv[1:], ""], strict=True)
    return "--json" in argv or "--output=json" in argv or ("--output", "json") in pairs


def confess(argv: list[str], error: Exception) -> int:
    """One line for a fault of ours; its traceback goes to a file to be sent to us."""
    import traceback
    from tempfile import NamedTemporaryFile

    said = str(error).partition("\n")[0] or "no message"
    what = f"Internal error, a bug of ours: {type(error).__name__}: {said}"
    try:
        with NamedTemporaryFile("w", prefix="supreme-", suffix=".txt", delete=False) as report:
            traceback.print_exception(error, file=report)
        what += f" (details in {report.name})"
    except OSError:
        what += " (its details could not be written)"
    return complain(argv, what, "", INTERNAL)
