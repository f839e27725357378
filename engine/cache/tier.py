"""What is a lower tier of the cache to those above? Batches of bytes under keys, and no surprises.

A tier that is down answers at once that nothing is there: no error reaches whoever asks.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from engine.cache.values import VERSION_MAX
from engine.resilience.breaker import CLOSED, Breaker, Changed
from engine.resilience.settings import BreakerSettings

ENTRY_BYTES_MAX = 1 << 20  # a longer one is not kept
BATCH_BYTES_MAX = 1 << 20  # in one statement or command, which others wait for
KEY_BYTES_MAX = 512
DEAD_AT_MAX = 1 << 53  # milliseconds that a double tells apart
LOST, BACK, ANEW = "lost", "back", "made anew"


class Row(NamedTuple):
    """An entry on its way into a tier, packed; usable until `dead_at_ms` of the wall clock."""

    key: str
    version: int
    dead_at_ms: int
    entry: bytes


class Told(NamedTuple):
    """One turn of a tier's fate, each told once: `what` is lost, back or made anew."""

    tier: str
    what: str
    why: str


Tell = Callable[[Told], object]
Clock = Callable[[], int]


class Tier(Protocol):
    """A namespace in a lower tier."""

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """What lies under each key; None for nothing, for what is dead, and from a tier down."""

    async def set_many(self, rows: Sequence[Row]) -> list[str]:
        """Keep them; gives the keys under which as new a version already lies, and stays."""

    async def delete_many(self, keys: Sequence[str]) -> None:
        """Nothing lies under these keys any more."""

    def stats(self) -> dict[str, int | float | str]:
        """What was asked and what came of it, and how the breaker stands."""

    async def close(self) -> None:
        """Let go; from now on nothing is there."""


class Tally:
    """What a tier was asked, and what came of it."""

    __slots__ = ("deletes", "errors", "hits", "misses", "odd", "outdated", "refused", "sets")

    def __init__(self) -> None:
        self.hits = self.misses = self.sets = self.deletes = 0
        self.outdated = 0  # sets that found as new a version there
        self.refused = 0  # entries or requests beyond a bound, or that the server would not take
        self.odd = 0  # what lay under a key was no bytes
        self.errors = 0  # requests that a tier down did not answer

    def said(self) -> dict[str, int | float | str]:
        """All of it by name."""
        return {name: getattr(self, name) for name in self.__slots__}

    def found(self, replies: Iterable[bytes | None]) -> None:
        """Count hits and misses."""
        for reply in replies:
            if reply is None:
                self.misses += 1
            else:
                self.hits += 1

    def fitting(self, rows: Iterable[Row], now_ms: int) -> list[Row]:
        """The newest row of each key, by key, without dead ones and those beyond the bounds."""
        newest: dict[str, Row] = {}
        for row in rows:
            if not is_bounded(row):
                self.refused += 1
            elif row.dead_at_ms > now_ms and (
                row.key not in newest or newest[row.key].version < row.version
            ):
                newest[row.key] = row
        return [newest[key] for key in sorted(newest)]


def is_bounded(row: Row) -> bool:
    """Whether every tier can hold it."""
    return (
        len(row.entry) <= ENTRY_BYTES_MAX
        and len(row.key.encode()) <= KEY_BYTES_MAX
        and "\0" not in row.key  # PostgreSQL takes none, nor any other row of its batch then
        and 0 <= row.version <= VERSION_MAX
        and row.dead_at_ms <= DEAD_AT_MAX
    )


def batches(rows: Sequence[Row], most: int) -> Iterator[list[Row]]:
    """Rows in order, so many or so many bytes at a time."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        if batch and (len(batch) == most or size + len(row.entry) > BATCH_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += len(row.entry)
    if batch:
        yield batch


def breaker_of(tier: str, settings: BreakerSettings, clock_ns: Clock, tell: Tell) -> Breaker:
    """A tier's breaker; its opening is told as lost, its closing as back, and nothing between."""

    def heard(changed: Changed) -> None:
        if changed.before == CLOSED:
            tell(Told(tier, LOST, changed.cause))
        elif changed.after == CLOSED:
            tell(Told(tier, BACK, changed.cause))

    return Breaker(tier, settings, clock_ns, heard)


def standing_of(tally: Tally, breaker: Breaker) -> dict[str, Any]:
    """A tier's own figures with its breaker's."""
    return {**tally.said(), **{f"breaker_{k}": v for k, v in breaker.metrics().items()}}
