"""Which keys were let go lately? Known by digest and age alone, so that no key is kept alive.

A table of buckets of four (Yang et al., FIFO queues are all you need for cache eviction, SOSP'23,
keep theirs likewise): when a bucket is full, the ghost nearest to its end gives way.
"""

from array import array
from zlib import crc32

SMALL, MAIN = 1, 2  # the queue that let a key go
WAYS = 4
WORD, MASK = (1 << 32) - 1, (1 << 64) - 1
MIX_A, MIX_B = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9


def digest_of(key: int | str) -> int:
    """32 bits of a key, the same in every process; TypeError when it is neither int nor str."""
    if type(key) is str:
        mixed = crc32(key.encode())
    elif type(key) is int:
        mixed = key & MASK
    else:
        raise TypeError("a key is an int or a str")
    mixed = (mixed + 1) * MIX_A & MASK
    mixed ^= mixed >> 29
    return (mixed * MIX_B & MASK) >> 32


class Ghosts:
    """Digests of evicted keys; ages are counted in evictions of the same queue."""

    def __init__(self, entries_max: int) -> None:
        self.buckets = (entries_max * 3 // 2 + WAYS) // WAYS
        self.digests = array("I", bytes(4 * WAYS * self.buckets))
        self.stamps = array("I", bytes(4 * WAYS * self.buckets))
        self.kinds = bytearray(WAYS * self.buckets)
        self.evicted = [0, 0, 0]  # so far, by queue

    def add(self, digest: int, kind: int, reach: tuple[int, int, int]) -> None:
        """A key was let go by that queue; `reach` is how old its ghosts get, by queue."""
        place, _ = self._most_spent(digest, reach)
        self.digests[place] = digest
        self.kinds[place] = kind
        self.stamps[place] = self.evicted[kind]
        self.evicted[kind] = self.evicted[kind] + 1 & WORD

    def _most_spent(self, digest: int, reach: tuple[int, int, int]) -> tuple[int, int]:
        """The place in a key's bucket that is missed least, and how much of its life is over.

        In 65536ths; a place without a ghost has had more than all of it.
        """
        kinds, stamps, evicted = self.kinds, self.stamps, self.evicted
        first = (digest * self.buckets >> 32) * WAYS
        found, most = first, -1
        for place in range(first, first + WAYS):
            kind = kinds[place]
            if not kind:
                return place, MASK
            spent = ((evicted[kind] - stamps[place] & WORD) << 16) // reach[kind]
            if spent > most:
                found, most = place, spent
        return found, most

    def take(self, digest: int, reach: tuple[int, int, int]) -> tuple[int, int]:
        """The queue that let the key go and how long ago, and forget it; (0, 0) when unknown."""
        first = (digest * self.buckets >> 32) * WAYS
        digests = self.digests
        for place in range(first, first + WAYS):
            if digests[place] == digest and self.kinds[place]:
                kind, self.kinds[place] = self.kinds[place], 0
                age = self.evicted[kind] - self.stamps[place] & WORD
                return (kind, age) if age <= reach[kind] else (0, 0)
        return (0, 0)

    def resized(self, entries_max: int, reach: tuple[int, int, int]) -> "Ghosts":
        """The same ghosts in a table for another number of entries."""
        other = Ghosts(entries_max)
        other.evicted = list(self.evicted)
        for place, kind in enumerate(self.kinds):
            if kind:
                other.restore(self.digests[place], kind, self.stamps[place], reach)
        return other

    def restore(self, digest: int, kind: int, stamp: int, reach: tuple[int, int, int]) -> None:
        """Put a ghost of before back; it gives way itself when its bucket is full of younger."""
        place, most = self._most_spent(digest, reach)
        if ((self.evicted[kind] - stamp & WORD) << 16) // reach[kind] < most:
            self.digests[place] = digest
            self.kinds[place] = kind
            self.stamps[place] = stamp
