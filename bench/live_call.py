"""What does one live call cost: the caches warm in a loop, and cold at a real event's distance?

The events are those of a paper run, the venue's reports among them, recorded once; each variant
then takes the same ones, so every call does the work it does in life.
"""

import time
from collections.abc import Callable
from typing import Any

from bench.figures import Figure
from bench.market import BARS_ALONE, NEVER_STOPPED, Bars, begins_ns, driven, minutes, opened
from bench.measuring import median, no_collection, percentile, pinned, timer_ns
from engine.messages import RECORD_SIZE, split

EVENTS = 50_000
ROUNDS = 7
MEAN_MAX_NS, P99_MAX_NS = 150, 1_000
COLD_EVENTS, COLD_PER_SECOND = 500, 200
FLUSHED = bytes(range(256)) * (16 << 12)  # 16 MiB read between two calls
CHANGES = [*BARS_ALONE, *NEVER_STOPPED]

Call = Callable[[bytes], object]


def figures() -> list[Figure]:
    """`process` alone, then with the simulated venue's turn after it."""
    bars = minutes()
    part = split(bars.records[: EVENTS * RECORD_SIZE // 2])
    events = list(driven(opened(CHANGES, begins_ns(part[0])), part))[:EVENTS]
    with pinned(), no_collection():
        warm = warm_figures(events, bars)
        cold = cold_figures(events)
    return [*warm, *cold]


def process_of(core: Any) -> Call:
    """The call as a live venue sees it."""
    process: Call = core.process
    return process


def paper_turn_of(core: Any) -> Call:
    """The call and the simulated venue's answer to it, as on paper."""
    process, attend = core.process, core.attend

    def turn(event: bytes) -> None:
        process(event)
        attend(event)

    return turn


VARIANTS = {"process": process_of, "process + attend": paper_turn_of}


def warm_figures(events: list[bytes], bars: Bars) -> list[Figure]:
    """Mean by processor time, the empty loop taken off; percentiles by the clock, less its cost."""
    means: dict[str, list[int]] = {name: [] for name in VARIANTS}
    worst: dict[str, list[int]] = {name: [] for name in VARIANTS}
    for _ in range(ROUNDS):
        for name, call_of in VARIANTS.items():
            means[name].append(mean_ps(call_of(fresh(events)), events))
            worst[name].append(percentile(durations(call_of(fresh(events)), events), 0.99))
    rows = []
    for name in VARIANTS:
        mean, p99 = median(means[name]) / 1000, median(worst[name]) - timer_ns()
        judged = name == "process"
        rows += [
            Figure(
                f"live call, {name}, warm, pinned, {bars.source}",
                f"mean {mean:.0f} ns",
                f"<= {MEAN_MAX_NS} ns" if judged else "",
                mean <= MEAN_MAX_NS if judged else None,
            ),
            Figure(
                f"  the same, 99 of 100, timer ({timer_ns()} ns) taken off",
                f"p99 {p99} ns",
                f"<= {P99_MAX_NS} ns" if judged else "",
                p99 <= P99_MAX_NS if judged else None,
            ),
        ]
    return rows


def cold_figures(events: list[bytes]) -> list[Figure]:
    """At a real rate, with other work having had the caches in between."""
    rows = []
    for name, call_of in VARIANTS.items():
        cold = cold_durations(call_of(fresh(events)), events)
        spread = [percentile(cold, share) - timer_ns() for share in (0.5, 0.99)]
        rows.append(
            Figure(
                f"  {name}, cold: {COLD_PER_SECOND}/s, caches flushed between",
                f"p50 {spread[0] / 1000:.1f} us, p99 {spread[1] / 1000:.1f} us",
            )
        )
    return rows


def fresh(events: list[bytes]) -> Any:
    """An engine before these events."""
    return opened(CHANGES, begins_ns(events[0]))


def mean_ps(call: Call, events: list[bytes]) -> int:
    """Picoseconds of processor time a call, the loop around it taken off."""
    began = time.process_time_ns()
    for event in events:
        call(event)
    between = time.process_time_ns()
    for _event in events:
        pass
    empty = time.process_time_ns() - between
    return (between - began - empty) * 1000 // len(events)


def durations(call: Call, events: list[bytes]) -> list[int]:
    """Each call by the clock, in nanoseconds."""
    clock = time.perf_counter_ns
    taken = [0] * len(events)
    for number, event in enumerate(events):
        began = clock()
        call(event)
        taken[number] = clock() - began
    return taken


def cold_durations(call: Call, events: list[bytes]) -> list[int]:
    """As `durations`, a few milliseconds and much else between two calls."""
    clock = time.perf_counter_ns
    taken, due = [], time.monotonic()
    for event in events[:COLD_EVENTS]:
        FLUSHED.count(255)
        due += 1 / COLD_PER_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
        began = clock()
        call(event)
        taken.append(clock() - began)
    return taken
