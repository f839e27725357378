"""supreme replay: fold a journal and show the state at a time."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from engine import core as cores
from engine.bootstrap import fold_chunk, label_in
from engine.errors import Refused
from engine.journal.recovery import records
from engine.messages import RECORD_SIZE, SYMBOL_NAME, TEXT, text_of
from engine.snapshot import picture
from engine.status import as_json, as_text


def main(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="data directory of a run")],
    at: Annotated[
        str, typer.Option(help="UTC time to stop at, e.g. 2025-06-01T12:00:00 [the end]")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Fold a journal with the core that decided it and print the state at a time.

    Every command and report on the way is compared with what was recorded; a difference is
    refused. Example: supreme replay ~/.local/share/supreme/run-simulated-1 --at 2025-01-01T02:00
    """
    until_ns = nanoseconds(at) if at else 1 << 62
    if not (directory / "journal").is_dir():
        raise Refused(f"there is no journal in {directory}", "give the --data-dir of a run")
    native = cores.load_native()
    core, span = cores.core_of(native), cores.Span()
    label, names = "", []
    for first, chunk in records(directory / "journal", native):
        kinds = bytes(chunk[4::RECORD_SIZE])
        label = label or label_in(chunk, kinds)
        names += names_in(chunk, kinds)
        cut = before(chunk, until_ns)
        fold_chunk(core, cut, span, first)
        if len(cut) < len(chunk):
            break
    if core.state.clock.events == 0:
        raise Refused(
            "nothing was recorded up to that time", "leave out --at, or give a later time"
        )
    shown = as_json if json else as_text
    sys.stdout.write(shown(picture(core.state, names), label, cores.digest_of(core)))


def nanoseconds(text: str) -> int:
    """A UTC time as nanoseconds; Refused when it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise Refused(f"--at {text} is not a time", "write it as 2025-06-01T12:00:00") from wrong
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1_000_000) * 1000


def before(chunk: Any, until_ns: int) -> Any:
    """The records of a chunk received up to a time; in a journal they never go back."""
    low, high = 0, len(chunk) // RECORD_SIZE
    while low < high:
        middle = (low + high) // 2
        at = middle * RECORD_SIZE + 16
        if int.from_bytes(chunk[at : at + 8], "little") <= until_ns:
            low = middle + 1
        else:
            high = middle
    return chunk[: low * RECORD_SIZE]


def names_in(chunk: Any, kinds: bytes) -> list[str]:
    """The symbol names told in these records, in the order of their numbers."""
    found = []
    for number, kind in enumerate(kinds):
        if kind == TEXT and chunk[number * RECORD_SIZE + 5] == SYMBOL_NAME:
            at = number * RECORD_SIZE
            found.append(text_of([bytes(chunk[at : at + RECORD_SIZE])]))
    return found
