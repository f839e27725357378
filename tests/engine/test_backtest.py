"""Does a backtest say what the account did, and does each verdict come of a real run?"""

from collections.abc import Callable
from typing import Any

import pytest

from engine.backtest import Finished, Market, backtest, drain, period_of, run
from engine.core import core_of
from engine.instruments import notional_of
from engine.messages import TradeTick, encode
from engine.opening import for_core, opening_records
from engine.profile import load_profile
from engine.statistics.trades import round_trips
from engine.statistics.verdict import EDGE, NO_EDGE, TOO_LITTLE
from tests.builders import E8, ETHER, MINUTE, SECOND, START, real_bars
from tests.engine.statistics.histories import bars, noise, waves

FREE = ("paper.taker_fee_ppm=0", "paper.maker_fee_ppm=0", "paper.slippage_ppm=0")


def quiet(_what: str, _done: int, _total: int) -> None:
    """Progress nobody looks at."""


def market_of(records: list[bytes], bar_ns: int = MINUTE, symbols: int = 1) -> Market:
    """A market of records in their order."""
    instruments = [ETHER._replace(name=f"ETHUSDT{number}") for number in range(symbols)]
    return Market(instruments, memoryview(b"".join(records)), bar_ns, simulated=False)


@pytest.fixture
def outcome(native: Any) -> Callable[..., Finished]:
    """The default profile on a market, with changes if any."""

    def run_through(market: Market, *changes: str, seed: int = 1) -> Finished:
        return backtest(market, load_profile("scalping", list(changes)), native, seed, quiet)

    return run_through


def seen_through(native: Any, market: Market, *changes: str) -> tuple[Any, Any]:
    """The state a run ends in, and its course."""
    profile = load_profile("scalping", [*changes, f"run.heartbeat_ns={MINUTE}"])
    core = core_of(native)
    begin_ns = period_of(market.records).begin_ns
    drain(core, b"".join(for_core(opening_records(profile, market.instruments, begin_ns))))
    course, _ = run(core, market, quiet)
    return core.state, course


def test_trends_without_costs_are_an_edge(outcome):
    """Long enough waves, traded for nothing: the whole interval lies above zero."""
    result = outcome(market_of(bars(waves(8_000))), *FREE).result

    assert result.evidence.verdict == EDGE
    assert result.evidence.trades >= 30
    assert result.money.net_e8 > 0
    assert result.evidence.expectancy is not None
    assert 0 < result.evidence.expectancy.low < result.evidence.expectancy.mean


def test_noise_at_real_costs_is_no_edge(outcome):
    """Enough trades to know it."""
    result = outcome(market_of(bars(noise(4_000)))).result

    assert result.evidence.verdict == NO_EDGE
    assert result.evidence.trades >= 30
    assert result.money.net_e8 < 0


def test_a_short_file_is_too_little(outcome):
    """Even where every trade earned."""
    result = outcome(market_of(bars(waves(700))), *FREE).result

    assert result.evidence.verdict == TOO_LITTLE
    assert 0 < result.evidence.trades < 30
    assert result.money.net_e8 > 0


def test_gross_less_costs_is_net_to_the_last_digit(outcome, native):
    """Costs are counted by the venue in the same integers as the account."""
    market = market_of(bars(noise(3_000)))
    state, course = seen_through(native, market)

    result = outcome(market).result

    money = result.money
    assert money.net_e8 == state.account.equity_e8 - state.account.deposits_e8
    assert money.gross_e8 == money.net_e8 + sum(money.costs)
    assert money.costs.fee_e8 == sum(fill.fee_e8 for fill in course.fills)
    assert result.orders.fills == len(course.fills) == state.account.fills
    assert result.orders.submitted == state.orders.submitted


def test_round_trips_sum_to_the_account_on_real_minutes(shared, native):
    """Realised less fees, wins, losses, equity's deepest fall: integers, no rest."""
    market = Market([ETHER], memoryview(real_bars(shared)), MINUTE, simulated=False)

    state, course = seen_through(native, market)

    trades = round_trips(course.fills, market.instruments)
    account = state.account
    assert len(trades) > 100
    assert sum(trade.net_e8 for trade in trades) == account.realized_e8 - account.fees_e8
    closed = [trade for trade in trades if not trade.lots]
    assert sum(trade.net_e8 > 0 for trade in closed) == account.wins
    assert len(closed) == account.wins + account.losses
    assert course.drawdown_max >= account.drawdown
    bought = sum(notional_of(ETHER, one.price, one.lots) for one in course.fills if one.flags == 0)
    assert sum(trade.bought_e8 for trade in trades) == bought


def test_real_minutes_have_no_edge_and_end_at_the_breaker(outcome, shared):
    """The honest result of the default profile on 130,707 minutes: it loses what trading costs."""
    result = outcome(Market([ETHER], memoryview(real_bars(shared)), MINUTE, simulated=False)).result

    assert result.period.bars == 130_707
    assert result.evidence.verdict == NO_EDGE
    assert result.evidence.expectancy is not None
    assert -25 < result.evidence.expectancy.mean < -18
    assert abs(result.money.gross_e8) < sum(result.money.costs) / 5
    assert 0.15 <= result.risk.drawdown_max < 0.16
    assert result.risk.breaker_trips == 3
    assert result.period.begin_ns < result.risk.stopped_ns < result.period.end_ns


def test_the_last_breaker_ends_trading_and_says_when(outcome, native):
    """After the stop nothing is held and nothing is traded, and the moment is in the result."""
    market = market_of(bars(noise(2_500)))
    changes = ("paper.taker_fee_ppm=100000", "sizing.fraction=0.08")

    result = outcome(market, *changes).result

    state, course = seen_through(native, market, *changes)
    assert state.breakers.stopped == 1
    assert result.risk.stopped_ns > START
    assert result.open_trades == ()
    assert max(fill.received_ns for fill in course.fills) <= result.risk.stopped_ns + 2 * MINUTE
    assert 0.15 <= result.risk.drawdown_max < 0.25


def test_without_the_stop_nothing_is_said_of_one(outcome):
    """The field is 0, not the end of the file."""
    assert outcome(market_of(bars(waves(700))), *FREE).result.risk.stopped_ns == 0


def test_bars_alone_beat_once_a_bar(outcome):
    """The heartbeat's period is the bar's length, and so it stands in the profile that was run."""
    finished = outcome(market_of(bars(noise(100))))

    assert finished.profile.values["run.heartbeat_ns"] == MINUTE


def test_trades_keep_the_profiles_heartbeat(outcome):
    """Between trades time passes in the profile's own steps."""
    records = [
        encode(TradeTick(0, START + number * SECOND, START + number * SECOND, price, E8, number))
        for number, price in enumerate(noise(900))
    ]

    finished = outcome(market_of(records, bar_ns=0))

    assert finished.profile.values["run.heartbeat_ns"] == 500_000_000
    assert finished.result.period.trades == 901


def test_several_symbols_are_one_portfolio(outcome):
    """One account pays for all of them, and buy-and-hold is shared among them."""
    first, second = bars(noise(1_500, seed=1)), bars(noise(1_500, seed=2), symbol=1)
    together = [record for pair in zip(first, second, strict=True) for record in pair]

    both = outcome(market_of(together, symbols=2)).result
    alone = outcome(market_of(first)).result

    assert both.period.bars == 2 * alone.period.bars
    assert both.evidence.trades > alone.evidence.trades
    assert both.money.cash_e8 == alone.money.cash_e8
    assert both.holding.limit == alone.holding.limit == 0.1


def test_the_share_of_time_comes_from_the_fills(outcome):
    """In waves an hour long a follower holds about half of the time."""
    result = outcome(market_of(bars(waves(6_000))), *FREE).result

    assert 0.3 < result.risk.exposure < 0.7


def test_buying_and_holding_earns_what_the_price_did(outcome):
    """From the first close to the last bid, less the costs of one purchase."""
    result = outcome(market_of(bars([300_000, *range(300_000, 330_000, 100)]))).result

    assert result.holding.whole_e8 / E8 == pytest.approx(10_000 * (0.0997 - 0.0012), rel=0.01)
    assert result.holding.limited_e8 == pytest.approx(result.holding.whole_e8 / 10, rel=0.01)


def test_it_gives_the_same_twice(outcome):
    """Nothing in it is drawn but the resamples, and those from their seed."""
    market = market_of(bars(noise(1_000)))

    once, again, other = (outcome(market, seed=seed).result for seed in (1, 1, 2))

    assert once == again
    assert once._replace(evidence=other.evidence) == other


def test_plain_functions_give_the_same_report(native):
    """Only slower, and in smaller steps."""
    market, profile = market_of(bars(noise(2_500))), load_profile("scalping")

    compiled = backtest(market, profile, native, 1, quiet)
    plain = backtest(market, profile, None, 1, quiet)

    assert compiled.result == plain.result
    assert (compiled.compiled, plain.compiled) == (True, False)


def test_progress_reaches_the_end():
    """Whoever draws a bar is told how far it is."""
    said: list[tuple[str, int, int]] = []
    market = market_of(bars(noise(3_000)))

    backtest(market, load_profile("scalping"), None, 1, lambda *word: said.append(word))

    assert said[-1][1:] == (3_000, 3_000)
    assert [done for _, done, _ in said] == sorted(done for _, done, _ in said)
    assert len(said) > 1
