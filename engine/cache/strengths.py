"""How strongly is one key wired to others? Strengths that grow together and fade apart.

Hebb's rule (Hebb 1949, "The Organization of Behavior") in its bounded form: what fired together
moves a share of the way to 1, what fired without the other the same share of the way to 0.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from engine.errors import Refused

Key = str | int
ONE = 256  # a strength of 1.0; small integers are shared, so that a strength costs no memory itself
LEAST = 8  # of ONE; what is weaker is forgotten
RATES = (LEAST / ONE, 1.0)  # a slower learner would forget each pair at once


class Row:
    """What one key is wired to, as of an epoch of fading."""

    __slots__ = ("epoch", "strengths")

    def __init__(self, strengths: dict[Key, int], epoch: int) -> None:
        self.strengths, self.epoch = strengths, epoch


class Strengths:
    """Up to `capacity` keys, each wired to at most `width` others.

    The key that fired longest ago goes first, and of a key's wires the weakest.
    """

    def __init__(self, capacity: int, width: int, learning_rate: float, decay_rate: float) -> None:
        check_rates(capacity, learning_rate, decay_rate)
        self.capacity, self.width = capacity, width
        self.learning_rate, self.decay_rate = learning_rate, decay_rate
        self._share = share = round(learning_rate * ONE)
        self._stronger = [old + ((ONE - old) * share >> 8) for old in range(ONE + 1)]
        self._weaker = [left(old - max(old * share >> 8, 1)) for old in range(ONE + 1)]
        self._rows: OrderedDict[Key, Row] = OrderedDict()
        self._epoch = 0

    def __len__(self) -> int:
        return len(self._rows)

    def fired(self, key: Key, others: Iterable[Key]) -> dict[Key, int]:
        """A key fired and these with it; all it is wired to now, of ONE."""
        row = self._rows.get(key)
        if row is None:
            return self._begin(key, others)
        self._rows.move_to_end(key)
        stronger, weaker = self._stronger, self._weaker
        wired = dict.fromkeys(others, self._share)
        wired.pop(key, None)
        wired.update(
            {
                other: stronger[strength] if other in wired else weaker[strength]
                for other, strength in self._current(row).items()
            }
        )
        self._narrow(wired)
        row.strengths = wired
        return wired

    def of(self, key: Key) -> dict[Key, int]:
        """All that a key is wired to, of ONE; not to be changed."""
        row = self._rows.get(key)
        return self._current(row) if row is not None else {}

    def fade(self) -> None:
        """Everything fades by the decay rate, each key when it is next looked at."""
        self._epoch += 1

    def rows(self) -> list[list[Any]]:
        """All of it as plain lists, the key that fired longest ago first."""
        return [[key, list(self._current(row).items())] for key, row in self._rows.items()]

    def restore(self, rows: Iterable[tuple[Key, dict[Key, int]]]) -> None:
        """Become what these rows say; more than fit are dropped as if they had been learnt."""
        self._rows.clear()
        for key, wired in rows:
            kept = dict(wired)
            self._narrow(kept)
            self._keep(key, kept)

    def _begin(self, key: Key, others: Iterable[Key]) -> dict[Key, int]:
        wired = dict.fromkeys(others, self._share)
        wired.pop(key, None)
        self._narrow(wired)
        self._keep(key, wired)
        return wired

    def _keep(self, key: Key, wired: dict[Key, int]) -> None:
        self._rows[key] = Row(wired, self._epoch)
        if len(self._rows) > self.capacity:
            self._rows.popitem(last=False)

    def _narrow(self, wired: dict[Key, int]) -> None:
        """Cut what has no strength left, and the weakest of too many."""
        if 0 in wired.values():
            for other in [other for other, strength in wired.items() if not strength]:
                del wired[other]
        if len(wired) > self.width:
            ordered = sorted(wired.values())
            weakest = ordered[-self.width]
            ties = self.width - len(ordered) + bisect_right(ordered, weakest)
            for other, strength in list(wired.items()):
                if strength < weakest or (strength == weakest and ties <= 0):
                    del wired[other]
                elif strength == weakest:
                    ties -= 1

    def _current(self, row: Row) -> dict[Key, int]:
        """A row after the fading it has missed."""
        if row.epoch != self._epoch:
            kept = (1.0 - self.decay_rate) ** (self._epoch - row.epoch)
            row.epoch = self._epoch
            row.strengths = {
                other: left(int(strength * kept)) for other, strength in row.strengths.items()
            }
            self._narrow(row.strengths)
        return row.strengths


def left(strength: int) -> int:
    """A strength, or 0 where it is too weak to be kept."""
    return strength if strength >= LEAST else 0


def check_rates(capacity: int, learning_rate: float, decay_rate: float) -> None:
    """Refuse what cannot learn or would never forget."""
    if not RATES[0] <= learning_rate <= RATES[1]:
        raise Refused(f"learning_rate {learning_rate} is no rate", "from 0.03125 to 1")
    if not 0.0 <= decay_rate < 1.0:
        raise Refused(f"decay_rate {decay_rate} is no rate", "from 0 to less than 1")
    if capacity < 1:
        raise Refused(f"capacity {capacity} holds nothing", "at least 1 key")
