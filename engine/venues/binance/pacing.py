"""When may the next one go? So many in a span, and a longer pause after each failure."""

from collections import deque

SECOND_NS = 1_000_000_000
MASK = (1 << 64) - 1


class Pace:
    """At most `count` in any `span_ns`."""

    def __init__(self, count: int, span_ns: int) -> None:
        self._span_ns = span_ns
        self._went: deque[int] = deque(maxlen=count)

    def next_ns(self, now_ns: int) -> int:
        """When the next may go; `now_ns` or before means now."""
        full = len(self._went) == self._went.maxlen
        return self._went[0] + self._span_ns if full else now_ns

    def go(self, now_ns: int) -> None:
        """One goes."""
        self._went.append(now_ns)


class Backoff:
    """Pauses that double up to a bound, each cut by chance: a crowd does not come back at once."""

    def __init__(self, seed: int, first_ns: int = SECOND_NS, most_ns: int = 60 * SECOND_NS) -> None:
        self._seed, self._first_ns, self._most_ns = seed, first_ns, most_ns
        self.failures = 0

    def failed(self) -> int:
        """One more failure; the pause in ns before the next try, between half and all of it."""
        pause_ns = min(self._first_ns << min(self.failures, 20), self._most_ns)
        self.failures += 1
        return pause_ns // 2 + mixed(self._seed + self.failures) % (pause_ns // 2 + 1)

    def succeeded(self) -> None:
        """The next failure is the first."""
        self.failures = 0


def mixed(number: int) -> int:
    """A number's 64-bit hash. Source: splitmix64, Steele, Lea, Flood 2014."""
    number = (number * 0x9E3779B97F4A7C15) & MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & MASK
    return number ^ (number >> 31)
