"""Do the curves of a run begin, turn and end where the account did, in few points?"""

import numpy as np
import pytest

from engine.backtest import Market, backtest
from engine.messages import MAKER, OrderFilled
from engine.profile import load_profile
from engine.statistics import curves
from engine.statistics.curves import COLUMNS, as_rows, telling, without_costs
from supreme_cli.backtest_picture import points_of
from tests.builders import E8, ETHER, MINUTE, START
from tests.engine.statistics.histories import bars, noise, waves


def finished_on(*series: list[int]):
    """The default profile's backtest on minutes of one or more symbols, closing together."""
    minutes = zip(*(bars(closes, number) for number, closes in enumerate(series)), strict=True)
    records = b"".join(record for minute in minutes for record in minute)
    instruments = [ETHER._replace(name=f"ETHUSDT{number}") for number in range(len(series))]
    market = Market(instruments, memoryview(records), MINUTE, simulated=False)
    return backtest(market, load_profile("scalping"), None, 1, lambda *_: None)


@pytest.mark.parametrize("series", [(waves(900),), (noise(500), waves(500), noise(500, seed=8))])
@pytest.mark.parametrize("at_once", [1 << 18, 7])
def test_they_end_where_the_figures_do(series, at_once, monkeypatch):
    """To the last digit, for one symbol and several, in pieces of any size."""
    monkeypatch.setattr(curves, "AT_ONCE", at_once)
    finished = finished_on(*series)
    money, holding = finished.result.money, finished.result.holding

    net, gross, held = points_of(finished)

    assert money.net_e8 != 0 != holding.limited_e8
    assert net.equity_e8[-1] == money.equity_e8
    assert gross.equity_e8[-1] == money.cash_e8 + money.gross_e8
    assert held.equity_e8[-1] == money.cash_e8 + holding.limited_e8
    assert net.drawdown.max() == finished.result.risk.drawdown_max
    assert all(np.all(np.diff(points.times_ns) >= 0) for points in (net, gross, held))


def test_costs_lie_between_net_and_gross_from_fill_to_fill():
    """The gap between the two only grows, and it begins with the first fill."""
    finished = finished_on(waves(900))

    net, gross, _ = points_of(finished)

    times = np.union1d(net.times_ns, gross.times_ns)
    paid = [np.interp(times, points.times_ns, points.equity_e8 / E8) for points in (gross, net)]
    gap = paid[0] - paid[1]
    assert gap[0] == 0
    assert np.all(np.diff(gap) > -0.02)
    assert gap[-1] == pytest.approx(sum(finished.result.money.costs) / E8)


def test_who_rests_in_the_book_bears_no_spread():
    """Spread and slippage are a taker's, by the value of each fill; fees are given back to all."""
    fill = OrderFilled(0, START, START, 1, 300_000, 1_000, fee_e8=5, fill_id=1)
    fills = as_rows([fill, fill._replace(flags=MAKER), fill._replace(lots=3_000)])

    free = without_costs(fills, [ETHER], 400)

    assert free["d"].tolist() == [-100, 0, -300]
    assert fills["d"].tolist() == [5, 5, 5]


def test_nothing_that_shows_is_left_out():
    """A spike of one moment among a million survives, in a few points a column."""
    times_ns = np.arange(1_000_000) * MINUTE + START
    values = np.sin(np.arange(1_000_000) / 50_000)
    values[777_777], values[123_456] = 9.0, -9.0

    kept = telling(times_ns, [values], int(times_ns[0]), int(times_ns[-1]))

    assert {0, 123_456, 777_777, 999_999} <= set(kept.tolist())
    assert len(kept) <= 4 * (COLUMNS + 1)
    assert np.all(np.diff(kept) > 0)


def test_every_column_keeps_its_extremes():
    """Against a plain search, column by column, of two curves at once."""
    draws = np.random.default_rng(4)
    times_ns = START + np.sort(draws.integers(0, 10_000 * COLUMNS, 30_000))
    both = [draws.normal(size=30_000).cumsum(), draws.normal(size=30_000).round()]
    begin_ns, end_ns = int(times_ns[0]), int(times_ns[-1])

    kept = telling(times_ns, both, begin_ns, end_ns)

    columns = (times_ns - begin_ns) // ((end_ns - begin_ns) // COLUMNS)
    for column in np.unique(columns):
        here, seen = columns == column, columns[kept] == column
        for values in both:
            assert values[kept][seen].min() == values[here].min()
            assert values[kept][seen].max() == values[here].max()
    assert len(kept) < 6 * len(np.unique(columns)) < 30_000


def test_a_single_moment_is_a_point():
    """Nothing is divided by no time."""
    assert telling(np.array([START]), [np.array([1.0])], START, START).tolist() == [0]
