"""What happened last, and which keys are there? The lines at the bottom."""

from tui.formatting import clock
from tui.panels.alerts import newest
from tui.panels.notices import PANEL as NOTICES
from tui.panels.notices import level, text_of, told_at
from tui.panels.registry import PANELS
from tui.seen import Seen, View, left_to_close
from tui.themes import Line, length

VIEW_KEYS = (
    ("?", "help"), ("q", "quit"), ("a", "alerts"), ("0-9", "panel"), ("Tab", "next"), ("m", "big"),
    ("s", "sort"), ("z", "freeze"), ("e", "window"), ("+ -", "rate"), ("T", "theme"),
)  # fmt: skip
ACT_KEYS = (("P", "pause"), ("F", "flatten"), ("K", "KILL"), ("H", "reset"))


def keys(seen: Seen, width: int, _height: int) -> list[Line]:
    """The keys that work here; with --read-only the acts are not there."""
    acts = () if seen.read_only else ACT_KEYS
    paused = seen.view is not None and seen.view.snapshot.paused
    line: Line = []
    for number, (key, what) in enumerate((*acts, *VIEW_KEYS)):
        said = "resume" if key == "P" and paused else what
        fence = " │" if number and number == len(acts) else ""
        added: Line = [(f"{fence} {key}", "key"), (f" {said}", "dim")]
        if length(line) + length(added) <= width:
            line += added
    return [line]


def status(seen: Seen, width: int, _height: int) -> list[Line]:
    """Frozen, closing, or what became of the last act; at the right the rate."""
    hz = f" {seen.hz:g} Hz"
    text, style = status_text(seen)
    room = width - len(hz) - 2
    if style == "frozen":
        return [[(text.center(width)[:width], style)]]
    return [[(f" {text[:room]:<{room}} ", style), (hz, "dim")]]


def status_text(seen: Seen) -> tuple[str, str]:
    """The most urgent thing to say."""
    if seen.frozen and seen.view is not None:
        at = clock(seen.view.snapshot.now_ns)
        return f"VIEW FROZEN at {at}Z, the engine goes on: z shows it again", "frozen"
    if seen.gone:
        return f"✖ looking for it: {seen.gone}", "warn"
    closing = seen.view is not None and seen.view.snapshot.trading == "REDUCING"
    if seen.view is not None and closing and not only_paused(seen.view):
        return f"▼ closing: {left_to_close(seen.view.snapshot)} left. {seen.said}", "warn"
    if seen.said:
        return seen.said, seen.said_style
    return ("read-only: this console cannot act" if seen.read_only else ""), "dim"


def only_paused(view: View) -> bool:
    """Whether nothing is being closed."""
    return not view.snapshot.flattening and not view.snapshot.stopped


def tabs(seen: Seen, width: int, here: str, where: str) -> Line:
    """The panels by their digits, the chosen one marked, and how it is sorted and scrolled."""
    line: Line = []
    for digit, panel in PANELS.items():
        count = panel.counts(seen.view) if panel.counts and seen.view is not None else 0
        name = f"{digit}{panel.short}{f' {count}' if count else ''}"
        added: Line = [(f" {name} ", "focus" if digit == here else "text")]
        if length(line) + length(added) <= width:
            line += added
    room = width - length(line)
    return [*line, (f"{where:>{room}}" if len(where) < room else " " * room, "dim")]


def latest(seen: Seen, width: int, height: int) -> list[Line]:
    """The alert that waits, newest notices, decision and fill; where it is low the first alone."""
    if seen.view is None:
        return []
    told = [*newest(seen, width), *(notice_line(row, width) for row in NOTICES.rows(seen.view))]
    if height < 3:
        return told[:height] or [[(f"   {NOTICES.nothing}", "dim")]]
    beside = [decided_line(seen.view), filled_line(seen.view)]
    return [*(told[: height - 2] or [[(f"   {NOTICES.nothing}", "dim")]]), *beside][:height]


def notice_line(row: dict[str, object], width: int) -> Line:
    """A notice in a line."""
    said, style = level(row)
    at = clock(int(told_at(row) * 1e9))
    return [(f" {said:<8} ", style), (f"{at} UTC ", "dim"), (text_of(row)[: width - 23], "text")]


def decided_line(view: View) -> Line:
    """The newest decision with its reason."""
    if not view.snapshot.recent_decisions:
        return [(" decided  nothing yet", "dim")]
    row = view.snapshot.recent_decisions[0]
    wanted = f"{row.symbol} {row.wanted} {row.confidence:.0%}"
    return [(" decided  ", "dim"), (f"{clock(row.now_ns)}Z   ", "dim"), (wanted, "text"),
            (f" ({row.agent}: {row.cause}) → ", "dim"),
            (row.outcome, "warn" if row.outcome.startswith("denied") else "text")]  # fmt: skip


def filled_line(view: View) -> Line:
    """The newest fill."""
    if not view.snapshot.trades:
        return [(" filled   nothing yet", "dim")]
    row = view.snapshot.trades[0]
    style = "up" if row.side == "BUY" else "down"
    return [(" filled   ", "dim"), (f"{clock(row.now_ns)}Z   ", "dim"), (f"{row.symbol} ", "text"),
            (row.side, style), (f" {row.quantity} at {row.price}", "text"),
            (f"  order {row.order_id}, {row.agent}: {row.cause}", "dim")]  # fmt: skip
