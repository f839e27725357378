"""Which keys are fetched ahead, and where do they wait? A small buffer beside the cache.

A guess takes a place only when its kind has proved itself, never more than a tenth of the cache,
and only until it is used or has waited too long. Nothing here loads or reads a clock: the owner
loads what is `wanted`, tells when it `arrived` or `failed`, and asks for it by `used`.
"""

from collections import OrderedDict, deque
from collections.abc import Container, Iterator
from random import Random
from typing import Any

from engine.cache.guesses import Guesses
from engine.cache.series import Series
from engine.cache.strengths import Key
from engine.cache.synapses import Synapses
from engine.cache.trust import LEARNING, Kind, Trust

SHARE = 10  # the buffer is at most one place in ten of the cache
SHADOWS = 4  # guesses watched without a fetch, for each place of the buffer
WAITS = 0.5  # of the cache's size, in requests: how long a guess may wait
WAITS_MIN = 64
PROBED = 1 / 64  # of the requests: their guesses are watched though nobody believes them
NOTED = 64  # hits kept until the next miss, the latest ones
ABSENT: Any = object()  # no value, where None may be one


class Waiting:
    """A guess that was fetched or is only watched, since when, and its value once it came."""

    __slots__ = ("kind", "since", "value")

    def __init__(self, kind: Kind, since: int) -> None:
        self.kind, self.since, self.value = kind, since, ABSENT


class Prefetch:
    """Fetches ahead for a cache of `size` entries. `now` is how many requests there were so far."""

    def __init__(self, size: int, synapses: Synapses, seed: int = 0) -> None:
        self.synapses, self.series, self.trust = synapses, Series(), Trust()
        self.wasted = 0
        self._draw = Random(seed).random  # noqa: S311  it chooses what to look at
        self.resize(size)
        self._noted: deque[Key] = deque(maxlen=NOTED)
        # What a hit costs: one of these. What it teaches is learnt at the next miss.
        self.note = self._noted.append
        self._waiting: OrderedDict[Key, Waiting] = OrderedDict()
        self._shadows: OrderedDict[Key, Waiting] = OrderedDict()

    def __len__(self) -> int:
        """Places taken: the cache and this together keep to the cache's size."""
        return len(self._waiting)

    def __contains__(self, key: Key) -> bool:
        return key in self._waiting

    def resize(self, size: int) -> None:
        """Serve a cache of another size; what is too much goes as new guesses come."""
        self.room = size // SHARE
        self.patience = max(WAITS_MIN, int(size * WAITS))

    def wanted(self, key: Key, held: Container[Key], *, missed: bool, now: int) -> list[Key]:
        """A key was asked for, and taken by `used` if it waited here: the keys to load now.

        `missed` unless the cache itself had it; what came from here was missed too. `held` is what
        the cache has. It may be called after the request was answered.
        """
        self._age(now)
        while self._noted:
            self.synapses.asked(self._noted.popleft(), missed=False)
        if missed and (shadow := self._shadows.pop(key, None)) is not None:
            shadow.kind.was_right()
        guesses = self.synapses.asked(key, missed=missed)
        if not self.room:
            return []
        if missed:
            guesses.append(self.series.asked(key))
        is_probe = self._draw() < PROBED
        return [
            wanted
            for some in guesses
            if some.graded
            for wanted in self._worthwhile(some, held, now, is_probe=is_probe)
        ]

    def arrived(self, key: Key, value: object) -> bool:
        """A wanted value was loaded; whether it is kept: not if it was asked for meanwhile."""
        waiting = self._waiting.get(key)
        if waiting is not None:
            waiting.value = value
        return waiting is not None

    def used(self, key: Key) -> Any:
        """The value waiting for this request, or ABSENT; it leaves, and the cache takes it.

        A guess still being loaded was right as well: its load serves the request.
        """
        waiting = self._waiting.pop(key, None)
        if waiting is None:
            return ABSENT
        self.trust.was_used(waiting.kind)
        return waiting.value

    def withdraw(self, key: Key) -> None:
        """A load failed, or the key was written or deleted: what waits is not to be used."""
        waiting = self._waiting.pop(key, None)
        if waiting is not None:
            self.trust.withdraws(waiting.kind)

    def clear(self) -> None:
        """Nothing that waits is to be used; what was learnt stays."""
        for key in list(self._waiting):
            self.withdraw(key)

    def forget(self) -> None:
        """Nothing was ever learnt: as if it were made just now, for a cache of this size."""
        self.clear()
        self._shadows.clear()
        self._noted.clear()
        self.synapses.load(Synapses(capacity=1).dump())
        self.series, self.trust = Series(), Trust()

    def figures(self) -> dict[str, dict[str, int]]:
        """Keys fetched ahead and used, of each source."""
        return {
            name: {"fetched": source.fetched, "used": source.used}
            for name, source in self.trust.sources.items()
        }

    def _worthwhile(
        self, some: Guesses, held: Container[Key], now: int, *, is_probe: bool
    ) -> Iterator[Key]:
        """Of one source's guesses those worth a fetch; what is not known well enough is watched."""
        kinds, waiting, asked = self.trust.sources[some.source], self._waiting, self.trust.asked()
        for grade, keys in some.graded.items():
            kind = kinds[grade]
            if kind.is_believed(asked):
                for key in keys:
                    if key not in held and key not in waiting:
                        self._fetch(key, kind, now)
                        yield key
            elif is_probe or kind.watched < LEARNING:
                for key in keys:
                    if key not in held and key not in waiting:
                        self._watch(key, kind, now)

    def _fetch(self, key: Key, kind: Kind, now: int) -> None:
        self._shadows.pop(key, None)
        self.trust.fetches(kind)
        self._waiting[key] = Waiting(kind, now)
        while len(self._waiting) > self.room:
            self._waste()

    def _watch(self, key: Key, kind: Kind, now: int) -> None:
        if key not in self._shadows:
            kind.made()
            kind.watched += 1
            self._shadows[key] = Waiting(kind, now)
            if len(self._shadows) > SHADOWS * self.room:
                self._shadows.popitem(last=False)

    def _age(self, now: int) -> None:
        """What has waited too long goes: its room belongs to what was asked for."""
        oldest = now - self.patience
        while self._waiting and next(iter(self._waiting.values())).since < oldest:
            self._waste()
        while self._shadows and next(iter(self._shadows.values())).since < oldest:
            self._shadows.popitem(last=False)

    def _waste(self) -> None:
        self._waiting.popitem(last=False)
        self.wasted += 1
