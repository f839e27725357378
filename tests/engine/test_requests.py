"""Do pause, resume, flatten, kill and reset do four different things, each until it is done?"""

import pytest

from engine.instruments import notional_of
from engine.messages import (
    SELL,
    BreakerChanged,
    FlattenEnded,
    OperatorFlattened,
    OperatorKilled,
    OperatorPaused,
    OperatorResumed,
)
from engine.risk.breakers import ACTIVE, HALTED, REDUCING, trading_state
from engine.risk.gate import PAUSED
from engine.strategy.agents.registry import FLATTENED, KILLED, PROTECTED
from tests.builders import (
    ALL_IN,
    PRICE,
    QUICK,
    Run,
    canceled,
    denials,
    fills,
    only,
    submitted,
    volume_of,
)


def invested(*changes: str, symbols: int = 1) -> Run:
    """An engine that holds its first symbol, protected by a stop far below."""
    run = Run(*QUICK, *ALL_IN, "sizing.stop_loss=0.3", "risk.price_band=0.5", *changes,
              symbols=symbols)  # fmt: skip
    run.go_long()
    return run


def test_a_pause_denies_entries_and_nothing_else():
    """What is held is still sold when the agent wants it; each entry is denied as paused."""
    run = invested()

    run.ask(OperatorPaused)
    state = trading_state(run.state.breakers)
    sold = run.bars(PRICE - 100, PRICE - 200, PRICE - 300)
    refused = run.bars(PRICE + 200, PRICE + 400)

    assert state == REDUCING
    assert [one.flags for one in submitted(sold)] == [SELL]
    assert run.position.lots == 0
    assert submitted(refused) == []
    assert set(denials(refused)) == {PAUSED}


def test_a_pause_takes_resting_entries_back():
    """An entry that could still fill would be a new one."""
    run = Run(*QUICK, "orders.entry=limit")
    run.warm_up()
    entered = run.bars(PRICE + 100)
    assert len(submitted(entered)) == 1

    caused = run.ask(OperatorPaused)

    assert [one.order_id for one in canceled(caused)] == [submitted(entered)[0].order_id]


def test_a_resume_undoes_a_pause():
    """The next decision may enter again."""
    run = Run(*QUICK)
    run.warm_up()
    run.ask(OperatorPaused)

    run.ask(OperatorResumed)
    caused = run.bars(PRICE + 100)

    assert trading_state(run.state.breakers) == ACTIVE
    assert len(submitted(caused)) == 1


def test_a_flatten_closes_everything_and_leaves_a_pause():
    """The stop goes, all is sold, the end is said, and nothing is entered until resumed."""
    run = invested()
    stop_id = run.position.stop_id

    caused = [*run.ask(OperatorFlattened), *run.bar(PRICE + 300)]
    after = run.bars(PRICE - 500, PRICE + 600, PRICE + 900)

    assert [one.order_id for one in canceled(caused)] == [stop_id]
    assert [(one.flags, one.agent_and_cause) for one in submitted(caused)] == [(SELL, FLATTENED)]
    assert [(one.symbols, one.value_e8) for one in only(run.said, FlattenEnded)] == [(0, 0)]
    assert (run.position.lots, run.state.orders.open) == (0, 0)
    assert (run.state.breakers.flattening, run.state.breakers.paused) == (0, 1)
    assert submitted(after) == []
    run.ask(OperatorResumed)
    assert trading_state(run.state.breakers) == ACTIVE


def test_a_flatten_repeats_until_flat():
    """In a market too thin for all of it, part by part; the agent is not heard meanwhile."""
    run = invested()
    run.state.symbols[0].instrument.market_lots_max = 12_000

    run.ask(OperatorFlattened)
    caused = [one for step in range(7) for one in run.bar(PRICE + step, volume=volume_of(8_000))]

    assert len(fills(caused)) >= 4
    assert {one.agent_and_cause for one in submitted(caused)} == {FLATTENED}
    assert run.position.lots == 0
    assert len(only(run.said, FlattenEnded)) == 1


def test_a_flatten_names_what_the_venue_will_not_take():
    """Less than the least order cannot be sold: it is left, and said."""
    run = invested()
    run.state.symbols[0].instrument.notional_min_e8 = 10**15

    run.ask(OperatorFlattened)
    run.bar(PRICE + 300)

    ended = only(run.said, FlattenEnded)
    assert [(one.symbols, one.value_e8 > 0) for one in ended] == [(1, True)]
    assert run.position.lots > 0
    assert run.state.breakers.flattening == 0


def test_a_flatten_values_a_sale_by_the_bid_that_pays_it():
    """Not by the last trade: what is worth asking for is not denied, again and again."""
    run = invested()
    instrument = run.state.symbols[0].instrument
    instrument.notional_min_e8 = notional_of(instrument, PRICE, run.position.lots)
    run.hold_on()
    run.book(PRICE + 10, PRICE + 12)
    run.trade(PRICE - 2_000)

    caused = run.ask(OperatorFlattened) + run.trade(PRICE - 2_000) + run.trade(PRICE - 2_000)

    assert denials(caused) == []
    assert run.position.lots == 0
    assert len(only(caused, FlattenEnded)) == 1


def test_a_flatten_ends_where_one_order_may_not_be_worth_enough():
    """The largest market order is below the least value: the venue takes none, and it is said."""
    run = invested()
    instrument = run.state.symbols[0].instrument
    instrument.market_lots_max = run.position.lots // 4
    instrument.notional_min_e8 = notional_of(instrument, PRICE, run.position.lots // 2)
    run.hold_on()

    caused = run.ask(OperatorFlattened) + run.bar(PRICE + 300)

    assert denials(caused) == []
    assert [one.symbols for one in only(caused, FlattenEnded)] == [1]
    assert run.position.lots > 0


def test_a_resume_during_a_flatten_waits_for_nothing_and_changes_nothing():
    """First it must be flat: the resume is asked again afterwards."""
    run = invested()
    run.ask(OperatorFlattened)

    run.ask(OperatorResumed)
    run.bars(PRICE + 300, PRICE + 600)

    assert run.state.breakers.paused == 1
    assert run.position.lots == 0


def test_a_kill_closes_everything_and_halts_until_reset():
    """As at the drawdown stop, by an operator's word; only a reset leads out."""
    run = invested()

    caused = [*run.ask(OperatorKilled), *run.bar(PRICE + 300)]
    state = trading_state(run.state.breakers)
    refused = run.bars(PRICE - 500, PRICE + 600)
    run.ask(OperatorResumed)
    still = trading_state(run.state.breakers)
    run.reset()

    assert {one.agent_and_cause for one in submitted(caused)} == {KILLED}
    assert (run.position.lots, state, still) == (0, HALTED, HALTED)
    assert set(denials(refused)) <= {1}
    assert submitted(refused) == []
    assert only(run.said, BreakerChanged) == []
    assert trading_state(run.state.breakers) == ACTIVE
    assert run.state.breakers.killed == 0


def test_a_kill_during_a_flatten_takes_over():
    """The stronger word counts."""
    run = invested()
    run.ask(OperatorFlattened)

    run.ask(OperatorKilled)
    run.bars(PRICE + 300, PRICE + 600)

    assert trading_state(run.state.breakers) == HALTED
    assert only(run.said, FlattenEnded) == []


def test_a_flatten_of_a_stopped_engine_is_not_needed():
    """It closes everything already."""
    run = invested()
    run.ask(OperatorKilled)

    run.ask(OperatorFlattened)

    assert (run.state.breakers.flattening, run.state.breakers.stopped) == (0, 1)


@pytest.mark.parametrize("request_", [OperatorPaused, OperatorResumed])
def test_the_protective_stop_outlives_a_pause(request_):
    """A pause must never unprotect what is held."""
    run = invested()
    stop_id = run.position.stop_id

    caused = run.ask(request_)

    assert canceled(caused) == []
    assert run.position.stop_id == stop_id > 0
    assert run.state.orders.table[stop_id % 64].asked == PROTECTED


def test_fills_are_kept_with_what_they_earned():
    """The newest 32, each with its order's agent and its wait; their sum is the account's."""
    run = invested()
    run.bars(PRICE - 100, PRICE - 200, PRICE - 300)

    kept = run.state.fills.table[: run.state.fills.count]

    assert [one.side for one in kept] == [0, 1]
    assert [one.asked // 256 for one in kept] == [2, 2]
    assert sum(one.net_e8 for one in kept) == (
        run.state.account.realized_e8 - run.state.account.fees_e8
    )
    assert all(one.waited_ns > 0 for one in kept)


def test_a_stop_that_risk_denies_is_watched_by_the_engine_itself():
    """A trigger beyond the price band cannot rest at the venue: the fall is sold at market."""
    run = Run(*QUICK, "sizing.stop_loss=0.02")
    run.change("risk.price_band", 0.001)

    entered = run.go_long()
    fallen = run.bars((PRICE + 200) * 97 // 100)

    assert set(denials(entered)) == {4}
    assert run.position.stop_id == 0
    assert [one.flags for one in submitted(fallen)] == [SELL]
