"""What is known of our account there? Orders by their ids, balances, prices to value orders at.

All of it is bounded, and none of it decides what is true: the conversation in `outside.py` does.
"""

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import Refused
from engine.messages import BUY, STOP, SubmitOrder
from engine.venues.asking import OPEN, REJECTED
from engine.venues.binance.checks import Around, Marks, objection, order_of
from engine.venues.binance.naming import Names
from engine.venues.binance.rules import Filters, Rules
from engine.venues.whose import another_engine

if TYPE_CHECKING:
    from engine.instruments import Instrument

NONE = Filters()
FEE_ASSET = "BNB"  # the other asset that may pay fees
ARRIVES_NS = 30_000_000_000  # an order that is not open so long after arrived never, or ended
KNOWN_MAX, OPEN_MAX, NOTES_MAX = 1_024, 256, 64


class Known(NamedTuple):
    """Where an order is found at the venue."""

    symbol: int
    venue_id: int


class Resting(NamedTuple):
    """An order of ours that may be open; quantity in 1e-8 of base."""

    symbol: int
    side: int
    type: int
    quantity: int
    sent_ns: int


class Balance(NamedTuple):
    """One asset, in 1e-8, as of the venue's `at_ns`."""

    free: int
    locked: int
    at_ns: int

    @property
    def all(self) -> int:
        """What is ours, free or not."""
        return self.free + self.locked


class Books:
    """The account as it was heard of; symbols are numbered as the core numbers them."""

    def __init__(self, rules: Sequence[Rules], names: Names, exchange: Filters = NONE) -> None:
        quotes = {one.instrument.quote for one in rules}
        if len(quotes) != 1:
            raise Refused(
                f"symbols of {len(quotes)} quote currencies cannot be traded by one engine.",
                "Give symbols that are all quoted in the same currency.",
            )
        self.rules, self.names, self.exchange = list(rules), names, exchange
        self.numbers = {one.instrument.name: number for number, one in enumerate(rules)}
        self.known: dict[int, Known] = {}
        self.orders: dict[tuple[int, int], int] = {}  # (symbol, venue's id) -> ours
        self.canceled: dict[int, None] = {}  # whose cancel was sent
        self.missed: dict[int, None] = {}  # known before, and then the venue knew no such order
        self.stood: dict[int, None] = {}  # which the venue took, as it said
        self.refused: dict[int, None] = {}  # which it did not take, or which never left
        self.uid = 0  # of the account, 0 where the venue names none
        self.outdated: set[int] = set()  # symbols whose tick or lot is another by now
        self.open: dict[int, Resting] = {}
        self.others = [0] * len(self.rules)  # open orders that are not ours
        self.balances: dict[str, Balance] = {}
        self.marks = [Marks()] * len(self.rules)
        self.fee_asset = FEE_ASSET
        bases = {one.instrument.base for one in rules}
        self.assets = frozenset(bases | quotes | {FEE_ASSET})  # of all others nothing is read
        self.told: dict[int, Instrument] = {}  # how a symbol is traded, as it was told last
        self.permissions: frozenset[str] = frozenset()
        self.notes: deque[str] = deque(maxlen=NOTES_MAX)  # what was heard and named nothing

    def note(self, text: str) -> None:
        """Something for the log."""
        self.notes.append(text[:200])

    def mark(self, symbol: int, **prices: int) -> None:
        """Prices in 1e-8 that orders without one are valued at: see `Marks` for their names."""
        self.marks[symbol] = self.marks[symbol]._replace(**prices)

    def learn(self, order_id: int, symbol: int, venue_id: int) -> None:
        """An order's place at the venue, whose ids begin at 1; Refused (4) where it has two.

        Another order that was known there is not any more: a paper venue may number anew, and
        has forgotten then what it took before.
        """
        known = self.known.get(order_id)
        if venue_id < 1 or known == (symbol, venue_id):
            return
        if known and order_id not in self.missed:
            raise another_engine(self.names.name(order_id))
        self.missed.pop(order_id, None)
        self.known.pop(self.orders.get((symbol, venue_id), 0), None)
        self.known[order_id] = Known(symbol, venue_id)
        self.orders[symbol, venue_id] = order_id
        while len(self.known) > KNOWN_MAX:
            oldest = self.known.pop(next(iter(self.known)))
            self.orders.pop(oldest, None)

    def ours(self, symbol: int, venue_id: int, names: Sequence[str], made_ns: int = 0) -> int:
        """Our id of an order, by a name of it or else by the venue's id; 0 if it is not ours.

        Refused (4) where it has our name and is another engine's.
        """
        order_id = 0
        for name in names:
            if not name:
                continue
            if self.names.is_anothers(name, made_ns):
                raise another_engine(name)
            if not order_id and not self.names.is_earlier(name, made_ns):
                order_id = self.names.order_of(name)
        order_id = order_id or self.orders.get((symbol, venue_id), 0)
        if order_id:
            self.learn(order_id, symbol, venue_id)
        return order_id

    def sends(self, order: SubmitOrder, now_ns: int) -> int:
        """An order is about to leave: 0, or the number of the filter it fails."""
        rules = self.rules[order.symbol]
        wanted = order_of(order, rules)
        reason = objection(wanted, rules, self.around(order.symbol))
        if reason == 0:
            self.open[order.order_id] = Resting(
                order.symbol, wanted.side, wanted.type, wanted.quantity, now_ns
            )
            while len(self.open) > OPEN_MAX:
                del self.open[next(iter(self.open))]
        return reason

    def cancels(self, order_id: int) -> None:
        """A cancel is about to leave."""
        keep(self.canceled, order_id)

    def refuses(self, order_id: int) -> None:
        """A new order was refused for certain, or did not leave: if it stands, it is another's."""
        self.open.pop(order_id, None)
        keep(self.refused, order_id)
        if order_id in self.stood:
            raise another_engine(self.names.name(order_id))

    def saw(self, order_id: int, status: int) -> None:
        """The venue's word on one of our orders; Refused (4) of one that it did not take."""
        if status != OPEN:
            self.open.pop(order_id, None)
        if status == REJECTED:
            return
        keep(self.stood, order_id)
        if order_id in self.refused:
            raise another_engine(self.names.name(order_id))

    def are_open(self, ids: Sequence[int], asked_ns: int) -> None:
        """All of ours that are open; what was sent long before and is not there is not open."""
        for order_id, one in list(self.open.items()):
            if order_id not in ids and one.sent_ns + ARRIVES_NS < asked_ns:
                del self.open[order_id]

    def around(self, symbol: int) -> Around:
        """What an order of a symbol is judged by."""
        here = [one for one in self.open.values() if one.symbol == symbol]
        stops = [one.symbol for one in self.open.values() if one.type == STOP]
        base = self.balances.get(self.rules[symbol].instrument.base)
        return Around(
            self.marks[symbol],
            len(here) + self.others[symbol],
            stops.count(symbol),
            len(self.open) + sum(self.others),
            len(stops),
            base.all if base else -1,
            sum([one.quantity for one in here if one.side == BUY]),
            self.exchange,
            self.permissions,
        )

    def is_balance(self, asset: str, balance: Balance) -> None:
        """An asset's whole balance; an older one than is known says nothing."""
        known = self.balances.get(asset)
        if known is None or known.at_ns <= balance.at_ns:
            self.balances[asset] = balance

    def balance_moved(self, asset: str, free: int, locked: int, at_ns: int) -> None:
        """A change of an asset; no change if its whole balance was told after it."""
        known = self.balances.get(asset)
        if known is not None and known.at_ns < at_ns:
            moved = Balance(known.free + free, known.locked + locked, known.at_ns)
            self.balances[asset] = moved


def keep(ids: dict[int, None], order_id: int) -> None:
    """Remember an order; the oldest are forgotten."""
    ids[order_id] = None
    while len(ids) > KNOWN_MAX:
        del ids[next(iter(ids))]
