"""How much does the engine's own process take in, from a socket to its journal?

`supreme run` in a process of its own, what sends in another; three separate runs of a minute each.
What counts is what the verified journal holds. SUPREME_BENCH_RUN_SECONDS makes the runs shorter.
"""

import os
import tempfile
from statistics import median

from bench.engine_orders import orders
from bench.figures import Figure
from bench.market import NEVER_STOPPED
from bench.spawned import SECONDS, Kept, at, begun, beside, said, spawned, watched

RUNS = 3
FEED_MIN, JSON_MIN = 100_000, 60_000
CHANGES = [word for change in NEVER_STOPPED for word in ("--set", change)]


def figures() -> list[Figure]:
    """Records of a local feed, as an exchange tells them, and orders."""
    return [
        *records_told("local feed", [fed() for _ in range(RUNS)], FEED_MIN),
        *records_told("Binance JSON", [told() for _ in range(RUNS)], JSON_MIN),
        *orders(RUNS),
    ]


def records_told(way: str, runs: list[Kept], least: int) -> list[Figure]:
    """The slowest run counts: each of them has to hold."""
    rates = sorted(run.market / run.seconds for run in runs)
    spent = median(run.spent_s / run.market for run in runs)
    busy = median(run.spent_s / run.seconds for run in runs)
    shown = ", ".join(f"{rate / 1e3:,.0f}" for rate in rates)
    return [
        Figure(
            f"engine process, {way}, from a socket to the journal",
            f"{shown} k records/s in {len(runs)} x {runs[0].seconds:.0f} s",
            f"each >= {least / 1e3:.0f} k/s",
            rates[0] >= least,
        ),
        Figure("  its processor time", f"{spent * 1e6:.1f} us a record, {busy:.0%} of a core"),
    ]


def fed() -> Kept:
    """One run on a local feed."""
    with tempfile.TemporaryDirectory(prefix="supreme-bench-") as folder:
        path = os.path.join(folder, "feed", "socket")
        with (
            spawned(["--feed", path, *CHANGES]) as engine,
            beside("bench.engine_feeder", path) as feeder,
        ):
            said(feeder)
            return watched(engine, SECONDS)


def told() -> Kept:
    """One run on an exchange's streams."""
    with (
        beside("bench.engine_venue", "flood") as venue,
        spawned(["--profile", "binance-paper", *CHANGES], at(said(venue))) as engine,
    ):
        begun(engine)
        return watched(engine, SECONDS)
