"""supreme signal: what the engine would do now about a symbol, and why."""

import sys
import time
from json import dumps
from typing import Annotated, Any

import typer

from engine.preview import number_of, preview
from supreme_cli.asking import (
    CLEAR,
    SCHEMA,
    Asked,
    about,
    headline,
    is_screen,
    linked,
    seen,
    stamp,
    turns,
)
from supreme_cli.common_options import DataDir, Hz, Json, Timeout, Watch
from supreme_cli.services import ask, tables_of


def main(
    symbol: Annotated[str, typer.Argument(help="for example ETHUSDT or ETH-USDT")],
    data_dir: DataDir = "", json: Json = False, watch: Watch = False, hz: Hz = 1.0,
    timeout: Timeout = 5.0,
    interval: Annotated[
        int, typer.Option(min=0, metavar="SECONDS", help="of the newest closed bar of this length")
    ] = 0,
) -> None:  # fmt: skip
    """What the engine would do now: side, target, confidence, reasons, time of the data.

    The engine's own functions decide on a copy of its state; nothing is asked of the market.
    With --interval its service tells what the newest closed bar says, whatever is held: the engine
    is not asked, and need not run.
    """
    if interval:
        of_bars(symbol, interval, Asked(data_dir, json, watch, hz, timeout))
        return
    link = linked(data_dir, timeout)
    names: list[str] = link.hello["names"]
    number = number_of(symbol, names)
    clear = CLEAR if watch and not json and is_screen(sys.stdout) else ""
    while True:
        one = seen(link, link.picture())
        found = preview(link.image(), number, names[number])._asdict()
        told = {**about(one), **worded(found)}
        text = dumps({"schema_version": SCHEMA, **told})
        if not json:
            text = "\n".join([headline(one), *(f"{key:13} {said(told[key])}" for key in SHOWN)])
        print(clear + text, flush=True)
        if not watch:
            return
        time.sleep(1.0 / hz)


def of_bars(symbol: str, interval: int, asked: Asked) -> None:
    """Print the signal of a symbol's newest closed bar."""
    place = tables_of(asked.data_dir)
    for clear in turns(asked):
        found = ask(place, "signal", symbol=symbol, interval=interval)
        told = {
            **{key: found[key] for key in ("market", "symbol", "interval", "wanted")},
            "confidence": round(found["confidence"], 4),
            "agent": found["agent"],
            "reason": found["cause"],
            "bar": stamp(found["bar_time_ns"]) or None,
            "bars": found["bars"],
            "next_bar": stamp(found["next_bar_ns"]) or None,
            "indicators": {key: round(value, 6) for key, value in found["indicators"].items()},
        }
        text = dumps({"schema_version": SCHEMA, **told})
        if not asked.json:
            lines = (f"{key:13} {said(value)}" for key, value in told.items() if key != "market")
            text = "\n".join([f"PAPER  {told['market']}", *lines])
        print(clear + text, flush=True)


SHOWN = (
    *("symbol", "wanted", "confidence", "agent", "reason", "outcome", "denied", "order"),
    *("bar", "price_time", "next_decision", "indicators", "context"),
)


def said(value: Any) -> str:
    """A value for a person."""
    if isinstance(value, dict):
        return "  ".join(f"{name} {number:,.4f}" for name, number in value.items()) or "-"
    return "-" if value is None else str(value)


def worded(found: dict[str, Any]) -> dict[str, Any]:
    """Times as text, the cause as the reason it is."""
    return {
        "symbol": found["symbol"],
        "wanted": found["wanted"],
        "confidence": round(found["confidence"], 4),
        "agent": found["agent"],
        "reason": found["cause"],
        "outcome": found["outcome"],
        "denied": found["denied"] or None,
        "order": found["order"] or None,
        "bar": stamp(found["bar_time_ns"]) or None,
        "bars": found["bars"],
        "price_time": stamp(found["price_time_ns"]) or None,
        "next_decision": stamp(found["due_ns"]) or "at the next closed bar",
        "indicators": {key: round(value, 6) for key, value in found["indicators"].items()},
        "context": {key: round(value, 6) for key, value in found["context"].items()},
    }
