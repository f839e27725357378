"""What has a venue said of one order so far?"""

from typing import TYPE_CHECKING

from engine.messages import (
    FEE_STEP,
    MAKER,
    SELL,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    encode,
)
from engine.venues.asking import CANCELED, EXPIRED, REJECTED

if TYPE_CHECKING:
    from engine.venues.asking import Seen, Terms, Trade

COUNTED_TIMES = 3


class Tracked:
    """One order as the venue was heard to speak of it."""

    def __init__(self, order_id: int, symbol: int, sent_ns: int, record: bytes = b"") -> None:
        """Of one that a journal left open there is no command (`record`): it may be a sale."""
        self.id, self.symbol, self.sent_ns = order_id, symbol, sent_ns
        self.accepted = self.doubted = self.canceling = False
        self.is_adopted = not record
        self.is_sale = not record or record[5] & 1 == SELL
        self.canceled_ns = 0  # when its cancel was asked for; 0 when that was refused
        self.filled = self.reported = 0  # lots told to the core, and said to have traded
        self.fills: set[int] = set()
        self.counted = 0  # how often all its trades were told since the newest one
        self.ending: Seen | None = None
        self.absent = self.absent_ns = self.asked = 0  # how often it was said to be none, and since
        self.ask_at_ns = 0  # 0 when nothing needs to be asked

    @property
    def lacks(self) -> bool:
        """Whether trades of it are still to be told.

        One on finer steps than ours loses a part of a lot: what so little is for long is that.
        """
        lost = max(len(self.fills), 1) if self.counted >= COUNTED_TIMES else 0
        return self.reported > self.filled + lost

    def last_word(self, stamp: tuple[int, int, int]) -> list[bytes]:
        """What the core is told of its end, once all trades are told.

        Of one filled nothing, unless the core may have counted less: then it would stay open there.
        """
        if self.ending is None:
            return []
        if self.ending.status == REJECTED:
            return [encode(OrderRejected(*stamp, self.id, self.ending.reason))]
        if self.ending.status == CANCELED:
            return [encode(OrderCanceled(*stamp, self.id))]
        is_short = self.is_adopted or self.reported > self.filled
        is_over = self.ending.status == EXPIRED or is_short
        return [encode(OrderExpired(*stamp, self.id))] if is_over else []

    def hurry(self, now_ns: int, terms: "Terms") -> None:
        """One that may never have arrived is asked for soon: until then its symbol waits."""
        if not self.accepted:
            soon_ns = max(self.sent_ns + terms.settle_ns, now_ns + terms.differ_ns)
            self.ask_at_ns = min(self.ask_at_ns, soon_ns)

    def is_gone(self, now_ns: int, terms: "Terms") -> bool:
        """Whether one more "no such order" is to be believed."""
        self.absent += 1
        if self.absent == 1:
            self.absent_ns = now_ns
        least_ns = self.absent_ns + terms.lost_ns
        if not self.accepted:
            least_ns = self.sent_ns + terms.settle_ns
            self.absent = 0 if now_ns < least_ns else self.absent
        return self.absent >= terms.absent_times and now_ns >= least_ns


def filled(trade: "Trade", stamp: tuple[int, int, int]) -> bytes:
    """A trade of ours as the core is told of it."""
    flags = (trade.side & 1) + (MAKER if trade.maker else 0) + trade.fee_in * FEE_STEP
    told = (trade.order_id, trade.price, trade.lots, trade.fee_e8, trade.fill_id, flags)
    return encode(OrderFilled(*stamp, *told))
