"""What of one symbol reaches the engine? Each trade and each newer top once, whoever tells it.

Several connections and sources of one exchange tell the same: trades are known by their id, best
prices by the update of the book they stand at. So it does not matter which of them is first.
"""

from typing import TYPE_CHECKING

from engine.messages import BAR_CLOSED, BOOK_TOP, PACKED, TRADE_TICK

if TYPE_CHECKING:
    from engine.instruments import Instrument
    from engine.market.exchange_lines import Trade

MISSING_MAX = 1_000  # ids still awaited; of more the oldest are given up
RENUMBERED_NS = 1_000_000_000  # a known id so much later than the newest one is another trade
OFF_TICK, IMPOSSIBLE, UNREADABLE, UNKNOWN = "off the tick", "impossible", "unreadable", "unknown"
OTHER_KIND = "told in another kind"

Best = tuple[int, int, int, int]  # bid, ask and their volumes, 1e-8


class Refusals(dict[str, int]):
    """How often something was refused, by why."""

    def __missing__(self, _why: str) -> int:
        return 0

    def add(self, why: str) -> bytes:
        """One more; the records that it makes: none."""
        self[why] += 1
        return b""


class Ids:
    """Which of ascending ids were told, though some come late, twice or never."""

    def __init__(self) -> None:
        self.last = -1  # the highest one; -1 before the first
        self.missing: dict[int, None] = {}
        self.given_up = self.repeated = 0

    def is_new(self, number: int) -> bool:
        """Whether it is told for the first time."""
        if number == self.last + 1:
            self.last = number
            return True
        if number > self.last:
            self._await(number)
            self.last = number
            return True
        if number in self.missing:
            del self.missing[number]
            return True
        self.repeated += 1
        return False

    def give_up(self, last: int) -> None:
        """What is missing up to this id does not come any more."""
        gone = [number for number in self.missing if number <= last]
        self.given_up += len(gone)
        for number in gone:
            del self.missing[number]

    def _await(self, number: int) -> None:
        if self.last < 0:
            return
        first = max(self.last + 1, number - MISSING_MAX)
        self.given_up += first - self.last - 1
        self.missing.update(dict.fromkeys(range(first, number)))
        while len(self.missing) > MISSING_MAX:
            del self.missing[next(iter(self.missing))]
            self.given_up += 1


class SymbolFeed:
    """One symbol on its way to the engine, in ticks; records come back as bytes."""

    def __init__(self, number: int, instrument: "Instrument", refused: Refusals) -> None:
        self.number, self.instrument, self.refused = number, instrument, refused
        self.trades = Ids()
        self.aggregates = False  # whether they are: each kind has ids of its own, and one is fed
        self.told_ns = self.renumbered = 0  # the newest trade's own time; how often ids fell back
        self.top_update = -1
        self.shown: Best | None = None
        self.top_ns = self.trade_ns = 0  # when either was last told, by our clock
        self.bar_opened_ns = -1

    def begin_behind(self, trade_id: int, time_ns: int) -> None:
        """This trade and those before it are history."""
        self.trades.last, self.told_ns = trade_id, time_ns

    def number_again(self) -> None:
        """The exchange's numbers began again: a paper one that was started anew does so."""
        self.trades, self.top_update, self.shown = Ids(), -1, None
        self.told_ns = 0
        self.renumbered += 1

    def begin_anew(self) -> None:
        """Another exchange's market was told meanwhile: what was missed here is missed for good."""
        self.trades = Ids()
        self.shown = None

    def trade(self, said: "Trade", time_ns: int, received_ns: int) -> bytes:
        """A trade of others; nothing if it was told before or cannot be."""
        if said.is_aggregate is not self.aggregates:
            if self.trades.last >= 0:
                return self.refused.add(OTHER_KIND)
            self.aggregates = said.is_aggregate
        if not self.trades.is_new(said.trade_id):
            if time_ns <= self.told_ns + RENUMBERED_NS:
                return b""
            self.number_again()
            self.trades.is_new(said.trade_id)
        self.told_ns = max(self.told_ns, time_ns)
        price, rest = divmod(said.price, self.instrument.tick_e8)
        if rest:
            return self.refused.add(OFF_TICK)
        if not 0 < price <= self.instrument.price_max:
            return self.refused.add(IMPOSSIBLE)
        self.trade_ns = received_ns
        five = (price, said.volume, said.trade_id, 0, 0)
        return PACKED.pack(0, TRADE_TICK, said.flags, self.number, time_ns, received_ns, *five)

    def top(self, update: int, best: Best, time_ns: int, received_ns: int) -> bytes:
        """Best prices at an update of the book; nothing if they are no newer or cannot be."""
        if update <= self.top_update:
            return b""
        bid, off_bid = divmod(best[0], self.instrument.tick_e8)
        ask, off_ask = divmod(best[1], self.instrument.tick_e8)
        if off_bid or off_ask:
            return self.refused.add(OFF_TICK)
        if not 0 < bid < ask <= self.instrument.price_max:
            return self.refused.add(IMPOSSIBLE)
        self.top_update, self.top_ns, self.shown = update, received_ns, best
        return PACKED.pack(
            0, BOOK_TOP, 0, self.number, time_ns, received_ns, bid, ask, best[2], best[3], 0
        )

    def book_top(self, update: int, best: Best, time_ns: int, received_ns: int) -> bytes:
        """The same of a book that was moved: most of its updates leave the best prices alone."""
        if best != self.shown:
            return self.top(update, best, time_ns, received_ns)
        if update > self.top_update:
            self.top_update, self.top_ns = update, received_ns
        return b""

    def bar(self, opened_ns: int, closed_ns: int, five: tuple[int, ...], flags: int = 0) -> bytes:
        """A finished bar: open, high, low, close and volume in 1e-8, ended at `closed_ns`."""
        if opened_ns <= self.bar_opened_ns:
            return b""
        prices = [divmod(price, self.instrument.tick_e8) for price in five[:4]]
        if any(rest for _, rest in prices):
            return self.refused.add(OFF_TICK)
        opened, high, low, close = (ticks for ticks, _ in prices)
        if not 0 < low <= min(opened, close) <= max(opened, close) <= high:
            return self.refused.add(IMPOSSIBLE)
        self.bar_opened_ns = opened_ns
        told = (opened, high, low, close, five[4])
        return PACKED.pack(0, BAR_CLOSED, flags, self.number, opened_ns, closed_ns, *told)
