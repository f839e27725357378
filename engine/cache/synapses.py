"""Which keys are asked together? What fires together wires together.

Two nets of strengths. A *follower* is the very next key asked for. A *companion* was missed within
the next twenty misses; it is learnt when its key is missed again, from what came after it the last
time, so that a key asked for once costs no more than its place in the trace.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.cache.dumps import rows_of, whole
from engine.cache.guesses import COMPANION, FOLLOWER, Guesses, by_strength
from engine.cache.strengths import ONE, Key, Strengths
from engine.cache.trail import Trail

WINDOW = 20  # misses that a key's companions are looked for in
FOLLOWERS = 8  # remembered of one key
TRACED = 4  # keys of the trace for each one of the capacity
DRIFT = 30  # misses that a repeated sequence may have jumped ahead and still be the same one
KEYS = (str, int)
STEADY_MAX = 16  # misses in a row, in the order of the last time


class Synapses:
    """Learns from every request it is told of; what it knows is bounded by `capacity` keys a net.

    `learning_rate` is the share of the way to 1 that a strength goes when both fire, and to 0 when
    one fires alone; `decay_rate` is what all strengths lose at each `fade`.
    """

    def __init__(
        self, *, capacity: int = 10_000, learning_rate: float = 0.25, decay_rate: float = 0.01
    ) -> None:
        self.capacity = capacity
        self.learning_rate, self.decay_rate = learning_rate, decay_rate
        self.followers = Strengths(capacity, FOLLOWERS, learning_rate, decay_rate)
        self.companions = Strengths(capacity, WINDOW, learning_rate, decay_rate)
        self.trail = Trail(TRACED * capacity)
        self._previous: Key | None = None
        self._replayed = 0  # where in the trace the last repeated miss stood before
        self._steady = 0

    def asked(self, key: Key, *, missed: bool, named: Iterable[Key] = ()) -> list[Guesses]:
        """Learn from a request; what may be asked for next. A hit teaches the followers alone.

        `named` are keys known to go with this one.
        """
        previous, self._previous = self._previous, key
        if previous is not None and previous != key:
            self.followers.fired(previous, (key,))
        groups = by_strength(self.followers.of(key), 5)
        next_one = Guesses(FOLLOWER, {grade * 2 + missed: groups[grade] for grade in groups})
        return [next_one, self._recalled(key, list(named))] if missed else [next_one]

    def learn_access_pattern(self, key: Key, context: Mapping[str, Any]) -> None:
        """A key was asked for, and with it the keys that the context names.

        Every collection among the context's values names keys asked together with this one, in any
        order; single values (who asked, when) say nothing about keys.
        """
        self.asked(key, missed=True, named=named_in(context))

    def predict_prefetch_candidates(self, key: Key, limit: int = WINDOW) -> list[Key]:
        """The keys most likely to be asked for after this one, the strongest first."""
        return sorted(self._wired(key), key=lambda other: -self.strength(key, other))[:limit]

    def strength(self, key: Key, other: Key) -> float:
        """How strongly one key is wired to another, from 0 to 1."""
        wired = (self.followers.of(key).get(other, 0), self.companions.of(key).get(other, 0))
        return max(wired) / ONE

    def fade(self) -> None:
        """Time passes: all strengths lose the decay rate's share."""
        self.followers.fade()
        self.companions.fade()

    def dump(self) -> dict[str, Any]:
        """All strengths as plain lists, texts and numbers, for `load` after a restart."""
        return whole(followers=self.followers.rows(), companions=self.companions.rows())

    def load(self, dumped: object) -> None:
        """Know again what was dumped; Refused where it is damaged, and then nothing has changed."""
        followers, companions = (rows_of(dumped, net) for net in ("followers", "companions"))
        self.followers.restore(followers)
        self.companions.restore(companions)
        self.trail.clear()
        self._previous, self._replayed, self._steady = None, 0, 0

    def _recalled(self, key: Key, named: list[Key]) -> Guesses:
        """A key was missed: wire it to what came after it the last time; its companions."""
        place = self.trail.add(key)
        if place is None:
            self._steady = max(self._steady - 1, 0)
        else:
            goes_on = 0 < place - self._replayed <= DRIFT
            self._steady = min(self._steady + 1, STEADY_MAX) if goes_on else self._steady // 2
            self._replayed = place
            named += self.trail.after(place, WINDOW)
        wired = self.companions.fired(key, named) if named else self.companions.of(key)
        groups, steady = by_strength(wired, 6), self._steady >> 2
        return Guesses(COMPANION, {grade * 5 + steady: groups[grade] for grade in groups})

    def _wired(self, key: Key) -> Iterable[Key]:
        """All that a key leads to; while it has no companions, what came after it in the trace."""
        companions = self.companions.of(key) or dict.fromkeys(self.trail.last(key, WINDOW))
        return {**self.followers.of(key), **companions}


def named_in(context: Mapping[str, Any]) -> Iterator[Key]:
    """The keys that a context's collections name."""
    for value in context.values():
        if isinstance(value, Iterable) and not isinstance(value, str | bytes):
            yield from (other for other in value if type(other) in KEYS)
