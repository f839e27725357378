"""What has a venue said of one order so far?"""

from engine.messages import (
    FEE_STEP,
    MAKER,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    encode,
)
from engine.venues.asking import CANCELED, EXPIRED, REJECTED, Seen, Terms, Trade


class Tracked:
    """One order as the venue was heard to speak of it."""

    def __init__(self, order_id: int, symbol: int, sent_ns: int) -> None:
        self.id, self.symbol, self.sent_ns = order_id, symbol, sent_ns
        self.accepted = self.doubted = self.canceling = False
        self.canceled_ns = 0  # when its cancel was asked for; 0 when that was refused
        self.filled = self.reported = 0  # lots told to the core, and said to have traded
        self.fills: set[int] = set()
        self.ending: Seen | None = None
        self.absent = self.absent_ns = self.asked = 0  # how often it was said to be none, and since
        self.ask_at_ns = 0  # 0 when nothing needs to be asked

    def is_gone(self, now_ns: int, terms: Terms) -> bool:
        """Whether one more "no such order" is to be believed."""
        self.absent += 1
        if self.absent == 1:
            self.absent_ns = now_ns
        least_ns = self.absent_ns + terms.lost_ns
        if not self.accepted:
            least_ns = self.sent_ns + terms.settle_ns
            self.absent = 0 if now_ns < least_ns else self.absent
        return self.absent >= terms.absent_times and now_ns >= least_ns


def end_of(order: Tracked, now_ns: int) -> list[bytes]:
    """How an order ended, for the core; nothing where its trades have said it."""
    ending, stamp = order.ending, (order.symbol, now_ns, now_ns)
    if ending is not None and ending.status == REJECTED:
        return [encode(OrderRejected(*stamp, order.id, ending.reason))]
    if ending is not None and ending.status == CANCELED:
        return [encode(OrderCanceled(*stamp, order.id))]
    is_expired = ending is not None and ending.status == EXPIRED
    return [encode(OrderExpired(*stamp, order.id))] if is_expired else []


def fill_of(trade: Trade, now_ns: int) -> bytes:
    """A trade of ours, for the core."""
    flags = (trade.side & 1) + (MAKER if trade.maker else 0) + trade.fee_in * FEE_STEP
    told = (trade.order_id, trade.price, trade.lots, trade.fee_e8, trade.fill_id, flags)
    return encode(OrderFilled(trade.symbol, now_ns, now_ns, *told))
