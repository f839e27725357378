"""How did equity come here, and how far below its peak is it? The chart."""

import math

from engine.snapshot import Curve
from tui.formatting import clock, percent
from tui.seen import Seen, View
from tui.themes import Line, length
from tui.widgets.braille_chart import Scale, Series, chart, columns, scale_of

WINDOWS = {"1h": 60, "6h": 360, "all": 0}
AXIS = 10  # cells of the values at the left
MINUTE_NS = 60_000_000_000
BLOCKS = " ▁▂▃▄▅▆▇█"
TALL = 10  # rows from which the drawdown gets more than one of them


def lines(seen: Seen, width: int, height: int) -> list[Line]:
    """Title, curve, drawdown below it."""
    names = [
        (f"[{name}]", "strong") if name == seen.window else (f" {name} ", "dim") for name in WINDOWS
    ]
    title: Line = [("─", "dim"), (" EQUITY ", "title"), *names, (" ", "dim")]
    title.append(("─" * (width - length(title)), "dim"))
    if seen.view is None or height < 4 or width < 2 * AXIS:
        return [title]
    series = series_of(seen.view.curve, seen.window)
    if len(series.values) < 2:
        return [title, [("  no curve yet: it gets a point at each minute of the market", "dim")]]
    strip = max((height - 1) // 4, 3) if height >= TALL else 1
    foot = 1 if height >= TALL else 0
    drawn = curve_lines(seen.view, series, width, height - 1 - strip - foot)
    drawn += fall_lines(seen.view, series, width, strip)
    return [title, *drawn, *([axis_line(seen.view.curve, seen.window, width)] if foot else [])]


def series_of(curve: Curve, window: str) -> Series:
    """The window's values, numbered by minute or by point."""
    if window == "all" and curve.points_step_ns:
        newest = curve.minutes[-1:]
        first = curve.points_start_ns // curve.points_step_ns
        return Series(curve.points + newest, first + len(curve.points))
    values = curve.minutes[-WINDOWS.get(window, 0) :]
    return Series(values, curve.minutes_end_ns // MINUTE_NS)


def curve_lines(view: View, series: Series, width: int, height: int) -> list[Line]:
    """The curve with its values at the left and the limits' levels where they are near."""
    scale = scale_of(series.values)
    peak = peak_of(view)
    levels = {
        peak * (1 - row.limit / 100): f"{row.limit:g}% {row.name.removeprefix('drawdown ')}"
        for row in view.snapshot.limits
        if row.name.startswith("drawdown")
    }
    drawn = chart(series, scale, width - AXIS, height, levels)
    return [[(name, "dim"), *line] for name, line in zip(axis(scale, height), drawn, strict=True)]


def peak_of(view: View) -> float:
    """The peak of equity that the drawdown is counted from."""
    equity, fall = float(view.snapshot.equity), view.snapshot.drawdown_percent / 100
    return equity / (1 - fall) if fall < 1 else equity


def axis(scale: Scale, height: int) -> list[str]:
    """The round values, each beside the row that it lies in."""
    names = [" " * AXIS] * height
    digits = max(0, -math.floor(math.log10(scale.step)))
    for number in range(round((scale.high - scale.low) / scale.step) + 1):
        value = scale.low + number * scale.step
        y = min(int((scale.high - value) / (scale.high - scale.low) * height), height - 1)
        text = f"{value:,.{digits}f}"
        names[y] = f"{text if len(text) < AXIS else f'{value:.4g}':>{AXIS - 1}} "
    return names


def falls(values: list[float], peak: float) -> list[float]:
    """The drawdown from the peak so far, in percent."""
    found = []
    for value in values:
        peak = max(peak, value)
        found.append(100 * (1 - value / peak) if peak > 0 else 0.0)
    return found


def peak_before(curve: Curve, series: Series) -> float:
    """The highest point of the whole life that lies before a window of minutes."""
    first_ns = (series.last - len(series.values) + 1) * MINUTE_NS
    count = (first_ns - curve.points_start_ns) // max(curve.points_step_ns, 1)
    return max(curve.points[: max(count, 0)], default=0.0)


def fall_lines(view: View, series: Series, width: int, height: int) -> list[Line]:
    """The drawdown below the curve, deeper being lower, with the limits that lie in its scale."""
    fallen = Series(falls(series.values, peak_before(view.curve, series)), series.last)
    deepest = max(fallen.values)
    told = f" max {percent(deepest)}"
    room = width - AXIS - (len(told) if height == 1 else 0)
    if height == 1:
        return [[("drawdown  ", "dim"), (blocks(fallen, deepest, room), "fall"), (told, "dim")]]
    scale = Scale(-scale_of([0.0, deepest]).high, 0.0, 1.0)
    down = Series([-value for value in fallen.values], fallen.last)
    levels = {-row.limit: f"{row.limit:g}% {row.name.removeprefix('drawdown ')}"
              for row in view.snapshot.limits if row.name.startswith("drawdown")}  # fmt: skip
    drawn = [
        [(text, "fall" if style == "chart" else style) for text, style in line]
        for line in chart(down, scale, room, height, levels)
    ]
    names = ["drawdown  ", *[" " * AXIS] * (height - 2), f"{percent(-scale.low):>{AXIS - 1}} "]
    return [[(name, "dim"), *line] for name, line in zip(names, drawn, strict=True)]


def blocks(fallen: Series, deepest: float, width: int) -> str:
    """One row of blocks: the deepest of each cell."""
    scale = Scale(0.0, max(deepest, 1e-9), 1.0)
    reached = columns(fallen, scale, 2 * width, 9)
    pairs = [max((8 - reach[0] for reach in reached[2 * x : 2 * x + 2] if reach), default=0)
             for x in range(width)]  # fmt: skip
    return "".join(BLOCKS[place] for place in pairs)


def axis_line(curve: Curve, window: str, width: int) -> Line:
    """The market's time at the newest point, and the window's length."""
    told = f"{window} of the market's time, newest {clock(curve.minutes_end_ns)}Z"
    return [(told.rjust(width), "dim")]
