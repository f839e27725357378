"""Can these rows be true, and what is missing between them?

Tables here are in integers: times in nanoseconds, prices in ticks, volumes in 1e-8 of base. Rows
are named by their place, so that a report can say which line of which file it means.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from engine.market.layouts import BARS, TOPS, TRADES, Table

if TYPE_CHECKING:
    from collections.abc import Callable

VALUES = {BARS: ("open", "high", "low", "close", "volume"), TRADES: ("price", "volume", "maker")}
JUMP = 0.1  # of the price before; real one-minute bars have moved by 10 %, hours by 25 %
LISTED = 3  # gaps told one by one; JSON has them all
SECOND = 1_000_000_000
INTERVALS = {
    name: seconds * SECOND
    for name, seconds in {
        "1s": 1,
        "1m": 60,
        "3m": 180,
        "5m": 300,
        "15m": 900,
        "30m": 1800,
        "1h": 3600,
        "2h": 7200,
        "4h": 14400,
        "6h": 21600,
        "8h": 28800,
        "12h": 43200,
        "1d": 86400,
        "3d": 259200,
        "1w": 604800,
    }.items()
}
MONDAY = 4 * 86_400 * SECOND  # weeks begin on it; 1970 began on a Thursday
FAULTS: "dict[str, tuple[tuple[str, Callable[[Table, int], Any]], ...]]" = {
    BARS: (
        ("a price is zero or negative", lambda rows, _: rows["low"] <= 0),
        ("the high is below the low", lambda rows, _: rows["high"] < rows["low"]),
        ("the open lies outside low and high", lambda rows, _: outside(rows, "open")),
        ("the close lies outside low and high", lambda rows, _: outside(rows, "close")),
        ("the volume is negative", lambda rows, _: rows["volume"] < 0),
        ("a price is above price_max", lambda rows, highest: rows["high"] > highest),
    ),
    TRADES: (
        ("the price is zero or negative", lambda rows, _: rows["price"] <= 0),
        ("the volume is negative", lambda rows, _: rows["volume"] < 0),
        ("the price is above price_max", lambda rows, highest: rows["price"] > highest),
    ),
    TOPS: (
        ("the bid is zero or negative", lambda rows, _: rows["bid"] <= 0),
        ("the ask is not above the bid", lambda rows, _: rows["ask"] <= rows["bid"]),
        ("a volume is negative", lambda rows, _: rows["bid_volume"] < 0),
        ("a volume is negative", lambda rows, _: rows["ask_volume"] < 0),
        ("the ask is above price_max", lambda rows, highest: rows["ask"] > highest),
    ),
}


class Gap(NamedTuple):
    """Bars that are missing after the one that opened at `after_ns`."""

    after_ns: int
    missing: int


class Findings(NamedTuple):
    """What was seen in rows that can be true."""

    rows: int
    first_ns: int
    last_ns: int
    gaps: tuple[Gap, ...]  # longest first
    missing: int
    unaligned: int  # bars that open off the interval's grid
    without_volume: int
    jumps: tuple[tuple[int, float], ...]  # (time, fraction), largest first


def outside(rows: Table, what: str) -> Any:
    """Whether a price lies outside its bar."""
    return (rows[what] < rows["low"]) | (rows[what] > rows["high"])


def first_fault(kind: str, rows: Table, price_max: int) -> tuple[int, str] | None:
    """The first row that cannot be true, and why."""
    import numpy as np

    worst: tuple[int, str] | None = None
    for what, wrong in FAULTS[kind]:
        places = np.flatnonzero(wrong(rows, price_max))
        if places.size and (worst is None or places[0] < worst[0]):
            worst = (int(places[0]), what)
    return worst


def late_rows(times: Any) -> int:
    """How many rows of a file stand behind a later one."""
    import numpy as np

    return int((times < np.maximum.accumulate(times)).sum())


def in_order(kind: str, rows: Table) -> Table:
    """The rows by time, trades of one time by id."""
    import numpy as np

    order = np.lexsort((rows["time"],) if kind == BARS else (rows["id"], rows["time"]))
    return {name: column[order] for name, column in rows.items()}


def repeated(kind: str, rows: Table) -> tuple[Any, tuple[int, int] | None]:
    """Of rows in order: which ones say again what an earlier one said, and a pair that disagrees.

    Bars repeat by their time, trades by their id.
    """
    import numpy as np

    key = rows["time" if kind == BARS else "id"]
    order = np.argsort(key, kind="stable")
    before, after = order[:-1], order[1:]
    twice = key[before] == key[after]
    same = np.ones(twice.size, bool)
    for name in (*VALUES[kind], "time"):
        same &= rows[name][before] == rows[name][after]
    again = np.zeros(key.size, bool)
    again[after[twice & same]] = True
    conflicts = np.flatnonzero(twice & ~same)
    if not conflicts.size:
        return again, None
    return again, (int(before[conflicts[0]]), int(after[conflicts[0]]))


def interval_of(times: Any, ends: Any) -> int:
    """The bars' length in ns: the commonest distance of their times, or a lone bar's end; or 0.

    `times` are in order, without repetition.
    """
    import numpy as np

    if times.size > 1:
        distances, counts = np.unique(np.diff(times), return_counts=True)
        found = int(distances[counts.argmax()])
    else:
        # A bar ends a unit of time (ms or us) before the next begins.
        found = round((int(ends[0]) - int(times[0])) / SECOND) * SECOND if ends[0] else 0
    return found if found in INTERVALS.values() else 0


def interval_name(interval_ns: int) -> str:
    """How Binance writes an interval."""
    return {span: name for name, span in INTERVALS.items()}.get(interval_ns, "")


def findings_of(kind: str, rows: Table, interval_ns: int) -> Findings:
    """What rows in order, without repetition, show."""
    import numpy as np

    times = rows["time"]
    none = np.zeros(0, np.int64)
    steps = np.diff(times) if kind == BARS else none
    missing = np.maximum(steps // interval_ns - 1, 0) if steps.size else none
    longest = np.argsort(-missing, kind="stable")[: int((missing > 0).sum())]
    return Findings(
        rows=len(times),
        first_ns=int(times[0]),
        last_ns=int(times[-1]),
        gaps=tuple(Gap(int(times[place]), int(missing[place])) for place in longest.tolist()),
        missing=int(missing.sum()),
        unaligned=off_grid(times, interval_ns) if kind == BARS and interval_ns else 0,
        without_volume=int((rows["volume"] == 0).sum()),
        jumps=jumps_in(times, rows["close" if kind == BARS else "price"], interval_ns),
    )


def off_grid(times: Any, interval_ns: int) -> int:
    """How many bars open off the grid that Binance's bars of this length open on."""
    begin = MONDAY if interval_ns == INTERVALS["1w"] else 0
    return int(((times - begin) % interval_ns != 0).sum())


def jumps_in(times: Any, prices: Any, interval_ns: int) -> tuple[tuple[int, float], ...]:
    """Moves of more than a tenth from one row to the next, not over gaps; the largest first."""
    import numpy as np

    moves = prices[1:] / np.maximum(prices[:-1], 1) - 1.0  # a file that lies may say 0
    adjacent = np.diff(times) <= interval_ns if interval_ns else True
    places = np.flatnonzero((np.abs(moves) > JUMP) & adjacent)
    largest = places[np.argsort(-np.abs(moves[places]), kind="stable")]
    return tuple(
        (int(times[place + 1]), round(float(moves[place]), 4)) for place in largest.tolist()
    )
