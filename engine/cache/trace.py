"""What share of a recorded sequence of requests would a memory answer, and what is possible at all?

A trace has one integer key a line, plain or gzip. Belady's rule (A study of replacement algorithms
for a virtual-storage computer, IBM Systems Journal 1966) evicts what is asked for last: no policy
that must take what it is given does better.
"""

import gzip
import heapq
import zlib
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from engine.cache.memory import Memory
from engine.errors import Refused

GZIP = b"\x1f\x8b"
TTL_NS = (1 << 62) - 1
MISSING = object()


class Outcome(NamedTuple):
    """How many of a trace's requests were answered."""

    requests: int
    hits: int

    @property
    def ratio(self) -> float:
        """Hits a request; 0 of none."""
        return self.hits / self.requests if self.requests else 0.0


def keys_of(path: Path) -> Sequence[int]:
    """The trace's keys in order; Refused names the line that is no integer of 64 bits."""
    keys = array("q")
    try:
        with open(path, "rb") as file:
            is_packed = file.read(2) == GZIP
        with gzip.open(path) if is_packed else open(path, "rb") as lines:
            for line in lines:
                keys.append(int(line))
    except OSError as error:
        why = f"The trace {path} cannot be read: {error.strerror or error}."
        raise Refused(why, "Name a file of one integer key a line, plain or gzip.") from error
    except (EOFError, ValueError, OverflowError, zlib.error) as error:
        why = f"{path} is no trace: its line {len(keys) + 1} holds no integer of 64 bits."
        raise Refused(why, "A trace has one integer key a line, plain or gzip.") from error
    return keys


def played(keys: Iterable[int], memory: Memory) -> Outcome:
    """The requests answered by a memory that is given whatever it lacked."""
    get, keep = memory.get, memory.set
    requests = misses = 0
    for key in keys:
        requests += 1
        if get(key, MISSING) is MISSING:
            misses += 1
            keep(key, None, TTL_NS, None, 1)
    return Outcome(requests, requests - misses)


def belady(keys: Sequence[int], entries_max: int) -> Outcome:
    """The requests answered by one who knows the future."""
    held: dict[int, int] = {}  # key: when it is asked for next
    latest: list[tuple[int, int]] = []
    hits = 0
    for key, again in zip(keys, next_uses(keys), strict=True):
        if key in held:
            hits += 1
        elif len(held) >= entries_max:
            _forget_latest(held, latest)
        held[key] = again
        heapq.heappush(latest, (-again, key))
    return Outcome(len(keys), hits)


def _forget_latest(held: dict[int, int], latest: list[tuple[int, int]]) -> None:
    """Requests since made left rows behind that no longer hold."""
    while True:
        again, key = heapq.heappop(latest)
        if held.get(key) == -again:
            del held[key]
            return


def next_uses(keys: Sequence[int]) -> Sequence[int]:
    """When each request's key is asked for again; beyond the end when never."""
    beyond = len(keys)
    again, uses = dict[int, int](), array("q", bytes(8 * len(keys)))
    for at in range(len(keys) - 1, -1, -1):
        uses[at] = again.get(keys[at], beyond)
        again[keys[at]] = at
    return uses
