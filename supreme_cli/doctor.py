"""supreme doctor: is this box fit to be trusted with an engine?"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from engine.control.places import PATH_MAX, base_directory, directory_named, socket_path
from supreme_cli import box_checks, directory_checks
from supreme_cli.common_options import is_named
from supreme_cli.findings import FAIL, OK, VERDICTS, WARNING, Finding, Place, fail

SCHEMA_VERSION = 1
CHECK_FAILED = 1
# A new check is its function and its row here.
CHECKS: tuple[tuple[str, Callable[[Place], Finding]], ...] = (
    ("python", box_checks.python),
    ("core", box_checks.core),
    ("memory", box_checks.memory),
    ("clock", box_checks.clock),
    ("user", box_checks.user),
    ("terminal", box_checks.terminal),
    ("directory", directory_checks.directory),
    ("space", directory_checks.space),
    ("disk", directory_checks.disk),
    ("socket", directory_checks.local_socket),
    ("runtime", directory_checks.runtime_socket),
    ("journal", directory_checks.journal),
    ("keys", directory_checks.keys),
)
GLYPHS = {OK: "✓", WARNING: "!", FAIL: "✗"}
PLAIN_GLYPHS = {OK: "+", WARNING: "!", FAIL: "x"}
COLOURS = {OK: "\x1b[34m", WARNING: "\x1b[33m", FAIL: "\x1b[1;31m"}
RESET = "\x1b[0m"


def main(
    data_dir: Annotated[
        str,
        typer.Option(
            metavar="DIR",
            callback=is_named,
            help="The data directory [$SUPREME_DATA_DIR, $XDG_DATA_HOME/supreme].",
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Check what an engine stands on: Python, memory, clock, screen, disk, sockets, journal, keys.

    Nothing is changed that is not removed again. Exit code 1 if a check failed; a warning is no
    failure. Example: supreme doctor --data-dir ~/.local/share/supreme/run-simulated-1
    """
    place = place_of(data_dir)
    findings = {name: looked_at(check, place) for name, check in CHECKS}
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    print((as_object if as_json else as_lines)(place, findings))
    return CHECK_FAILED if worst(findings) == FAIL else 0


def place_of(data_dir: str) -> Place:
    """Where to look."""
    fallback = Path(socket_path(os.sep + "x" * PATH_MAX))
    chosen = data_dir or directory_named(os.environ) or base_directory()
    return Place(Path(os.path.abspath(chosen)), fallback.parent.parent)


def looked_at(check: Callable[[Place], Finding], place: Place) -> Finding:
    """What a check finds; what it may not even look at is a failure too."""
    try:
        return check(place)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return fail(f"{where}{error.strerror}", "mend that, or choose another --data-dir")


def worst(findings: dict[str, Finding]) -> str:
    """The worst verdict among them."""
    return max((finding.verdict for finding in findings.values()), key=VERDICTS.index)


def as_lines(place: Place, findings: dict[str, Finding]) -> str:
    """A line a check, and one that sums up."""
    glyphs = GLYPHS if sys.stdout.encoding.lower().startswith("utf") else PLAIN_GLYPHS
    colours = COLOURS if wants_colours() else dict.fromkeys(COLOURS, "")
    reset = RESET if wants_colours() else ""
    lines = []
    for name, (verdict, what, fix) in findings.items():
        mark = f"{colours[verdict]}{glyphs[verdict]} {verdict:7}{reset}"
        lines.append(f"{mark}  {name:9}  {what}{f' -> {fix}' if fix else ''}")
    counts = Counter(finding.verdict for finding in findings.values())
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
    return "\n".join([*lines, f"{told}: {place.directory}"])


def wants_colours() -> bool:
    """Whether colours would be seen and are not unwelcome."""
    dull = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb"
    return sys.stdout.isatty() and not dull


def as_object(place: Place, findings: dict[str, Finding]) -> str:
    """All of it for a program."""
    fields = {
        "schema_version": SCHEMA_VERSION,
        "command": "doctor",
        "data_directory": str(place.directory),
        "verdict": worst(findings),
        "checks": [{"check": name, **found._asdict()} for name, found in findings.items()],
    }
    return json.dumps(fields, indent=1)
