"""supreme degrade: real faults against a real engine, each with its promise checked."""

import json
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import Refused
from supreme_cli.backtest import Meter
from supreme_cli.verdicts import Case, columns, junit, markdown

if TYPE_CHECKING:
    from validators.degrade.outcome import Scenario, Verdict

SCHEMA_VERSION = 1
CHECK_FAILED = 1
TEXT, JSON, MARKDOWN, JUNIT = FORMS = ("text", "json", "markdown", "junit")
HEADS = ["SCENARIO", "VERDICT", "RECOVERY", "WHAT"]


def main(
    scenario: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this one; may be repeated [all]."),
    ] = None,
    show_list: Annotated[
        bool, typer.Option("--list", help="Name each with its promise, and run none.")
    ] = False,
    output: Annotated[str, typer.Option(metavar="FORM", help=", ".join(FORMS))] = TEXT,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Break what an engine stands on, and see whether it keeps its promises.

    Each scenario starts engines, a database and disks of its own in a scratch directory, which is
    removed; no engine of yours is touched. Exit code 1 if a promise was broken; what cannot be had
    on this machine is skipped, with the reason. Example: supreme degrade --scenario disk-slow
    """
    form = JSON if as_json else output
    if form not in FORMS:
        raise Refused(f"--output {form} is unknown.", f"Use {', '.join(FORMS)}.")
    chosen = scenarios_of(scenario or [])
    if show_list:
        print(listed(chosen, form))
        return 0
    verdicts = tried(chosen)
    print(told(verdicts, form))
    return CHECK_FAILED if any(one.state == "broken" for one in verdicts) else 0


def scenarios_of(names: list[str]) -> "list[Scenario]":
    """Those of these names, all without any; Refused with the nearest for a name that is none."""
    from difflib import get_close_matches

    from validators.degrade.table import SCENARIOS

    known = {one.name: one for one in SCENARIOS}
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1, 0.4)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise Refused(f"There is no scenario {name}.", f"{hint}See: supreme degrade --list")
    return [known[name] for name in dict.fromkeys(names)] or list(SCENARIOS)


def tried(chosen: "list[Scenario]") -> "list[Verdict]":
    """One after the other, each in a directory of its own that is gone afterwards."""
    from validators.degrade.outcome import judged

    verdicts = []
    with Meter() as meter:
        for number, one in enumerate(chosen):
            meter.advance("scenarios", number, len(chosen))
            # A short path: sockets lie below it.
            scratch = tempfile.mkdtemp(prefix="supreme-degrade-")
            try:
                verdicts.append(judged(one, Path(scratch)))
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    return verdicts


def listed(chosen: "list[Scenario]", form: str) -> str:
    """Each with what is done, what is promised, and why it cannot run here if it cannot."""
    rows = [
        {"scenario": one.name, "fault": one.fault, "promise": one.promise, "absent": one.absent()}
        for one in chosen
    ]
    if form == JSON:
        return json.dumps({"schema_version": SCHEMA_VERSION, "scenarios": rows}, indent=1)
    if form == JUNIT:
        raise Refused("--list has no verdicts for JUnit.", "Use --json, or --output markdown.")
    cells = [
        [row["scenario"], row["absent"] or "yes", row["fault"], row["promise"]] for row in rows
    ]
    heads = ["SCENARIO", "RUNS HERE", "FAULT", "PROMISE"]
    return (markdown if form == MARKDOWN else columns)(heads, cells)


def told(verdicts: "list[Verdict]", form: str) -> str:
    """What came of them, and a line that sums up."""
    if form == JSON:
        return json.dumps(as_object(verdicts), indent=1)
    if form == JUNIT:
        return junit("supreme.degrade", map(case_of, verdicts))
    rows = [
        [one.scenario.name, one.state, recovery_of(one), one.why or one.scenario.promise]
        for one in verdicts
    ]
    table = markdown if form == MARKDOWN else columns
    return f"{table(HEADS, rows)}\n\n{summary(verdicts)}"


def as_object(verdicts: "list[Verdict]") -> dict[str, Any]:
    """All of it for a program."""
    rows = [
        {
            "scenario": one.scenario.name,
            "verdict": one.state,
            "why": one.why,
            "recovery_seconds": one.outcome.recovery_s,
            "seconds": round(one.seconds, 3),
            "figures": one.outcome.figures,
            "fault": one.scenario.fault,
            "promise": one.scenario.promise,
        }
        for one in verdicts
    ]
    verdict = "broken" if any(one.state == "broken" for one in verdicts) else "held"
    fields = {"schema_version": SCHEMA_VERSION, "command": "degrade", "verdict": verdict}
    return {**fields, "scenarios": rows}


def case_of(one: "Verdict") -> Case:
    """A verdict for JUnit."""
    is_broken, is_skipped = one.state == "broken", one.state == "skipped"
    return Case(one.scenario.name, is_broken, is_skipped, one.why, one.seconds)


def recovery_of(one: "Verdict") -> str:
    """How long it took to be well again."""
    seconds = one.outcome.recovery_s
    return "-" if seconds is None else f"{seconds:.1f} s"


def summary(verdicts: "list[Verdict]") -> str:
    """How many of each, and the longest recovery."""
    counts = Counter(one.state for one in verdicts)
    said = ", ".join(f"{count} {state}" for state, count in counts.items())
    longest = max((one.outcome.recovery_s or 0.0 for one in verdicts), default=0.0)
    return f"{said}; longest recovery {longest:.1f} s"
