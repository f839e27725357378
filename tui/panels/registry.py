"""Which panels are there? One row each; the digit is the key."""

from tui.panels import (
    breakers,
    decisions,
    exchange,
    latency,
    limits,
    notices,
    orders,
    positions,
    trades,
)
from tui.panels.panel import Panel

ROWS = (positions, trades, orders, limits, breakers, latency, notices, decisions, exchange)
PANELS: dict[str, Panel] = {row.PANEL.digit: row.PANEL for row in ROWS}
