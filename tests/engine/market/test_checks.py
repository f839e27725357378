"""Are impossible rows found, and missing ones counted?"""

import numpy as np
import pytest

from engine.market.checks import (
    INTERVALS,
    findings_of,
    first_fault,
    in_order,
    interval_name,
    interval_of,
    late_rows,
    off_grid,
    repeated,
)
from engine.market.layouts import BARS, TRADES, Table

MINUTE = INTERVALS["1m"]


def bars(*minutes: int, **columns: list[int]) -> Table:
    """Bars of 100 ticks at these minutes, columns replaced."""
    count = len(minutes)
    plain = {
        "open": [100] * count,
        "high": [110] * count,
        "low": [90] * count,
        "close": [100] * count,
        "volume": [5] * count,
    }
    rows = {name: np.array(column, np.int64) for name, column in (plain | columns).items()}
    return rows | {"time": np.array(minutes, np.int64) * MINUTE}


def trades(*ids: int, **columns: list[int]) -> Table:
    """Trades of these ids, a second apart, columns replaced."""
    plain = {"time": list(ids), "price": [100] * len(ids), "volume": [1] * len(ids)}
    rows = {name: np.array(column, np.int64) for name, column in (plain | columns).items()}
    return rows | {"id": np.array(ids, np.int64), "maker": np.zeros(len(ids), bool)}


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ({"low": [90, 0, 90]}, "a price is zero or negative"),
        ({"high": [110, 80, 110]}, "the high is below the low"),
        ({"open": [100, 111, 100]}, "the open lies outside low and high"),
        ({"close": [100, 89, 100]}, "the close lies outside low and high"),
        ({"volume": [5, -1, 5]}, "the volume is negative"),
        ({"high": [110, 1001, 110]}, "a price is above price_max"),
    ],
)
def test_impossible_bars_are_found(columns, what):
    """Each thing that no market does, named with its row."""
    assert first_fault(BARS, bars(0, 1, 2, **columns), 1_000) == (1, what)


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ({"price": [100, 0]}, "the price is zero or negative"),
        ({"volume": [1, -1]}, "the volume is negative"),
        ({"price": [100, 1001]}, "the price is above price_max"),
    ],
)
def test_impossible_trades_are_found(columns, what):
    """Each thing that no trade is, named with its row."""
    assert first_fault(TRADES, trades(1, 2, **columns), 1_000) == (1, what)


def test_of_several_faults_the_first_row_is_named():
    """Whoever mends a file begins at its top."""
    rows = bars(0, 1, 2, low=[90, 90, 0], volume=[5, -1, 5])

    assert first_fault(BARS, rows, 1_000) == (1, "the volume is negative")
    assert first_fault(BARS, bars(0, 1), 1_000) is None


def test_rows_are_put_in_order_and_late_ones_counted():
    """A row is late if an earlier one of its file has a later time."""
    rows = bars(0, 3, 1, 2, 4)

    assert late_rows(rows["time"]) == 2
    assert (in_order(BARS, rows)["time"] // MINUTE).tolist() == [0, 1, 2, 3, 4]


def test_trades_of_one_time_stand_by_id():
    """Ids are the order in which the exchange matched."""
    rows = trades(7, 5, 6, time=[1, 1, 0])

    assert in_order(TRADES, rows)["id"].tolist() == [6, 5, 7]


def test_repeated_rows_are_told_from_contradictions():
    """The same bar twice is dropped; the same time with other prices cannot be."""
    again, conflict = repeated(BARS, bars(0, 1, 1, 1, 2))
    assert again.tolist() == [False, False, True, True, False]
    assert conflict is None

    _, conflict = repeated(BARS, bars(0, 1, 1, 2, close=[100, 100, 101, 100]))
    assert conflict == (1, 2)


def test_trades_repeat_by_id():
    """Many trades share a time; an id is used once."""
    again, conflict = repeated(TRADES, trades(1, 2, 2, time=[5, 5, 5]))
    assert again.tolist() == [False, False, True]
    assert conflict is None

    _, conflict = repeated(TRADES, trades(1, 2, 2, time=[5, 5, 6]))
    assert conflict == (1, 2)


@pytest.mark.parametrize(("name", "span"), INTERVALS.items())
def test_the_interval_is_the_commonest_distance(name, span):
    """A gap does not change it."""
    times = np.array([0, 1, 2, 5, 6], np.int64) * span

    assert interval_of(times, np.zeros(5, np.int64)) == span
    assert interval_name(span) == name


def test_one_bar_tells_its_interval_by_its_end():
    """Binance writes the end a millisecond, since 2025 a microsecond, before the next bar."""
    opened = np.array([MINUTE])

    assert interval_of(opened, 2 * opened - 1_000_000) == MINUTE
    assert interval_of(opened, 2 * opened - 1_000) == MINUTE
    assert interval_of(opened, np.zeros(1, np.int64)) == 0


def test_distances_that_are_no_interval_are_not_taken_for_one():
    """Months have no one length, and 7 seconds are no bar of Binance's."""
    times = np.array([0, 31, 59, 90]) * INTERVALS["1d"]

    assert interval_of(times, times) == 0
    assert interval_of(np.array([0, 7, 14]) * INTERVALS["1s"], times) == 0
    assert interval_name(7) == ""


def test_gaps_are_counted_longest_first():
    """A gap is told by the bar it follows and by how many bars are missing."""
    found = findings_of(BARS, bars(0, 1, 3, 4, 9), MINUTE)

    assert found.gaps == ((4 * MINUTE, 4), (1 * MINUTE, 1))
    assert found.missing == 5
    assert (found.rows, found.first_ns, found.last_ns) == (5, 0, 9 * MINUTE)


def test_bars_off_the_grid_are_counted_and_are_no_gap():
    """Exchanges have published bars that begin some minutes late."""
    rows = bars(0, 1, 2)
    rows["time"][1] += MINUTE // 2

    found = findings_of(BARS, rows, MINUTE)

    assert found.unaligned == 1
    assert found.gaps == ()


def test_jumps_are_moves_of_more_than_a_tenth_between_neighbours():
    """The largest first; a price that changed over a gap did not jump."""
    rows = bars(0, 1, 2, 3, 9, close=[100, 111, 111, 90, 200], volume=[0, 1, 1, 1, 0])

    found = findings_of(BARS, rows, MINUTE)

    assert found.jumps == ((3 * MINUTE, -0.1892), (MINUTE, 0.11))
    assert found.without_volume == 2


def test_trades_have_neither_gaps_nor_grid():
    """A quiet market is no gap."""
    found = findings_of(TRADES, trades(1, 500), 0)

    assert (found.gaps, found.missing, found.unaligned, found.jumps) == ((), 0, 0, ())


def test_weeks_begin_on_monday_and_three_days_at_the_epoch():
    """As Binance publishes them: 2022-08-15 was a Monday, its bar is on the grid."""
    monday, day = 1_660_521_600 * 10**9, INTERVALS["1d"]

    assert off_grid(np.array([monday, monday + 7 * day]), INTERVALS["1w"]) == 0
    assert off_grid(np.array([monday, monday + 3 * day]), INTERVALS["1w"]) == 1
    assert off_grid(np.array([0, 3 * day, 4 * day]), INTERVALS["3d"]) == 1
