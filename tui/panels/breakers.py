"""What would stop us, and what has? Panel 5."""

from typing import NamedTuple

from tui.panels.limits import NEAR
from tui.panels.panel import Column, Panel, words
from tui.seen import View

STATES = {"clear": "○ clear", "near": "◐ near", "tripped": "✖ TRIPPED"}
STYLES = {"clear": "good", "near": "warn", "tripped": "alarm"}


class Breaker(NamedTuple):
    """One breaker: its state, what it is, and where it stands."""

    state: str
    name: str
    now: str
    consequence: str


def breakers(view: View) -> list[Breaker]:
    """The drawdown's levels, then the operator's own."""
    seen = view.snapshot
    levels = [row for row in seen.limits if row.name.startswith("drawdown")]
    rows = [
        Breaker(
            state_of(row.value, row.limit, tripped=seen.breaker_level > number),
            f"{row.name.replace('drawdown', 'dd').replace('conservative', 'quarter')}",
            f"{row.value:.2f}/{row.limit:g}%",
            row.consequence,
        )
        for number, row in enumerate(levels)
    ]
    operator = (("paused", seen.paused, "no entries until resumed"),
                ("flatten", seen.flattening, "close everything, then pause"),
                ("killed", seen.killed, "close everything, halt until reset"))  # fmt: skip
    return rows + [
        Breaker("tripped" if is_on else "clear", name, "by hand", then)
        for name, is_on, then in operator
    ]


def rank(row: Breaker) -> int:
    """How urgent it is."""
    return list(STATES).index(row.state)


def state_of(value: float, limit: float, *, tripped: bool) -> str:
    """Clear, near or tripped."""
    if tripped:
        return "tripped"
    return "near" if value >= NEAR * limit else "clear"


PANEL = Panel(
    "5",
    "BREAKERS",
    "Brk",
    breakers,
    (
        Column("STATE", 9, lambda r, _: (STATES[r.state], STYLES[r.state]), rank,
               left=True),
        words("BREAKER", 10, "name"),
        Column("NOW", 9, lambda r, _: (r.now, "text"), lambda r: r.now),
        words("THEN", 0, "consequence", "dim"),
    ),
    "no breakers are known yet",
    (
        "dd ...  drawdown: 1 - equity / peak of equity; a level is left at 80 % of its threshold",
        "dd stop latches: it closes everything and holds HALTED until H resets it with a reason",
        "paused  no entries; flatten closes and then pauses; killed closes and halts",
    ),
    lambda view: sum(row.state == "tripped" for row in breakers(view)),
)  # fmt: skip
