"""What did the agents want, why, and what came of it? Panel 9."""

from engine.snapshot import Decision
from tui.formatting import clock
from tui.panels.panel import Column, Panel, words
from tui.seen import View
from tui.themes import Span


def outcome(row: Decision, _view: View) -> Span:
    """What came of it; a denial stands out."""
    return row.outcome, "warn" if row.outcome.startswith("denied") else "text"


PANEL = Panel(
    "9",
    "DECISIONS",
    "Dec",
    lambda view: view.snapshot.recent_decisions,
    (
        Column("TIME", 8, lambda r, _: (clock(r.now_ns), "dim"), lambda r: r.now_ns, left=True),
        words("SYMBOL", 9, "symbol"),
        words("WANTS", 5, "wanted"),
        Column("SURE", 4, lambda r, _: (f"{r.confidence:.0%}", "text"), lambda r: r.confidence),
        Column("OUTCOME", 22, outcome, lambda r: r.outcome, left=True),
        Column("WHY", 0, lambda r, _: (f"{r.agent}: {r.cause}", "dim"), lambda r: r.cause,
               left=True),
    ),
    "nothing was decided yet",
    (
        "WANTS   the target: long, flat, or hold what there is",
        "SURE    the agent's confidence in it",
        "OUTCOME what came of it; denied: our own risk said no, with its reason",
        "WHY     the agent that decided, and its reason",
    ),
)  # fmt: skip
