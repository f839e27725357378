"""What was asked a moment ago, kept in this process: bounded, timed, and learning from its misses.

The tier works alone. Two forms decide alike: compiled (memory.c) and plain (plain.py).
"""

from collections.abc import Callable, Iterable
from sys import getsizeof
from typing import Any, NamedTuple, Protocol

from engine.cache.plain import PlainMemory

Key = int | str
FOREVER_NS = (1 << 62) - 1
ENTRIES_MAX = 1 << 28


class Counts(NamedTuple):
    """What a memory did since it was made, and what it holds."""

    hits: int
    misses: int
    evictions: int  # to make room
    expirations: int  # over when asked for, or when room was made
    refusals: int  # larger than the whole memory
    entries: int
    bytes: int  # of values, as measured
    small: int  # entries on probation
    small_target: int
    entries_max: int
    bytes_max: int


class About(NamedTuple):
    """One entry as it stands."""

    size: int
    stale_ns: int  # from then on a new value is wanted
    ends_ns: int  # from then on this one is gone
    uses: int
    is_proven: bool  # in the main queue


class Memory(Protocol):
    """The first tier. A key is an int or a str; times are those of the owner, who advances them."""

    def get(self, key: Key, default: Any = None, /) -> Any:
        """The value while its time is not over, else the default."""

    def get_many(self, keys: Iterable[Key], default: Any = None, /) -> list[Any]:
        """The same of many keys, in their order."""

    def contains(self, key: Key, /) -> bool:
        """Whether `get` would find it; counts nothing."""

    def peek(self, key: Key, default: Any = None, /) -> Any:
        """What `get` would find; counts nothing, tells nobody, and is no use of it."""

    def set(
        self,
        key: Key,
        value: Any,
        ttl_ns: int,
        soft_ns: int | None = None,
        size: int | None = None,
        /,
    ) -> bool:
        """Keep a value until `ttl_ns` from now; whether it was kept.

        From `soft_ns` on the first hit also asks for a new one, by `stale(key)`. What was larger
        than the whole memory, or over at once, is not kept, and neither is the value before it.
        """

    def delete(self, key: Key, /) -> bool:
        """Forget a key; whether it was there."""

    def clear(self) -> None:
        """Forget every value; counters and what was learnt stay."""

    def advance(self, now_ns: int, /) -> None:
        """The time is now at least this."""

    def resize(self, entries_max: int, bytes_max: int, /) -> None:
        """Other bounds from now on; what no longer fits is evicted."""

    def fix_small(self, target: int, /) -> None:
        """Hold so many entries on probation; 0 lets evidence decide again."""

    def statistics(self) -> tuple[int, ...]:
        """The numbers of `Counts`."""

    def about(self, key: Key, /) -> tuple[int, int, int, int, bool] | None:
        """The facts of `About`, or None where `get` would find nothing."""


def memory_of(
    native: Any,
    bounds: tuple[int, int],
    measure: Callable[[Any], int] = getsizeof,
    learn: Callable[[Key], object] | None = None,
    stale: Callable[[Key], object] | None = None,
) -> Memory:
    """A memory of at most `bounds` entries and bytes, compiled where `native` is there.

    `measure(value)` is its size where `set` is not told. `learn(key)` is called on one hit in 16
    and on every miss, `stale(key)` once for a value past its soft time.
    """
    kind = PlainMemory if native is None else native.Memory
    made: Memory = kind(*bounds, measure, learn, stale)
    return made


def counts_of(memory: Memory) -> Counts:
    """The memory's numbers by name."""
    return Counts(*memory.statistics())


def about(memory: Memory, key: Key) -> About | None:
    """One entry's facts by name."""
    facts = memory.about(key)
    return None if facts is None else About(*facts)
