"""supreme signal: what the engine would do now about a symbol, and why."""

import sys
import time
from difflib import get_close_matches
from json import dumps
from typing import Annotated, Any

import typer

from engine.errors import Refused
from engine.preview import preview
from supreme_cli.asking import CLEAR, SCHEMA, about, headline, is_screen, linked, seen, stamp
from supreme_cli.common_options import DataDir, Hz, Json, Timeout, Watch


def main(
    symbol: Annotated[str, typer.Argument(help="for example ETHUSDT or ETH-USDT")],
    data_dir: DataDir = "", json: Json = False, watch: Watch = False, hz: Hz = 1.0,
    timeout: Timeout = 5.0,
) -> None:  # fmt: skip
    """What the engine would do now: side, target, confidence, reasons, time of the data.

    The engine's own functions decide on a copy of its state; nothing is asked of the market.
    """
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


SHOWN = (
    *("symbol", "wanted", "confidence", "agent", "reason", "outcome", "denied", "order"),
    *("bar", "price_time", "next_decision", "indicators", "context"),
)


def said(value: Any) -> str:
    """A value for a person."""
    if isinstance(value, dict):
        return "  ".join(f"{name} {number:,.4f}" for name, number in value.items()) or "-"
    return "-" if value is None else str(value)


def number_of(symbol: str, names: list[str]) -> int:
    """The symbol's number; Refused with the nearest one where there is none."""
    wanted = symbol.upper().replace("-", "").replace("/", "").replace("_", "")
    if wanted in names:
        return names.index(wanted)
    near = get_close_matches(wanted, names, 1, 0.4)
    hint = f"did you mean {near[0]}?" if near else f"it trades {', '.join(names)}"
    raise Refused(f"this engine does not trade {symbol}", hint)


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
