"""What does a finished backtest look like? Its curves, limits and words, ready to be drawn."""

from typing import Any

from engine.backtest import Finished
from engine.layout import dtype_of
from engine.messages import RECORD
from engine.statistics.curves import as_rows, at_once, traced, without_costs
from engine.statistics.equity import EquityCurve, Points
from engine.statistics.trades import round_trips
from supreme_cli import report
from supreme_cli.chart import Chart, Curve, Limit

# Each drawdown limit of a profile, and what happens from there on.
LIMITS = {
    "breakers.drawdown_half": "half size",
    "breakers.drawdown_conservative": "conservative",
    "breakers.drawdown_stop": "close and halt",
}


def picture_of(finished: Finished) -> Chart:
    """The chart of a backtest: net of costs, without them, buy and hold; and the drawdown."""
    result, market = finished.result, finished.market
    net, gross, held = points_of(finished)
    verdict, _, reason = report.verdict_words(result).partition(": ")
    begin_ns = result.period.begin_ns
    each = " each" if len(market.instruments) > 1 else ""
    values = finished.profile.values
    trades = round_trips(finished.course.fills, market.instruments)
    return Chart(
        title=f"{report.in_words(finished).title}: {verdict}",
        subtitle=f"{report.period_words(result)}; {reason}",
        unit=market.instruments[0].quote,
        curves=[
            equity(finished, "net of costs", net),
            equity(finished, "without costs", gross),
            equity(finished, f"buy and hold, {result.holding.limit * 100:g} %{each}", held),
        ],
        drawdown=Curve("drawdown", [begin_ns, *net.times_ns], [0.0, *net.drawdown]),
        limits=[Limit(float(values[key]), words) for key, words in LIMITS.items()],
        entries=[trade.opened_ns for trade in trades],
        exits=[trade.closed_ns for trade in trades if trade.closed_ns],
        halted_ns=result.risk.stopped_ns,
        simulated=market.simulated,
    )


def points_of(finished: Finished) -> tuple[Points, Points, Points]:
    """What the account went through net of costs and without them, and buying and holding."""
    import numpy as np

    instruments, money = finished.market.instruments, finished.result.money
    rows = np.frombuffer(finished.market.records, dtype_of(RECORD))
    fills = as_rows(finished.course.fills)
    beside_fees_e8 = money.costs.spread_e8 + money.costs.slippage_e8
    spread = int(finished.profile.values["features.half_spread_ticks"])

    def through(taken: Any) -> Points:
        return traced(EquityCurve(instruments, money.cash_e8, spread), rows, taken)

    return (
        through(fills),
        through(without_costs(fills, instruments, beside_fees_e8)),
        through(at_once(finished.result.holding.bought, rows)),
    )


def equity(finished: Finished, label: str, points: Points) -> Curve:
    """Points as a curve in quote that begins with the cash."""
    begin_ns, cash_e8 = finished.result.period.begin_ns, finished.result.money.cash_e8
    return Curve(label, [begin_ns, *points.times_ns], [cash_e8 / 1e8, *(points.equity_e8 / 1e8)])
