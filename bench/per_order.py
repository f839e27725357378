"""Does the thousandth order cost what the hundred-thousandth does? Ever longer runs of one density.

The same block of minutes is repeated, so every run trades alike and only its length differs. The
shorter a run, the more often it is repeated: each figure rests on about the same number of orders.
"""

from typing import Any

import numpy as np

from bench.figures import Figure
from bench.market import MINUTE_NS, NEVER_STOPPED, begins_ns, minutes, opened
from bench.measuring import cpu_ns, interleaved, median
from engine.core import Span
from engine.layout import dtype_of
from engine.messages import RECORD, RECORD_SIZE

LENGTHS = (1_000, 10_000, 100_000)
ROUNDS = 7
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
    "paper.volume_share_ppm=1000000",
    f"run.heartbeat_ns={MINUTE_NS}",
]


def figures() -> list[Figure]:
    """Processor time per order, the bars between two orders included, at each length."""
    bars = minutes()
    block = np.frombuffer(bars.records, dtype_of(RECORD))[:BLOCK_BARS]
    span = Span()
    density = Run(repeated(block, 1), span).orders / BLOCK_BARS
    runs = [Run(repeated(block, goal / density / BLOCK_BARS), span) for goal in LENGTHS]
    jobs = {f"{run.orders:,}": run.picoseconds_an_order for run in runs}
    taken = interleaved(jobs, ROUNDS)
    cost = {orders: median(each) / 1000 for orders, each in taken.items()}
    spread = max(cost.values()) / min(cost.values())
    return [
        Figure(
            f"an order and its {1 / density:.1f} bars, dearest of three lengths over cheapest",
            f"x{spread:.2f}",
            f"<= x{ALLOWED}",
            spread <= ALLOWED,
        ),
        *(Figure(f"  in a run of {orders} orders", f"{ns:.0f} ns") for orders, ns in cost.items()),
    ]


class Run:
    """A run of one length, begun again and again from the same state."""

    def __init__(self, records: bytes, span: Span) -> None:
        self.records, self.span = records, span
        self.core = opened(CHANGES, begins_ns(records))
        self.begun = self.core.image()
        self._trade()
        self.orders = int(self.core.state.orders.submitted)

    def picoseconds_an_order(self) -> int:
        """Repeated until it rests on as many orders as the longest run has."""
        times = max(max(LENGTHS) // self.orders, 1)
        spent = 0
        for _ in range(times):
            self.core.restore(self.begun)
            spent += cpu_ns(self._trade)
        return spent * 1_000 // (times * self.orders)

    def _trade(self) -> None:
        self.span.start()
        while self.span.at.next * RECORD_SIZE < len(self.records):
            self.core.run_history(self.records, self.span.out, self.span.raw)
            self.span.yielded()


def repeated(block: Any, times: float) -> bytes:
    """The block again and again, its time going on."""
    whole = int(np.ceil(times))
    records = np.tile(block, whole)
    shift_ns = np.repeat(np.arange(whole) * len(block) * MINUTE_NS, len(block))
    records["time_ns"] += shift_ns
    records["received_ns"] += shift_ns
    return records[: int(times * len(block))].tobytes()
