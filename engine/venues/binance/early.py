"""Which reports came before the answer to their own order? They wait for it, though not for long.

Another engine on a copy of our journal gives its orders our names, and may send one as we send
ours: only the answer says which of the two is ours.
"""

from typing import Any

from engine.venues.asking import SUBMIT
from engine.venues.binance.books import Books
from engine.venues.binance.courier import Courier
from engine.venues.binance.pacing import SECOND_NS
from engine.venues.binance.reading import text_or_nothing

WAIT_NS = SECOND_NS  # an answer that takes longer may never come


class Early:
    """Reports that wait, oldest first; an order that is not answered soon has few."""

    def __init__(self, courier: Courier, books: Books) -> None:
        self._courier, self._books = courier, books
        self._waiting: list[tuple[int, int, dict[str, Any]]] = []  # (order, until ns, event)

    def keeps(self, event: dict[str, Any], now_ns: int) -> bool:
        """Whether this report is to wait; then it is kept."""
        names = text_or_nothing(event, "C"), text_or_nothing(event, "c")
        order_id = max(self._books.names.order_of(name) for name in names)
        if order_id in self._books.known or not self._is_unanswered(order_id):
            return False
        self._waiting.append((order_id, now_ns + WAIT_NS, event))
        return True

    def due_ns(self) -> int:
        """When the first of them waits no more, 0 where none waits."""
        return min((self._until_ns(order_id, ns) for order_id, ns, _ in self._waiting), default=0)

    def over(self, now_ns: int) -> list[dict[str, Any]]:
        """Those that wait no more: answered, or not soon enough."""
        rows = self._waiting
        over = [row for row in rows if self._until_ns(*row[:2]) <= now_ns] if rows else []
        self._waiting = [row for row in rows if row not in over] if over else rows
        return [event for _, _, event in over]

    def _until_ns(self, order_id: int, until_ns: int) -> int:
        return until_ns if self._is_unanswered(order_id) else 1

    def _is_unanswered(self, order_id: int) -> bool:
        """Whether the order left, and nobody knows yet what became of it."""
        pending = self._courier.pending.values()
        return any(one.verb == SUBMIT and one.request.order_id == order_id for one in pending)
