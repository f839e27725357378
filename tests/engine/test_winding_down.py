"""Does the drawdown stop close everything, however much there is and however thin the market?"""

import pytest

from engine.messages import SELL, OrderCanceled
from engine.risk.breakers import (
    HALTED,
    REDUCING,
    trading_state,
)
from engine.risk.gate import COMMANDS_MAX
from tests.builders import (
    ALL_IN,
    PRICE,
    QUICK,
    Run,
    canceled,
    fills,
    only,
    submitted,
    volume_of,
)
from tests.engine.risk.test_breakers import invested, percent


def test_at_the_stop_everything_is_canceled_and_closed():
    """The protective stop goes, a sale of all comes, and buying is over: REDUCING, then HALTED."""
    run = invested("sizing.stop_loss=0.3", "risk.price_band=0.5")
    stop_id = run.position.stop_id
    assert stop_id > 0

    caused = run.bar(percent(0.82))
    state_at_once = trading_state(run.state.breakers)
    done = run.bar(percent(0.82))

    assert [one.order_id for one in canceled(caused)] == [stop_id]
    assert [(one.flags, one.lots) for one in submitted(caused)] == [(SELL, 31_656)]
    assert state_at_once == REDUCING
    assert len(only(done, OrderCanceled)) == len(fills(done)) == 1
    assert (run.position.lots, run.state.orders.open) == (0, 0)
    assert trading_state(run.state.breakers) == HALTED


def test_an_open_entry_is_canceled_by_the_stop():
    """What would buy is taken back, whichever symbol it is of."""
    run = Run(*QUICK, *ALL_IN, "sizing.fraction=0.45", symbols=2)
    run.warm_up()
    for close in (*[PRICE] * 6, PRICE + 100):
        run.bar(close, symbol=1, same_minute=1)
    run.bars(PRICE + 100, PRICE + 200)
    run.hold_on()
    entering = run.state.symbols[1].position
    assert entering.entering_id > 0

    caused = run.bar(percent(0.60))

    assert entering.entering_id in [one.order_id for one in canceled(caused)]


def test_a_sale_larger_than_one_order_may_be_goes_in_parts():
    """The venue bounds a market order; the next part leaves when the last one is filled."""
    run = invested()
    run.state.symbols[0].instrument.market_lots_max = 10_000
    run.bar(percent(0.82))

    caused = [one for _ in range(5) for one in run.bar(percent(0.82))]

    sold = [one.lots for one in submitted(run.said) if one.flags == SELL]
    assert sold == [10_000, 10_000, 10_000, 1_656]
    assert len(fills(caused)) == 4
    assert trading_state(run.state.breakers) == HALTED


def test_a_thin_market_is_left_part_by_part():
    """Each bar's share of the volume, until nothing is held; REDUCING all the while."""
    run = invested()
    run.bar(percent(0.82))

    states = []
    for _ in range(4):
        run.bar(percent(0.82), volume=volume_of(10_000))
        states.append(trading_state(run.state.breakers))

    assert states == [REDUCING, REDUCING, REDUCING, HALTED]
    assert run.position.lots == 0


def test_what_is_too_small_to_sell_does_not_keep_the_halt_waiting():
    """Less than the venue's least order is left behind, and its stop is canceled."""
    run = invested("sizing.stop_loss=0.3", "risk.price_band=0.5")
    run.state.symbols[0].instrument.notional_min_e8 = 10**15
    stop_id = run.position.stop_id

    caused = run.bar(percent(0.82))
    run.bar(percent(0.82))

    assert [one.order_id for one in canceled(caused)] == [stop_id]
    assert submitted(caused) == []
    assert trading_state(run.state.breakers) == HALTED


def many_positions(symbols: int) -> Run:
    """An engine with a position and a stop in each of many symbols."""
    share = f"sizing.fraction={0.9 / symbols}"
    run = Run(*QUICK, *ALL_IN, share, "sizing.stop_loss=0.4", "risk.price_band=0.9",
              "risk.orders_per_minute_max=1000", symbols=symbols)  # fmt: skip
    for close in (*[PRICE] * 6, PRICE + 100, PRICE + 200):
        run.bar(close)
        for symbol in range(1, symbols):
            run.bar(close, symbol=symbol, same_minute=1)
    assert run.state.account.open_positions == symbols
    return run


@pytest.mark.parametrize("symbols", [20, 64])
def test_many_symbols_are_closed_over_several_events(symbols):
    """One event's commands are bounded; those that found no room are closed by the next events."""
    run = many_positions(symbols)
    run.hold_on()

    for _ in range(6):
        for symbol in range(symbols):
            caused = run.bar(percent(0.78), symbol=symbol, same_minute=1)
            assert len(submitted(caused)) + len(canceled(caused)) <= COMMANDS_MAX
        run.now_ns += 60 * 10**9

    assert run.state.account.open_positions == 0
    assert (run.state.orders.open, run.state.account.anomalies) == (0, 0)
    assert trading_state(run.state.breakers) == HALTED
