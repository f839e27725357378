"""What is said where nobody can listen? Streams that are closed, broken or full never do harm."""

import os
import sys
from collections.abc import Callable

from engine.errors import Refused

UNHEARD, BROKEN_PIPE = 2, 141
REFUSED, INTERNAL, INTERRUPTED = 4, 70, 130


def guarded(life: Callable[[], int], homes: list[str], *, as_json: bool) -> int:
    """The exit code of a whole process; whatever happens, no traceback is shown.

    A fault of ours is written down in the first of `homes`, if there is one by then.
    """
    mend()
    try:
        return life()
    except Refused as refused:
        return refuse(refused, as_json=as_json)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        what = f"the system refused: {error.strerror or error}{where}"
        return complain(what, "check disk and permissions", REFUSED, as_json=as_json)
    except MemoryError:
        fix = "what was acknowledged is kept: give it more, and start it again"
        return complain("no memory was left", fix, REFUSED, as_json=as_json)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  the last door
        return confess(error, "".join(homes[:1]), INTERNAL, as_json=as_json)


def mend() -> None:
    """Give what the caller closed a place to go, before a file takes its number."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
            os.set_inheritable(fd, True)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def say(text: str) -> None:
    """A line to the person at the terminal, if there is one."""
    if not text:
        return
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except OSError:
        silence(2)


def silence(fd: int) -> None:
    """Nobody reads this stream any more: what is still buffered goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, fd)
    os.close(nowhere)


def output(text: str) -> int:
    """Print the result; the exit code when that fails, else 0."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        silence(1)
        return BROKEN_PIPE
    except OSError as error:
        silence(1)
        say(f"The output could not be written: {error.strerror}.\nMake room for it.")
        return UNHEARD
    return 0


def complain(what: str, fix: str, code: int, *, as_json: bool) -> int:
    """What happened and what to do, also as one object on stdout for a program; the code."""
    if as_json:
        from json import dumps

        output(dumps({"error": what, "fix": fix, "code": code}) + "\n")
    say(f"{what}\n{fix}" if fix else what)
    return code


def refuse(refused: Refused, *, as_json: bool) -> int:
    """The two lines of a refusal; its code."""
    return complain(refused.what, refused.fix, refused.code, as_json=as_json)


def confess(error: BaseException, folder: str, code: int, *, as_json: bool) -> int:
    """One line for a fault of ours; its traceback goes to a file to be sent to us."""
    said = str(error).partition("\n")[0] or "no message"
    what = f"Internal error, a bug of ours: {type(error).__name__}: {said}"
    told = crash_report(error, folder)
    what += f" (details in {told})" if told else " (its details could not be written)"
    return complain(what, "", code, as_json=as_json)


def crash_report(error: BaseException, folder: str) -> str:
    """Write the traceback where it can be written; its path, or nothing."""
    import traceback
    from tempfile import gettempdir

    places = [os.path.join(folder, "log", "crash.txt")] if folder else []
    places.append(os.path.join(gettempdir(), f"supreme-crash-{os.getpid()}.txt"))
    for path in places:
        try:
            with open(path, "w", encoding="utf-8", errors="replace") as report:
                traceback.print_exception(error, file=report)
        except OSError:
            continue
        return path
    return ""
