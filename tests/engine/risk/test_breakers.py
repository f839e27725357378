"""Does drawdown halve, restrain, and finally stop the trading, whatever the market does?"""

import pytest

from engine.dealing import UNSURE
from engine.layout import fresh
from engine.risk.breakers import (
    ACTIVE,
    BREAKERS,
    CONSERVATIVE,
    HALF,
    HALTED,
    NORMAL,
    REDUCING,
    STOPPED,
    least_confidence,
    level_after,
    size_factor,
    trading_state,
)
from engine.state import PARAMETERS
from tests.builders import (
    ALL_IN,
    PRICE,
    QUICK,
    Run,
    denials,
    levels,
    submitted,
)


def parameters():
    """The breakers' own, at their defaults."""
    made = fresh(PARAMETERS["breakers"])
    for name, row in PARAMETERS["breakers"].items():
        setattr(made, name, row.default)
    return made


def invested(*changes: str, symbols: int = 1) -> Run:
    """An engine with 95 % of its equity in the first symbol, whose agent then says nothing more."""
    run = Run(*QUICK, *ALL_IN, *changes, symbols=symbols)
    run.go_long()
    run.hold_on()
    return run


def percent(share: float) -> int:
    """A share of the entry price, in ticks."""
    return int((PRICE + 232) * share)


@pytest.mark.parametrize(
    ("drawdown", "level"),
    [(0.0, NORMAL), (0.0499, NORMAL), (0.05, HALF), (0.0999, HALF), (0.1, CONSERVATIVE),
     (0.1499, CONSERVATIVE), (0.15, STOPPED), (0.9, STOPPED)],
)  # fmt: skip
def test_each_threshold_calls_its_level(drawdown, level):
    """From the threshold on, not beyond it; a fall through several thresholds goes straight up."""
    assert level_after(fresh(BREAKERS), parameters(), drawdown) == level


@pytest.mark.parametrize(
    ("level", "drawdown", "after"),
    [(HALF, 0.041, HALF), (HALF, 0.0399, NORMAL), (CONSERVATIVE, 0.081, CONSERVATIVE),
     (CONSERVATIVE, 0.0799, HALF), (CONSERVATIVE, 0.039, NORMAL), (HALF, 0.11, CONSERVATIVE)],
)  # fmt: skip
def test_a_level_ends_only_well_below_its_threshold(level, drawdown, after):
    """It is left at four fifths of what tripped it, so that it cannot flutter."""
    breakers = fresh(BREAKERS)
    breakers.level = level

    assert level_after(breakers, parameters(), drawdown) == after


def test_the_stop_never_ends_by_itself():
    """Only an operator leads back from it, whatever the drawdown."""
    breakers = fresh(BREAKERS)
    breakers.level, breakers.stopped = STOPPED, 1

    assert level_after(breakers, parameters(), 0.0) == STOPPED


@pytest.mark.parametrize(
    ("level", "factor", "confidence"),
    [(NORMAL, 1.0, 0.6), (HALF, 0.5, 0.6), (CONSERVATIVE, 0.25, 0.75), (STOPPED, 0.25, 0.75)],
)
def test_levels_say_how_much_and_how_sure(level, factor, confidence):
    """Half, a quarter; and from the second on 75 % of confidence."""
    breakers = fresh(BREAKERS)
    breakers.level = level

    assert size_factor(breakers) == factor
    assert least_confidence(breakers, parameters(), 0.6) == confidence
    assert least_confidence(breakers, parameters(), 0.9) == 0.9


@pytest.mark.parametrize(
    ("stopped", "busy", "state"), [(0, 9, ACTIVE), (1, 1, REDUCING), (1, 0, HALTED)]
)
def test_the_trading_state_follows_from_the_breakers(stopped, busy, state):
    """It is computed, never stored."""
    breakers = fresh(BREAKERS)
    breakers.stopped, breakers.busy = stopped, busy

    assert trading_state(breakers) == state


def test_a_falling_market_trips_level_after_level():
    """5, 10 and 15 % of the peak, each reported once with the drawdown of that moment."""
    run = invested()

    moved = [levels(run.bar(percent(share))) for share in (0.97, 0.94, 0.93, 0.88, 0.87, 0.83)]

    assert moved == [[], [HALF], [], [CONSERVATIVE], [], [STOPPED]]
    assert run.state.breakers.trips == 3


@pytest.mark.parametrize(
    ("fall", "level", "share"), [(0.97, NORMAL, 1.0), (0.94, HALF, 0.5), (0.88, CONSERVATIVE, 0.25)]
)
def test_the_next_entry_is_smaller_after_a_fall(fall, level, share):
    """The same agent on the same equity buys half, then a quarter."""
    run = Run(*QUICK, *ALL_IN)
    run.go_long()
    run.bars(percent(fall), percent(fall) - 100, percent(fall) - 200)
    assert run.position.lots == 0

    bought = []
    for step in range(6):
        bought += submitted(run.bar(percent(fall) + 1_000 * step))

    assert run.state.breakers.level == level
    ask = bought[0].price or run.state.symbols[0].features.market.ask
    whole = run.state.account.deposits_e8 * 0.95 * fall // (ask * 100)
    assert bought[0].lots == pytest.approx(whole * share, rel=0.03)


@pytest.mark.parametrize(
    ("fall", "middle", "enters"),
    [(0.97, 99.0, True), (0.94, 99.0, True), (0.88, 99.0, False), (0.88, 1.0, True)],
)
def test_while_conservative_only_the_sure_are_heard(fall, middle, enters):
    """Two votes of three are 67 %: enough until the second level asks for 75 %."""
    run = Run(*QUICK, *ALL_IN, "indicators.ema_fast=2", "indicators.ema_slow=3",
              "indicators.rsi_period=2")  # fmt: skip
    run.go_long()
    run.bars(percent(fall), percent(fall) - 100, percent(fall) - 200)
    assert run.position.lots == 0
    run.change("strategy.agent", "vote")
    run.change("strategy.vote.rsi_middle", middle)

    caused = [one for step in range(5) for one in run.bar(percent(fall) + 1_000 * step)]

    assert bool(submitted(caused)) is enters
    assert enters or run.decision.outcome == UNSURE


def test_a_halt_lasts_until_an_operator_ends_it():
    """However high the market rises; after the reset drawdown counts from there."""
    run = invested()
    run.bars(percent(0.82), percent(0.82))
    run.change("strategy.agent", "ema_cross")
    rising = [one for step in range(6) for one in run.bar(percent(0.82 + step / 100))]
    assert submitted(rising) == []
    assert set(denials(rising)) == {1}

    run.reset()
    caused = run.bar(percent(0.9))

    assert (run.state.breakers.level, run.state.breakers.stopped) == (NORMAL, 0)
    assert run.state.account.drawdown == 0.0
    assert len(submitted(caused)) == 1


def test_a_reset_while_reducing_is_ignored():
    """First everything is closed; an operator cannot wave that aside."""
    run = invested()
    run.bar(percent(0.82), volume=0)
    assert trading_state(run.state.breakers) == REDUCING

    run.reset()

    assert trading_state(run.state.breakers) == REDUCING
    assert run.state.breakers.stopped == 1


def test_a_reset_without_a_halt_is_ignored():
    """There is nothing to end."""
    run = invested()

    peak_e8 = run.state.account.peak_e8
    run.bar(percent(0.97))
    run.reset()

    assert run.state.account.drawdown > 0.0
    assert run.state.account.peak_e8 == peak_e8
