"""What serves as the memory where nothing could be compiled? memory.c's plain form, slower."""

from collections.abc import Callable, Iterable
from typing import Any

from engine.cache.columns import NOBODY
from engine.cache.ghosts import MAIN, SMALL
from engine.cache.policy import Policy

USES_MAX = 3
SAMPLED = 16 - 1  # a hit is learnt from when its number has none of these bits
FOREVER_NS = (1 << 62) - 1


class PlainMemory:
    """engine.cache.memory.Memory in Python alone."""

    def __init__(
        self,
        entries_max: int,
        bytes_max: int,
        measure: Callable[[Any], int],
        learn: Callable[[Any], object] | None = None,
        stale: Callable[[Any], object] | None = None,
        /,
    ) -> None:
        self.policy = Policy(entries_max, bytes_max)
        self.measure, self.learn, self.stale = measure, learn or _nothing, stale or _nothing
        self.misses = self.refusals = 0
        self.get = _getter(self)

    def get_many(self, keys: Iterable[int | str], default: Any = None, /) -> list[Any]:
        """The values of many keys, in their order."""
        get = self.get
        return [get(key, default) for key in keys]

    def contains(self, key: int | str, /) -> bool:
        """Whether `get` would find it."""
        return self.policy.find(key) != NOBODY

    def peek(self, key: int | str, default: Any = None, /) -> Any:
        """What `get` would find, without counting as a use."""
        place = self.policy.find(key)
        return default if place == NOBODY else self.policy.columns.values[place]

    def set(
        self,
        key: int | str,
        value: Any,
        ttl_ns: int,
        soft_ns: int | None = None,
        size: int | None = None,
        /,
    ) -> bool:
        """Keep a value until `ttl_ns` from now; whether it was kept."""
        policy = self.policy
        size = self.measure(value) if size is None else size
        if size < 0:
            raise ValueError("a size is not negative")
        is_kept = size <= policy.bytes_max and ttl_ns > 0
        place = self._room_for(key, size, is_kept=is_kept)
        if is_kept:
            columns, now, ttl_ns = policy.columns, policy.now[0], min(ttl_ns, FOREVER_NS)
            soft_ns = ttl_ns if soft_ns is None else min(ttl_ns, max(0, soft_ns))
            policy.released.append(columns.values[place])
            columns.values[place] = value
            columns.due[place], columns.ends[place] = now + soft_ns, now + ttl_ns
        self.refusals += size > policy.bytes_max
        policy.released.clear()
        return is_kept

    def _room_for(self, key: int | str, size: int, *, is_kept: bool) -> int:
        """The key's place for a value of that size; NOBODY when there shall be none."""
        policy = self.policy
        place = policy.places.get(key, NOBODY)
        if place == NOBODY:
            return policy.insert(key, size) if is_kept else NOBODY
        grown = policy.bytes + size - policy.columns.sizes[place]
        if is_kept and grown <= policy.bytes_max:
            policy.bytes, policy.columns.sizes[place] = grown, size
            return place
        policy.remove(place)
        return policy.insert(key, size) if is_kept else NOBODY

    def delete(self, key: int | str, /) -> bool:
        """Forget a key; whether it was there."""
        was_there = self.contains(key)
        if key in self.policy.places:
            self.policy.remove(self.policy.places[key])
            self.policy.released.clear()
        return was_there

    def clear(self) -> None:
        """Forget every value."""
        self.policy.clear()
        self.policy.released.clear()

    def advance(self, now_ns: int, /) -> None:
        """The time is now at least this."""
        now = self.policy.now
        now[0] = min(FOREVER_NS, max(now[0], now_ns))

    def resize(self, entries_max: int, bytes_max: int, /) -> None:
        """Other bounds from now on; what no longer fits is evicted."""
        self.policy.resize(entries_max, bytes_max)
        self.policy.released.clear()

    def fix_small(self, target: int, /) -> None:
        """Hold so many entries on probation; 0 lets evidence decide again."""
        self.policy.share.fix(target)

    def statistics(self) -> tuple[int, ...]:
        """The numbers of Counts."""
        of = self.policy
        done = of.hits[0], self.misses, of.evictions, of.expirations, self.refusals
        held = len(of.places), of.bytes, of.queues[SMALL].count, of.share.target
        return (*done, *held, of.entries_max, of.bytes_max)

    def about(self, key: int | str, /) -> tuple[int, int, int, int, bool] | None:
        """The facts of About, or None where `get` would find nothing."""
        place, of = self.policy.find(key), self.policy.columns
        if place == NOBODY:
            return None
        times = of.due[place], of.ends[place]
        return of.sizes[place], *times, of.uses[place], of.homes[place] == MAIN

    def _late(self, key: int | str, place: int | None, default: object) -> object:
        """A get that found nothing, or something whose time has come."""
        policy = self.policy
        if place is not None and policy.columns.ends[place] > policy.now[0]:
            policy.columns.due[place] = policy.columns.ends[place]  # asked for once only
            value = self.get(key)
            self.stale(key)
            return value
        if place is not None:
            policy.expirations += 1
            policy.remove(place)
            policy.released.clear()
        elif type(key) is not str and type(key) is not int:
            raise TypeError("a key is an int or a str")
        self.misses += 1
        self.learn(key)
        return default


def _getter(memory: PlainMemory) -> Callable[..., Any]:
    """`get` over names it holds itself: looking each up in the memory would cost as much again."""
    policy, late, learn = memory.policy, memory._late, memory.learn  # noqa: SLF001  its own
    columns, now, turn, hits = policy.columns, policy.now, policy.turn, policy.hits
    find, values = policy.places.get, columns.values
    due, uses, seen = columns.due, columns.uses, columns.seen

    def get(key: int | str, default: Any = None, /) -> Any:
        place = find(key)
        if place is None or due[place] <= now[0]:
            return late(key, place, default)
        use = uses[place]
        if use < USES_MAX:
            uses[place] = use + 1
        seen[place] = turn[0]
        count = hits[0] = hits[0] + 1
        if count & SAMPLED:
            return values[place]
        value = values[place]
        learn(key)
        return value

    return get


def _nothing(_key: object) -> None:
    """What is done where nobody asked to be told."""
