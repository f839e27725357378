"""supreme replay: fold a journal and show the state at a time."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from engine import core as cores
from engine.errors import Refused
from engine.journal.folded import Folding, begun_from
from engine.journal.recovery import chunks
from engine.journal.verification import verified
from engine.messages import RECORD_SIZE, TEXT
from engine.picture import picture
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
    whole = verified(directory / "journal", native)
    core, kept, since = begun_from(whole.base(), native)
    if core.state.clock.now_ns > until_ns:
        raise Refused(
            f"the records before sequence {whole.first} were removed",
            "give a later time, or replay a backup that still holds them",
        )
    folding = Folding(core, whole.ours_from)
    for first, chunk in chunks(whole.segments, since):
        cut = before(chunk, until_ns)
        kept.read(cut)
        folding.take(first, cut)
        if len(cut) < len(chunk):
            break
    if core.state.clock.events == 0:
        raise Refused(
            "nothing was recorded up to that time", "leave out --at, or give a later time"
        )
    names = [kept.names[number] for number in sorted(kept.names)]
    shown = as_json if json else as_text
    sys.stdout.write(shown(picture(core.state, names), kept.label, cores.digest_of(core)))


def nanoseconds(text: str) -> int:
    """A UTC time as nanoseconds; Refused when it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise Refused(f"--at {text} is not a time", "write it as 2025-06-01T12:00:00") from wrong
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1_000_000) * 1000


def before(chunk: Any, until_ns: int) -> Any:
    """The records of a chunk up to the first, texts aside, that was received after a time."""
    times = chunk.cast("q")[2::8].tolist()
    if max(times, default=0) <= until_ns:
        return chunk
    for number, received_ns in enumerate(times):
        if received_ns > until_ns and chunk[number * RECORD_SIZE + 4] != TEXT:
            return chunk[: number * RECORD_SIZE]
    return chunk
