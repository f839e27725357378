"""How did a whole run go, in few enough points to be drawn, and how without costs or by holding?"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from engine.instruments import Instrument
from engine.layout import dtype_of
from engine.messages import MAKER, RECORD, OrderFilled, encode
from engine.statistics.equity import EquityCurve, Points
from engine.statistics.holding import Purchase

COLUMNS = 1_000  # more than a picture of 1200 points has for its curves
AT_ONCE = 1 << 18  # records, so that a long history needs little memory


def traced(account: EquityCurve, market: Any, fills: Any) -> Points:
    """An account through all of a market, thinned; both as arrays of the record's dtype."""
    import numpy as np

    times, filled = np.ascontiguousarray(market["received_ns"]), fills["received_ns"]
    # No piece ends within a moment: a fill stays with the event that caused it.
    starts = np.unique(np.searchsorted(times, times[::AT_ONCE]))
    edges = pairwise([*starts, len(times)])
    splits = pairwise([*np.searchsorted(filled, times[starts]), len(fills)])
    pieces = []
    for (start, end), (first, after) in zip(edges, splits, strict=True):
        points = account.feed(market[start:end], fills[first:after])
        kept = telling(points.times_ns, points[1:], int(times[0]), int(times[-1]))
        pieces.append([column[kept] for column in points])
    return Points(*(np.concatenate(columns) for columns in zip(*pieces, strict=True)))


def telling(times_ns: Any, curves: Sequence[Any], begin_ns: int, end_ns: int) -> Any:
    """Places of the first, last, least and greatest value in every column of a picture's time."""
    import numpy as np

    columns = (times_ns - begin_ns) // max((end_ns - begin_ns) // COLUMNS, 1)
    starts = np.flatnonzero(np.diff(columns, prepend=columns[0] - 1))
    lengths = np.diff(starts, append=len(columns))
    kept = np.zeros(len(columns), bool)
    kept[starts] = kept[starts + lengths - 1] = True
    for values in curves:
        for extreme in (np.minimum, np.maximum):
            best = np.repeat(extreme.reduceat(values, starts), lengths)
            found = np.flatnonzero(values == best)
            kept[found[np.diff(columns[found], prepend=columns[0] - 1) != 0]] = True
    return np.flatnonzero(kept)


def as_rows(fills: Sequence[OrderFilled]) -> Any:
    """Fills as an array of the record's dtype."""
    import numpy as np

    return np.frombuffer(b"".join(encode(fill) for fill in fills), dtype_of(RECORD))


def without_costs(fills: Any, instruments: Sequence[Instrument], beside_fees_e8: int) -> Any:
    """The same fills had they been free: no fee, and spread and slippage given back.

    What the run paid for these two is known in sum; a taker's fill bears it by its value.
    """
    import numpy as np

    sizes = np.array([one.value_numerator / one.value_denominator for one in instruments])
    values = fills["b"] * fills["c"] * sizes[fills["symbol"]] * (fills["flags"] & MAKER == 0)
    reached = np.cumsum(values)
    borne = np.rint(reached / np.maximum(reached[-1:], 1.0) * beside_fees_e8).astype("i8")
    free = fills.copy()
    free["d"] = -np.diff(borne, prepend=0)
    return free


def at_once(bought: Sequence[Purchase], market: Any) -> Any:
    """The fills of buying each symbol when it is first heard of."""
    import numpy as np

    fills = []
    for number, one in enumerate(bought):
        heard = np.flatnonzero(market["symbol"] == number)
        if one.lots:
            now_ns = int(market["received_ns"][heard[0]])
            fill = OrderFilled(number, now_ns, now_ns, 0, one.price, one.lots, one.fee_e8, 0)
            fills.append(fill)
    return as_rows(sorted(fills, key=lambda fill: fill.received_ns))
