"""supreme alerts: what went wrong, who has seen it, and how long each component was there."""

import os
from typing import Annotated, Any

import typer

from engine.control.client import UNREACHABLE
from engine.errors import Refused
from engine.resilience.incidents import CLOSED
from engine.service.standing import folder_of
from supreme_cli.asking import put, span, stamp, table
from supreme_cli.common_options import DataDir, Json
from supreme_cli.services import alerts_of, ask, tables_of

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="What went wrong, kept by the service: see it, acknowledge it, close it.",
)
Which = Annotated[str, typer.Argument(metavar="NUMBER|all", help="as the list shows it")]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="what was seen or done; kept")]


@app.command("list")
def show(
    closed: Annotated[bool, typer.Option("--closed", help="Those that are over, too.")] = False,
    availability: Annotated[
        bool, typer.Option("--availability", help="How long each component was there.")
    ] = False,
    data_dir: DataDir = "",
    json: Json = False,
) -> None:
    """What is wrong now, the newest last. Answers while the service is stopped as well."""
    place = tables_of(data_dir)
    if not os.path.isdir(folder_of(place)):
        raise Refused(f"no service ever ran in {place}", "supreme up starts one", code=UNREACHABLE)
    found = alerts_of(place)
    rows = [row for row in found["incidents"] if closed or row["state"] != CLOSED]
    times = found["availability"]
    said = {"data_dir": place, "incidents": rows, "availability": times}
    put(said, lambda: availability_text(times) if availability else text(rows), as_json=json)


@app.command()
def ack(which: Which, note: Note = "", data_dir: DataDir = "", json: Json = False) -> None:
    """Say that you have seen it: it is not said again. Signed with your name."""
    sign("ack", which, note, data_dir, as_json=json)


@app.command()
def close(which: Which, note: Note = "", data_dir: DataDir = "", json: Json = False) -> None:
    """Say that it is over, where the component's own health does not. Signed with your name."""
    sign("close", which, note, data_dir, as_json=json)


def sign(act: str, which: str, note: str, data_dir: str, *, as_json: bool) -> None:
    """Ask the service for it, and show what came of it."""
    done = ask(tables_of(data_dir), act, which=which, reason=note)["incidents"]
    put({"incidents": done}, lambda: text(done), as_json=as_json)


def text(rows: list[dict[str, Any]]) -> str:
    """Incidents for a person."""
    heads = "number severity component kind state since seen by cause"
    cells = [
        [
            str(row["number"]), row["severity"], row["component"], row["kind"], row["state"],
            stamp(row["raised_ns"]), str(row["seen"]),
            row["closed_by"] or row["acknowledged_by"] or "-",
            row["cause"] + (f" ({row['note']})" if row["note"] else ""),
        ]
        for row in rows
    ]  # fmt: skip
    return table(heads, cells)


def availability_text(rows: list[dict[str, Any]]) -> str:
    """How long each component was there, for a person."""
    cells = [
        [
            row["component"], "up" if row["is_up"] else "down", f"{row['share']:.3%}",
            span(row["downtime_s"]), str(row["outages"]), stamp(row["since_ns"]),
        ]
        for row in rows
    ]  # fmt: skip
    return table("component now up down outages since", cells)
