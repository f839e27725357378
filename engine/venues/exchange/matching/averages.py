"""What was the average price of the last minutes? Weighted by volume, in whole seconds."""

from collections import deque

from engine.instruments import E8

SECOND_US = 1_000_000


class Average:
    """The volume-weighted average price of a moving window; one row a second is kept."""

    __slots__ = ("base", "quote", "seconds", "window_s")

    def __init__(self, minutes: int) -> None:
        self.window_s = max(minutes, 0) * 60
        self.seconds: deque[list[int]] = deque()  # [second, quote, base]
        self.quote = self.base = 0

    def add(self, quantity_e8: int, quote_e8: int, now_us: int) -> None:
        """A trade."""
        second = now_us // SECOND_US
        if not self.seconds or self.seconds[-1][0] != second:
            self._forget(second)
            self.seconds.append([second, 0, 0])
        newest = self.seconds[-1]
        newest[1] += quote_e8
        newest[2] += quantity_e8
        self.quote += quote_e8
        self.base += quantity_e8

    def price_e8(self, now_us: int) -> int:
        """The average, rounded down; 0 while nothing traded in the window."""
        self._forget(now_us // SECOND_US)
        return self.quote * E8 // self.base if self.base else 0

    def _forget(self, second: int) -> None:
        oldest = second - self.window_s
        while self.seconds and self.seconds[0][0] <= oldest:
            _, quote, base = self.seconds.popleft()
            self.quote -= quote
            self.base -= base
