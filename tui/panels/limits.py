"""How near is each limit, and what happens there? Panel 4."""

from engine.snapshot import Limit
from tui.formatting import bar
from tui.panels.panel import Column, Panel, words
from tui.seen import View
from tui.themes import Span

NEAR = 0.8  # of a limit


def share(row: Limit) -> float:
    """How much of the limit is used."""
    return row.value / row.limit if row.limit else 0.0


def style_of(row: Limit) -> str:
    """The style of a limit that is far, near, or reached."""
    if share(row) >= 1.0:
        return "alarm"
    return "warn" if share(row) >= NEAR else "text"


def state(row: Limit, _view: View) -> Span:
    """How it stands, as a word."""
    reached = {"alarm": "✖ AT", "warn": "◐ near", "text": "○ ok"}
    return reached[style_of(row)], style_of(row)


def number(value: float, row: Limit) -> str:
    """A value in the limit's unit."""
    return f"{value:.2f}%" if row.unit.startswith("%") else f"{value:.0f}"


PANEL = Panel(
    "4",
    "RISK LIMITS",
    "Risk",
    lambda view: view.snapshot.limits,
    (
        Column("STATE", 6, state, share, left=True),
        Column("NOW", 7, lambda r, _: (number(r.value, r), style_of(r)), lambda r: r.value),
        Column("LIMIT", 7, lambda r, _: (number(r.limit, r), "text"), lambda r: r.limit),
        Column("LEFT", 7, lambda r, _: (number(max(r.limit - r.value, 0.0), r), "text"),
               lambda r: r.limit - r.value),
        Column("USED", 8, lambda r, _: (bar(share(r), 8), "level"), share, left=True),
        words("WHAT", 21, "name"),
        words("THEN", 0, "consequence", "dim"),
    ),
    "no limits are known yet",
    (
        "NOW     the value; drawdowns in % of the peak of equity, the others in % of equity now",
        "LEFT    limit - value: how far it may still go",
        "THEN    what happens at the limit",
        "exposure counts orders that wait to be filled; position is the largest single one",
    ),
)  # fmt: skip
