"""Is every order that may not be sent denied, for its own reason, and written down?"""

from collections.abc import Callable
from typing import Any

import pytest

from engine.core import PlainCore
from engine.execution.orders import DRAFT
from engine.layout import fresh
from engine.messages import (
    BUY,
    LIMIT,
    MARKET,
    SELL,
    STOP,
    CancelOrder,
    OperatorPaused,
    OrderDenied,
    TradeTick,
    decode,
)
from engine.risk.breakers import HALTED, REDUCING, trading_state
from engine.risk.gate import COMMANDS_MAX, REASONS, first_denial, sign
from engine.state import STATE
from tests.builders import (
    ALL_IN,
    E8,
    ETHER,
    PRICE,
    QUICK,
    SECOND,
    Run,
    canceled,
    denials,
    fills,
    only,
    submitted,
    volume_of,
    with_facts,
)
from tests.engine.risk.test_doubted_market import entering
from tests.random_records import Maker

RISING = PRICE + 100


def long_with(*changes: str, symbols: int = 1) -> tuple[Run, list[Any]]:
    """An engine that wants to be long, and what came of it."""
    run = Run(*QUICK, *changes, symbols=symbols)
    run.warm_up()
    return run, run.bar(RISING)


def halted() -> tuple[Run, list[Any]]:
    """After the stop has closed everything the market rises again."""
    run = stopped_in_a_fall()
    run.bar(PRICE * 80 // 100)
    assert trading_state(run.state.breakers) == HALTED
    return run, run.bars(*[PRICE * (80 + step) // 100 for step in range(6)])


def stopped_in_a_fall(symbols: int = 1) -> Run:
    """An engine all in one symbol that fell by 18 % and whose sale is on its way."""
    run = Run(*QUICK, *ALL_IN, symbols=symbols)
    run.go_long()
    run.bar(PRICE * 82 // 100)
    assert trading_state(run.state.breakers) == REDUCING
    return run


def reducing() -> tuple[Run, list[Any]]:
    """While one symbol is being closed another one rises."""
    run = stopped_in_a_fall(symbols=2)
    caused: list[Any] = []
    for step in range(8):
        caused += run.bar(PRICE + 100 * step, symbol=1, same_minute=1)
    return run, caused


def stale() -> tuple[Run, list[Any]]:
    """A decision comes due when nothing was heard of the market for 15 seconds."""
    steady = ("schedule.jitter_seconds=0", "run.heartbeat_ns=1000000000")
    run = Run(*QUICK, *steady, "risk.stale_seconds=10")
    run.warm_up()
    run.change("schedule.interval_seconds", 45.0)
    run.bars(PRICE - 100, RISING)
    return run, run.beat(15)


def late() -> tuple[Run, list[Any]]:
    """The newest word came a moment ago, and was on its way for longer than it may be old."""
    run = Run(*QUICK, "risk.stale_seconds=90")
    run.warm_up()
    run.trade(RISING)
    run.now_ns += 50 * SECOND
    run.feed(TradeTick(0, run.now_ns - 100 * SECOND, run.now_ns, RISING, E8, 2))
    return run, run.beat(10)


def not_sane() -> tuple[Run, list[Any]]:
    """An entry would rest at a bid far below the last price."""
    return long_with("orders.entry=limit", "features.half_spread_ticks=100000")


def not_held() -> tuple[Run, list[Any]]:
    """The books say that what is held was promised to an order that is no longer known."""
    run = Run(*QUICK, "sizing.stop_loss=0")
    run.go_long()
    run.position.claimed_lots += 1
    return run, run.bars(PRICE - 900)


def too_fast() -> tuple[Run, list[Any]]:
    """Two symbols want in within a minute that allows one entry."""
    run = Run(*QUICK, "risk.orders_per_minute_max=1", symbols=2)
    caused: list[Any] = []
    for close in (*[PRICE] * 6, RISING):
        caused += run.bar(close)
        caused += run.bar(close, symbol=1, same_minute=1)
    return run, caused


def paused() -> tuple[Run, list[Any]]:
    """The agent wants in while the operator wants no new entries."""
    run = Run(*QUICK)
    run.warm_up()
    run.ask(OperatorPaused)
    return run, run.bars(RISING)


def no_place() -> tuple[Run, list[Any]]:
    """64 entries rest; one is filled, its stop takes the place, and its exit finds none."""
    run = Run(*QUICK, "orders.entry=limit", "sizing.fraction=0.003", "orders.limit_seconds=86400",
              "risk.orders_per_minute_max=1000", symbols=64)  # fmt: skip
    for close in (*[PRICE] * 6, RISING):
        run.bar(close)
        for symbol in range(1, 64):
            run.bar(close, symbol=symbol, same_minute=1)
    assert run.state.orders.open == 64
    run.bar(RISING + 50, low=RISING - 2, volume=volume_of(10**6))
    assert (run.position.lots > 0, run.state.orders.open) == (True, 64)
    return run, run.bar(PRICE - 900, low=PRICE - 900, volume=0)


CASES: dict[int, Callable[[], tuple[Run, list[Any]]]] = {
    1: halted,
    2: reducing,
    3: stale,
    4: not_sane,
    5: lambda: long_with("account.cash=1.0"),
    6: lambda: long_with("account.cash=40.0"),
    7: not_held,
    8: lambda: long_with(*ALL_IN, "sizing.fraction=1.0"),
    9: lambda: long_with("sizing.fraction=0.2"),
    10: lambda: long_with("risk.exposure_max=0.05"),
    11: too_fast,
    12: no_place,
    13: paused,
    14: late,
    15: entering,
}


@pytest.mark.parametrize("reason", REASONS, ids=REASONS.get)
def test_each_reason_denies_by_itself(reason):
    """What the market and the profile make wrong is denied for just that reason, and counted."""
    run, caused = CASES[reason]()

    found = denials(caused)
    assert set(found) == {reason}
    gate = run.state.gate
    assert gate.denials[reason] == gate.denied == len(found)
    assert len(submitted(caused)) == (reason == 11)
    assert run.decision.reason in (reason, 0)


def test_a_denial_says_what_was_wanted_and_why():
    """Side, quantity, agent, cause and confidence stand in the record."""
    _, caused = long_with("sizing.fraction=0.2")

    (denied,) = only(caused, OrderDenied)
    assert denied.lots == 2_000 * E8 // ((RISING + 1) * 100)
    assert (denied.flags, denied.price) == (BUY + 2 * MARKET, 0)
    assert denied.agent_and_cause == 2 * 256 + 6
    assert denied.confidence_ppm == 1_000_000


def test_a_full_table_does_not_keep_us_in_the_market():
    """The exit that found no place takes back the stop, and leaves with the next decision."""
    run, caused = no_place()
    stop_id = run.position.stop_id
    assert [one.order_id for one in canceled(caused)][-1:] == [stop_id]

    run.bar(PRICE - 950, volume=0)
    caused = run.bar(PRICE - 990, volume=0)

    assert [(order.symbol, order.flags) for order in submitted(caused)] == [(0, SELL)]


def test_what_is_held_may_be_sold_on_an_old_price():
    """Staleness keeps us out of a market, never in it."""
    state = gate_of(lots=100)
    state.clock.now_ns += 3_600 * 10**9

    assert first_denial(state, state.symbols[0], draft_of(SELL, MARKET, 100), 1) == 0
    assert first_denial(state, state.symbols[0], draft_of(BUY, MARKET, 100), 1) == 3


def test_nothing_trades_without_a_price():
    """Until the market has spoken there is nothing to hold an order against."""
    state = gate_of(lots=100)
    state.symbols[0].features.market.last = 0

    assert first_denial(state, state.symbols[0], draft_of(SELL, MARKET, 100), 1) == 3


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        ((SELL, STOP, 100, PRICE * 95 // 100), 0),
        ((SELL, STOP, 100, PRICE * 95 // 100 - 1), 4),
        ((BUY, LIMIT, 100, PRICE * 105 // 100), 0),
        ((BUY, LIMIT, 100, PRICE * 105 // 100 + 1), 4),
        ((SELL, MARKET, 101, 0), 7),
        ((SELL, MARKET, 0, 0), 5),
        ((BUY, MARKET, ETHER.market_lots_max + 1, 0), 5),
        ((BUY, LIMIT, ETHER.lots_max + 1, PRICE), 5),
        ((BUY, MARKET, 16, 0), 6),
        ((BUY, MARKET, 17, 0), 0),
    ],
)
def test_filters_hold_at_their_edges(draft, reason):
    """The last allowed value passes, the next one is denied."""
    state = gate_of(lots=100)

    assert first_denial(state, state.symbols[0], draft_of(*draft), 1) == reason


@pytest.mark.parametrize(("price", "reason"), [(PRICE - 1, 4), (PRICE, 0), (PRICE + 1, 4)])
def test_a_limit_lies_inside_the_venues_prices(price, reason):
    """The venue's own bounds come on top of ours."""
    state = gate_of(lots=100)
    state.symbols[0].instrument.price_min = state.symbols[0].instrument.price_max = PRICE

    assert first_denial(state, state.symbols[0], draft_of(BUY, LIMIT, 100, price), 1) == reason


def gate_of(lots: int) -> Any:
    """A state in which 100 lots are held and everything may be traded."""
    run = Run(*QUICK, *ALL_IN)
    run.bar(PRICE)
    run.position.lots = lots
    return run.state


def draft_of(side: int, kind: int, lots: int, price: int = 0) -> Any:
    """An order that is only thought of."""
    draft = fresh(DRAFT)
    draft.side, draft.type, draft.lots, draft.price = side, kind, lots, price
    return draft


def test_a_confidence_that_is_no_share_is_written_as_none():
    """A record holds 0 to a million; anything else would lie."""
    record = fresh(STATE["commands"]["table"][0])
    intent = fresh(STATE["intent"])
    intent.confidence = 1.5

    sign(record, intent)

    assert record.e == 0


def test_commands_never_pass_their_bound():
    """One event causes at most 32 records, whatever 64 symbols want at once."""
    core, maker = PlainCore(), Maker(9, 64, honest=False)
    for record in maker.opening():
        core.process(record)

    most = max(len(core.process(maker.record(core)) or b"") // 64 for _ in range(2_000))

    assert 0 < most <= COMMANDS_MAX


def test_only_what_was_approved_leaves():
    """Every order and cancel the venue hears of has an id that was submitted through the gate."""
    core, maker = PlainCore(), Maker(11, 8, honest=True)
    caused = [one for record in maker.opening() for one in with_facts(core, record)]
    for _ in range(1_000):
        caused += with_facts(core, maker.record(core))

    told = [decode(record) for record in caused]
    known = {order.order_id for order in submitted(told)}
    assert {one.order_id for one in [*fills(told), *only(told, CancelOrder)]} <= known
    assert len(known) > 20
