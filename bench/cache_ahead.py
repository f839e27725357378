"""What does fetching ahead save, beside what others measured, and what does the learning cost?

The protocol: an LRU of the named size, buffer included, over the first 150,000 requests of a trace;
a key fetched ahead counts as present at the next request. The peers' figures were measured once
with libCacheSim 0.3.5; k+1 fetches the next number after every request.
"""

import gzip
from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import NamedTuple

from bench.figures import Absent, Figure
from bench.lru_ahead import Outcome, ahead, plain
from bench.market import SHARED
from bench.measuring import cpu_ns, interleaved, median
from engine.cache.prefetch import Prefetch
from engine.cache.synapses import Synapses

REQUESTS, PRECISION_MIN = 150_000, 0.85
TRACES = SHARED / "cache_traces"
TOLD = 16  # of so many hits one is noted in the engine
COSTED, COST_REQUESTS, ROUNDS = "orm_busy", 20_000, 5
CAPACITY = 10_000


class Peers(NamedTuple):
    """Hit ratios in % that others reach on one trace, and the least that ours must."""

    size: int
    least: float
    obl: float
    pg: float
    mithril: float
    naive: float


ROWS = {
    "cloudphysics_io": Peers(5_000, 30.0, 20.71, 19.65, 30.31, 20.93),
    "corda": Peers(512, 33.33, 33.33, 33.33, 33.33, 33.52),
    "loop": Peers(500, 99.0, 99.50, 0.0, 0.0, 99.90),
    "multi3": Peers(1_500, 73.0, 46.79, 44.35, 47.09, 76.85),
    "oltp": Peers(5_000, 85.0, 47.73, 46.31, 46.96, 83.46),
    "orm_busy": Peers(5_000, 85.4, 82.90, 82.99, 83.42, 82.22),
    "p3": Peers(20_000, 94.0, 87.01, 2.25, 2.25, 98.06),
    "sprite": Peers(400, 87.0, 73.47, 71.06, 73.24, 89.28),
}


def figures() -> list[Figure]:
    """The table, a row a trace, and the cost of learning."""
    if not TRACES.is_dir():
        raise Absent(f"no traces in {TRACES}")
    return [figure for name in ROWS for figure in saved(name)] + cost()


def trace(name: str, count: int = REQUESTS) -> list[int]:
    """The first keys of a trace."""
    with gzip.open(TRACES / f"{name}.txt.gz", "rt") as file:
        return [int(line) for line in islice(file, count)]


def saved(name: str) -> list[Figure]:
    """One trace: ours beside the others, and ours when only one hit in sixteen is told."""
    keys, peers = trace(name), ROWS[name]
    alone, ours = plain(keys, peers.size), ahead(keys, peers.size)
    told = ahead(keys, peers.size, TOLD)
    met = (
        round(100 * ours.hit_ratio, 2) >= max(peers.least, round(100 * alone.hit_ratio, 2))
        and ours.precision >= PRECISION_MIN
        and (name != "corda" or ours.fetched == 0)
    )
    beside = f"OBL {peers.obl} PG {peers.pg} Mithril {peers.mithril} k+1 {peers.naive}"
    return [
        Figure(
            f"{name} {peers.size}: LRU {100 * alone.hit_ratio:.2f} {beside}",
            reached(ours),
            f">= {peers.least} %, 85 % used",
            met,
        ),
        Figure(
            f"{name}: only one hit in {TOLD} told",
            reached(told),
        ),
    ]


def reached(outcome: Outcome) -> str:
    """Hit ratio and precision in words."""
    used = f"{100 * outcome.precision:.0f} % of fetches used" if outcome.fetched else "no fetches"
    return f"{100 * outcome.hit_ratio:.2f} %, {used}"


def cost() -> list[Figure]:
    """What is added to a hit that is noted and to a miss, beside `dict.get`."""
    keys = trace(COSTED, COST_REQUESTS)
    held = dict.fromkeys(keys[: COST_REQUESTS // 2])
    ours = Prefetch(ROWS[COSTED].size, Synapses(capacity=CAPACITY))
    jobs: dict[str, Callable[[], None]] = {
        "get": lambda: each(held.get, keys),
        "note": lambda: each(ours.note, keys),
        "miss": lambda: misses(ours, keys, held),
    }
    taken = interleaved({name: partial(cpu_ns, job) for name, job in jobs.items()}, ROUNDS)
    ns = {name: median(values) / len(keys) for name, values in taken.items()}
    return [
        Figure(
            f"{what}, beside dict.get {ns['get']:.0f} ns",
            f"{ns[name]:,.0f} ns, {ns[name] / ns['get']:.1f} times",
        )
        for name, what in (("note", "a hit that is noted"), ("miss", "learning from a miss"))
    ]


def each(call: Callable[[int], object], keys: list[int]) -> None:
    """One call a key."""
    for key in keys:
        call(key)


def misses(ours: Prefetch, keys: list[int], held: dict[int, None]) -> None:
    """Every request a miss."""
    for now, key in enumerate(keys):
        ours.used(key)
        ours.wanted(key, held, missed=True, now=now)
