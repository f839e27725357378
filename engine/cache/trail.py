"""What came after a key the last time? The latest keys in order, and where each stood last."""

from engine.cache.strengths import Key

TRIMMED = 64  # keys let go at once: often enough to be short, seldom enough to be cheap


class Trail:
    """At most `length` keys and 64 more; what is older is forgotten."""

    def __init__(self, length: int) -> None:
        self.length = length
        self._keys: list[Key] = []
        self._first = 0  # the place of the oldest key still known
        self._places: dict[Key, int] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: Key) -> int | None:
        """Put a key at the end; the place it had before, if that is still known."""
        before = self._places.get(key)
        self._places[key] = self._first + len(self._keys)
        self._keys.append(key)
        if len(self._keys) >= self.length + TRIMMED:
            self._trim()
        return before if before is None or before >= self._first else None

    def after(self, place: int, count: int) -> list[Key]:
        """The keys that came right after a place."""
        start = place - self._first + 1
        return self._keys[start : start + count]

    def last(self, key: Key, count: int) -> list[Key]:
        """The keys that came after a key when it was last asked for."""
        place = self._places.get(key)
        return self.after(place, count) if place is not None else []

    def clear(self) -> None:
        """Forget all of it."""
        self._keys.clear()
        self._places.clear()

    def _trim(self) -> None:
        for place, key in enumerate(self._keys[:TRIMMED], self._first):
            if self._places[key] == place:
                del self._places[key]
        del self._keys[:TRIMMED]
        self._first += TRIMMED
