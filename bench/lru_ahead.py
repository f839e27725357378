"""What would fetching ahead have saved on a trace? A plain LRU with and without it.

A key fetched ahead counts as present at the next request, as if fetching took no time: an upper
bound, and the same for every method it is compared with.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from engine.cache.prefetch import ABSENT, Prefetch
from engine.cache.rehearsal import CAPACITY, CAPACITY_MIN
from engine.cache.strengths import Key
from engine.cache.synapses import Synapses


class Outcome(NamedTuple):
    """What came of a trace."""

    requests: int
    hits: int
    fetched: int  # ahead
    used: int  # of those

    @property
    def hit_ratio(self) -> float:
        """The share of requests that found their key, from 0 to 1."""
        return self.hits / self.requests if self.requests else 0.0

    @property
    def precision(self) -> float:
        """The share of keys fetched ahead that were used; 1 where none was fetched."""
        return self.used / self.fetched if self.fetched else 1.0


def plain(keys: Iterable[Key], size: int) -> Outcome:
    """An LRU of `size` entries alone."""
    held: OrderedDict[Key, None] = OrderedDict()
    requests = hits = 0
    for key in keys:
        requests += 1
        if key in held:
            hits += 1
            held.move_to_end(key)
        else:
            held[key] = None
            if len(held) > size:
                held.popitem(last=False)
    return Outcome(requests, hits, 0, 0)


def ahead(keys: Iterable[Key], size: int, told: int = 1) -> Outcome:
    """An LRU of `size` entries, buffer included, that fetches ahead; one hit in `told` teaches."""
    held: OrderedDict[Key, None] = OrderedDict()
    prefetch = Prefetch(size, Synapses(capacity=max(CAPACITY * size, CAPACITY_MIN)))
    requests = hits = found = 0
    for requests, key in enumerate(keys, 1):
        missed = key not in held
        hits += not missed or prefetch.used(key) is not ABSENT
        held[key] = None
        held.move_to_end(key)
        found += not missed
        if missed or found % told == 0:
            for wanted in prefetch.wanted(key, held, missed=missed, now=requests):
                prefetch.arrived(wanted, None)
        while len(held) + len(prefetch) > size:
            held.popitem(last=False)
    return Outcome(requests, hits, prefetch.trust.fetched, prefetch.trust.used)
