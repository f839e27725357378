"""Which connection does a caller get, and which are made, asked or closed? A pool's decisions.

Nothing is connected here: each method answers with commands, and whoever carries them out reports
back. Idle connections first, the last used one of them, so that the others may age; then new ones.
"""

import math
from bisect import insort
from collections.abc import Iterator
from typing import NamedTuple

from engine.resilience.backoff import longest_ns
from engine.resilience.bulkhead import Line
from engine.resilience.demand import Demand, Room, allowed
from engine.resilience.settings import Backoff, PoolSettings
from engine.telemetry import Durations

CONNECTING, CHECKING, IDLE, BUSY = "connecting", "checking", "idle", "busy"
NS = 1_000_000_000
SAMPLE_NS = NS  # demand is sampled this often
CHECK_NS = 5 * NS  # longest time to answer a check
LINE_A_CONNECTION = 10  # waiting callers for each connection there may be


class Connect(NamedTuple):
    """Make a connection under this number; report `connected` or `lost`."""

    number: int


class Check(NamedTuple):
    """Ask it whether it is sound; report `checked` or `lost`."""

    number: int


class Close(NamedTuple):
    """Close it, or stop making it; nothing is reported."""

    number: int
    cause: str


class Lend(NamedTuple):
    """It is this caller's until given back."""

    number: int
    who: int


class Refuse(NamedTuple):
    """This caller gets none."""

    who: int
    cause: str


Command = Connect | Check | Close | Lend | Refuse


class Connection:
    """One connection: what it does, since when, and when it was last known to be sound."""

    __slots__ = ("checked_ns", "since_ns", "state", "used_ns")

    def __init__(self, now_ns: int) -> None:
        self.state, self.since_ns, self.used_ns, self.checked_ns = CONNECTING, now_ns, now_ns, 0

    def become(self, state: str, now_ns: int) -> None:
        """It does something else from now on."""
        self.state, self.since_ns = state, now_ns


class Pool:
    """All connections to one dependency. Commands are to be carried out in their order."""

    def __init__(self, settings: PoolSettings, backoff: Backoff | None = None) -> None:
        """`backoff` bounds how soon a connection is tried after one could not be made."""
        self.settings, self.backoff = settings, backoff or Backoff()
        self.connections: dict[int, Connection] = {}
        self.line = Line(
            LINE_A_CONNECTION * settings.max_connections, int(settings.connection_timeout * NS)
        )
        self.demand, self.waited, self.counts = Demand(), Durations(), dict.fromkeys(COUNTED, 0)
        self.limit, self.target = settings.max_connections, settings.min_connections
        self._idle: list[int] = []  # the last used last
        self._came: dict[int, int] = {}  # who -> when
        self._number = self._failed = self._retry_ns = self._sampled_ns = self._peak = 0
        self.is_closed = False

    def ask(self, who: int, now_ns: int) -> list[Command]:
        """A caller wants a connection. `who` is a number of its own."""
        if self.is_closed or not self.line.joins(who, now_ns):
            self.counts["refused"] += 1
            return [Refuse(who, "the pool is closed" if self.is_closed else "too many wait")]
        self._came[who] = now_ns
        return [*self._serve(now_ns)]

    def withdraw(self, who: int) -> None:
        """A caller no longer waits."""
        if self.line.leaves(who):
            del self._came[who]

    def give_back(self, number: int, now_ns: int, *, sound: bool = True) -> list[Command]:
        """A caller is done with a connection; one that may have broken is asked first."""
        if number not in self.connections:
            return []  # the pool was closed meanwhile
        self.connections[number].used_ns = now_ns
        if sound:
            return self._ready(number, now_ns)
        self.connections[number].become(CHECKING, now_ns)
        return [Check(number)]

    def connected(self, number: int, now_ns: int) -> list[Command]:
        """A connection was made. One that is no longer wanted is closed."""
        if number not in self.connections:
            return [Close(number, "too late")]
        self.counts["connected"] += 1
        self._failed = self._retry_ns = 0
        return [*self._ready(number, now_ns), *self._serve(now_ns)]

    def checked(self, number: int, now_ns: int) -> list[Command]:
        """A connection answered its check. One that was given up meanwhile stays so."""
        return self._ready(number, now_ns) if number in self.connections else []

    def lost(self, number: int, now_ns: int, cause: str) -> list[Command]:
        """A connection could not be made, did not answer, or broke; another takes its place."""
        one = self.connections.pop(number, None)
        if one is None:
            return []
        if one.state == IDLE:
            self._idle.remove(number)
        if one.state == CONNECTING:
            self.counts["not_connected"] += 1
            self._retry_ns = now_ns + longest_ns(self.backoff, self._failed)
            self._failed += 1
        else:
            self.counts["unsound"] += 1
        return [Close(number, cause), *self._serve(now_ns)]

    def tick(self, now_ns: int, room: Room | None = None) -> list[Command]:
        """Time has passed, and the box has this much room: what is due is done."""
        if room and self.settings.adaptive_scaling:
            self.limit = self._limit_in(room)
        commands: list[Command] = [
            Refuse(who, "none became free in time") for who in self.line.late(now_ns)
        ]
        for refused in commands:
            self.counts["late"] += 1
            del self._came[refused[0]]
        if now_ns >= self._sampled_ns + SAMPLE_NS:
            self._sample(now_ns)
        for number, cause in self._overdue(now_ns):
            commands += self.lost(number, now_ns, cause)
        commands += self._shrink(now_ns)
        commands += self._examine(now_ns)
        return [*commands, *self._serve(now_ns), *self._grow(now_ns)]

    def close(self) -> list[Command]:
        """Every caller is refused and every connection closed; none is given out again."""
        self.is_closed = True
        commands: list[Command] = [Refuse(who, "the pool is closed") for who in self._came]
        commands += [Close(number, "the pool is closed") for number in self.connections]
        self.connections.clear()
        self._idle.clear()
        while self.line:
            del self._came[self.line.first()]
        return commands

    def next_due_ns(self, now_ns: int) -> int:
        """When `tick` is due at the latest."""
        due = [now_ns + SAMPLE_NS, self.line.next_due_ns(), self._retry_ns]
        return min(at for at in due if at > now_ns)

    def metrics(self) -> dict[str, int | float]:
        """How many there are of each state, how long callers waited, and what happened so far."""
        waited = self.waited.summary()
        states = [one.state for one in self.connections.values()]
        return {
            **{state: states.count(state) for state in (IDLE, BUSY, CONNECTING, CHECKING)},
            "size": len(states),
            "target": self.target,
            "foreseen": self.demand.foreseen(),
            "waiting": len(self.line),
            **self.counts,
            "waited_p50_ns": waited.p50,
            "waited_p99_ns": waited.p99,
            "waited_longest_ns": waited.longest,
        }

    def _ready(self, number: int, now_ns: int) -> list[Command]:
        """A connection known to be sound: for whoever waits longest, or idle."""
        one = self.connections[number]
        one.checked_ns = now_ns
        if self.line:
            return [self._lend(number, self.line.first(), now_ns)]
        one.become(IDLE, now_ns)
        insort(self._idle, number, key=lambda other: self.connections[other].used_ns)
        return []

    def _lend(self, number: int, who: int, now_ns: int) -> Lend:
        one = self.connections[number]
        one.become(BUSY, now_ns)
        one.used_ns = now_ns
        self.waited.add(now_ns - self._came.pop(who))
        self.counts["lent"] += 1
        self._peak = max(self._peak, self._needed())
        return Lend(number, who)

    def _serve(self, now_ns: int) -> Iterator[Command]:
        """Connections for those who wait and have none on the way: idle ones, then new ones."""
        self._peak = max(self._peak, self._needed())
        while self._idle and self._coming() < len(self.line):
            number = self._idle.pop()
            self.connections[number].become(CHECKING, now_ns)
            yield Check(number)
        while self._coming() < len(self.line) and self._may_connect(now_ns, self.limit):
            yield self._connect(now_ns)

    def _grow(self, now_ns: int) -> Iterator[Command]:
        """Connections that will be needed."""
        while self._may_connect(now_ns, self.target) and not self.is_closed:
            yield self._connect(now_ns)

    def _connect(self, now_ns: int) -> Connect:
        self._number += 1
        self.connections[self._number] = Connection(now_ns)
        return Connect(self._number)

    def _may_connect(self, now_ns: int, most: int) -> bool:
        """Whether one more may be made; after a failure one at a time, and not at once."""
        if len(self.connections) >= most or now_ns < self._retry_ns:
            return False
        return not self._failed or self._count(CONNECTING) == 0

    def _limit_in(self, room: Room) -> int:
        """How many there may be in this much room."""
        chosen, size = self.settings, len(self.connections)
        return allowed(room, size, max(chosen.min_connections, 1), chosen.max_connections)

    def _sample(self, now_ns: int) -> None:
        """Demand since the last sample, and the size that follows from it."""
        self.demand.sample(self._peak)
        self._sampled_ns, self._peak = now_ns, self._needed()
        least = self.settings.min_connections
        foreseen = self.demand.foreseen() if self.settings.adaptive_scaling else least
        self.target = min(max(foreseen, least), self.limit)

    def _overdue(self, now_ns: int) -> list[tuple[int, str]]:
        """Connections that take too long to be made or to answer."""
        bounds = {CONNECTING: self.settings.connection_timeout * NS, CHECKING: CHECK_NS}
        return [
            (number, f"{one.state} took too long")
            for number, one in self.connections.items()
            if now_ns - one.since_ns >= bounds.get(one.state, math.inf)
        ]

    def _shrink(self, now_ns: int) -> Iterator[Command]:
        """Idle ones that nobody needs: unused for long, or more than the box has room for."""
        idle_ns = self.settings.idle_timeout * NS
        for number in [*self._idle]:  # the longest unused first
            unused = now_ns - self.connections[number].used_ns >= idle_ns
            least = self.target if unused else max(self.limit, self.settings.min_connections)
            if len(self.connections) > least:
                self._idle.remove(number)
                del self.connections[number]
                self.counts["aged" if unused else "crowded"] += 1
                yield Close(number, "unused" if unused else "no room")

    def _examine(self, now_ns: int) -> Iterator[Command]:
        """Idle ones that were not asked for long."""
        interval_ns = self.settings.health_check_interval * NS
        for number in [*self._idle]:
            one = self.connections[number]
            if now_ns - one.checked_ns >= interval_ns:
                self._idle.remove(number)
                one.become(CHECKING, now_ns)
                yield Check(number)

    def _needed(self) -> int:
        return self._count(BUSY) + len(self.line)

    def _coming(self) -> int:
        return self._count(CONNECTING) + self._count(CHECKING)

    def _count(self, state: str) -> int:
        return sum(one.state == state for one in self.connections.values())


COUNTED = ("lent", "refused", "late", "connected", "not_connected", "unsound", "aged", "crowded")
