"""How is a duration measured so that a busy machine cannot fool us? CPU time, medians, rounds."""

import gc
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

TIMER_CALLS = 5_001
PAUSE_SECONDS = 0.1  # rounds apart, so that one neighbour's burst does not fall on all of them


def cpu_ns(job: Callable[[], object]) -> int:
    """Processor time of this process that one job took."""
    began = time.process_time_ns()
    job()
    return time.process_time_ns() - began


def interleaved(jobs: dict[str, Callable[[], int]], rounds: int) -> dict[str, list[int]]:
    """Each job's own figures from rounds that run all of them in turn.

    A job measures itself and returns nanoseconds. It runs twice, and the second counts: hot is
    what is asked for, and the pause between rounds cools everything.
    """
    taken: dict[str, list[int]] = {name: [] for name in jobs}
    with no_collection():
        for _ in range(rounds):
            for name, job in jobs.items():
                job()
                taken[name].append(job())
            time.sleep(PAUSE_SECONDS)
    return taken


def median(values: Sequence[int]) -> int:
    """The middle one of the values."""
    return percentile(values, 0.50)


def percentile(values: Sequence[int], share: float) -> int:
    """The value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def timer_ns() -> int:
    """What reading the clock itself adds to an interval: the median of many."""
    read = [time.perf_counter_ns() for _ in range(TIMER_CALLS)]
    return median([after - before for before, after in pairwise(read)])


@contextmanager
def no_collection() -> Iterator[None]:
    """Without the garbage collector's pauses; everything alive is left out of later ones."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


@contextmanager
def pinned() -> Iterator[int]:
    """On the last of the allowed cores only; yields its number."""
    allowed = os.sched_getaffinity(0)
    core = max(allowed)
    os.sched_setaffinity(0, {core})
    try:
        yield core
    finally:
        os.sched_setaffinity(0, allowed)
