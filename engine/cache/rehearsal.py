"""What would this cache have answered of a recorded sequence? Its memory, and what came ahead.

The namespace's own parts are asked one request after another; a load takes no time, so that what is
said of fetching ahead is an upper bound. Memory is asked as if nothing came ahead: its own hits are
those of a cache without, and no trace is answered worse with.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from engine.cache.fetching import Ahead
from engine.cache.memory import Memory, counts_of, memory_of
from engine.cache.prefetch import Prefetch
from engine.cache.synapses import Synapses
from engine.cache.trace import MISSING, TTL_NS
from engine.cache.values import Entry

CAPACITY = 4  # keys that the synapses know, for each entry of the cache
CAPACITY_MIN = 1_000
BYTES_MAX = 1 << 60  # entries are what is bounded here
ENTRY: Entry[None] = Entry(None, 0, 0, 0)
Look = tuple[Callable[[Any], None], int]


class Rehearsed(NamedTuple):
    """What came of a trace."""

    requests: int
    memory_hits: int  # what memory answered, and would have answered alone
    ahead_hits: int  # what had come ahead when it was asked for
    evictions: int
    fetched: int  # ahead
    used: int  # of those

    @property
    def hits(self) -> int:
        """Requests that asked nothing below."""
        return self.memory_hits + self.ahead_hits

    @property
    def hit_ratio(self) -> float:
        """The share of requests answered, from 0 to 1."""
        return share(self.hits, self.requests) or 0.0

    @property
    def memory_hit_ratio(self) -> float:
        """The same of memory alone."""
        return share(self.memory_hits, self.requests) or 0.0

    @property
    def precision(self) -> float | None:
        """The share of keys fetched ahead that were used; None where none was fetched."""
        return share(self.used, self.fetched)


def share(part: int, whole: int) -> float | None:
    """A part as a fraction; None of nothing."""
    return part / whole if whole else None


def rehearsed(keys: Iterable[int], entries: int, native: Any, *, is_ahead: bool) -> Rehearsed:
    """Play a trace through a cache of so many entries, compiled where `native` is there.

    What comes ahead waits beside memory, in at most one place for ten entries.
    """
    prefetch = Prefetch(entries, Synapses(capacity=max(CAPACITY * entries, CAPACITY_MIN)))
    looks: list[Look] = []
    ahead = Ahead(
        prefetch,
        lambda wanted: bring(ahead, wanted),
        lambda key, _: keep(memory, key),
        lambda look, key: looks.append((look, key)),
    )
    memory = memory_of(native, (entries, BYTES_MAX), len, ahead.asked if is_ahead else None)
    ahead.serves(memory)
    requests, came = played(keys, memory, looks)
    counts, figures = counts_of(memory), prefetch.figures().values()
    fetched, used = (sum(row[what] for row in figures) for what in ("fetched", "used"))
    return Rehearsed(requests, counts.hits, came, counts.evictions, fetched, used)


def bring(ahead: Ahead, keys: Iterable[int]) -> None:
    """Load at once what may be asked for soon."""
    for key in keys:
        ahead.arrived(key, ENTRY, 1)


def keep(memory: Memory, key: int) -> None:
    """Into memory, for ever."""
    memory.set(key, None, TTL_NS, None, 1)


def played(keys: Iterable[int], memory: Memory, looks: list[Look]) -> tuple[int, int]:
    """Give a memory whatever it lacks; how many requests there were, and how many had it ahead.

    After a request's answer comes whatever it left to be looked at.
    """
    get, contains = memory.get, memory.contains
    requests = came = 0
    for key in keys:
        requests += 1
        if get(key, MISSING) is MISSING:
            if contains(key):
                came += 1
            else:
                keep(memory, key)
            while looks:
                look, asked = looks.pop()
                look(asked)
    return requests, came
