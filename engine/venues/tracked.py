"""What has a venue said of one order so far?"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.venues.asking import Seen


class Tracked:
    """One order as the venue was heard to speak of it."""

    def __init__(self, order_id: int, symbol: int, sent_ns: int) -> None:
        self.id, self.symbol, self.sent_ns = order_id, symbol, sent_ns
        self.accepted = self.doubted = self.canceling = False
        self.canceled_ns = 0  # when its cancel was asked for; 0 when that was refused
        self.filled = self.reported = 0  # lots told to the core, and said to have traded
        self.fills: set[int] = set()
        self.ending: Seen | None = None
        self.absent = self.asked = 0
        self.ask_at_ns = 0  # 0 when nothing needs to be asked
