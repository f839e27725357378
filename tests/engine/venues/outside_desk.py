"""What do tests of the conversation share: a venue that is asked, in a time that is given."""

from typing import Any

from engine.messages import (
    CancelOrder,
    SubmitOrder,
    decode,
    encode,
)
from engine.venues.asking import (
    CANCEL,
    SUBMIT,
    Terms,
)
from engine.venues.outside import Outside

SECOND = 1_000_000_000
START = 1_000 * SECOND
TERMS = Terms()


class Desk:
    """A venue outside, told and asked by hand; the holdings here are what a test says."""

    def __init__(self) -> None:
        self.here = (1_000, [0])
        self.venue = Outside(lambda: self.here)
        self.now_ns = START
        self.venue.tick(self.now_ns)
        self.asked()

    def submit(self, order_id: int = 1) -> int:
        """Send an order; the number of its request."""
        self.venue.send(encode(SubmitOrder(0, 0, 0, order_id, 10, 0, 0, 0)))
        return self.number(SUBMIT)

    def cancel(self, order_id: int = 1) -> int:
        """Ask for its end; the number of the request."""
        self.venue.send(encode(CancelOrder(0, 0, 0, order_id, 0)))
        return self.number(CANCEL)

    def number(self, verb: int) -> int:
        """The number of the one request that waits to leave."""
        (request,) = [one for one in self.asked() if one.verb == verb]
        return int(request.number)

    def asked(self) -> list[Any]:
        """What leaves now."""
        found = list(self.venue.outgoing)
        self.venue.outgoing.clear()
        return found

    def wait(self, seconds: float) -> list[Any]:
        """Time passes; what the core is told."""
        self.now_ns += int(seconds * SECOND)
        return [decode(record) for record in self.venue.tick(self.now_ns)]

    def hear(self, number: int, word: Any) -> list[Any]:
        """An answer, or (0) the stream; what the core is told."""
        return [decode(record) for record in self.venue.take(number, word)]


def kinds(told: list[Any]) -> list[type[Any]]:
    """What sort of things were told."""
    return [type(one) for one in told]
