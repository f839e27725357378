"""When is a command on the wire, its cause durable: in a quiet engine, and in a saturated one?

The yardstick is a bare pwrite + fdatasync of the same bytes beside the journal, on the loop's own
thread. A disk that rests is slower than one asked back to back, so both are shown: the burst, and
a bare sync at every second moment at which the engine has a command, the engine at the others.
The market is the simulated one, its heartbeats included: about a thousand events for an order.
"""

import os
import select
import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from bench.engines import Running, drained, running
from bench.figures import Figure
from bench.market import NEVER_STOPPED, driven, opened
from bench.measuring import median, no_collection, percentile
from engine.market.simulated import START_NS, SimulatedMarket
from engine.messages import HEARTBEAT

ROUNDS = 8
BARE_SYNCS, EVENTS = 150, 60_000
QUIET_SECONDS = 0.002
RATIO_MAX = 1.5
BYTES = bytes(range(1, 129))  # an event and its command
BARE_FILE_SIZE = 1 << 20


class Event(NamedTuple):
    """What the engine takes in, and whether it then asks the venue for something."""

    record: bytes
    asks: bool


def figures() -> list[Figure]:
    """All interleaved; a ratio is the median of each round's own."""
    upcoming = events()
    rounds: list[dict[str, list[int]]] = []
    with running(NEVER_STOPPED, START_NS) as engine, no_collection():
        disk = Bare(os.path.join(engine.directory, "bare"))
        for _ in range(ROUNDS):
            taken: dict[str, list[int]] = {"burst": [disk.sync() for _ in range(BARE_SYNCS)]}
            for name, way in (("quiet", quiet), ("saturated", saturated)):
                taken[name], taken[f"{name}, bare"] = way(engine, disk, islice(upcoming, EVENTS))
            rounds.append(taken)
    return [
        Figure("bare pwrite + fdatasync of 128 bytes, back to back", shown(rounds, "burst")),
        *(figure for name in ("quiet", "saturated") for figure in judged(rounds, name)),
    ]


def judged(rounds: list[dict[str, list[int]]], name: str) -> list[Figure]:
    """One way of running against the bare syncs of its own round: the disk has its moods."""
    ratio, beside = (against(rounds, name, bare) for bare in (f"{name}, bare", "burst"))
    return [
        Figure(f"  the same at the moments of a {name} loop", shown(rounds, f"{name}, bare")),
        Figure(
            f"record in until its command is on the wire, {name}",
            f"{shown(rounds, name)}: x{ratio:.2f}",
            f"p50 <= x{RATIO_MAX}",
            ratio <= RATIO_MAX,
        ),
        Figure("  against the bare sync back to back", f"x{beside:.2f}"),
    ]


def against(rounds: list[dict[str, list[int]]], name: str, bare: str) -> float:
    """The median over the rounds of one median over the other."""
    return median([median(taken[name]) * 1000 // median(taken[bare]) for taken in rounds]) / 1000


def shown(rounds: list[dict[str, list[int]]], name: str) -> str:
    """The usual and the rare over all rounds, in microseconds, and of how many."""
    taken = [duration for one in rounds for duration in one[name]]
    p50, p99 = percentile(taken, 0.5), percentile(taken, 0.99)
    return f"p50 {p50 / 1000:.0f} us, p99 {p99 / 1000:.0f} us of {len(taken):,}"


def events() -> Iterator[Event]:
    """The simulated market's records and heartbeats, tried out on an engine of its own."""
    core = opened(NEVER_STOPPED, START_NS)
    asked = core.state.orders.submitted
    before = b""
    for record in driven(core, SimulatedMarket(1).trades()):
        if record[4] > HEARTBEAT:
            continue
        if before:
            yield Event(before, asks=core.state.orders.submitted > asked)
        before, asked = record, core.state.orders.submitted


class Bare:
    """What the disk itself takes, by the clock: writes of an event's and a command's size."""

    def __init__(self, path: str) -> None:
        self.fd, self.at = os.open(path, os.O_RDWR | os.O_CREAT, 0o600), 0
        os.pwrite(self.fd, bytes(BARE_FILE_SIZE), 0)
        os.fsync(self.fd)

    def sync(self) -> int:
        """Nanoseconds of one write and sync."""
        began = time.perf_counter_ns()
        os.pwrite(self.fd, BYTES, self.at)
        os.fdatasync(self.fd)
        taken = time.perf_counter_ns() - began
        self.at = (self.at + len(BYTES)) % BARE_FILE_SIZE
        return taken


def quiet(engine: Running, disk: Bare, events: Iterable[Event]) -> tuple[list[int], list[int]]:
    """Nothing else is going on when it comes; the loop does not sleep while a command waits."""
    poll = select.epoll()
    poll.register(engine.journal.fileno(), select.EPOLLIN)
    taken: list[int] = []
    bare: list[int] = []
    for event in events:
        if event.asks and len(bare) < len(taken):
            drained(engine)
            time.sleep(QUIET_SECONDS)
            bare.append(disk.sync())
        elif event.asks:
            drained(engine)
            time.sleep(QUIET_SECONDS)
            began = time.perf_counter_ns()
            engine.loop.take(event.record)
            while engine.loop.waiting:
                poll.poll(0)
                os.sched_yield()
                engine.loop.release()
            taken.append(time.perf_counter_ns() - began)
            continue
        engine.loop.take(event.record)
    poll.close()
    drained(engine)
    return taken, bare


def saturated(engine: Running, disk: Bare, events: Iterable[Event]) -> tuple[list[int], list[int]]:
    """Events back to back on the loop's thread; each command leaves as soon as it may."""
    taken: list[int] = []
    bare: list[int] = []
    began: deque[int] = deque()
    loop, clock = engine.loop, time.perf_counter_ns
    for event in events:
        if event.asks and len(bare) < len(taken):
            bare.append(disk.sync())
            loop.take(event.record)
            drained(engine)
            continue
        at, waiting = clock(), len(loop.waiting)
        loop.take(event.record)
        began.extend([at] * (len(loop.waiting) - waiting))
        release(engine, began, taken)
    while loop.waiting:
        release(engine, began, taken)
    drained(engine)
    return taken, bare


def release(engine: Running, began: deque[int], taken: list[int]) -> None:
    """Send what may be sent; the time since each one's cause came in."""
    before = len(engine.loop.waiting)
    if not before:
        return
    engine.loop.release()
    now = time.perf_counter_ns()
    sent = before - len(engine.loop.waiting)
    taken += [now - began.popleft() for _ in range(sent)]
