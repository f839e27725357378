"""How many bars a second does a backtest run on one core, orders and risk included?"""

from functools import partial
from typing import Any

from bench.figures import Figure
from bench.market import BARS_ALONE, NEVER_STOPPED, Bars, begins_ns, minutes, opened
from bench.measuring import cpu_ns, interleaved, median
from engine.core import run_history

ROUNDS = 25
BARS_PER_SECOND_MIN, BARS_PER_SECOND_AIM = 5e6, 15e6


def figures() -> list[Figure]:
    """The default profile on one symbol: trading to the last bar, and as shipped."""
    bars = minutes()
    changes = {"to the end": [*BARS_ALONE, *NEVER_STOPPED], "as shipped": BARS_ALONE}
    last: dict[str, Any] = {}

    def timed(name: str) -> int:
        core = last[name] = opened(changes[name], begins_ns(bars.records))
        return cpu_ns(lambda: sum(len(batch) for batch in run_history(core, bars.records)))

    taken = interleaved({name: partial(timed, name) for name in changes}, ROUNDS)
    return [
        *to_the_end(bars, taken["to the end"], last["to the end"].state),
        as_shipped(bars, taken["as shipped"], last["as shipped"].state),
    ]


def to_the_end(bars: Bars, taken_ns: list[int], state: Any) -> list[Figure]:
    """The honest figure: it trades from the first bar to the last."""
    usual_ns, best_ns = median(taken_ns) / bars.number, min(taken_ns) / bars.number
    rate = 1e9 / usual_ns
    return [
        Figure(
            f"backtest, hot, {bars.number:,} {bars.source}",
            speed(rate, state),
            f">= {BARS_PER_SECOND_MIN / 1e6:.0f} M bars/s",
            rate >= BARS_PER_SECOND_MIN,
        ),
        Figure(
            "  the same against the aim",
            f"{usual_ns:.0f} ns a bar with its heartbeat, best {best_ns:.0f}",
            f"aim {BARS_PER_SECOND_AIM / 1e6:.0f} M bars/s",
            rate >= BARS_PER_SECOND_AIM,
            is_aim=True,
        ),
    ]


def as_shipped(bars: Bars, taken_ns: list[int], state: Any) -> Figure:
    """The drawdown breaker may halt it early, and then it decides nothing more."""
    halted = ", then halted" if state.breakers.stopped else ""
    return Figure("  as shipped" + halted, speed(bars.number / median(taken_ns) * 1e9, state))


def speed(rate: float, state: Any) -> str:
    """The rate and the work that was in it."""
    orders, fills = state.orders.submitted, state.account.fills
    return f"{rate / 1e6:.2f} M bars/s ({orders:,} orders, {fills:,} fills)"
