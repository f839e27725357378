"""supreme data simulate: a seeded market, calibrated to real minutes, as a record file."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from engine import core as cores
from engine.errors import Refused
from engine.instruments import Instrument
from engine.instruments_file import instrument
from engine.market.layouts import BARS, TRADES
from engine.market.simulated import MINUTE_NS, PLAYED, START_NS, SimulatedMarket, market_of
from engine.market.simulating import Stretch, write_stretch
from supreme_cli.backtest import Meter, nanoseconds
from supreme_cli.history_words import utc

SCHEMA = "supreme.data/1"
DAY_MINUTES, MINUTES_MAX = 1440, 10 * 366 * 1440


def main(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The record file to write.")],
    symbol: Annotated[str, typer.Option(help="Whose steps and limits it has.")] = PLAYED,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another market.")] = 1,
    days: Annotated[int | None, typer.Option(min=1, help="How long [1].")] = None,
    minutes: Annotated[int | None, typer.Option(min=1, help="Or so many minutes.")] = None,
    kind: Annotated[str, typer.Option(help="bars (of a minute) or trades.")] = BARS,
    start: Annotated[str, typer.Option(metavar="TIME", help="UTC [2025-01-01].")] = "",
    price: Annotated[str, typer.Option(help="Where it begins, in quote [2500 for ETHUSDT].")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write a simulated market with calm, busy and trending hours, labelled SIMULATED for ever.

    The same words give the same bytes on every machine, and bars are those of the trades.
    Example: supreme data simulate eth.records --seed 7 --days 30
    """
    if kind not in (BARS, TRADES):
        raise Refused(f"--kind {kind} is neither bars nor trades.", "Choose one of the two.")
    length = minutes_of(days, minutes)
    start_ns = whole_minute(start)
    traded = instrument(symbol.upper(), datetime.fromtimestamp(start_ns // 10**9, UTC).date())
    stretch = Stretch(traded, market_from(traded, seed, start_ns, price), kind, length)
    refuse_target(out, force=force)
    with Meter() as meter:
        write_stretch(
            stretch,
            out,
            lambda written: meter.advance(f"simulating {kind}", written, stretch.rows),
            cores.load_native(),
        )
    row = described(stretch, out)
    print(json.dumps({"schema": SCHEMA, "files": [row]}, indent=1) if as_json else told(row))


def minutes_of(days: int | None, minutes: int | None) -> int:
    """How many minutes are asked for: one day unless told."""
    if days and minutes:
        raise Refused("--days and --minutes both say how long.", "Give one of the two.")
    length = minutes or (days or 1) * DAY_MINUTES
    if length > MINUTES_MAX:
        raise Refused(f"{length:,} minutes are more than ten years.", "Give fewer.")
    return length


def whole_minute(start: str) -> int:
    """When the first minute begins, in ns."""
    start_ns = nanoseconds("--start", start, START_NS)
    if start_ns % MINUTE_NS:
        raise Refused(f"--start {start} is within a minute.", "Write it as 2025-06-01T12:00.")
    return start_ns


def market_from(traded: Instrument, seed: int, start_ns: int, price: str) -> SimulatedMarket:
    """The market that was asked for."""
    try:
        return market_of(traded, seed, start_ns, price)
    except ValueError as wrong:
        raise Refused(f"--price {price}: {wrong}.", "Write it as 2500 or 2500.25.") from wrong


def refuse_target(out: Path, *, force: bool) -> None:
    """Refused if the file is there already, unless that is wanted."""
    if out.is_dir():
        raise Refused(f"{out} is a directory.", "Give the file to write.")
    if out.exists() and not force:
        raise Refused(f"{out} exists already.", "Replace it with --force, or give another.", 4)


def described(stretch: Stretch, out: Path) -> dict[str, Any]:
    """What was written, in fields."""
    return {
        "file": str(out),
        "symbol": stretch.traded.name,
        "kind": stretch.kind,
        "rows": stretch.rows,
        "first": utc(stretch.market.start_ns),
        "end": utc(stretch.end_ns),
        "seed": stretch.market.seed,
        "label": "SIMULATED",
    }


def told(row: dict[str, Any]) -> str:
    """The same in words."""
    return (
        f"{row['symbol']} {row['label']} seed {row['seed']}: {row['rows']:,} {row['kind']}, "
        f"{row['first']} to {row['end']}\n  written to {row['file']}"
    )
