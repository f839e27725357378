"""How does a namespace fetch ahead? It learns from what it is asked, and hides what comes early.

A value that came ahead waits beside memory, never in it: a guess takes no place from what was asked
for. The first request moves it into memory, with what is left of its time.
"""

from collections.abc import Callable
from typing import Any

from engine.cache.memory import Key, Memory
from engine.cache.prefetch import ABSENT, SHARE, Prefetch
from engine.cache.values import Entry, Mark

SAMPLED = 16  # requests that one hit told of stands for
Keep = Callable[[Any, Entry[Any]], None]
Bring = Callable[[list[Any]], None]  # keys of the kind that was asked for
Later = Callable[[Callable[[Any], None], Any], object]


class Held:
    """What memory holds, as something that `in` may ask."""

    __slots__ = ("has",)

    def __init__(self, memory: Memory) -> None:
        self.has = memory.contains

    def __contains__(self, key: Any) -> bool:
        return self.has(key)


class Ahead:
    """What one namespace fetches ahead: `bring` begins loads, `keep` puts an entry into memory.

    `later` calls a function with a key once whoever asked has the answer.
    """

    def __init__(self, prefetch: Prefetch, bring: Bring, keep: Keep, later: Later) -> None:
        self.prefetch, self.requests = prefetch, 0
        self._bring, self._keep, self._later = bring, keep, later
        self.rests = False  # nothing is learnt and nothing comes ahead
        self._held: Held
        self._bytes_each = 0

    def serves(self, memory: Memory) -> None:
        """From now on for this memory; one waiting value takes at most its share of a tenth."""
        self._held = Held(memory)
        self.measured(memory)

    def measured(self, memory: Memory) -> None:
        """The memory has other bounds now."""
        entries_max, bytes_max = memory.statistics()[-2:]
        self.prefetch.resize(entries_max)
        self._bytes_each = bytes_max // SHARE // max(1, self.prefetch.room)

    def asked(self, key: Key) -> None:
        """Memory was asked: told of every miss, and of one hit in 16."""
        if self.rests:
            return
        if key in self._held:
            self.requests += SAMPLED
            self.prefetch.note(key)
            return
        self.requests += 1
        entry = self.prefetch.used(key)
        if entry is not ABSENT:
            self._keep(key, entry)
        self._later(self._look, key)

    def _look(self, key: Key) -> None:
        """After the answer, for it takes tens of microseconds: what may be asked for next?"""
        wanted = self.prefetch.wanted(key, self._held, missed=True, now=self.requests)
        if wanted:
            self._bring([one for one in wanted if isinstance(one, type(key))])

    def wake(self) -> None:
        """Learn again, and fetch ahead."""
        self.rests = False

    def arrived(self, key: Key, entry: Entry[Any], size: int) -> None:
        """What was brought waits for its request, unless it is too large or nothing is there."""
        if isinstance(entry.value, Mark) or size > self._bytes_each:
            self.prefetch.withdraw(key)
        else:
            self.prefetch.arrived(key, entry)

    def forget(self, key: Key | None) -> None:
        """What waits for this key (None: all) is old."""
        if key is None:
            self.prefetch.clear()
        else:
            self.prefetch.withdraw(key)
