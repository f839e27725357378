"""Which keys are fetched ahead, and where do they wait? A small buffer beside the cache.

A guess takes a place only when its kind has proved itself, never more than a tenth of the cache,
and only until it is used or has waited too long. Nothing here loads or reads a clock: the owner
loads what is `wanted`, tells when it `arrived` or `failed`, and asks for it by `used`.
"""

from collections import OrderedDict
from collections.abc import Container
from typing import Any

from engine.cache.guesses import SOURCES, Guess
from engine.cache.series import Series
from engine.cache.strengths import Key
from engine.cache.synapses import Synapses
from engine.cache.trust import Trust

SHARE = 10  # the buffer is at most one place in ten of the cache
SHADOWS = 4  # guesses watched without a fetch, for each place of the buffer
WAITS = 0.5  # of the cache's size, in requests: how long a guess may wait
WAITS_MIN = 64
ABSENT: Any = object()  # no value, where None may be one


class Waiting:
    """A guess that was fetched or is only watched, since when, and its value once it came."""

    __slots__ = ("guess", "since", "value")

    def __init__(self, guess: Guess, since: int) -> None:
        self.guess, self.since, self.value = guess, since, ABSENT


class Prefetch:
    """Fetches ahead for a cache of `size` entries. `now` is how many requests there were so far."""

    def __init__(self, size: int, synapses: Synapses) -> None:
        self.synapses, self.series, self.trust = synapses, Series(), Trust()
        self.wasted = 0
        self.resize(size)
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
        """A key was asked for: the keys to load now.

        `missed` unless the cache itself had it; what came from here was missed too. `held` is what
        the cache has.
        """
        self._age(now)
        if missed and (shadow := self._shadows.pop(key, None)) is not None:
            self.trust.came_true(shadow.guess)
        guesses = self.synapses.asked(key, missed=missed)
        if missed:
            guesses += self.series.asked(key)
        return [
            guess.key
            for guess in guesses
            if guess.key not in held and guess.key not in self._waiting and self._takes(guess, now)
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
        self.trust.was_used(waiting.guess)
        return waiting.value

    def withdraw(self, key: Key) -> None:
        """A load failed, or the key was written or deleted: what waits is not to be used."""
        waiting = self._waiting.pop(key, None)
        if waiting is not None:
            self.trust.withdraws(waiting.guess)

    def clear(self) -> None:
        """Nothing that waits is to be used; what was learnt stays."""
        for key in list(self._waiting):
            self.withdraw(key)

    def figures(self) -> dict[str, dict[str, int]]:
        """Keys fetched ahead and used, of each source."""
        counts = self.trust
        return {
            source: {"fetched": counts.fetched[source], "used": counts.used[source]}
            for source in SOURCES
        }

    def _takes(self, guess: Guess, now: int) -> bool:
        """Whether to fetch it; else it may be watched."""
        if self.room and self.trust.believes(guess):
            self._shadows.pop(guess.key, None)
            self.trust.fetches(guess)
            self._waiting[guess.key] = Waiting(guess, now)
            while len(self._waiting) > self.room:
                self._waste()
            return True
        if self.room and guess.key not in self._shadows and self.trust.watches(guess):
            self.trust.watched(guess)
            self._shadows[guess.key] = Waiting(guess, now)
            if len(self._shadows) > SHADOWS * self.room:
                self._shadows.popitem(last=False)
        return False

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
