"""How long is the way of a record through decision and journal buffer, nothing synced?

The journal's thread writes and syncs meanwhile, as in life; nobody waits for it. A burst fits the
journal's ring, so that no append has to wait for the disk.
"""

import time

from bench.engines import Running, drained, running
from bench.figures import Figure
from bench.market import BARS_ALONE, NEVER_STOPPED, begins_ns, minutes
from bench.measuring import no_collection, percentile, timer_ns
from engine.messages import RECORD_SIZE, split

BURST, BURSTS = 1_500, 20  # records of the market; each brings two or three into the ring of 8,192
SPACED, SPACED_PER_SECOND = 1_000, 200
P99_MAX_NS = 20_000


def figures() -> list[Figure]:
    """Back to back, and at a real event rate."""
    bars = minutes()
    records = split(bars.records[: (BURST * (BURSTS + 1) + SPACED) * RECORD_SIZE])
    taken: list[int] = []
    with (
        running([*BARS_ALONE, *NEVER_STOPPED], begins_ns(bars.records)) as engine,
        no_collection(),
    ):
        burst(engine, records[:BURST])
        for number in range(1, BURSTS + 1):
            taken += burst(engine, records[number * BURST : (number + 1) * BURST])
        apart = spaced(engine, records[-SPACED:])
    p99 = percentile(taken, 0.99) - timer_ns()
    return [
        Figure(
            f"record in, decision and journal buffer, {bars.source}",
            shown(taken),
            f"p99 <= {P99_MAX_NS // 1000} us",
            p99 <= P99_MAX_NS,
        ),
        Figure(f"  the same at {SPACED_PER_SECOND} records a second", shown(apart)),
    ]


def shown(taken: list[int]) -> str:
    """Percentiles in microseconds, the timer's cost taken off."""
    timer = timer_ns()
    p50, p99, p999 = (percentile(taken, share) - timer for share in (0.5, 0.99, 0.999))
    return f"p50 {p50 / 1000:.1f}, p99 {p99 / 1000:.1f}, p99.9 {p999 / 1000:.1f} us"


def burst(engine: Running, records: list[bytes]) -> list[int]:
    """Each record's time by the clock, back to back; then the disk catches up."""
    clock, take = time.perf_counter_ns, engine.loop.take
    taken = [0] * len(records)
    for number, record in enumerate(records):
        began = clock()
        take(record)
        taken[number] = clock() - began
    drained(engine)
    return taken


def spaced(engine: Running, records: list[bytes]) -> list[int]:
    """Each record's time by the clock, a few milliseconds of sleep between two."""
    clock, take = time.perf_counter_ns, engine.loop.take
    taken, due = [], time.monotonic()
    for record in records:
        due += 1 / SPACED_PER_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
        began = clock()
        take(record)
        taken.append(clock() - began)
        engine.loop.release()
    drained(engine)
    return taken
