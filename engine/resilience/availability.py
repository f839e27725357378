"""How much of a span was a component there? Uptime, downtime and incidents from its transitions."""

from collections.abc import Iterable
from typing import NamedTuple


class Transition(NamedTuple):
    """From here on the component is up, or is not."""

    at_ns: int
    is_up: bool


class Availability(NamedTuple):
    """Of one span, nanoseconds; `incidents` are the times it was down, also from before."""

    uptime_ns: int
    downtime_ns: int
    incidents: int

    @property
    def share(self) -> float:
        """Uptime of the span; 1 of an empty one."""
        whole = self.uptime_ns + self.downtime_ns
        return self.uptime_ns / whole if whole else 1.0


def availability(
    transitions: Iterable[Transition], from_ns: int, to_ns: int, *, is_up: bool = True
) -> Availability:
    """What transitions in time order say of a span; `is_up` is how it was before the first.

    ValueError for a span that ends before it begins, or transitions out of order.
    """
    if to_ns < from_ns:
        raise ValueError("a span ends before it begins")
    last_ns: int | None = None
    since_ns = None if is_up else from_ns  # when the outage that lasts began
    outages: list[int] = []
    for moved in transitions:
        if last_ns is not None and moved.at_ns < last_ns:
            raise ValueError("transitions are not in time order")
        last_ns = moved.at_ns
        within_ns = min(max(last_ns, from_ns), to_ns)
        if since_ns is None:
            since_ns = None if moved.is_up else within_ns
        elif moved.is_up:
            outages.append(within_ns - since_ns)
            since_ns = None
    outages.append(0 if since_ns is None else to_ns - since_ns)
    return Availability(
        to_ns - from_ns - sum(outages), sum(outages), sum(outage > 0 for outage in outages)
    )
