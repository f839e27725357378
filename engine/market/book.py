"""What is the best bid and ask? An order book of one snapshot and the updates around it.

The rules are Binance's ("How to manage a local order book correctly"): updates are kept until a
snapshot comes, those it covers are dropped, and each must begin where the one before it ended. A
book that missed an update is out of step: it shows nothing until the next snapshot.
"""

from bisect import bisect_left
from collections import deque
from typing import NamedTuple

KEPT = 10_000  # updates that wait for a snapshot; of more the oldest go, and a gap shows it

Levels = list[tuple[int, int]]  # price and volume; a volume of 0 removes the price


class Update(NamedTuple):
    """Levels that changed after update `previous`, up to update `last`."""

    previous: int
    last: int
    bids: Levels
    asks: Levels


class Snapshot(NamedTuple):
    """All levels as they stood at update `last`."""

    last: int
    bids: Levels
    asks: Levels


class Top(NamedTuple):
    """The best bid and ask with their volumes."""

    bid: int
    ask: int
    bid_volume: int
    ask_volume: int


class Side:
    """The levels of one side, prices in ascending order."""

    def __init__(self, levels: Levels) -> None:
        self.prices: list[int] = []
        self.volumes: dict[int, int] = {}
        self.change(levels)

    def change(self, levels: Levels) -> None:
        """Take new volumes of these prices."""
        for price, volume in levels:
            if volume and price not in self.volumes:
                self.prices.insert(bisect_left(self.prices, price), price)
            elif not volume and price in self.volumes:
                del self.prices[bisect_left(self.prices, price)]
                del self.volumes[price]
            if volume:
                self.volumes[price] = volume


class Book:
    """A symbol's order book; `gaps` and `crossings` count how often it fell out of step."""

    def __init__(self) -> None:
        self.bids, self.asks = Side([]), Side([])
        self.last = -1  # the update it stands at, -1 while it is out of step
        self.waiting: deque[Update] = deque(maxlen=KEPT)
        self.gaps = self.crossings = self.applied = 0

    @property
    def in_step(self) -> bool:
        """Whether it is the exchange's book."""
        return self.last >= 0

    @property
    def top(self) -> Top | None:
        """Its best prices, None while it is out of step or a side is empty."""
        if not self.in_step or not self.bids.prices or not self.asks.prices:
            return None
        bid, ask = self.bids.prices[-1], self.asks.prices[0]
        return Top(bid, ask, self.bids.volumes[bid], self.asks.volumes[ask])

    def restore(self, snapshot: Snapshot) -> None:
        """Begin from a snapshot, unless the book is further than that, and catch up."""
        if snapshot.last <= self.last:
            return
        self.bids, self.asks = Side(snapshot.bids), Side(snapshot.asks)
        self.last = snapshot.last
        kept, self.waiting = self.waiting, deque(maxlen=KEPT)
        for update in kept:
            self.take(update)

    def take(self, update: Update) -> None:
        """The next update: applied, kept for the next snapshot, or dropped as already known."""
        if not self.in_step:
            self.waiting.append(update)
        elif update.previous > self.last:
            self.gaps += 1
            self._fall_behind(update)
        elif update.last > self.last:
            self._apply(update)

    def _apply(self, update: Update) -> None:
        self.bids.change(update.bids)
        self.asks.change(update.asks)
        self.last = update.last
        self.applied += 1
        top = self.top
        if top is not None and top.bid >= top.ask:
            self.crossings += 1
            self._fall_behind(update)

    def _fall_behind(self, update: Update) -> None:
        self.last = -1
        self.waiting.append(update)
