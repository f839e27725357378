"""What does the cache change about itself, and did it help? One change a turn, judged by the next.

A turn looks at what was asked since the last one. Its measure is what requests waited for: misses
times what a load takes, a request. A change that did not lower it is undone, and rests a while.
"""

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from engine.cache.memory import counts_of
from engine.cache.tiers import Cached

PERIOD_S = 60.0
KEPT = 60  # turns that can be looked at
ENOUGH = 1_000  # requests in a turn, below which nothing is judged and nothing changed
HELPED = 0.01  # a change must lower the measure by this share
RESTS = 10  # turns before what did not help is tried again
MOVED = 8  # of the giver's entries, one in so many goes to the taker
LEAST = 64  # entries that every namespace keeps
PRESSED = 2.0  # times the giver's pressure that the taker's must be
PROBATION = 10  # of a namespace's entries, one in so many: the share that policy may fix
UNTAUGHT = 5_000  # requests that led to no fetch, after which learning from them rests
LOAD_NS = 1_000_000  # what a load counts for where none was measured yet


class Seen(NamedTuple):
    """A namespace over one turn."""

    requests: int
    hits: int
    evictions: int
    load_ns: int
    entries_max: int
    fetched: int
    used: int

    @property
    def misses(self) -> int:
        """Requests that memory did not answer, nor what came ahead."""
        return self.requests - self.hits

    @property
    def waited_ns(self) -> int:
        """What these requests waited for, in all."""
        return self.misses * self.load_ns

    @property
    def pressure(self) -> int:
        """What more room might save: what had to leave, by what it takes to bring it back."""
        return min(self.evictions, self.misses) * self.load_ns


class Change(NamedTuple):
    """Something about the cache that was changed, why, and how it is undone."""

    lever: str  # sizes, policy or prefetch
    about: str  # whose; the same change of the same rests after it did not help
    what: str
    why: str
    undo: Callable[[], None]
    goal: float = 1.0 - HELPED  # of the measure before


class Turn(NamedTuple):
    """What one turn saw and did, step by step."""

    at_ms: int
    frequencies: dict[str, dict[str, float]]
    sequences: dict[str, dict[str, int]]
    predictions: dict[str, dict[str, float]]
    suggestion: str
    sizes: str
    policy: str
    prefetch: str
    effect: str


class Learning:
    """Turns of one cache's namespaces; `say` hears of each change with its reason."""

    def __init__(
        self, namespaces: Mapping[str, Cached[Any]], say: Callable[[str, str, str], object]
    ) -> None:
        self.namespaces, self.turns = namespaces, deque[Turn](maxlen=KEPT)
        self._say = say
        self._before = {name: totals(one) for name, one in namespaces.items()}
        self._change: Change | None = None
        self._before_it: dict[str, Seen] = {}  # that change
        self._resting: dict[str, int] = {}
        self._number = 0

    def turn(self, now_ms: int) -> Turn:
        """Look, judge the last change, perhaps make another one."""
        self._number += 1
        seen = self._look()
        effect = self._judged(seen)
        change = None if self._change else self._suggested(seen)
        if change is not None:
            self._change, self._before_it = change, seen
            self._say("changed", change.what, change.why)
        said = dict.fromkeys(("sizes", "policy", "prefetch"), "")
        if change is not None:
            said[change.lever] = change.what
        done = Turn(
            now_ms,
            {name: frequencies_of(one) for name, one in seen.items()},
            {name: sequences_of(one) for name, one in self.namespaces.items()},
            {name: predictions_of(one) for name, one in self.namespaces.items()},
            change.why if change else "",
            **said,
            effect=effect,
        )
        self.turns.append(done)
        return done

    def _look(self) -> dict[str, Seen]:
        """Each namespace since the last turn."""
        seen = {}
        for name, one in self.namespaces.items():
            before, now = self._before[name], totals(one)
            self._before[name] = now
            since = [after - earlier for after, earlier in zip(now, before, strict=True)]
            load_ns = one.load_durations.summary().p50 or LOAD_NS
            seen[name] = Seen(
                since[0],
                since[1],
                since[2],
                load_ns,
                counts_of(one.memory).entries_max,
                since[3],
                since[4],
            )
        return seen

    def _judged(self, seen: dict[str, Seen]) -> str:
        """Whether the last change helped; what did not is undone."""
        change = self._change
        if change is None:
            return ""
        if sum(one.requests for one in seen.values()) < ENOUGH:
            return f"{change.what}: too few requests to tell"
        self._change, before = None, measure_of(self._before_it)
        # Loads that became slower or faster meanwhile are not the change's work.
        now = measure_of(
            {
                name: one._replace(load_ns=self._before_it[name].load_ns)
                for name, one in seen.items()
            }
        )
        went = f"a request waited {before / 1e3:,.1f} us before, {now / 1e3:,.1f} us now"
        if now <= before * change.goal:
            return f"kept: {change.what}; {went}"
        change.undo()
        self._resting[change.lever + change.about] = self._number + RESTS
        self._say("undone", change.what, went)
        return f"undone: {change.what}; {went}"

    def _suggested(self, seen: dict[str, Seen]) -> Change | None:
        """The first change that has a reason and does not rest; it is made."""
        if sum(one.requests for one in seen.values()) < ENOUGH:
            return None
        for suggest in (self._sizes, self._prefetch, self._policy):
            if (change := suggest(seen)) is not None:
                return change
        return None

    def _may(self, lever: str, about: str) -> bool:
        return self._resting.get(lever + about, 0) <= self._number

    def _sizes(self, seen: dict[str, Seen]) -> Change | None:
        """Room goes from where it saves least to where it may save most."""
        ranked = sorted(seen, key=lambda name: seen[name].pressure)
        if len(ranked) < 2 or not seen[ranked[-1]].pressure:
            return None
        giver, taker = ranked[0], ranked[-1]
        giver_entries = seen[giver].entries_max
        moved = min(giver_entries // MOVED, giver_entries - LEAST)
        if moved <= 0 or seen[taker].pressure < PRESSED * seen[giver].pressure:
            return None
        about = f"from {giver} to {taker}"
        if not self._may("sizes", about):
            return None
        share = counts_of(self.namespaces[giver].memory).bytes_max * moved // giver_entries
        self._move(giver, taker, (moved, share))
        why = f"{seen[taker].evictions:,} left {taker}, {seen[giver].evictions:,} left {giver}"
        what = f"{moved:,} entries {about}"
        undo = partial(self._move, taker, giver, (moved, share))
        return Change("sizes", about, what, why, undo)

    def _move(self, giver: str, taker: str, room: tuple[int, int]) -> None:
        """So many entries and bytes. Shrink the one first: the sum never grows."""
        for name, by in ((giver, -1), (taker, 1)):
            one = self.namespaces[name]
            held = counts_of(one.memory)
            one.resize(held.entries_max + by * room[0], held.bytes_max + by * room[1])

    def _prefetch(self, seen: dict[str, Seen]) -> Change | None:
        """Where learning leads to nothing it rests, and tries again later."""
        for name, found in seen.items():
            ahead = self.namespaces[name].ahead
            if ahead is None or not self._may("prefetch", name):
                continue
            if ahead.rests:  # a turn of listening comes before the next rest
                ahead.wake()
                continue
            if found.requests >= UNTAUGHT and not found.fetched:
                ahead.rests = True
                self._resting["prefetch" + name] = self._number + RESTS
                why = f"{found.requests:,} requests, and nothing worth a fetch"
                what = f"prefetch of {name} rests"
                return Change("prefetch", name, what, why, ahead.wake, 1.0 + HELPED)
        return None

    def _policy(self, seen: dict[str, Seen]) -> Change | None:
        """Try a fixed probation where the one that moves has grown far beyond it."""
        for name, found in seen.items():
            memory, counts = self.namespaces[name].memory, counts_of(self.namespaces[name].memory)
            target = max(1, counts.entries_max // PROBATION)
            if not found.evictions or counts.small_target < 4 * target:
                continue
            if not self._may("policy", name):
                continue
            memory.fix_small(target)
            why = f"evidence had moved it to {counts.small_target:,}"
            what = f"probation of {name} fixed at {target:,} entries"
            return Change("policy", name, what, why, partial(memory.fix_small, 0))
        return None


def totals(one: Cached[Any]) -> tuple[int, ...]:
    """Requests, hits, evictions, keys fetched ahead and used, since the namespace was made."""
    counts = counts_of(one.memory)
    figures = one.ahead.prefetch.figures().values() if one.ahead else ()
    used = sum(row["used"] for row in figures)
    fetched = sum(row["fetched"] for row in figures)
    # What came ahead was a miss of memory and a hit of the cache.
    hits, requests = counts.hits + one.given, counts.hits + counts.misses
    return requests, hits, counts.evictions, fetched, used


def measure_of(seen: dict[str, Seen]) -> float:
    """What a request waited for on average, in nanoseconds."""
    requests = sum(one.requests for one in seen.values())
    return sum(one.waited_ns for one in seen.values()) / requests if requests else 0.0


def frequencies_of(seen: Seen) -> dict[str, float]:
    """What was asked of a namespace."""
    ratio = seen.hits / seen.requests if seen.requests else 0.0
    return {
        "requests": seen.requests, "hit_ratio": round(ratio, 4), "evictions": seen.evictions,
        "load_us": seen.load_ns / 1e3, "entries_max": seen.entries_max,
    }  # fmt: skip


def sequences_of(one: Cached[Any]) -> dict[str, int]:
    """What is known to follow what."""
    if one.ahead is None:
        return {}
    synapses = one.ahead.prefetch.synapses
    return {
        "followers": len(synapses.followers), "companions": len(synapses.companions),
        "streams": len(one.ahead.prefetch.series),
    }  # fmt: skip


def predictions_of(one: Cached[Any]) -> dict[str, float]:
    """The share of what came ahead that was used, by source."""
    figures = one.ahead.prefetch.figures() if one.ahead else {}
    return {
        source: round(row["used"] / row["fetched"], 4)
        for source, row in figures.items()
        if row["fetched"]
    }
