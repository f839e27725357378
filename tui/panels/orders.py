"""Which orders may still fill? Panel 3."""

from tui.formatting import age, grouped
from tui.panels.panel import Column, Panel, words
from tui.panels.trades import side

PANEL = Panel(
    "3",
    "ORDERS",
    "Ord",
    lambda view: view.snapshot.open_orders,
    (
        Column("ID", 6, lambda r, _: (str(r.order_id), "dim"), lambda r: r.order_id),
        words("SYMBOL", 9, "symbol"),
        Column("SIDE", 4, side, lambda r: r.side, left=True),
        words("TYPE", 6, "type"),
        words("STATUS", 11, "status"),
        Column("FILLED", 6, lambda r, _: (f"{r.filled_percent:.0f}%", "text"),
               lambda r: r.filled_percent),
        Column("QTY", 9, lambda r, _: (grouped(r.quantity), "text"), lambda r: float(r.quantity)),
        Column("PRICE", 10,
               lambda r, _: (grouped(r.price) if r.price != "0" else "market", "text"),
               lambda r: float(r.price)),
        Column("AGE", 5, lambda r, v: (age((v.snapshot.now_ns - r.submitted_ns) / 1e9), "text"),
               lambda r: -r.submitted_ns),
        Column("WHY", 0, lambda r, _: (f"{r.agent}: {r.cause}", "dim"), lambda r: r.cause,
               left=True),
    ),
    "no order is open",
    (
        "STATUS  sent: not answered yet; open; part filled; canceling; unknown: asked",
        "FILLED  filled quantity of the ordered one",
        "PRICE   limit, or trigger of a stop; market where there is none",
    ),
    lambda view: len(view.snapshot.open_orders),
)  # fmt: skip
