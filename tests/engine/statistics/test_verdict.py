"""Is an edge claimed only where the sample carries it?"""

import pytest

from engine.statistics.bootstrap import estimate
from engine.statistics.trades import Trade
from engine.statistics.verdict import EDGE, NO_EDGE, TOO_LITTLE, verdict_on, weigh


def trades_of(*returns_bp: float) -> list[Trade]:
    """Closed trades of 100 quote with these net returns."""
    return [Trade(0, 1, 2, 10**10, 0, round(bp * 10**6), 0, 0) for bp in returns_bp]


def test_a_win_rate_is_no_edge():
    """Seven small wins to three large losses: two thirds won, and money lost."""
    trades = trades_of(*[3, 3, -8, 3, 3, -8, 3, 3, -8, 3] * 20)

    evidence = weigh(trades, seed=1)

    assert (evidence.trades, evidence.wins, evidence.verdict) == (200, 140, NO_EDGE)


@pytest.mark.parametrize(
    ("count", "verdict"), [(0, TOO_LITTLE), (1, TOO_LITTLE), (29, TOO_LITTLE), (30, EDGE)]
)
def test_thirty_trades_are_the_least(count, verdict):
    """However good they look."""
    assert weigh(trades_of(*[5.0, 6.0] * 30)[:count], seed=1).verdict == verdict


def test_an_edge_needs_the_whole_interval():
    """A mean above zero is not enough when its interval reaches below."""
    found = estimate([9.0, -8.0] * 50, seed=1)

    assert found is not None
    assert found.mean > 0 > found.low
    assert verdict_on(found) == NO_EDGE
    assert verdict_on(found._replace(low=0.01)) == EDGE
    assert verdict_on(found._replace(low=0.0)) == NO_EDGE


def test_a_trade_that_earns_its_fees_alone_is_no_win():
    """Wins count after fees, as the account counts them."""
    even = Trade(0, 1, 2, 10**10, 0, 500, 500, 0)

    assert weigh([even, even], seed=1).wins == 0
