"""What was asked of a venue outside, what came of it, and what must be asked again? Without I/O.

A connection carries `outgoing` there and hands back each answer; what comes out are the records
that tell the core. An order is submitted once: where no answer comes it is unknown, and the venue
is asked for it by its id until its word is final.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from engine.messages import (
    NEVER_ARRIVED,
    SUBMIT_ORDER,
    CancelRejected,
    OrderAccepted,
    OrderUnknown,
    asset_of,
    decode,
    encode,
    split,
)
from engine.venues.asking import (
    ABSENT,
    ASK_FILLS,
    ASK_HOLDING,
    ASK_ORDER,
    CANCEL,
    CANCELED,
    OPEN,
    REJECTED,
    SOLD_BEFORE,
    SUBMIT,
    Answer,
    Held,
    Holding,
    Refusal,
    Request,
    Seen,
    Silence,
    Terms,
    Trade,
    Trades,
)
from engine.venues.behind import Behind
from engine.venues.holdings import corrections, gap_to, may_lack_trade, whose
from engine.venues.tracked import Tracked, filled

USUAL = Terms()
ENDED_KEPT = 256  # ended orders remembered, so that what is late still finds them


class Outside:
    """The venue's side of the loop; `holds()` gives what the core holds, as the fields of Held.

    `fee_asset` names the asset beside quote and base that fees may be taken from.
    """

    patient = False

    def __init__(
        self,
        holds: Callable[[], tuple[Any, ...]],
        terms: Terms = USUAL,
        fee_asset: str = "",
        *,
        is_fresh: bool = False,
    ) -> None:
        self.terms, self._holds = terms, holds
        self._is_fresh = is_fresh  # of an account nothing is known yet: the first look counts
        self._fee_asset = asset_of(fee_asset) if fee_asset else 0
        self.orders: dict[int, Tracked] = {}  # whose end is not known
        self.ended: dict[int, Tracked] = {}  # the newest of the others
        self.outgoing: deque[Request] = deque()
        self.now_ns = self._number = self._reconcile_at_ns = self._gap_times = 0
        self._pending: dict[int, tuple[Request, int]] = {}
        self._gap: tuple[int, ...] = ()
        self._behind = Behind()

    def send(self, commands: bytes) -> None:
        """Take commands, whole records, whose cause is durable."""
        for record in split(commands):
            command = decode(record)
            order_id, symbol = command.order_id, command.symbol
            if record[4] == SUBMIT_ORDER:
                self.orders[order_id] = Tracked(order_id, symbol, self.now_ns, record)
                shared = any(Held(*self._holds()).aside_e8[1:])
                if not (shared and self._behind.holds(order_id, record, self.orders.values())):
                    self._ask(SUBMIT, order_id, symbol, record)
            else:
                if (order := self.orders.get(order_id)) is not None:
                    order.canceling, order.canceled_ns, order.asked = True, self.now_ns, 0
                self._ask(CANCEL, order_id, symbol)

    def attend(self, _record: bytes) -> bytes | None:
        """Nothing happens here: what the venue reports comes by itself."""
        return None

    def begin(self, now_ns: int) -> None:
        """It is so late: what is adopted now may have been sent a moment ago."""
        self.now_ns = max(self.now_ns, now_ns)

    def adopt(self, order_id: int, symbol: int, *, accepted: bool, canceling: bool) -> list[bytes]:
        """An order that a journal left open; its trades are told again, and counted once each."""
        order = self.orders[order_id] = Tracked(order_id, symbol, self.now_ns)
        order.accepted, order.canceling, order.canceled_ns = accepted, canceling, self.now_ns
        order.ask_at_ns = max(self.now_ns, 1)
        return self._doubt(order)

    def tick(self, now_ns: int) -> list[bytes]:
        """Time has passed: what was not answered is in doubt, what is due is asked."""
        self.begin(now_ns)
        facts: list[bytes] = []
        for number, (_, until_ns) in list(self._pending.items()):
            if until_ns <= self.now_ns:
                facts += self.take(number, Silence())
        for order in self.orders.values():
            if 0 < order.ask_at_ns <= self.now_ns:
                order.ask_at_ns = 0
                self._ask(ASK_FILLS if order.lacks else ASK_ORDER, order.id, order.symbol)
        if self.now_ns >= self._reconcile_at_ns:
            self._reconcile_at_ns = self.now_ns + self.terms.reconcile_ns
            self._ask(ASK_HOLDING)
        return facts

    def due_ns(self) -> int:
        """When `tick` has something to do next."""
        asks = [order.ask_at_ns for order in self.orders.values() if order.ask_at_ns]
        return min([*asks, *(until for _, until in self._pending.values()), self._reconcile_at_ns])

    def take(self, number: int, answer: Answer) -> list[bytes]:
        """An answer to a request, or (number 0) what the account's stream says; the facts in it."""
        request, _ = self._pending.pop(number, (None, 0))
        if isinstance(answer, Seen):
            return self._see(answer, is_asked=number > 0)
        if isinstance(answer, Trade):
            return self._trade(answer)
        if isinstance(answer, Trades):
            told = [fact for trade in answer.trades for fact in self._trade(trade)]
            if (order := self.orders.get(answer.order_id)) is not None:
                order.counted += 1
            return told + self._settle(answer.order_id)
        if isinstance(answer, Holding):
            return whose(answer, Held(*self._holds()), self.now_ns) + self._reconcile(answer)
        return self._unanswered(request, answer) if request else []

    def _unanswered(self, request: Request, answer: Refusal | Silence) -> list[bytes]:
        """A request that was refused, or that may have had its effect or not."""
        order = self.orders.get(request.order_id)
        if order is None:
            return []
        if isinstance(answer, Refusal):
            if request.verb == SUBMIT:  # perhaps less is held than is thought
                at_ns = self.now_ns + 5 * self.terms.differ_ns
                self._reconcile_at_ns = min(self._reconcile_at_ns, at_ns)
                return self._see(Seen(order.id, REJECTED, 0, answer.reason), is_asked=True)
            order.canceled_ns = 0
        self._ask_later(order)
        return self._doubt(order) if request.verb == SUBMIT else []

    def _doubt(self, order: Tracked) -> list[bytes]:
        """Nobody answered for it: said once, and asked until it is known."""
        if order.doubted or order.accepted:
            return []
        order.doubted = True
        self._ask_later(order)
        return [encode(OrderUnknown(*self._stamp(order.symbol), order.id))]

    def _see(self, seen: Seen, *, is_asked: bool) -> list[bytes]:
        """The venue's word on an order; what the stream says may be of a while ago."""
        order = self.orders.get(seen.order_id)
        if order is None:
            if seen.status == OPEN and is_asked:  # nobody wants it any more
                self._ask(CANCEL, seen.order_id)
            return []
        order.reported = max(order.reported, seen.filled)
        if seen.status == ABSENT:
            return self._miss(order)
        order.absent = 0
        if seen.status == OPEN:
            return self._open(order)
        order.ending = seen
        return (self._accept(order) if order.lacks else []) + self._settle(order.id)

    def _open(self, order: Tracked) -> list[bytes]:
        """It stands: then it was accepted, and a cancel of it that had its time had no effect."""
        facts = self._accept(order)
        if order.canceling and not self._waits_for(order, CANCEL):
            if order.canceled_ns + self.terms.settle_ns > self.now_ns:
                self._ask_later(order)  # it may still be on its way
            else:
                order.canceling = False
                facts.append(encode(CancelRejected(*self._stamp(order.symbol), order.id)))
                facts += self._pass_on(order)
        return facts + self._settle(order.id)

    def _accept(self, order: Tracked) -> list[bytes]:
        """The venue took it: said once."""
        if order.accepted:
            return []
        order.accepted, order.asked = True, 0
        return [encode(OrderAccepted(*self._stamp(order.symbol), order.id))]

    def _miss(self, order: Tracked) -> list[bytes]:
        """No such order: believed after a while, of one that stood only after minutes."""
        if not order.is_gone(self.now_ns, self.terms):
            self._ask_later(order)
            order.hurry(self.now_ns, self.terms)
            return []
        if order.accepted:
            order.ending, order.reported = Seen(order.id, CANCELED), order.filled
            return self._settle(order.id)
        return self._see(Seen(order.id, REJECTED, 0, NEVER_ARRIVED), is_asked=True)

    def _trade(self, trade: Trade) -> list[bytes]:
        """A trade of ours, told to the core once."""
        order = self.orders.get(trade.order_id) or self.ended.get(trade.order_id)
        if order is not None:
            if trade.fill_id in order.fills:
                return []
            order.fills.add(trade.fill_id)
            order.filled, order.counted = order.filled + trade.lots, 0
            order.reported = max(order.reported, order.filled)
        return [filled(trade, self._stamp(trade.symbol)), *self._settle(trade.order_id)]

    def _settle(self, order_id: int) -> list[bytes]:
        """End an order once every trade it is said to have made was told."""
        order = self.orders.get(order_id)
        if order is None:
            return []
        if order.lacks:
            self._ask_later(order)
            return []
        if order.ending is None:
            return []
        self.ended[order_id] = self.orders.pop(order_id)
        if len(self.ended) > ENDED_KEPT:
            del self.ended[next(iter(self.ended))]
        return order.last_word(self._stamp(order.symbol)) + self._pass_on(order)

    def _pass_on(self, order: Tracked) -> list[bytes]:
        """An order is over, or will not be: what waited for it is sent, or is not to be."""
        if order.filled or order.ending is None:
            lost = [Seen(one, REJECTED, 0, SOLD_BEFORE) for one in self._behind.overtaken(order)]
            return [fact for seen in lost for fact in self._see(seen, is_asked=True)]
        for sale_id, record in self._behind.leaving(order):
            self.orders[sale_id].sent_ns = self.now_ns
            self._ask(SUBMIT, sale_id, order.symbol, record)
        return []

    def _reconcile(self, holding: Holding) -> list[bytes]:
        """Orders and holdings against ours; what differs again and again is taken over."""
        for order_id in [one for one in holding.open_ids if one not in self.orders]:
            self._see(Seen(order_id, OPEN), is_asked=True)
        # What is under way at the first look may show there already, and here not yet.
        is_first, self._is_fresh = self._is_fresh and not self.orders, False
        held = Held(*self._holds())
        gap = gap_to(holding, held, self._fee_asset)
        lacks = may_lack_trade(gap)
        if gap != self._gap:
            self._gap, self._gap_times = gap, 0
        elif not lacks or not self._is_moving():
            self._gap_times += 1
        for order in self.orders.values():
            if lacks or order.id not in holding.open_ids:
                self._ask_later(order)  # a trade of it may not have been told yet
        if not any(gap):
            return []
        self._reconcile_at_ns = self.now_ns + self.terms.differ_ns
        if self._gap_times < (0 if is_first else self.terms.differ_times):
            return []
        self._gap_times = 0
        return corrections(gap, held, self.now_ns, self._fee_asset)

    def _is_moving(self) -> bool:
        """Whether an order is on its way or in doubt, so that holdings may differ for a while."""
        asked = any(request.verb != ASK_HOLDING for request, _ in self._pending.values())
        return asked or any(order.ask_at_ns for order in self.orders.values())

    def _waits_for(self, order: Tracked, verb: int) -> bool:
        pending = (request for request, _ in self._pending.values())
        return any(one.verb == verb and one.order_id == order.id for one in pending)

    def _ask(self, verb: int, order_id: int = 0, symbol: int = 0, record: bytes = b"") -> None:
        self._number += 1
        request = Request(self._number, verb, order_id, symbol, record)
        self._pending[request.number] = (request, self.now_ns + self.terms.answer_ns)
        self.outgoing.append(request)

    def _ask_later(self, order: Tracked) -> None:
        """Ask after a pause that doubles, unless a question is due already."""
        if order.ask_at_ns:
            return
        most_ns = self.terms.ask_max_ns if order.accepted else self.terms.doubt_max_ns
        pause_ns = min(self.terms.ask_ns << min(order.asked, 20), most_ns)
        order.asked += 1
        order.ask_at_ns = self.now_ns + pause_ns

    def _stamp(self, symbol: int) -> tuple[int, int, int]:
        return symbol, self.now_ns, self.now_ns
