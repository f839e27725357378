"""What does each key do, and what does each number mean? The text behind `?`."""

from tui.acts import UNATTENDED_S
from tui.panels.registry import PANELS
from tui.themes import Line

KEYS = (
    ("0-5 7-9", "show or focus that panel"),
    ("Tab", "focus the next panel on the screen (Shift-Tab: the one before)"),
    ("m  Esc", "maximise the focused panel; back"),
    ("arrows", "scroll the focused panel; PgUp PgDn Home End too"),
    ("s  S", "sort by the next column; the other way round"),
    ("e", "window of the equity curve: 1h, 6h, all"),
    ("a", "alerts: what went wrong, what was tried, who has seen it"),
    ("z", "freeze the view; the engine goes on"),
    ("+  -", "pictures a second, 0.5 to 10"),
    ("T", "theme: default, high-contrast, mono"),
    ("r", "draw the whole screen again"),
    ("q", "quit the console, never the engine"),
)
ACTS = (
    ("P", "pause, or resume: Enter confirms, Esc cancels"),
    ("F", "flatten: close everything, then stay paused; type FLATTEN"),
    ("K", "kill: close everything, then HALT until reset; type KILL"),
    ("H", "leave HALTED; type RESET and a reason"),
    ("a A", "in the list of alerts: acknowledge the chosen one, or all"),
)
NUMBERS = (
    "EQUITY    cash + positions at the bid, in quote currency; net = equity - deposits",
    "DAY       equity - equity when the UTC day of the market began, and % of the latter",
    "WIN       wins / (wins + losses) with both numbers; a win is a closed trade above its fees",
    "DD        1 - equity / highest equity since the last reset; the bar ends at the stop",
    "drawdown  the strip below the curve: the same, from the highest equity ever",
    "EXPOSURE  value of positions / equity",
    "ORD FILL  orders sent and fills; DENIED: refused by our own risk; ODD: impossible reports",
    "alerts    troubles that are not over, kept by the service; without one nobody notes any",
    "data      age of the newest picture; NO PICTURE: the engine lives and is silent",
    "WORDS     LIVE: real money. PAPER: none of it is. SIMULATED: the market is not real either.",
    "EXCHANGE  ● who tells the market; NO MARKET, DOUBT, ACCOUNT LOST, ORDERS WAIT: see panel 0",
)


def lines(digit: str, *, read_only: bool) -> list[Line]:
    """Keys, the focused panel's numbers, then those of every screen."""
    panel = PANELS[digit]
    found: list[Line] = [heading("Keys")]
    found += [row(key, what) for key, what in KEYS]
    if not read_only:
        found.append(heading(f"Acts (a box left alone for {UNATTENDED_S:.0f} s cancels itself)"))
        found += [row(key, what) for key, what in ACTS]
    found.append(heading(f"Panel {panel.digit}, {panel.name}"))
    found += [[(f"  {said}", "text")] for said in panel.meaning]
    found.append(heading("On every screen"))
    found += [[(f"  {said}", "text")] for said in NUMBERS]
    return found


def heading(text: str) -> Line:
    """What follows."""
    return [(text, "title")]


def row(key: str, what: str) -> Line:
    """A key and what it does."""
    return [(f"  {key:<9}", "key"), (what, "text")]
