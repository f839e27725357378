"""Does the thousandth order cost what the hundred-thousandth does? Runs of growing length, one density.

The same block of minutes is repeated, so every run trades alike and only its length differs. The
shorter a run, the more often it is repeated: each figure rests on about the same number of orders.
"""

from typing import Any

import numpy as np

from bench.figures import Figure
from bench.market import MINUTE_NS, NEVER_STOPPED, begins_ns, minutes, opened
from bench.measuring import cpu_ns, interleaved
from engine.core import run_history
from engine.layout import dtype_of
from engine.messages import RECORD

LENGTHS = (1_000, 10_000, 100_000)
ROUNDS = 5
ALLOWED = 1.20
BLOCK_BARS = 2_600
# Averages of two and three bars cross all the time: about one order in three bars.
CHANGES = [
    *NEVER_STOPPED,
    "strategy.agent=ema_cross",
    "strategy.ema_cross.bars_min=30",
    "indicators.macd_fast=2",
    "indicators.macd_slow=3",
    "schedule.interval_seconds=0",
    "sizing.lots_fixed=100",
    "sizing.stop_loss=0",
    "paper.taker_fee_ppm=0",  # or a hundred thousand orders would spend all the cash
    "paper.slippage_ppm=0",
    "features.half_spread_ticks=0",
    "paper.volume_share_ppm=1000000000",
    f"run.heartbeat_ns={MINUTE_NS}",
]


def figures() -> list[Figure]:
    """Processor time per order, the bars it took included, at each length."""
    block = np.frombuffer(minutes().records, dtype_of(RECORD))[:BLOCK_BARS]
    density = orders_of(traded(repeated(block, 1))) / BLOCK_BARS
    records = {goal: repeated(block, goal / density / BLOCK_BARS) for goal in LENGTHS}
    count = {goal: orders_of(traded(records[goal])) for goal in LENGTHS}

    def picoseconds(goal: int) -> int:
        times = max(LENGTHS) // goal
        spent = sum(spent_ns(records[goal]) for _ in range(times))
        return spent * 1_000 // (times * count[goal])

    cost = interleaved({f"{goal}": lambda goal=goal: picoseconds(goal) for goal in LENGTHS}, ROUNDS)
    worst = max(cost.values()) / min(cost.values())
    slope = (cost["100000"] * count[100_000] - cost["1000"] * count[1_000]) / (
        count[100_000] - count[1_000]
    )
    return [
        Figure(
            f"an order and its {1 / density:.1f} bars, {minutes().source} repeated",
            " ".join(f"{count[goal]:,}: {cost[str(goal)] / 1000:.0f} ns," for goal in LENGTHS)[:-1],
            f"within {ALLOWED - 1:.0%}",
            worst <= ALLOWED,
        ),
        Figure("  dearest over cheapest; slope", f"x{worst:.2f}; {slope / 1000:.0f} ns"),
    ]


def repeated(block: Any, times: float) -> bytes:
    """The block again and again, its time going on."""
    whole = int(np.ceil(times))
    records = np.tile(block, whole)
    shift_ns = np.repeat(np.arange(whole) * len(block) * MINUTE_NS, len(block))
    records["time_ns"] += shift_ns
    records["received_ns"] += shift_ns
    return records[: int(times * len(block))].tobytes()


def traded(records: bytes) -> Any:
    """A core that has run these records."""
    core = opened(CHANGES, begins_ns(records))
    for _ in run_history(core, records):
        pass
    return core


def spent_ns(records: bytes) -> int:
    """Processor time of running these records on a fresh core."""
    core = opened(CHANGES, begins_ns(records))
    return cpu_ns(lambda: sum(len(batch) for batch in run_history(core, records)))


def orders_of(core: Any) -> int:
    """How many orders it sent."""
    return int(core.state.orders.submitted)
