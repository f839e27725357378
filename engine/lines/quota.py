"""May one more connection be made now? So many in any window of time, for all of one address.

Binance: 300 connections in 5 minutes for each IP address (web-socket-streams.md, WebSocket Limits).
"""

from collections import deque

from engine.lines.patience import NS_A_SECOND

BINANCE_CONNECTIONS, BINANCE_WINDOW_NS = 300, 300 * NS_A_SECOND
OWN_SHARE = 0.8  # the rest is for whoever else trades from the same address


class Quota:
    """A sliding window: never more than `most` within any `window_ns`, ends included."""

    def __init__(
        self,
        most: int = int(BINANCE_CONNECTIONS * OWN_SHARE),
        window_ns: int = BINANCE_WINDOW_NS,
    ) -> None:
        self._window_ns = window_ns
        self._made: deque[int] = deque(maxlen=most)

    def free_ns(self) -> int:
        """From when on one more may be made; 0 for at once."""
        if len(self._made) < (self._made.maxlen or 0):
            return 0
        return self._made[0] + self._window_ns + 1

    def take(self, now_ns: int) -> bool:
        """Whether one more may be made now; if so it counts."""
        if now_ns < self.free_ns():
            return False
        self._made.append(now_ns)
        return True
