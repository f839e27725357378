"""How many connections will be needed, and how many does the box allow?

Demand is foreseen by Holt's linear method (Holt 1957, "Forecasting seasonals and trends by
exponentially weighted moving averages"): a level and a trend, each an exponential average.
"""

import math
from typing import NamedTuple

LEVEL_WEIGHT, TREND_WEIGHT, AHEAD = 0.5, 0.2, 2.0  # of the newest sample; samples looked ahead
PART = 0.25  # of a connection is none
CPU_IDLE_MIN = 0.10  # with less, no connection is added
MEMORY_KEPT_MB, CONNECTION_MB = 256.0, 10.0  # left to others; one at the server, about


class Room(NamedTuple):
    """What the box has free: a share of its CPU time, and memory in MB."""

    cpu_idle: float = 1.0
    memory_mb: float = math.inf


class Demand:
    """Connections in use and asked for, sampled at even times."""

    def __init__(self) -> None:
        self.level = self.trend = 0.0

    def sample(self, count: int) -> None:
        """The most that was needed since the last sample."""
        level = LEVEL_WEIGHT * count + (1.0 - LEVEL_WEIGHT) * (self.level + self.trend)
        self.trend += TREND_WEIGHT * (level - self.level - self.trend)
        self.level = max(level, 0.0)

    def foreseen(self) -> int:
        """The connections needed soon."""
        return max(0, math.ceil(self.level + AHEAD * self.trend - PART))


def allowed(room: Room, size: int, least: int, most: int) -> int:
    """How many connections there may be where there are `size`, within the configured bounds."""
    spare = (room.memory_mb - MEMORY_KEPT_MB) / CONNECTION_MB
    more = math.floor(min(max(spare, -size), most))
    if room.cpu_idle < CPU_IDLE_MIN:
        more = min(more, 0)
    return min(max(size + more, least), most)
