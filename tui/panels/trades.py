"""What was filled, at what price, and what did it earn? Panel 2."""

from engine.snapshot import Trade
from tui.formatting import cents, clock, duration, grouped, signed, tone
from tui.panels.panel import Column, Panel, words
from tui.seen import View
from tui.themes import Span

FINE = 0.01  # of an asset other than quote


def side(row: object, _view: View) -> Span:
    """Bought or sold, as a word."""
    said = str(getattr(row, "side", ""))
    return said, "up" if said == "BUY" else "down"


def fee(row: Trade, _view: View) -> Span:
    """What the venue took; of another asset than quote in as many digits as say something."""
    if row.fee_in == "quote":
        return cents(row.fee), "dim"
    amount = float(row.fee)
    return (f"{amount:.4f}" if amount >= FINE else f"{amount:.1e}"), "dim"


PANEL = Panel(
    "2",
    "TRADES",
    "Trd",
    lambda view: view.snapshot.trades,
    (
        Column("TIME", 8, lambda r, _: (clock(r.now_ns), "dim"), lambda r: r.now_ns, left=True),
        words("SYMBOL", 9, "symbol"),
        Column("SIDE", 4, side, lambda r: r.side, left=True),
        Column("QTY", 9, lambda r, _: (grouped(r.quantity), "text"), lambda r: float(r.quantity)),
        Column("PRICE", 10, lambda r, _: (grouped(r.price), "text"), lambda r: float(r.price)),
        Column("NET", 9, lambda r, _: (signed(r.net), tone(float(r.net))), lambda r: float(r.net)),
        Column("FEE", 7, fee, lambda r: float(r.fee)),
        words("OF", 5, "fee_in", "dim"),
        Column("WAITED", 7, lambda r, _: (duration(int(r.waited_ms * 1e6)), "dim"),
               lambda r: r.waited_ms),
        Column("WHY", 0, lambda r, _: (f"{r.agent}: {r.cause}", "dim"), lambda r: r.cause,
               left=True),
    ),
    "nothing was filled yet",
    (
        "NET     earned by this fill: (price - entry) x quantity - fee; a purchase costs its fee",
        "FEE     what the venue took; OF: from quote currency, from base, or from another asset",
        "WAITED  from the order's submission to this fill, in the market's time",
        "WHY     the agent that asked for the order, and its reason",
    ),
)  # fmt: skip
