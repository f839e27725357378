"""How long do things take here? Wall-clock facts beside the state: no digest covers them."""

import time
from typing import Any, NamedTuple

SHORTEST_BITS, STEPS_BITS, BUCKETS = 7, 3, 256  # from 128 ns on, eight buckets an octave


class Summary(NamedTuple):
    """Durations in nanoseconds: how many, the usual, the rare, the longest."""

    measured: int
    p50: int
    p99: int
    p999: int
    longest: int


class Durations:
    """A histogram whose buckets are at most an eighth of their value wide."""

    def __init__(self) -> None:
        self.counts = [0] * BUCKETS
        self.longest = 0

    def add(self, ns: int) -> None:
        """Count one duration."""
        self.counts[bucket_of(ns)] += 1
        self.longest = max(self.longest, ns)

    def summary(self) -> Summary:
        """Percentiles, each the middle of its bucket."""
        total = sum(self.counts)
        p50, p99, p999 = (percentile(self.counts, total, part) for part in (0.50, 0.99, 0.999))
        return Summary(total, p50, p99, p999, self.longest)


def bucket_of(ns: int) -> int:
    """The number of a duration's bucket."""
    octave = ns.bit_length() - SHORTEST_BITS - 1
    if octave < 0:
        return 0
    place = (ns >> (octave + SHORTEST_BITS - STEPS_BITS)) & 7
    return min((octave << STEPS_BITS) + place, BUCKETS - 1)


def middle_of(bucket: int) -> int:
    """The duration in the middle of a bucket."""
    octave, place = divmod(bucket, 1 << STEPS_BITS)
    return (2 * ((1 << STEPS_BITS) + place) + 1) << (octave + SHORTEST_BITS - STEPS_BITS - 1)


def percentile(counts: list[int], total: int, share: float) -> int:
    """The duration that this share of them does not exceed; 0 of none."""
    left = total * share
    for bucket, count in enumerate(counts):
        left -= count
        if left < 0:
            return middle_of(bucket)
    return 0


class Telemetry:
    """What a running engine measures of itself."""

    def __init__(self) -> None:
        self.started_s = time.time()
        self.late = Durations()  # from a record's due time to its turn
        self.decided = Durations()  # from its turn to decided and journaled
        self.reacted = Durations()  # both: from due to decided
        self.asked = Durations()  # from decided to its commands sent, their cause durable

    def told(self) -> dict[str, dict[str, Any]]:
        """The summaries, in nanoseconds, by name, with the counts of their buckets."""
        rows = {"late": self.late, "decided": self.decided, "reacted": self.reacted}
        return {
            name: {**durations.summary()._asdict(), "counts": durations.counts}
            for name, durations in {**rows, "asked": self.asked}.items()
        }
