"""What does the screen show? One picture of the engine, and what the console knows beside it."""

from typing import Any, NamedTuple

from engine.camera import restored
from engine.picture import curve_of, picture
from engine.service.noted import Noted
from engine.snapshot import Curve, Snapshot
from tui.formatting import clean

WORDS = ("LIVE", "PAPER", "SIMULATED", "REPLAY")


class View(NamedTuple):
    """One picture of an engine, in people's words."""

    hello: dict[str, Any]
    snapshot: Snapshot
    curve: Curve
    latency: dict[str, dict[str, int]]
    notices: list[dict[str, Any]]  # the oldest first
    exchange: dict[str, Any]  # how it stands; empty on simulated fills, and until it was told


class Seen(NamedTuple):
    """Everything that lines are made of; the same one gives the same lines."""

    view: View | None = None  # None until the first picture
    place: str = ""  # the data directory
    gone: str = ""  # why no engine answers, empty while one does
    age_s: float = 0.0  # of the newest picture
    frozen: bool = False
    hz: float = 2.0
    window: str = "6h"
    said: str = ""  # of the last action: what became of it
    said_style: str = "text"
    read_only: bool = False
    alerts: tuple[Noted, ...] = ()  # that are not over, the newest first
    is_watched: bool = True  # whether a service looks for more of them
    wall_ns: int = 0


def view_of(raw: bytes, said: dict[str, Any]) -> View:
    """A picture's bytes with what the engine said beside it; ValueError if it is none."""
    state = restored(raw)
    hello = said["hello"]
    names = [clean(str(name)) for name in hello["names"]]
    return View(
        hello,
        picture(state, names),
        curve_of(state),
        said.get("latency", {}),
        said.get("notices", []),
        said.get("exchange", {}),
    )


def word_of(hello: dict[str, Any]) -> str:
    """LIVE, PAPER, SIMULATED or REPLAY: whose money and whose market this is."""
    first = str(hello.get("label", "")).partition(" ")[0]
    if first == "LIVE":  # a profile of real money is never taken for a rehearsal
        return first
    if hello.get("simulated"):
        return "SIMULATED"
    return first if first in WORDS else "PAPER"


def label_of(hello: dict[str, Any]) -> str:
    """The market's label without the word before it."""
    label = clean(str(hello.get("label", "")))
    first, _, rest = label.partition(" ")
    return rest if first in WORDS else label


def trading_of(snapshot: Snapshot) -> tuple[str, str, str]:
    """(glyph and word of the trading state, why it is not ACTIVE, style)."""
    if snapshot.trading == "ACTIVE":
        size = ("", "half size", "quarter size", "")[min(snapshot.breaker_level, 3)]
        if snapshot.doubts:
            return "▶ ACTIVE", f"no entries: {snapshot.doubts}", "warn"
        return "▶ ACTIVE", size, "warn" if size else "good"
    if snapshot.trading == "HALTED":
        return "■ HALTED", snapshot.why, "alarm"
    if snapshot.flattening:
        return "▼ FLATTENING", "then paused", "warn"
    if snapshot.stopped:
        return "▼ CLOSING", snapshot.why, "alarm"
    return "‖ PAUSED", "no entries", "warn"


def left_to_close(snapshot: Snapshot) -> str:
    """What still has to go until the account is flat."""
    held = [row for row in snapshot.positions if row.quantity != "0"]
    return f"{len(held)} position{'s' * (len(held) != 1)}, {len(snapshot.open_orders)} open orders"
