"""supreme breaker: what is not called now because it failed, and an operator's hand on it."""

from typing import Annotated, Any

import typer

from engine.errors import Refused
from supreme_cli.asking import linked, put, seen, table
from supreme_cli.common_options import DataDir, Json
from supreme_cli.services import ask, pid_of, tables_of

TRADING = "trading"
LEADS = {
    "trip": "supreme pause stops entries, supreme kill sells everything and halts",
    "reset": "supreme reset --reason TEXT leaves HALTED",
}
app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Breakers: the engine's own over its drawdown, and the service's over what it calls.",
)
Name = Annotated[str, typer.Argument(metavar="BREAKER", help="as the list shows it")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="why; kept")]


@app.command("list")
def show(data_dir: DataDir = "", json: Json = False) -> None:
    """Each breaker with its state; whoever does not run is left out.

    trips: how often it stopped the calls; row: failures without a success between them; recent:
    failures among the newest calls; probe: until the next one.
    """
    place = tables_of(data_dir)
    found = trading_in(place)
    if pid_of(place) is not None:
        found |= ask(place, "breakers")["breakers"]
    put({"data_dir": place, "breakers": found}, lambda: text(found), as_json=json)


@app.command()
def trip(name: Name, reason: Reason = "", data_dir: DataDir = "", json: Json = False) -> None:
    """Hold a breaker open until a reset: the dependency is not called. PostgreSQL: postgres."""
    move("trip", name, reason, data_dir, as_json=json)


@app.command()
def reset(name: Name, reason: Reason = "", data_dir: DataDir = "", json: Json = False) -> None:
    """Close a breaker: the dependency is called again at the next try."""
    move("reset", name, reason, data_dir, as_json=json)


def move(act: str, name: str, reason: str, data_dir: str, *, as_json: bool) -> None:
    """Ask the service for it, with who and why."""
    if name == TRADING:
        raise Refused(f"the trading breaker is the engine's: {act} is another verb there",
                      LEADS[act])  # fmt: skip
    if not reason.strip():
        raise Refused(f"{act} needs a reason", "add --reason TEXT")
    found = ask(tables_of(data_dir), act, name=name, reason=reason)["breakers"]
    put({"breakers": found}, lambda: text(found), as_json=as_json)


def trading_in(place: str) -> dict[str, Any]:
    """The drawdown breaker of the engine there, if one answers."""
    try:
        link = linked(place, 5.0)
    except Refused:
        return {}
    snapshot = seen(link, link.picture()).snapshot
    link.close()
    level = snapshot.breaker_level
    return {TRADING: {"state": snapshot.trading.lower(), "level": level}}


def text(found: dict[str, Any]) -> str:
    """Breakers for a person."""
    cells = [
        [
            name, row["state"].replace("_", "-"), str(row["level"]), str(row.get("opened", "-")),
            str(row.get("failures_in_a_row", "-")),
            f"{row['failures_recent']} of {row['calls_recent']}" if "calls_recent" in row else "-",
            f"{row['next_probe_s']:.1f} s" if row.get("next_probe_s") else "-",
        ]
        for name, row in found.items()
    ]  # fmt: skip
    return table("breaker state level trips row recent probe", cells)
