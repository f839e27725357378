"""How do we stand, at one glance? Equity, day, win rate, drawdown, exposure, orders."""

from typing import NamedTuple

from engine.snapshot import Snapshot
from tui.formatting import NOTHING, cents, narrowed, percent, scale_bar, signed, tone
from tui.seen import Seen
from tui.themes import Line, length

BAR = 12  # cells of the drawdown's scale
STACKED_FROM = 114  # columns from which a tile has three lines
ONE_BY_ONE = 44  # columns below which each tile has a line of its own


class Tile(NamedTuple):
    """A name, a value of fixed width, and what to know beside it."""

    name: str
    value: Line
    note: str
    width: int


def tiles(seen: Snapshot) -> list[Tile]:
    """All of them; a rate never without the number it was counted from."""
    closed = seen.wins + seen.losses
    rate = f"{100 * seen.wins / closed:.1f}%" if closed else NOTHING
    day = float(seen.day_net)
    start = float(seen.equity) - day
    day_percent = 100 * day / start if start else 0.0
    levels = [row.limit for row in seen.limits if row.name.startswith("drawdown")]
    scale = scale_bar(seen.drawdown_percent, levels, BAR)
    exposure = next((row for row in seen.limits if row.name == "exposure"), None)
    ends = "/".join(f"{level:g}" for level in levels)
    denied = sum(seen.denied.values())
    orders, fills, refused = (narrowed(str(n), 5) for n in (seen.orders, seen.fills, denied))
    odd = seen.malformed + seen.anomalies
    told = [(f" ODD {narrowed(str(odd), 5)}", "alarm")] if odd else []
    return [
        Tile("EQUITY", [(f"{cents(seen.equity):>12}", "strong")], f"net {signed(seen.net)}", 13),
        Tile("DAY", [(f"{signed(seen.day_net):>11}", tone(day)),
                     (f" {percent(day_percent, sign=True):>7}", tone(day))], "since 00:00 UTC", 20),
        Tile("DD", [(f"{percent(seen.drawdown_percent):>6} ", fall_style(seen)),
                    (scale, fall_style(seen)), (ends, "dim")], "half, quarter, stop", 29),
        Tile("WIN", [(f"{rate:>6} ", "text"), (f"{seen.wins}/{closed}", "text")],
             "won/closed", 19),
        Tile("EXPOSURE", [(f"{percent(seen.exposure_percent):>7}", "text")],
             f"at most {exposure.limit:g}%" if exposure else "of equity", 8),
        Tile("ORD", [(f"{orders} FILL {fills} DENIED {refused}", "text"), *told],
             f"decisions {seen.decisions:,}", 20),
    ]  # fmt: skip


def fall_style(seen: Snapshot) -> str:
    """The style of the drawdown at its level."""
    return "alarm" if seen.breaker_level else "text"


def lines(seen: Seen, width: int, _height: int) -> list[Line]:
    """In three lines where there is room, else in two, else one below the other."""
    if seen.view is None:
        return []
    found = tiles(seen.view.snapshot)
    if width < ONE_BY_ONE:
        return [whole([(f" {tile.name} ", "dim"), *trimmed(tile.value)], width) for tile in found]
    if width >= STACKED_FROM:
        return stacked(found, width)
    return [inline([*found[:2], found[5]], width), inline(found[2:5], width)]


def whole(line: Line, width: int) -> Line:
    """As many of the first spans as fit uncut."""
    while len(line) > 1 and length(line) > width:
        line = line[:-1]
    return line


def inline(found: list[Tile], width: int) -> Line:
    """Names and values in a row; a tile that does not fit whole goes."""
    line: Line = []
    for tile in found:
        added: Line = [(f" {tile.name} ", "dim"), *tile.value]
        pad = tile.width - length(tile.value)
        added.append((" " * max(pad, 1), "text"))
        if length(line) + length(added) - max(pad, 1) <= width:
            line += added
    return line


def stacked(found: list[Tile], width: int) -> list[Line]:
    """Name, value and note below each other, the tiles side by side."""
    least = [max(length(tile.value), len(tile.name)) + 3 for tile in found]
    spare = max(width - sum(least), 0)
    wanted = [max(len(tile.note) + 3 - room, 0) for tile, room in zip(found, least, strict=True)]
    total = sum(wanted) or 1
    rooms = [room + min(spare * want // total, max(want, 0)) + max(spare - total, 0) // len(found)
             for room, want in zip(least, wanted, strict=True)]  # fmt: skip
    rows: list[Line] = [[], [], []]
    for tile, room in zip(found, rooms, strict=True):
        cells: list[Line] = [[(tile.name, "dim")], trimmed(tile.value), [(tile.note, "dim")]]
        for row, cell in zip(rows, cells, strict=True):
            row += [(" ", "text"), *within(cell, room - 2), ("│", "dim")]
    return rows


def trimmed(value: Line) -> Line:
    """A value without the blanks that line it up in a row."""
    (text, style), *rest = value
    return [(text.lstrip(), style), *rest]


def within(cell: Line, width: int) -> Line:
    """A cell in exactly so many places; a note that is too long goes whole."""
    if length(cell) > width:
        cell = [("", "text")]
    return [*cell, (" " * (width - length(cell)), "text")]
