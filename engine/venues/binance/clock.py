"""What time is it at the venue? Our clock plus an offset, from the quickest answers of late.

A question sent at s and answered at r with the venue's time v says: offset v - (s + r) / 2, wrong
by half the round trip at most. The quickest of the newest counts.
"""

from collections import deque
from typing import NamedTuple

MILLISECOND_NS = 1_000_000
SAMPLES_MAX = 16
AGE_MAX_NS = 600_000_000_000  # clocks drift: what is older says nothing
ASK_NS = 60_000_000_000
DRIFT_NS = 50 * MILLISECOND_NS  # what two clocks may part in ten minutes


class Sample(NamedTuple):
    """One question for the venue's time; all in ns."""

    received_ns: int
    round_trip_ns: int
    offset_ns: int


class VenueClock:
    """The venue's time; until the first answer it is taken to be ours."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=SAMPLES_MAX)
        self.offset_ns = 0  # the venue's clock minus ours: positive when it runs ahead
        self.error_ns = 0  # at most so wrong, if our clock did not jump

    def heard(self, sent_ns: int, received_ns: int, venue_ns: int) -> None:
        """An answer with the venue's time, in ns; its milliseconds were cut off."""
        round_trip_ns = max(received_ns - sent_ns, 0)
        offset_ns = venue_ns + MILLISECOND_NS // 2 - sent_ns - round_trip_ns // 2
        apart_ns = abs(offset_ns - self.offset_ns)
        if self._samples and apart_ns > round_trip_ns // 2 + self.error_ns + DRIFT_NS:
            self._samples.clear()  # both cannot be right: a clock jumped
        self._samples.append(Sample(received_ns, round_trip_ns, offset_ns))
        while self._samples[0].received_ns < received_ns - AGE_MAX_NS:
            self._samples.popleft()
        best = min(reversed(self._samples), key=lambda one: one.round_trip_ns)
        self.offset_ns, self.error_ns = best.offset_ns, best.round_trip_ns // 2

    def forget(self) -> None:
        """The venue refused our time: one of the clocks jumped, and what was measured is void."""
        self._samples.clear()

    @property
    def is_known(self) -> bool:
        """Whether the venue was asked since the clocks last jumped."""
        return bool(self._samples)

    def venue_ns(self, now_ns: int) -> int:
        """The venue's time in ns."""
        return now_ns + self.offset_ns

    def stamp_ms(self, now_ns: int) -> int:
        """The timestamp of a request that leaves now."""
        return self.venue_ns(now_ns) // MILLISECOND_NS

    def ask_at_ns(self) -> int:
        """When the venue should be asked again."""
        return self._samples[-1].received_ns + ASK_NS if self._samples else 0
