"""What stands in a picture of an account: which curves, limits, marks and names, and where?"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

INK, GREY = "#222222", "#6b6b6b"
BLUE, SKY, ORANGE = "#0a4a8f", "#3a93d0", "#d9730d"
# Blue and orange, which every eye tells apart, and different lines for a print without colours.
LOOKS: tuple[dict[str, Any], ...] = (
    {"color": BLUE, "linewidth": 1.8, "zorder": 4},
    {"color": SKY, "linewidth": 1.2, "zorder": 3},
    {"color": ORANGE, "linewidth": 1.2, "linestyle": (0, (4, 1)), "zorder": 2},
)
DASHED = {"color": INK, "linewidth": 1, "linestyle": (0, (2, 2)), "zorder": 4}
BESIDE = {"x": 1.012, "size": 10.5, "va": "center"}  # right of a panel
NAME_HEIGHT = 0.1  # of the upper panel: two lines
MARKED_MAX = 40  # more entries or exits than this would hide the curve
LATE = 0.7  # of the panel's width: from there a word goes to the left


class Curve(NamedTuple):
    """Values at times, in rising order of time; at least one."""

    label: str
    times_ns: Sequence[int]
    values: Sequence[float]


class Limit(NamedTuple):
    """A drawdown, as a share of the peak, and what happens from there on."""

    share: float
    label: str


class Chart(NamedTuple):
    """What is drawn: times in ns of UTC, one to three curves in `unit`, the first the account's.

    `drawdown` is a share of the peak, 0 at it; `halted_ns` is 0 where nothing halted.
    """

    title: str
    subtitle: str
    unit: str
    curves: Sequence[Curve]
    drawdown: Curve
    limits: Sequence[Limit]
    entries: Sequence[int]
    exits: Sequence[int]
    halted_ns: int
    simulated: bool


def show_equity(axes: Any, chart: Chart) -> None:
    """The curves, each named at its end, and the label that a simulated market never loses."""
    for curve, look in zip(chart.curves, LOOKS, strict=False):
        axes.plot(*thinned(curve), **look)
    begin = chart.curves[0].values[0]
    axes.axhline(begin, color=GREY, linewidth=0.8, zorder=1)
    low, high = axes.get_ylim()
    if high - low < abs(begin) * 1e-4:
        low, high = axes.set_ylim(begin * 0.999 - 1, begin * 1.001 + 1)
    places = 0 if high - low >= 20 else 2
    axes.yaxis.set_major_formatter(lambda value, _place: f"{value:,.{places}f}")
    axes.set_title(f"equity, {chart.unit}", loc="left")
    show_marks(axes, chart)
    name_curves(axes, chart.curves)
    if chart.simulated:
        large = {"size": 72, "weight": "bold", "alpha": 0.16, "ha": "center", "va": "center"}
        axes.text(0.5, 0.5, "SIMULATED", transform=axes.transAxes, color=GREY, zorder=1, **large)


def show_drawdown(axes: Any, chart: Chart) -> None:
    """How far below its peak, with the limits that were reached and the next one."""
    times, shares = thinned(chart.drawdown)
    axes.fill_between(times, -shares, 0, color=BLUE, alpha=0.2, linewidth=0, zorder=2)
    axes.plot(times, -shares, color=BLUE, linewidth=1.2, zorder=3)
    deepest = float(shares.max())
    # A limit at the whole peak is switched off.
    limits = sorted(limit for limit in chart.limits if limit.share < 1)
    reached = sum(limit.share <= deepest for limit in limits)
    shown = limits[: reached + 1]
    for limit in shown:
        words = f"{limit.share * 100:g} %  {limit.label}"
        axes.axhline(-limit.share, **DASHED)
        axes.text(y=-limit.share, s=words, transform=axes.get_yaxis_transform(), **BESIDE)
    lowest = max(deepest, *(limit.share for limit in shown), 0.001)
    axes.set_ylim(-1.08 * lowest, 0.04 * lowest)
    axes.yaxis.set_major_formatter(lambda value, _place: f"{abs(value) * 100:g} %")
    axes.set_title("drawdown below the peak", loc="left")


def show_time(axes: Any, chart: Chart) -> None:
    """From the first moment to the last, in UTC whatever the zone here."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    first = min(curve.times_ns[0] for curve in chart.curves)
    last = max(curve.times_ns[-1] for curve in chart.curves)
    axes.set_xlim(*moments([first, max(last, first + 1_000_000_000)]))
    locator = AutoDateLocator(tz=UTC, minticks=5, maxticks=10)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC))
    axes.set_xlabel("UTC", loc="left")


def show_halt(both: Sequence[Any], chart: Chart) -> None:
    """From when on nothing was traded, if it came to that."""
    if not chart.halted_ns:
        return
    axes = both[-1]
    first, last = axes.get_xlim()
    at = axes.convert_xunits(moments([chart.halted_ns])[0])
    for panel in both:
        panel.axvline(at, color=INK, linewidth=1, zorder=5)
        panel.axvspan(at, last, color=GREY, alpha=0.08, linewidth=0, zorder=0)
    moment = datetime.fromtimestamp(chart.halted_ns // 1_000_000_000, UTC)
    late = (at - first) / (last - first) > LATE
    words = f" halted {moment:%Y-%m-%d %H:%M} UTC "
    place = {"ha": "right" if late else "left", "va": "top", "zorder": 6}
    axes.text(at, 0.94, words, transform=axes.get_xaxis_transform(), color=INK, **place)


def show_marks(axes: Any, chart: Chart) -> None:
    """Where positions were entered and left, on the account's curve, as long as they are few."""
    import numpy as np

    account = chart.curves[0]
    looks = (("entry", "^", BLUE, chart.entries), ("exit", "v", "white", chart.exits))
    if not chart.entries or max(len(chart.entries), len(chart.exits)) > MARKED_MAX:
        return
    for label, marker, face, times_ns in looks:
        heights = np.interp(times_ns, account.times_ns, account.values)
        look = {"color": BLUE, "markerfacecolor": face, "markersize": 7, "zorder": 5}
        axes.plot(moments(times_ns), heights, marker, label=label, **look)
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=2,
        frameon=False,
        borderaxespad=0,
        handletextpad=0,
    )


def name_curves(axes: Any, curves: Sequence[Curve]) -> None:
    """Each curve's name and last value beside its end."""
    low, high = axes.get_ylim()
    ends = [(curve.values[-1] - low) / (high - low) for curve in curves]
    for curve, look, place in zip(curves, LOOKS, apart(ends, NAME_HEIGHT), strict=False):
        first, last = curve.values[0], curve.values[-1]
        change = f" ({(last / first - 1) * 100:+.2f} %)" if first else ""
        words = f"{curve.label}\n{last:,.2f}{change}"
        axes.text(y=place, s=words, transform=axes.transAxes, color=look["color"], **BESIDE)


def apart(places: Sequence[float], gap: float) -> list[float]:
    """Places below 1 in the same order, moved so that they lie a gap apart."""
    moved = list(places)
    order = sorted(range(len(moved)), key=moved.__getitem__)
    for below, above in pairwise(order):
        moved[above] = max(moved[above], moved[below] + gap)
    ceiling = 1.0 - gap / 2
    for number in reversed(order):
        moved[number] = min(moved[number], ceiling)
        ceiling = moved[number] - gap
    return moved


def thinned(curve: Curve) -> tuple[Any, Any]:
    """Times and values of a curve, no more of them than can be seen."""
    import numpy as np

    from engine.statistics.curves import telling

    times_ns, values = np.asarray(curve.times_ns, np.int64), np.asarray(curve.values, np.float64)
    kept = telling(times_ns, [values], int(times_ns[0]), int(times_ns[-1]))
    return moments(times_ns[kept]), values[kept]


def moments(times_ns: Any) -> Any:
    """Times as numpy's own."""
    import numpy as np

    return np.asarray(times_ns, np.int64).astype("datetime64[ns]")
