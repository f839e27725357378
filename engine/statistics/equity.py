"""How deep did equity fall below its peak? Followed through every market event and fill."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from engine.instruments import Instrument
from engine.messages import BAR_CLOSED, BOOK_TOP


class Points(NamedTuple):
    """Moments in their order as arrays: when, worth in 1e-8, and the share below the peak."""

    times_ns: Any
    equity_e8: Any
    drawdown: Any


class EquityCurve:
    """Cash and positions valued at the bid, as the account does; `feed` takes them piece by piece.

    A fill is placed at the first event of its symbol with the fill's time: exact for bars, and off
    by less than that moment's price moves where trades share one nanosecond.
    """

    def __init__(
        self, instruments: Sequence[Instrument], cash_e8: int, half_spread_ticks: int
    ) -> None:
        self.instruments, self.half_spread_ticks = instruments, half_spread_ticks
        self.cash_e8 = self.equity_e8 = self.peak_e8 = cash_e8
        self.lots = [0] * len(instruments)
        self.bids = [0] * len(instruments)
        self.booked = [False] * len(instruments)
        self.drawdown_max = 0.0

    def feed(self, market: Any, fills: Any) -> Points:
        """Market records and the fills they caused, as arrays of the record's dtype.

        Yields the account after each of them.
        """
        import numpy as np

        after = owners(market, fills)
        # A fill's place among the points: behind its event and all fills before it.
        places = after + 1 + np.arange(len(fills))
        is_fill = np.zeros(len(market) + len(fills), bool)
        is_fill[places] = True
        taken = paid(fills, self.instruments)
        equity = self.cash_e8 - accumulated(is_fill.shape, places, taken)
        self.cash_e8 -= int(taken.sum())
        for number in range(len(self.instruments)):
            equity += self._values(number, (market, np.flatnonzero(~is_fill)), (fills, places))
        times_ns = np.empty(is_fill.shape, np.int64)
        times_ns[places], times_ns[~is_fill] = fills["received_ns"], market["received_ns"]
        return Points(times_ns, equity, self._fall(equity))

    def _values(self, number: int, market: Any, fills: Any) -> Any:
        """What the position in one symbol is worth at every point, in 1e-8: int64."""
        (events, event_places), (filled, fill_places) = market, fills
        mine, ours = events["symbol"] == number, filled["symbol"] == number
        shape = (len(events) + len(filled),)
        lots = self.lots[number] + accumulated(shape, fill_places[ours], signed_lots(filled[ours]))
        seen = self._bids(number, events[mine])
        bids = held_on(shape, event_places[mine], seen, self.bids[number])
        self.lots[number], self.bids[number] = int(lots[-1]), int(bids[-1])
        instrument = self.instruments[number]
        return bids * lots * instrument.value_numerator // instrument.value_denominator

    def _bids(self, number: int, events: Any) -> Any:
        """The bid after each event of a symbol: the book's where there is one, else assumed."""
        import numpy as np

        booked = events["kind"] == BOOK_TOP
        last = np.where(events["kind"] == BAR_CLOSED, events["d"], events["a"])
        bids = np.where(booked, events["a"], np.maximum(last - self.half_spread_ticks, 1))
        seen = np.logical_or.accumulate(booked) | self.booked[number]
        self.booked[number] = bool(seen[-1]) if len(seen) else self.booked[number]
        kept = np.flatnonzero(booked | ~seen)
        return held_on(bids.shape, kept, bids[kept], self.bids[number])

    def _fall(self, equity: Any) -> Any:
        """The share of its peak that equity has lost at every point; peak and drawdown follow."""
        import numpy as np

        if not len(equity):
            return np.zeros(0)
        peaks = np.maximum(np.maximum.accumulate(equity), self.peak_e8)
        self.equity_e8, self.peak_e8 = int(equity[-1]), int(peaks[-1])
        fallen = np.where(peaks > 0, (peaks - equity) / np.maximum(peaks, 1), 0.0)
        self.drawdown_max = max(self.drawdown_max, float(fallen.max()))
        return fallen


def owners(market: Any, fills: Any) -> Any:
    """For each fill the number of the market record that caused it, never before another's."""
    import numpy as np

    found = np.zeros(len(fills), np.int64)
    for number in np.unique(fills["symbol"]):
        mine, ours = np.flatnonzero(market["symbol"] == number), fills["symbol"] == number
        times = market["received_ns"][mine]
        found[ours] = mine[np.searchsorted(times, fills["received_ns"][ours])]
    return np.maximum.accumulate(found)


def paid(fills: Any, instruments: Sequence[Instrument]) -> Any:
    """The cash each fill took (a sale's is negative), fee included, in 1e-8: int64."""
    import numpy as np

    numerators = np.array([one.value_numerator for one in instruments])[fills["symbol"]]
    denominators = np.array([one.value_denominator for one in instruments])[fills["symbol"]]
    return fills["b"] * signed_lots(fills) * numerators // denominators + fills["d"]


def signed_lots(fills: Any) -> Any:
    """Lots bought, or minus lots sold: int64."""
    return fills["c"] * (1 - 2 * (fills["flags"].astype("i8") % 2))


def accumulated(shape: tuple[int, ...], places: Any, amounts: Any) -> Any:
    """The running sum of amounts that fall due at places: int64 of that shape."""
    import numpy as np

    steps = np.zeros(shape, np.int64)
    steps[places] = amounts
    return np.cumsum(steps)


def held_on(shape: tuple[int, ...], places: Any, amounts: Any, before: int) -> Any:
    """The newest amount at every point, `before` until the first place: int64 of that shape."""
    import numpy as np

    newest = np.zeros(shape, np.int64)
    newest[places] = np.arange(1, len(places) + 1)
    return np.concatenate([[before], amounts])[np.maximum.accumulate(newest)]
