"""What did the engine warn of? Panel 8."""

import re
from typing import Any

from tui.formatting import clean, clock
from tui.panels.panel import Column, Panel
from tui.themes import Span

LEVELS = {
    "info": ("✓  info", "dim"),
    "warning": ("!  warn", "warn"),
    "error": ("!! ERROR", "alarm"),
    "critical": ("!! CRIT", "alarm"),
}
UNSAID = ("at_s", "level", "event", "after", "now_ns")
HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def level(row: dict[str, Any]) -> Span:
    """How bad it is, as a word."""
    return LEVELS.get(str(row.get("level")), ("?", "warn"))


def text_of(row: dict[str, Any]) -> str:
    """The event and its fields in a line, with nothing in it that moves a cursor."""
    event = HUMP.sub(" ", str(row.get("event", ""))).lower()
    told = sorted(row.items(), key=lambda field: field[0] != "reason")  # why comes first
    fields = [f"{key} {value}" for key, value in told if key not in UNSAID]
    return clean(f"{event}: {', '.join(fields)}" if fields else event)


def told_at(row: dict[str, Any]) -> float:
    """When the engine said it."""
    return float(row.get("at_s", 0.0))


PANEL = Panel(
    "8",
    "NOTICES",
    "Note",
    lambda view: view.notices[::-1],
    (
        Column("UTC", 8, lambda r, _: (clock(int(told_at(r) * 1e9)), "dim"), told_at, left=True),
        Column("LEVEL", 8, lambda r, _: level(r), lambda r: str(r.get("level")), left=True),
        Column("WHAT", 0, lambda r, _: (text_of(r), "text"), text_of, left=True),
    ),
    "no warnings since the engine started",
    ("the engine's newest warnings and errors; UTC is the clock on the wall, not the market's",),
    lambda view: len(view.notices),
)
