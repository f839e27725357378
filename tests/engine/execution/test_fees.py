"""Is a fee counted where the venue took it: from quote, from what was bought, or from elsewhere?"""

import random
from typing import Any

import pytest

from engine.core import CompiledCore
from engine.messages import (
    BUY,
    FEE_STEP,
    IN_BASE,
    IN_OTHER,
    IN_QUOTE,
    SELL,
    FeeBalanceChanged,
    OrderFilled,
    PositionCorrected,
    asset_name,
    asset_of,
    encode,
)
from tests.builders import E8, ETHER, PRICE, QUICK, START, Run, opening
from tests.engine.execution.decimal_account import DecimalAccount, bids_of, reading_of

LOT = ETHER.lot_e8
BASE, OTHER = IN_BASE * FEE_STEP, IN_OTHER * FEE_STEP
ORDER_ID, REMEMBERED = 7, 1_000


def a_run(*changes: str) -> Run:
    """An engine that has seen a price and holds nothing."""
    run = Run(*QUICK, *changes)
    run.bar(PRICE)
    return run


def base_of(run: Run) -> int:
    """All base that is held, in its 1e-8."""
    return int(run.position.lots * LOT + run.position.dust_e8)


def assert_explained(state: Any) -> None:
    """Equity is what came in and what was earned."""
    account, position = state.account, state.symbols[0].position
    unrealized = account.value_e8 - position.cost_e8
    earned = account.realized_e8 + unrealized - account.fees_e8
    assert account.equity_e8 == account.deposits_e8 + earned


def test_a_fee_in_base_leaves_less_than_was_bought():
    """A thousand lots less a tenth of a percent: what is held is the venue's, to 1e-8."""
    run = a_run()

    run.fill(0, 1_000, 1, fee=1_000 * LOT // 1_000 + 1, flags=BUY + BASE)

    assert (run.position.lots, run.position.dust_e8) == (998, LOT - 1)
    assert base_of(run) == 1_000 * LOT - 1_000 * LOT // 1_000 - 1
    assert_explained(run.state)


def test_a_fee_in_base_costs_its_worth_at_the_price_of_its_fill():
    """The result is the same as where as much was taken in quote, once all is sold."""
    run, twin = a_run(), a_run()
    paid_e8 = 1_000 * PRICE * LOT // 100 // 1_000

    run.fill(0, 1_000, 1, fee=LOT, flags=BUY + BASE)
    run.fill(0, 999, 2, price=PRICE + 50, flags=SELL)
    twin.fill(0, 1_000, 1, fee=paid_e8)
    twin.fill(0, 1_000, 2, price=PRICE + 50, flags=SELL)

    assert run.state.account.fees_e8 == twin.state.account.fees_e8 == paid_e8
    lost_e8 = 50 * LOT // 100  # that the fee's lot would have earned
    assert run.state.account.cash_e8 == twin.state.account.cash_e8 - lost_e8
    assert (base_of(run), run.position.cost_e8) == (0, 0)


def test_what_lies_beside_whole_lots_is_not_sold_and_worth_nothing_until_it_fills_one():
    """Equity must be reachable, and a venue takes whole lots."""
    run = a_run()
    run.fill(0, 10, 1, fee=LOT // 4, flags=BUY + BASE)
    values = []
    for number in range(2, 6):
        values.append((run.position.lots, run.position.dust_e8, run.position.value_e8))
        run.fill(0, 10, number, fee=LOT // 4, flags=BUY + BASE)

    assert [lots for lots, _, _ in values] == [9, 19, 29, 39]
    assert [dust for _, dust, _ in values] == [3 * LOT // 4, LOT // 2, LOT // 4, 0]
    assert values[3][2] == 39 * (PRICE - 1) * LOT // 100
    assert_explained(run.state)


def test_a_trade_ends_with_its_last_lot_and_the_rest_is_there_for_the_next():
    """The remainder has cost nothing then: its worth was lost with the trade that left it."""
    run = a_run()
    run.fill(0, 10, 1, fee=LOT // 4, flags=BUY + BASE)
    run.fill(0, 9, 2, flags=SELL)
    account, first = run.state.account, run.state.account.equity_e8

    assert (run.position.lots, run.position.dust_e8, run.position.cost_e8) == (0, 3 * LOT // 4, 0)
    assert (account.losses, account.open_positions) == (1, 0)
    assert run.position.trade_e8 == first - account.deposits_e8

    run.fill(0, 10, 3, fee=LOT // 4, flags=BUY + BASE)
    run.fill(0, 10, 4, price=PRICE + 1, flags=SELL)

    assert (base_of(run), account.open_positions, account.wins) == (LOT // 2, 0, 1)
    assert run.position.trade_e8 == account.equity_e8 - first
    assert_explained(run.state)


def test_a_purchase_of_one_lot_may_leave_none_and_its_trade_is_open():
    """The second part fills the lot; it is one trade, opened once."""
    run = a_run()
    run.fill(0, 1, 1, fee=10, flags=BUY + BASE)
    held = (run.position.lots, run.position.dust_e8, run.state.account.open_positions)
    run.fill(0, 1, 2, fee=10, flags=BUY + BASE)

    assert held == (0, LOT - 10, 1)
    assert (run.position.lots, run.state.account.open_positions) == (1, 1)
    assert_explained(run.state)


def test_a_fee_in_another_asset_is_a_balance_of_its_own():
    """It touches neither cash nor equity, and says what was paid in it."""
    run, stamp = a_run(), (0, START, START)
    run.alone(FeeBalanceChanged(*stamp, asset_of("BNB"), 2 * E8))
    before = run.state.account.cash_e8

    run.fill(0, 10, 1, fee=1_230_000, flags=BUY + OTHER)
    run.fill(0, 10, 2, fee=1_230_001, flags=SELL + OTHER)

    account = run.state.account
    assert asset_name(account.fee_asset) == "BNB"
    assert (account.fee_asset_e8, account.fee_asset_paid_e8) == (2 * E8 - 2_460_001, 2_460_001)
    assert (account.fees_e8, account.cash_e8) == (0, before)
    assert_explained(run.state)


@pytest.mark.parametrize(("rate", "won"), [("0.0", (1, 0)), ("600.0", (0, 1))])
def test_what_another_asset_is_worth_counts_where_the_profile_states_it(rate, won):
    """A trade that earned less than its fees is lost; without a rate nobody knows."""
    run = a_run(f"fees.asset_rate={rate}")
    run.fill(0, 10, 1, fee=E8 // 1_000, flags=BUY + OTHER)
    run.fill(0, 10, 2, price=PRICE + 1, fee=E8 // 1_000, flags=SELL + OTHER)

    account, kept = run.state.account, run.state.fills.table[1]
    assert (account.wins, account.losses) == won
    earned = 10 * LOT // 100
    assert kept.net_e8 == earned - int(float(rate) * (E8 // 1_000))
    assert (kept.fee_e8, kept.fee_in) == (E8 // 1_000, IN_OTHER)
    assert_explained(run.state)


def test_there_is_one_asset_that_pays_fees_not_two():
    """What is told of a second one is odd, and changes nothing."""
    run, stamp = a_run(), (0, START, START)
    run.alone(FeeBalanceChanged(*stamp, asset_of("BNB"), 5))
    run.alone(FeeBalanceChanged(*stamp, asset_of("MX"), 7))

    account = run.state.account
    assert (asset_name(account.fee_asset), account.fee_asset_e8) == ("BNB", 5)
    assert account.anomalies == 1


@pytest.mark.parametrize(("symbol", "lots"), [(1, 5), (0, 0), (0, -3)])
def test_a_fee_in_base_of_a_fill_that_cannot_be_is_worth_nothing(symbol, lots):
    """Of a symbol that nobody defined, or of no lots: nothing is divided by what is not there."""
    run = a_run()

    run.fill(0, lots, 1, fee=30, flags=BUY + BASE, symbol=symbol)

    assert run.state.account.fees_e8 == 0


@pytest.mark.parametrize(
    ("lots", "dust", "held"),
    [
        (0, 30, (9, LOT - 20)),
        (0, 60, (10, 10)),
        (1, -LOT, (9, LOT - 50)),
        (0, -LOT, (8, LOT - 50)),
        (-10, 0, (0, 0)),
    ],
)
def test_a_correction_reaches_what_lies_beside_whole_lots(lots, dust, held):
    """The venue holds what it says, to 1e-8; less than nothing is not held."""
    run = a_run()
    run.fill(0, 10, 1, fee=50, flags=BUY + BASE)

    run.alone(PositionCorrected(0, START, START, lots, dust))

    assert (run.position.lots, run.position.dust_e8) == held
    assert_explained_but_for_corrections(run)


def assert_explained_but_for_corrections(run: Run) -> None:
    """Equity is cash and what can be sold."""
    account = run.state.account
    assert account.equity_e8 == account.cash_e8 + run.position.value_e8
    assert 0 <= run.position.dust_e8 < LOT


def drawn_fill(draw: random.Random, fill_id: int, lots_held: int) -> OrderFilled:
    """A part of an order, bought or sold, its fee a thousandth of any asset."""
    sells = draw.random() < 0.5 and lots_held > 0
    lots = draw.randrange(1, lots_held + 1) if sells else draw.randrange(1, 10_000)
    price, fee_in = draw.randrange(1, 2 * PRICE), draw.choice((IN_QUOTE, IN_BASE, IN_OTHER))
    if sells and fee_in == IN_BASE:
        fee_in = IN_QUOTE
    fee = {IN_BASE: lots * LOT // 1_000}.get(fee_in, draw.randrange(10**9))
    flags = int(sells) + fee_in * FEE_STEP
    return OrderFilled(0, START, START, ORDER_ID, price, lots, fee, fill_id, flags)


def test_an_accountant_agrees_on_fees_of_every_kind():
    """Decimal books, kept apart: cash, cost, profit, fees, equity and every other balance."""
    run, books, draw = a_run(), DecimalAccount([ETHER]), random.Random(11)
    books.deposit(run.state.account.deposits_e8)
    for fill_id in range(1, 1_500):
        fill = drawn_fill(draw, fill_id, run.position.lots)
        run.alone(fill)
        books.take(fill)

        assert reading_of(run.state, 1) == books.reading(bids_of(run.state, 1))
        assert base_of(run) == books.holdings[0].base * E8
        assert run.state.account.fee_asset_e8 == books.other * E8
        assert_explained(run.state)


def test_compiled_code_holds_the_sum_of_distinct_fills_net_of_fees_in_base(native):
    """100,000 parts, some told again, out of their order: lots and what is beside them."""
    draw, core = random.Random(12), CompiledCore(native)
    for record in opening(*QUICK):
        core.process(record)
    distinct, held, told = [], 0, []
    for fill_id in range(1, 100_001):
        fill = drawn_fill(draw, fill_id, held)
        held += -fill.lots if fill.flags & SELL else fill.lots - 10
        distinct.append(fill)
        told += [fill] * draw.choice((1, 1, 1, 2, 3))
    before_e8 = core.state.account.cash_e8
    for at in range(0, len(told), REMEMBERED // 4):
        told[at : at + REMEMBERED // 4] = draw.sample(
            told[at : at + REMEMBERED // 4], len(told[at : at + REMEMBERED // 4])
        )

    for fill in told:
        core.process(encode(fill))

    account, position = core.state.account, core.state.symbols[0].position
    assert account.fills == len(distinct) < len(told)
    assert position.lots * LOT + position.dust_e8 == sum(map(base_moved, distinct))
    assert account.cash_e8 - before_e8 == sum(map(cash_moved, distinct))
    assert account.fee_asset_paid_e8 == sum(
        fill.fee_e8 for fill in distinct if fill.flags // FEE_STEP == IN_OTHER
    )
    assert_explained(core.state)


def base_moved(fill: OrderFilled) -> int:
    """What a fill brought of base, in its 1e-8."""
    sign = -1 if fill.flags & SELL else 1
    return sign * fill.lots * LOT - (fill.fee_e8 if fill.flags // FEE_STEP == IN_BASE else 0)


def cash_moved(fill: OrderFilled) -> int:
    """What a fill brought of quote, in its 1e-8."""
    sign = 1 if fill.flags & SELL else -1
    worth = fill.price * fill.lots * LOT * ETHER.tick_e8 // E8
    return sign * worth - (fill.fee_e8 if fill.flags // FEE_STEP == IN_QUOTE else 0)
