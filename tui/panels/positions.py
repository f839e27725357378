"""What do we hold, and what is it worth at the bid? Panel 1."""

from engine.snapshot import Position
from tui.formatting import age, cents, grouped, percent, signed, tone
from tui.panels.panel import Column, Panel, words
from tui.seen import View
from tui.themes import Span


def is_held(row: Position) -> bool:
    """Whether there is anything of it."""
    return row.quantity != "0"


def result(row: Position, _view: View) -> Span:
    """What it has earned, or that we are out."""
    if not is_held(row):
        return "flat", "dim"
    return signed(row.unrealized), tone(float(row.unrealized))


def result_percent(row: Position, _view: View) -> Span:
    """The same of its cost."""
    if not is_held(row):
        return "", "dim"
    return percent(row.unrealized_percent, sign=True), tone(row.unrealized_percent)


def held(row: Position, text: str) -> Span:
    """A number that only a position has."""
    return (text, "text") if is_held(row) else ("", "dim")


PANEL = Panel(
    "1",
    "POSITIONS",
    "Pos",
    lambda view: view.snapshot.positions,
    (
        words("SYMBOL", 9, "symbol"),
        Column("P&L", 11, result, lambda row: float(row.unrealized)),
        Column("%", 7, result_percent, lambda row: row.unrealized_percent),
        Column("LAST", 10, lambda r, _: (grouped(r.last), "text"), lambda r: float(r.last)),
        Column("QTY", 9, lambda r, _: held(r, grouped(r.quantity)), lambda r: float(r.quantity)),
        Column("ENTRY", 10, lambda r, _: held(r, grouped(r.entry)), lambda r: float(r.entry)),
        Column("STOP", 9, lambda r, _: held(r, grouped(r.stop) if r.stop else "none"),
               lambda r: float(r.stop or 0)),
        Column("AGE", 5, lambda r, v: held(r, age((v.snapshot.now_ns - r.opened_ns) / 1e9)),
               lambda r: -r.opened_ns),
        Column("VALUE", 11, lambda r, _: held(r, cents(r.value)), lambda r: float(r.value)),
    ),
    "no symbol is defined yet",
    (
        "P&L     value - cost: quantity x bid - what was paid for it, fees of the entry included",
        "%       P&L of the cost",
        "LAST    newest trade price; VALUE is at the bid, where we could sell",
        "STOP    trigger of the protective stop; none: there is no such order",
        "AGE     since the position was opened, in the market's time",
    ),
    lambda view: sum(is_held(row) for row in view.snapshot.positions),
)  # fmt: skip
