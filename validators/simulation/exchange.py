"""What would an exchange do, seen through a bad line? Seeded: lost, late, twice and untrue words.

Its own books are exact, whatever it says: an auditor compares them with the engine's.
"""

from random import Random
from typing import NamedTuple

from engine.instruments import Instrument, fee_of, notional_of
from engine.messages import (
    BUY,
    IN_BASE,
    IN_OTHER,
    IN_QUOTE,
    LIMIT,
    MARKET,
    SELL,
    SubmitOrder,
    decode,
)
from engine.venues.asking import (
    ABSENT,
    ASK_FILLS,
    ASK_ORDER,
    CANCEL,
    CANCELED,
    EXPIRED,
    FILLED,
    OPEN,
    REJECTED,
    SUBMIT,
    Answer,
    Holding,
    Refusal,
    Request,
    Seen,
    Silence,
    Trade,
    Trades,
)

SECOND_NS = 1_000_000_000
FEE_PPM = 1_000
BROKE = 1
# What fees are taken from: always quote; what a trade brings (base, or quote of a sale); another
# asset while there is enough of it, then what it brings; each of the three in turn.
QUOTE, RECEIVED, OTHER, MIXED = range(4)
OTHER_ASSET, OTHER_PRICE = "BNB", 600  # quote a unit
OTHER_E8 = 2 * 100_000_000  # held at the beginning


class Faults(NamedTuple):
    """How bad the line is: chances of 0 to 1, and the longest delay of each kind in seconds."""

    request_lost: float = 0.0
    answer_lost: float = 0.0
    submit_silent: float = 0.0  # an order's answer alone is lost, or the order with it
    answer_empty: float = 0.0  # "503, status unknown", with and without effect
    stream_lost: float = 0.0
    stream_twice: float = 0.0
    stale: float = 0.0  # a question is answered as if the order were not there yet
    expires: float = 0.0  # the venue ends a resting order on its own
    delay_s: float = 0.05
    stream_delay_s: float = 0.05
    parts: int = 1  # an order trades in so many parts at most


class Booked:
    """One order in the exchange's books."""

    def __init__(self, command: SubmitOrder) -> None:
        self.id, self.symbol, self.lots = command.order_id, command.symbol, command.lots
        self.side, self.type = command.flags & 1, command.flags >> 1 & 3
        self.price, self.status, self.filled = command.price, OPEN, 0
        self.trades: list[Trade] = []

    @property
    def left(self) -> int:
        """Lots that have not traded."""
        return self.lots - self.filled


class Exchange:
    """One instrument, one account; what it says waits in `said` as (time, request number, word)."""

    def __init__(self, draw: Random, faults: Faults, instrument: Instrument, cash_e8: int) -> None:
        self.draw, self.faults, self.instrument = draw, faults, instrument
        self.late_ns = 10 * SECOND_NS  # what was on its way for longer is not taken any more
        self.cash_e8, self.base_e8, self.other_e8 = cash_e8, 0, 0
        self.fees = QUOTE
        self.orders: dict[int, Booked] = {}
        self.said: list[tuple[int, int, Answer]] = []
        self.repeated = 0  # submits of an id that was known: what must never happen
        self.fills = 0
        self.bid = self.ask = self.last = 0

    def charge(self, fees: int) -> None:
        """Take fees in this way from now on."""
        self.fees, self.other_e8 = fees, OTHER_E8 if fees in (OTHER, MIXED) else 0

    @property
    def lots(self) -> int:
        """Whole lots of base."""
        return self.base_e8 // self.instrument.lot_e8

    def hear(self, request: Request, sent_ns: int) -> None:
        """A request sets out; what it does is done when it arrives, if it does."""
        faults, draw = self.faults, self.draw
        arrives_ns = sent_ns + self._delay(faults.delay_s)
        if draw.random() < faults.request_lost or arrives_ns > sent_ns + self.late_ns:
            return
        if request.verb == SUBMIT and draw.random() < faults.submit_silent:
            if draw.random() < 0.5:
                self._obey(request, arrives_ns)
            return
        if draw.random() < faults.answer_empty:
            if draw.random() < 0.5:
                self._obey(request, arrives_ns)
            self.said.append((arrives_ns + self._delay(faults.delay_s), request.number, Silence()))
            return
        answer = self._obey(request, arrives_ns)
        if draw.random() >= faults.answer_lost:
            self.said.append((arrives_ns + self._delay(faults.delay_s), request.number, answer))

    def move(self, now_ns: int, price: int) -> None:
        """The market's price in ticks: resting orders meet it, what trades in parts goes on."""
        self.bid, self.ask, self.last = price - 1, price + 1, price
        for order in [one for one in self.orders.values() if one.status == OPEN]:
            self._meet(order, now_ns)
            rests = order.status == OPEN and order.type != MARKET
            if rests and self.draw.random() < self.faults.expires:
                self._end(order, EXPIRED, now_ns)

    def heal(self) -> None:
        """From now on the line is good."""
        self.faults = Faults(parts=self.faults.parts)

    def holding(self) -> Holding:
        """What is held, and which orders are open."""
        still = tuple(one.id for one in self.orders.values() if one.status == OPEN)
        beside_e8 = self.base_e8 % self.instrument.lot_e8
        return Holding(self.cash_e8, (self.lots,), still, (beside_e8,), self.other_e8)

    def _obey(self, request: Request, now_ns: int) -> Answer:
        if request.verb == SUBMIT:
            return self._book(request, now_ns)
        order = self.orders.get(request.order_id)
        if request.verb == CANCEL:
            if order is None or order.status != OPEN:
                return Refusal()
            self._end(order, CANCELED, now_ns)
            return Seen(order.id, CANCELED, order.filled)
        if request.verb in (ASK_ORDER, ASK_FILLS):
            if order is None or self.draw.random() < self.faults.stale:
                return Seen(request.order_id, ABSENT)
            if request.verb == ASK_FILLS:
                return Trades(order.id, tuple(order.trades))
            return Seen(order.id, order.status, order.filled)
        return self.holding()

    def _book(self, request: Request, now_ns: int) -> Answer:
        order = Booked(decode(request.record))
        if order.id in self.orders:
            self.repeated += 1
            return Refusal()
        price = order.price or self.ask
        cost = notional_of(self.instrument, price, order.lots)
        enough = (
            self.cash_e8 >= cost + cost // 500 if order.side == BUY else self.lots >= order.lots
        )
        self.orders[order.id] = order
        if not enough:
            order.status = REJECTED
            return Refusal(BROKE)
        self._tell(now_ns, Seen(order.id, OPEN))
        if order.type == MARKET:
            self._meet(order, now_ns)
        return Seen(order.id, order.status, order.filled)

    def _meet(self, order: Booked, now_ns: int) -> None:
        """An open order against the price of now: a part of it trades, or all."""
        if order.type == LIMIT:
            crossed = order.price >= self.ask if order.side == BUY else order.price <= self.bid
            price = order.price
        else:
            crossed = order.type == MARKET or self.last <= order.price
            price = self.ask if order.side == BUY else self.bid
        parts = self.draw.randrange(1, self.faults.parts + 1)
        for _ in range(self.draw.randrange(1, parts + 1)):
            if crossed and order.status == OPEN:
                self._trade(order, price, max(order.left // parts, 1), now_ns)

    def _trade(self, order: Booked, price: int, lots: int, now_ns: int) -> None:
        notional, base_e8 = notional_of(self.instrument, price, lots), lots * self.instrument.lot_e8
        fee_in, fee = self._fee(order, notional, base_e8)
        pays_e8 = [notional, 0, 0] if order.side == BUY else [0, base_e8, 0]
        pays_e8[fee_in] += fee
        gets_e8 = (0, base_e8) if order.side == BUY else (notional, 0)
        # A buy's fee in base is paid out of what it brings.
        if pays_e8[IN_QUOTE] > self.cash_e8 or pays_e8[IN_BASE] > self.base_e8 + gets_e8[IN_BASE]:
            self._end(order, EXPIRED, now_ns)
            return
        self.fills += 1
        self.cash_e8 += gets_e8[IN_QUOTE] - pays_e8[IN_QUOTE]
        self.base_e8 += gets_e8[IN_BASE] - pays_e8[IN_BASE]
        self.other_e8 -= pays_e8[IN_OTHER]
        order.filled += lots
        trade = Trade(
            order.id, order.symbol, order.side, price, lots, fee, self.fills, False, fee_in
        )
        order.trades.append(trade)
        self._tell(now_ns, trade)
        if order.left == 0:
            self._end(order, FILLED, now_ns)

    def _fee(self, order: Booked, notional: int, base_e8: int) -> tuple[int, int]:
        """What a fee is taken from, and how much of that."""
        fee = fee_of(notional, FEE_PPM)
        brings = IN_BASE if order.side == BUY else IN_QUOTE
        wanted = (IN_QUOTE, brings, IN_OTHER, self.fills % 3)[self.fees]
        if wanted == IN_OTHER and fee // OTHER_PRICE > self.other_e8:
            wanted = brings
        if wanted == IN_BASE and order.side == SELL and self.base_e8 < base_e8 + base_e8 // 100:
            wanted = IN_QUOTE
        amounts = {IN_BASE: fee_of(base_e8, FEE_PPM), IN_OTHER: fee // OTHER_PRICE}
        return wanted, amounts.get(wanted, fee)

    def _end(self, order: Booked, status: int, now_ns: int) -> None:
        order.status = status
        self._tell(now_ns, Seen(order.id, status, order.filled))

    def _tell(self, now_ns: int, word: Answer) -> None:
        """The account's stream: late, twice or never."""
        times = 2 if self.draw.random() < self.faults.stream_twice else 1
        for _ in range(times):
            if self.draw.random() >= self.faults.stream_lost:
                self.said.append((now_ns + self._delay(self.faults.stream_delay_s), 0, word))

    def _delay(self, longest_s: float) -> int:
        """Mostly short, sometimes nearly the longest."""
        return int(self.draw.random() ** 3 * longest_s * SECOND_NS) + 1
