"""Which sales wait until the stop that they replace is known to be gone?

Where an account holds more than is ours, the venue does not refuse a sale whose lots a stop has
just sold: it would sell what is somebody else's. So such a sale leaves once the stop is canceled,
and not at all where the stop sold first, or lives on.
"""

from typing import TYPE_CHECKING

from engine.messages import SELL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.venues.tracked import Tracked


class Behind:
    """Sales that wait, by their ids, each with the orders it waits for."""

    def __init__(self) -> None:
        self.waiting: dict[int, tuple[bytes, set[int]]] = {}

    def holds(self, order_id: int, record: bytes, orders: "Iterable[Tracked]") -> bool:
        """Whether this command waits for sales of the symbol that are being canceled."""
        here = [one for one in orders if one.symbol == int.from_bytes(record[6:8], "little")]
        awaited = {one.id for one in here if one.is_sale and one.canceling}
        if not awaited or record[5] & 1 != SELL:
            return False
        self.waiting[order_id] = (record, awaited)
        return True

    def leaving(self, order: "Tracked") -> list[tuple[int, bytes]]:
        """An order is over, and sold nothing: (id, command) of the sales that waited for it."""
        found = []
        self.waiting.pop(order.id, None)  # one that waits may be given up
        for sale_id, (record, awaited) in list(self.waiting.items()):
            awaited.discard(order.id)
            if not awaited:
                del self.waiting[sale_id]
                found.append((sale_id, record))
        return found

    def overtaken(self, order: "Tracked") -> list[int]:
        """An order sold, or lives on: the sales that waited for it, and are not to be sent."""
        found = [sale_id for sale_id, (_, awaited) in self.waiting.items() if order.id in awaited]
        for sale_id in found:
            del self.waiting[sale_id]
        return found
