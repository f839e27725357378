"""How late do messages come, and how far apart are the clocks? Neither is seen without the other.

Heard minus told is the way plus what our clock is ahead. The shortest of the last minute stands
for the clocks, and what a message takes beyond it is a delay: a line that lags behind.
"""

from collections import deque

BUCKET_NS = 10_000_000_000
BUCKETS = 6


class Timing:
    """Differences in ns; a message told at `time_ns` of the exchange's clock, heard by ours."""

    def __init__(self) -> None:
        self.least: deque[tuple[int, int]] = deque(maxlen=BUCKETS)  # bucket, shortest in it
        self.newest_ns = 0

    def note(self, time_ns: int, received_ns: int) -> None:
        """One message."""
        took_ns = self.newest_ns = received_ns - time_ns
        bucket = received_ns // BUCKET_NS
        if not self.least or self.least[-1][0] != bucket:
            self.least.append((bucket, took_ns))
        elif took_ns < self.least[-1][1]:
            self.least[-1] = (bucket, took_ns)

    @property
    def apart_ns(self) -> int:
        """What our clock is ahead of the exchange's, the shortest way included; 0 if unknown."""
        return min((took_ns for _, took_ns in self.least), default=0)

    @property
    def late_ns(self) -> int:
        """How much longer than the shortest the newest message took."""
        return self.newest_ns - self.apart_ns if self.least else 0
