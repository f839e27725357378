"""What has a venue said of one order so far?"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.venues.asking import Seen, Terms


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
