"""What does the cache's first tier cost beside a dict and its peers, and what does it keep?

Hits and sets are by 10,000 str keys; a hit carries TTL, counter and learning on 1 in 16. Hit ratios
are of recorded requests, beside the best of nine policies (the table beside the tests).
"""

import functools
import itertools
import os
import statistics
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from bench.figures import Figure
from bench.market import SHARED, native
from bench.measuring import cpu_ns, interleaved, median
from engine.cache.memory import FOREVER_NS, Memory, memory_of
from engine.core import ROOT
from tests.engine.cache import memories
from tests.engine.cache.test_memory_policy import (
    BEST,
    CHANGING,
    CHANGING_MIN,
    REGRET_MAX,
    REGRET_MEAN_MAX,
    percent,
)

ENTRIES, ASKED, BATCH, ROUNDS = 10_000, 20_000, 100, 31
BYTES_MAX = 1 << 40
DICT_RATIO_MAX, DICT_RATIO_AIM, LRU_RATIO_MAX, CACHETOOLS_RATIO_MIN = 3.5, 1.5, 2.0, 3.0
SET_MAX_NS, MANY_MIN_PER_SECOND = 1_500, 5e6
BESIDE_MAX_BYTES, MEMORIES = 160, 20
KEYS = [f"k:{number:08d}" for number in range(ENTRIES)]
VALUE = object()


def figures() -> list[Figure]:
    """Time, then memory, then what is kept."""
    return [*times(), *sizes(), *kept()]


def filled(compiled: Any) -> Memory:
    """A full memory that learns from what it is asked."""
    learnt: deque[Any] = deque(maxlen=4096)
    memory = memory_of(compiled, (ENTRIES, BYTES_MAX), len, learnt.append)
    for key in KEYS:
        memory.set(key, VALUE, FOREVER_NS, None, 1)
    return memory


def asking(get: Callable[[Any], Any], keys: list[str]) -> Callable[[], None]:
    """A job that asks for every key."""

    def job() -> None:
        for key in keys:
            get(key)

    return job


def asking_many(memory: Memory, keys: list[str]) -> Callable[[], None]:
    """The same in batches."""
    batches = [keys[at : at + BATCH] for at in range(0, len(keys), BATCH)]

    def job() -> None:
        for batch in batches:
            memory.get_many(batch)

    return job


def setting(memory: Memory) -> Callable[[], None]:
    """A job that sets keys which were never there, into a full memory."""
    numbers = itertools.count()

    def job() -> None:
        for key in [f"n:{next(numbers):012d}" for _ in range(ASKED)]:
            memory.set(key, VALUE, FOREVER_NS, None, 1)

    return job


def jobs() -> dict[str, Callable[[], None]]:
    """Everything that is measured in turn."""
    draw = Random(7)
    keys = [KEYS[draw.randrange(ENTRIES)] for _ in range(ASKED)]
    compiled, plain = filled(native()), filled(None)
    cached = functools.lru_cache(ENTRIES)(lambda _key: VALUE)
    made = {
        "dict": asking(dict.fromkeys(KEYS, VALUE).get, keys),
        "ours": asking(compiled.get, keys),
        "plain": asking(plain.get, keys),
        "lru_cache": asking(cached, keys),
        "many": asking_many(compiled, keys),
        "set": setting(filled(native())),
        "plain set": setting(filled(None)),
    }
    try:
        from cachetools import LRUCache
    except ImportError:
        return made
    peer: Any = LRUCache(ENTRIES)
    peer.update(dict.fromkeys(KEYS, VALUE))
    return made | {"cachetools": asking(peer.get, keys)}


def times() -> list[Figure]:
    """Nanoseconds an operation, the loop included: ratios of one run."""
    timed = {name: lambda job=job: cpu_ns(job) for name, job in jobs().items()}
    taken = interleaved(timed, ROUNDS)
    each = {name: median(values) / ASKED for name, values in taken.items()}
    return [*hits(each), *others(each)]


def hits(each: dict[str, float]) -> list[Figure]:
    """A hit beside a bare dict and two peers."""
    ours, bare = each["ours"], each["dict"]
    return [
        Figure(
            f"L1 hit with TTL, counter, sampled learning (dict.get {bare:.0f} ns)",
            f"{ours:.0f} ns: x{ours / bare:.2f} dict.get",
            f"<= x{DICT_RATIO_MAX}",
            ours <= DICT_RATIO_MAX * bare,
        ),
        Figure(
            "  the same against the aim",
            f"x{ours / bare:.2f} dict.get",
            f"aim x{DICT_RATIO_AIM}",
            ours <= DICT_RATIO_AIM * bare,
            is_aim=True,
        ),
        Figure(
            f"  beside functools.lru_cache ({each['lru_cache']:.0f} ns)",
            f"x{ours / each['lru_cache']:.2f} its time",
            f"<= x{LRU_RATIO_MAX:.0f}",
            ours <= LRU_RATIO_MAX * each["lru_cache"],
        ),
        beside_cachetools(ours, each.get("cachetools")),
    ]


def others(each: dict[str, float]) -> list[Figure]:
    """Batches, sets, and all of it without a compiler."""
    per_second, bare = 1e9 / each["many"], each["dict"]
    return [
        Figure(
            f"  get_many of {BATCH}",
            f"{per_second / 1e6:.1f} M hits/s",
            f">= {MANY_MIN_PER_SECOND / 1e6:.0f} M hits/s",
            per_second >= MANY_MIN_PER_SECOND,
        ),
        Figure(
            "L1 set with eviction, the key's making included",
            f"{each['set']:.0f} ns",
            f"<= {SET_MAX_NS:,} ns",
            each["set"] <= SET_MAX_NS,
        ),
        Figure(
            "  where nothing could be compiled",
            f"hit {each['plain']:.0f} ns: x{each['plain'] / bare:.1f}; set {each['plain set']:.0f}",
        ),
    ]


def beside_cachetools(ours: float, theirs: float | None) -> Figure:
    """Its LRU, when it is installed."""
    if theirs is None:
        return Figure("  beside cachetools LRU", "not measured: cachetools is not installed")
    return Figure(
        f"  beside cachetools LRU ({theirs:.0f} ns)",
        f"{theirs / ours:.1f} times faster",
        f">= {CACHETOOLS_RATIO_MIN:.0f} times",
        theirs >= CACHETOOLS_RATIO_MIN * ours,
    )


def sizes() -> list[Figure]:
    """What a full memory takes beside keys and values, ghosts included, once keys have changed."""
    rows = []
    for form, promised in (("compiled", True), ("plain", False)):
        command = [sys.executable, "-m", "bench.cache_memory", form]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        beside = float(done.stdout)
        rows.append(
            Figure(
                f"L1 memory an entry beside key and value, {form}, {ENTRIES:,} entries",
                f"{beside:.0f} bytes",
                f"<= {BESIDE_MAX_BYTES} bytes" if promised else "",
                beside <= BESIDE_MAX_BYTES if promised else None,
            )
        )
    return rows


def beside(form: str) -> float:
    """Growth of the resident set for each entry of several full memories over the same keys."""
    compiled = native() if form == "compiled" else None
    keys = [f"k:{number:08d}" for number in range(3 * ENTRIES)]
    held, before = [], 0
    for number in range(MEMORIES + 1):
        if number == 1:  # the first one brought what is brought once
            before = resident()
        held.append(memory_of(compiled, (ENTRIES, BYTES_MAX), len))
        for key in keys:
            held[-1].set(key, VALUE, FOREVER_NS, None, 1)
    return (resident() - before) / (MEMORIES * ENTRIES)


def resident() -> int:
    """This process's resident set in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def kept() -> list[Figure]:
    """All rows of recorded requests against the best of nine policies."""
    if not (SHARED / "cache_traces").is_dir():
        return [Figure("L1 hit ratios", f"not measured: no cache_traces in {SHARED}")]
    ratios = {row: percent(memories.recorded(SHARED, row[0]), row[1]) for row in BEST}
    regrets = {row: max(0.0, best - ratios[row]) for row, best in BEST.items()}
    mean, worst = statistics.fmean(regrets.values()), max(regrets, key=lambda row: regrets[row])
    rows = [
        Figure(f"    {name}, {size:,} entries", f"{ratio:.1f} %, best of nine {BEST[name, size]}")
        for (name, size), ratio in ratios.items()
    ]
    return [
        Figure(
            f"L1 hit ratio, mean regret to the best of nine over {len(BEST)} rows",
            f"{mean:.2f} points",
            f"<= {REGRET_MEAN_MAX} points",
            mean <= REGRET_MEAN_MAX,
        ),
        Figure(
            f"  the worst: {worst[0]}, {worst[1]:,} entries",
            f"{regrets[worst]:.1f} points",
            f"<= {REGRET_MAX:.0f} points",
            regrets[worst] <= REGRET_MAX,
        ),
        Figure(
            f"  after a change of phase: {CHANGING[0]}, {CHANGING[1]} entries",
            f"{ratios[CHANGING]:.1f} %",
            f">= {CHANGING_MIN} %",
            ratios[CHANGING] >= CHANGING_MIN,
        ),
        *rows,
    ]


if __name__ == "__main__":
    print(beside(sys.argv[1]))
