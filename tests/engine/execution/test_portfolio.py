"""Is every unit of money where an independent accountant finds it?"""

from collections import Counter
from typing import Any

import pytest

from engine.core import CompiledCore, PlainCore
from engine.execution.portfolio import ACCOUNT, deposit, forget_peak, is_flat
from engine.instruments import Instrument
from engine.layout import fresh
from engine.messages import (
    CashDeposited,
    InstrumentDefined,
    InstrumentLimited,
    OrderFilled,
    decode,
)
from tests.builders import (
    E8,
    ETHER,
    PRICE,
    QUICK,
    Run,
    cut,
    driven,
    opening_before,
    real_bars,
    real_trades,
)
from tests.engine.execution.decimal_account import (
    DecimalAccount,
    bids_of,
    reading_of,
)
from tests.random_records import Maker

MANY_TRADES = ("sizing.fraction=0.5", "risk.position_max=1.0", "risk.exposure_max=1.0")


def audited(core: Any, records: list[bytes], instruments: list[Instrument]) -> Counter[str]:
    """Run the records and hold the engine's books against the accountant's after each of them."""
    books, symbols = DecimalAccount(instruments), len(instruments)
    counted: Counter[str] = Counter()
    for record in records:
        for message in map(decode, driven(core, record)):
            counted[type(message).__name__] += 1
            if isinstance(message, OrderFilled):
                books.take(message)
            elif isinstance(message, CashDeposited):
                books.deposit(message.amount_e8)
        assert reading_of(core.state, symbols) == books.reading(bids_of(core.state, symbols))
        assert_reconciled(core.state, symbols)
    return counted


def begun(records: bytes, *changes: str) -> list[bytes]:
    """The opening and the records, one by one."""
    return [*opening_before(records, *changes), *cut(records)]


def assert_reconciled(state: Any, symbols: int) -> None:
    """The venue's ledger is the engine's, equity is explained, and claims are those of orders."""
    account, positions = state.account, [state.symbols[n].position for n in range(symbols)]
    assert state.venue.cash_e8 == account.cash_e8
    assert list(state.venue.held)[:symbols] == [position.lots for position in positions]
    assert min(account.cash_e8, *[position.lots for position in positions]) >= 0
    unrealized = account.value_e8 - sum(position.cost_e8 for position in positions)
    earned = account.realized_e8 + unrealized - account.fees_e8
    assert account.equity_e8 == account.deposits_e8 + earned
    if state.orders.open == 0:
        assert account.reserved_e8 == 0
        assert all(position.claimed_lots == 0 for position in positions)
    steps = [state.symbols[n].instrument for n in range(symbols)]
    is_open = [not is_flat(*pair) for pair in zip(positions, steps, strict=True)]
    assert account.open_positions == sum(is_open)


def test_an_accountant_agrees_on_real_bars(native, shared):
    """30,000 real minutes, half of the equity in each trade: cash to equity equal to 1e-8."""
    changes = ("run.heartbeat_ns=60000000000", "strategy.agent=ema_cross", *MANY_TRADES)
    records = real_bars(shared)[: 30_000 * 64]

    counted = audited(CompiledCore(native), begun(records, *changes), [ETHER])

    assert counted["OrderFilled"] > 500


def test_an_accountant_agrees_on_real_trades(native, shared):
    """Real trades in bars of one second, with partial fills of real volumes."""
    quick = ("features.bar_seconds=1", "schedule.interval_seconds=0", "strategy.agent=ema_cross")
    changes = (*quick, "strategy.ema_cross.bars_min=30", *MANY_TRADES)
    records = real_trades(shared)

    counted = audited(CompiledCore(native), begun(records, *changes), [ETHER])

    assert counted["OrderFilled"] > 50


@pytest.mark.parametrize(("seed", "symbols"), [(1, 1), (2, 2), (11, 8), (4, 8)])
def test_an_accountant_agrees_in_random_worlds(seed, symbols):
    """Coarse and fine steps that change, jumps, deposits, parameters: still to the last unit."""
    core, maker = PlainCore(), Maker(seed, symbols, honest=True)
    at = maker.makers.index(Maker.definition)  # what cannot be, or changes nothing
    del maker.makers[at], maker.weights[at]
    audited(core, maker.opening(), maker.instruments)
    books = DecimalAccount(maker.instruments)
    books.deposit(core.state.account.deposits_e8)

    for _ in range(1_200):
        for message in map(decode, driven_once(core, maker)):
            if isinstance(message, OrderFilled):
                books.take(message)
            elif isinstance(message, CashDeposited):
                books.deposit(message.amount_e8)
            elif isinstance(message, InstrumentDefined | InstrumentLimited):
                books.measure(message)
        bids = bids_of(core.state, symbols)
        assert reading_of(core.state, symbols) == books.reading(bids)
        assert_reconciled(core.state, symbols)
    assert core.state.account.fills > 20


def driven_once(core: Any, maker: Maker) -> list[bytes]:
    """What happens next in a random world, without heartbeats of its own."""
    record = maker.record(core)
    caused = cut(core.process(record))
    for fact in (pending := cut(core.attend(record))):
        caused += [fact, *cut(core.process(fact))]
        pending += cut(core.attend(fact))
    return [record, *caused]


def test_random_fills_are_booked_exactly():
    """Parts of parts, at odd prices, with fees, bought and sold again."""
    run = Run(*QUICK)
    books = DecimalAccount([ETHER])
    books.deposit(run.state.account.deposits_e8)
    draw = __import__("random").Random(5)
    run.bar(PRICE)
    for fill_id in range(1, 1_500):
        sells = draw.random() < 0.5 and run.position.lots > 0
        lots = draw.randrange(1, run.position.lots + 1) if sells else draw.randrange(1, 10_000)
        given = {"price": draw.randrange(1, 2 * PRICE), "fee": draw.randrange(10**9)}
        run.fill(0, lots, fill_id, **given, flags=int(sells))
        stamp = (0, run.now_ns, run.now_ns, 0, given["price"], lots, given["fee"], fill_id)
        books.take(OrderFilled(*stamp, flags=int(sells)))

        assert reading_of(run.state, 1) == books.reading(bids_of(run.state, 1))


def test_a_sale_of_more_than_is_held_is_an_anomaly():
    """The books stay explained even when the venue says what cannot be."""
    run = Run(*QUICK)
    run.bar(PRICE)
    run.fill(0, 10, 1)

    run.fill(0, 15, 2, flags=1)

    account, position = run.state.account, run.position
    assert (account.anomalies, position.lots, position.cost_e8) == (1, -5, 0)
    unrealized = account.value_e8 - position.cost_e8
    earned = account.realized_e8 + unrealized - account.fees_e8
    assert account.equity_e8 == account.deposits_e8 + earned


def test_a_trade_is_a_win_only_after_its_fees():
    """Earning less than the fees is losing; breaking even is too."""
    run = Run(*QUICK)
    run.bar(PRICE)
    results = []
    for number, fee in enumerate((0, 49, 50, 51)):
        run.fill(0, 1, 100 + 2 * number, price=1_000)
        run.fill(0, 1, 101 + 2 * number, price=1_001, fee=fee * 2, flags=1)
        results.append((run.state.account.wins, run.state.account.losses))

    assert results == [(1, 0), (2, 0), (2, 1), (2, 2)]


def test_a_deposit_is_no_gain_and_a_withdrawal_no_loss():
    """The peak moves with the cash, so that drawdown is what the market took, as a share."""
    account = fresh(ACCOUNT)
    deposit(account, 1_000 * E8)
    account.equity_e8 -= 100 * E8
    shares = []

    for amount in (0, 500, -700, 1_000_000, -1_000_600):
        deposit(account, amount * E8)
        shares.append(account.drawdown)

    assert shares == pytest.approx([0.1] * 5, rel=1e-9)
    assert account.equity_e8 == 100 * E8
    assert account.deposits_e8 == 200 * E8


def test_who_takes_out_more_than_there_is_has_no_peak_left():
    """Below nothing there is nothing to fall from."""
    account = fresh(ACCOUNT)
    deposit(account, 1_000 * E8)
    account.equity_e8 -= 100 * E8

    deposit(account, -950 * E8)

    assert (account.equity_e8, account.drawdown) == (-50 * E8, 0.0)


def test_drawdown_is_measured_from_the_peak_at_the_bid():
    """Equity must be reachable: a position is worth what buyers pay."""
    run = Run(*QUICK)
    run.bar(PRICE)
    run.fill(0, 10_000, 1, price=PRICE)
    peak = run.state.account.peak_e8

    run.bar(PRICE - 1_000)

    lost = 10_000 * 100 * 1_001  # a thousand ticks, and the half-spread below the last price
    assert run.state.account.equity_e8 == 10_000 * E8 - lost
    assert run.state.account.drawdown == (peak - run.state.account.equity_e8) / peak


def test_without_a_peak_there_is_no_drawdown():
    """An account that never had anything has lost nothing."""
    run = Run(*QUICK, "account.cash=0.0")
    run.fill(0, 10, 1)

    assert run.state.account.drawdown == 0.0


def test_a_reset_forgets_the_peak():
    """Drawdown counts anew from there."""
    account = fresh(ACCOUNT)
    account.peak_e8, account.equity_e8, account.drawdown = 100, 80, 0.2

    forget_peak(account)

    assert (account.peak_e8, account.drawdown) == (80, 0.0)
