"""When is a command on the wire, its cause durable: in a quiet engine, and in a saturated one?

The yardstick is a bare pwrite + fdatasync of the same bytes beside the journal, in the same rounds.
The market is the simulated one, its heartbeats included: about a thousand events for an order.
"""

import os
import select
import time
from collections import deque
from collections.abc import Iterator
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
RATIO_MAX = 1.5
BYTES = bytes(range(1, 129))  # an event and its command
BARE_FILE_SIZE = 1 << 20


class Event(NamedTuple):
    """What the engine takes in, and whether it then asks the venue for something."""

    record: bytes
    asks: bool


def figures() -> list[Figure]:
    """The three of them interleaved; a ratio is the median of each round's own."""
    upcoming = events()
    rounds: list[dict[str, list[int]]] = []
    with running(NEVER_STOPPED, START_NS) as engine, no_collection():
        for _ in range(ROUNDS):
            halves = [list(islice(upcoming, EVENTS // 2)) for _ in range(2)]
            taken = {"bare": bare(os.path.join(engine.directory, "bare"))}
            taken["quiet"] = quiet(engine, halves[0])
            taken["saturated"] = saturated(engine, halves[1])
            rounds.append(taken)
    return [
        Figure("bare pwrite + fdatasync of 128 bytes", shown(together(rounds, "bare"))),
        *(judged(rounds, name) for name in ("quiet", "saturated")),
    ]


def judged(rounds: list[dict[str, list[int]]], name: str) -> Figure:
    """One way of running against the bare sync of its own round: the disk has its moods."""
    permille = [median(taken[name]) * 1000 // median(taken["bare"]) for taken in rounds]
    ratio = median(permille) / 1000
    taken = together(rounds, name)
    return Figure(
        f"record in until its command is on the wire, {name} ({len(taken):,})",
        f"{shown(taken)}: x{ratio:.2f}",
        f"p50 <= x{RATIO_MAX}",
        ratio <= RATIO_MAX,
    )


def together(rounds: list[dict[str, list[int]]], name: str) -> list[int]:
    """One way's durations of all rounds."""
    return [duration for taken in rounds for duration in taken[name]]


def shown(taken: list[int]) -> str:
    """The usual and the rare, in microseconds."""
    p50, p99 = percentile(taken, 0.5), percentile(taken, 0.99)
    return f"p50 {p50 / 1000:.0f} us, p99 {p99 / 1000:.0f} us"


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


def bare(path: str) -> list[int]:
    """What the disk itself takes, by the clock."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.pwrite(fd, bytes(BARE_FILE_SIZE), 0)
        os.fsync(fd)
        taken = []
        for number in range(BARE_SYNCS):
            began = time.perf_counter_ns()
            os.pwrite(fd, BYTES, number * len(BYTES))
            os.fdatasync(fd)
            taken.append(time.perf_counter_ns() - began)
        return taken
    finally:
        os.close(fd)


def quiet(engine: Running, events: list[Event]) -> list[int]:
    """Nothing else is going on when it comes; the loop sleeps until the journal wakes it."""
    poll = select.epoll()
    poll.register(engine.journal.fileno(), select.EPOLLIN)
    taken: list[int] = []
    for event in events:
        if not event.asks:
            engine.loop.take(event.record)
            continue
        drained(engine)
        began = time.perf_counter_ns()
        engine.loop.take(event.record)
        while engine.loop.waiting:
            poll.poll()
            engine.journal.collect()
            engine.loop.release()
        taken.append(time.perf_counter_ns() - began)
    poll.close()
    drained(engine)
    return taken


def saturated(engine: Running, events: list[Event]) -> list[int]:
    """Events back to back on the loop's thread; each command leaves as soon as it may."""
    taken: list[int] = []
    began: deque[int] = deque()
    loop, clock = engine.loop, time.perf_counter_ns
    for event in events:
        at, waiting = clock(), len(loop.waiting)
        loop.take(event.record)
        began.extend([at] * (len(loop.waiting) - waiting))
        release(engine, began, taken)
    while loop.waiting:
        release(engine, began, taken)
    drained(engine)
    return taken


def release(engine: Running, began: deque[int], taken: list[int]) -> None:
    """Send what may be sent; the time since each one's cause came in."""
    before = len(engine.loop.waiting)
    if not before:
        return
    engine.loop.release()
    now = time.perf_counter_ns()
    sent = before - len(engine.loop.waiting)
    taken += [now - began.popleft() for _ in range(sent)]
