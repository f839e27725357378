"""How does a curve of ten thousand points fit some cells? The least and the most of each column."""

import math
from typing import NamedTuple

from tui.themes import Line

DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # left and right half of a cell
NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
SPANS = (15, 30, 60, 120, 240, 360, 480)  # a young curve grows to the right, then the span steps


class Series(NamedTuple):
    """Evenly spaced values; `last` numbers the newest for ever, so that columns stay themselves."""

    values: list[float]
    last: int


class Scale(NamedTuple):
    """What the top and the bottom edge mean."""

    low: float
    high: float
    step: float


def scale_of(values: list[float]) -> Scale:
    """A scale with round ends: it holds while the values stay within."""
    low, high = min(values), max(values)
    spread = max(high - low, abs(high) * 1e-5, 1e-9)
    size = 10.0 ** math.floor(math.log10(spread / 4))
    step = next(nice * size for nice in NICE if nice * size >= spread / 4)
    bottom, top = math.floor(low / step) * step, math.ceil(high / step) * step
    return Scale(bottom, max(top, bottom + step), step)


def span_of(count: int) -> int:
    """How many values the width stands for."""
    return next((span for span in SPANS if span >= count), count)


def places(series: Series, pixels: int) -> list[int]:
    """The pixel column of each value; a full chart moves on by whole cells only."""
    count = len(series.values)
    span = span_of(count)
    first = series.last - count + 1
    absolute = [number * pixels // span for number in range(first, series.last + 1)]
    if count < span:
        return [place - absolute[0] for place in absolute]
    origin = (absolute[-1] // 2 - pixels // 2 + 1) * 2
    return [place - origin for place in absolute]


def columns(series: Series, scale: Scale, pixels: int, rows: int) -> list[tuple[int, int] | None]:
    """The topmost and the lowest dot of each pixel column, joined to a line."""
    found: list[tuple[int, int] | None] = [None] * pixels
    height = scale.high - scale.low

    def mark(x: int, value: float) -> None:
        if 0 <= x < pixels:
            y = round((scale.high - value) / height * (rows - 1))
            before = found[x]
            found[x] = (y, y) if before is None else (min(before[0], y), max(before[1], y))

    at, value_at = None, 0.0
    for x, value in zip(places(series, pixels), series.values, strict=True):
        if at is not None:
            for between in range(at + 1, x):
                mark(between, value_at + (value - value_at) * (between - at) / (x - at))
        mark(x, value)
        at, value_at = x, value
    return joined(found)


def joined(found: list[tuple[int, int] | None]) -> list[tuple[int, int] | None]:
    """Without gaps between neighbours: a jump is a line."""
    before = None
    for x, reach in enumerate(found):
        if reach is not None and before is not None:
            top, low = reach
            found[x] = (min(top, before[1] + 1), max(low, before[0] - 1))
        before = reach
    return found


def cells(found: list[tuple[int, int] | None], width: int, height: int) -> list[str]:
    """The dots as braille, a text a row; blanks where nothing is drawn."""
    codes = [[0] * width for _ in range(height)]
    for x, reach in enumerate(found[: 2 * width]):
        if reach is not None:
            for y in range(max(reach[0], 0), min(reach[1] + 1, 4 * height)):
                codes[y // 4][x // 2] |= DOTS[x % 2][y % 4]
    return ["".join(chr(0x2800 + code) if code else " " for code in row) for row in codes]


def chart(
    series: Series, scale: Scale, width: int, height: int, levels: dict[float, str]
) -> list[Line]:
    """The curve, with a dotted line at each level that lies in the scale."""
    drawn = cells(columns(series, scale, 2 * width, 4 * height), width, height)
    lines: list[Line] = [[(row, "chart")] for row in drawn]
    for value, text in levels.items():
        if scale.low <= value <= scale.high:
            y = min(int((scale.high - value) / (scale.high - scale.low) * height), height - 1)
            lines[y] = ruled(drawn[y], text)
    return lines


def ruled(row: str, text: str) -> Line:
    """A row of the chart with a level's line through its blanks, named where there is room."""
    name = f" {text} "
    at = row.find(" " * len(name))
    under = f"{'┈' * at}{name}".ljust(len(row), "┈") if at >= 0 else "┈" * len(row)
    line: Line = []
    for dot, dash in zip(row, under, strict=False):
        span = (dash, "level") if dot == " " else (dot, "chart")
        if line and line[-1][1] == span[1]:
            line[-1] = (line[-1][0] + span[0], span[1])
        else:
            line.append(span)
    return line
