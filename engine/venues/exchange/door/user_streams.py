"""Who hears what becomes of an account? Subscriptions, each with a number, on a connection."""

from typing import Any, Protocol

from engine.venues.exchange.door.payloads import position, report
from engine.venues.exchange.matching.words import Balances, Reported
from engine.venues.exchange.spelling import encoded


class Hearer(Protocol):
    """A connection that subscribed; `unit` is that of the times it is told."""

    @property
    def unit(self) -> int:
        """Microseconds a unit."""

    def hear_account(self, text: str) -> None:
        """One event, with the number of its subscription, as JSON."""


class UserStreams:
    """All subscriptions, by account."""

    def __init__(self) -> None:
        self.of: dict[int, dict[tuple[Hearer, int], None]] = {}

    def add(self, account_id: int, hearer: Hearer, number: int) -> None:
        """A subscription."""
        self.of.setdefault(account_id, {})[hearer, number] = None

    def remove(self, account_id: int, hearer: Hearer, number: int) -> None:
        """No longer."""
        hearers = self.of.get(account_id, {})
        hearers.pop((hearer, number), None)
        if not hearers:
            self.of.pop(account_id, None)

    def reported(self, event: Reported) -> None:
        """Something became of an order."""
        for hearer, number in list(self.of.get(event.account.id, ())):
            tell(hearer, number, report(event, hearer.unit))

    def balances(self, event: Balances) -> None:
        """Balances may have changed."""
        for hearer, number in list(self.of.get(event.account.id, ())):
            tell(hearer, number, position(event, hearer.unit))


def tell(hearer: Hearer, number: int, event: dict[str, Any]) -> None:
    """One event of one subscription."""
    hearer.hear_account(encoded({"subscriptionId": number, "event": event}))
