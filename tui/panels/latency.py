"""How long do things take in the engine? Panel 7."""

from typing import NamedTuple

from tui.formatting import duration
from tui.panels.panel import Column, Panel, words
from tui.seen import View

MEANINGS = {
    "late": "event late",
    "decided": "decided",
    "asked": "sent",
}


class Timing(NamedTuple):
    """One measured step, in nanoseconds."""

    name: str
    measured: int
    p50: int
    p99: int
    p999: int
    longest: int


def timings(view: View) -> list[Timing]:
    """The engine's own summaries."""
    return [
        Timing(MEANINGS.get(name, name), *(row[field] for field in Timing._fields[1:]))
        for name, row in view.latency.items()
    ]


def timed(title: str, field: str) -> Column:
    """A column of durations."""
    return Column(
        title,
        7,
        lambda row, _view: (duration(getattr(row, field)), "text"),
        lambda row: getattr(row, field),
    )


PANEL = Panel(
    "7",
    "LATENCY",
    "Lat",
    timings,
    (
        words("STEP", 10, "name"),
        timed("P50", "p50"),
        timed("P99", "p99"),
        timed("P99.9", "p999"),
        timed("LONGEST", "longest"),
        Column("COUNT", 10, lambda r, _: (f"{r.measured:,}", "dim"), lambda r: r.measured),
    ),
    "the engine has not measured anything yet",
    (
        "event late  from an event's due time to its turn",
        "decided     from its turn to decided and put into the journal's buffer",
        "sent        from decided to its orders on the wire, their cause durable",
        "P99         99 of 100 took no longer; wall clock, counted since the engine started",
    ),
)
