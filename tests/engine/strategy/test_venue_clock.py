"""Is a venue's clock only ever data: ahead, behind, offset or mad, and what was long on its way?"""

from typing import Any

import pytest

from engine.messages import BarClosed, BookTop, TradeTick
from engine.strategy.features import AHEAD_NS, QUICKEST_NS
from tests.builders import E8, MINUTE, PRICE, QUICK, SECOND, Run

YEAR = 365 * 86_400 * SECOND


def told(run: Run, delay_ns: int, after_ns: int = SECOND, price: int = PRICE) -> int:
    """A trade that was so long on its way by the two clocks; by how much that is late."""
    run.now_ns += after_ns
    run.feed(TradeTick(0, run.now_ns - delay_ns, run.now_ns, price, E8, 1))
    return int(market(run).late_ns)


def market(run: Run) -> Any:
    """Of the first symbol."""
    return run.state.symbols[0].features.market


@pytest.mark.parametrize("ahead_ns", [SECOND, 5 * SECOND, 3_600 * SECOND, YEAR])
def test_now_is_our_own_time_and_never_goes_back(ahead_ns):
    """However far a venue's clock runs ahead, and though our own stamps go back."""
    run = Run(*QUICK)
    told(run, -ahead_ns)
    highest_ns = run.state.clock.now_ns
    run.feed(TradeTick(0, run.now_ns, run.now_ns - 7 * SECOND, PRICE, E8, 1))

    assert highest_ns == run.state.clock.now_ns == run.now_ns


@pytest.mark.parametrize("ahead_ns", [0, 1_300_000_000, 9 * SECOND, 60 * SECOND, YEAR])
def test_a_clock_that_runs_ahead_stops_no_bar(ahead_ns):
    """One trade from the future, and the minutes after it have their bars."""
    run = Run(*QUICK)
    told(run, -ahead_ns)
    before = run.state.symbols[0].features.indicators.bars
    for _ in range(10):
        told(run, 0, after_ns=30 * SECOND)

    assert run.state.symbols[0].features.indicators.bars - before >= 4


def test_a_bar_from_the_future_stops_no_bar_either():
    """It would be the open one for as long as its time says."""
    run = Run(*QUICK)
    run.bar(PRICE)
    prices = (PRICE, PRICE, PRICE, PRICE, E8)
    run.feed(BarClosed(0, run.now_ns + YEAR, run.now_ns, *prices))
    before = run.state.symbols[0].features.indicators.bars
    for _ in range(10):
        told(run, 0, after_ns=30 * SECOND)

    assert run.state.symbols[0].features.indicators.bars - before >= 3


def test_a_clock_within_the_bound_is_believed():
    """A real recording runs 1.3 s ahead: its bars are the venue's own."""
    run = Run(*QUICK)
    run.now_ns += MINUTE - SECOND
    told(run, -AHEAD_NS, after_ns=0)

    assert run.state.symbols[0].features.builder.start_ns % MINUTE == 0
    assert run.state.symbols[0].features.builder.start_ns > run.now_ns


@pytest.mark.parametrize("offset_ns", [0, -5 * SECOND, 5 * SECOND, -YEAR, 10 * 86_400 * SECOND])
def test_an_offset_is_no_delay(offset_ns):
    """What is later than the quickest is late, wherever the venue's clock stands."""
    run = Run(*QUICK)

    late = [told(run, offset_ns + way_ns) for way_ns in (30, 20, 10, 40, SECOND, 15)]

    assert late == [0, 0, 0, 30, SECOND - 10, 5]


def test_books_are_late_like_trades():
    """The newest word counts, of whatever kind; a bar has no way of its own to be measured."""
    run = Run(*QUICK)
    told(run, 0)
    run.now_ns += SECOND
    run.feed(BookTop(0, run.now_ns - 3 * SECOND, run.now_ns, PRICE, PRICE + 1, E8, E8))
    late_ns = market(run).late_ns
    run.bar(PRICE)

    assert (late_ns, market(run).late_ns) == (3 * SECOND, 3 * SECOND)


def test_a_clock_that_was_set_is_followed_within_two_spans():
    """It ran ten seconds ahead and was corrected: that is no delay for ever."""
    run = Run(*QUICK)
    for _ in range(3):
        told(run, -10 * SECOND)

    late = [told(run, 0, after_ns=QUICKEST_NS // 2) for _ in range(6)]

    assert late[0] == 10 * SECOND
    assert late[-1] == 0


def test_what_is_late_is_not_bought_on_and_is_forgiven_at_once():
    """The next word in time ends it; leaving never waits for it."""
    run = Run(*QUICK, "risk.stale_seconds=90")
    run.warm_up()
    told(run, 0)
    told(run, 100 * SECOND)
    bought = run.bar(PRICE + 100)

    told(run, 0)
    again = run.bar(PRICE + 200)

    assert [type(one).__name__ for one in bought] == ["OrderDenied"]
    assert "SubmitOrder" in [type(one).__name__ for one in again]
