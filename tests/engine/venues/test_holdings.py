"""Are balances compared to the last unit, of every asset that the venue names?"""

from typing import Any

import pytest

from engine.messages import (
    FEE_STEP,
    IN_BASE,
    IN_OTHER,
    IN_QUOTE,
    MAKER,
    CashDeposited,
    FeeBalanceChanged,
    HeldAside,
    OrderFilled,
    PositionCorrected,
    SubmitOrder,
    asset_name,
    asset_of,
    decode,
    encode,
)
from engine.venues.asking import ASK_HOLDING, Held, Holding, Trade
from engine.venues.holdings import corrections, gap_to, held_in
from engine.venues.outside import Outside
from tests.builders import E8, PRICE, QUICK, Run

SECOND = 1_000_000_000
BNB = asset_of("BNB")
HERE = Held(1_000, [5, 7], [11, 0], 40)


@pytest.mark.parametrize(
    ("there", "gap"),
    [
        (Holding(1_000, (5, 7), ()), (0, 0, 0, 0, 0, 0)),
        (Holding(1_000, (5, 7), (), (11, 0), 40), (0, 0, 0, 0, 0, 0)),
        (Holding(1_003, (5, 9), (), (12, 0), 38), (3, -2, 0, 1, 2, 0)),
        (Holding(1_000, (4, 7), (), (0, 0), None), (0, 0, -1, -11, 0, 0)),
    ],
)
def test_what_the_venue_does_not_say_does_not_differ(there, gap):
    """Cash, the other asset, and of each symbol lots and what is beside them."""
    assert gap_to(there, HERE, BNB) == gap


def test_another_asset_without_a_name_is_not_compared():
    """Nobody could say what it is."""
    assert gap_to(Holding(1_000, (5, 7), (), (11, 0), 99), HERE, 0) == (0,) * 6


def test_a_gap_becomes_records_of_its_assets_alone():
    """Nothing is told of what does not differ."""
    told = [decode(record) for record in corrections((0, -2, 0, 0, 3, -4), HERE, 9, BNB)]

    assert told == [PositionCorrected(1, 9, 9, 3, -4), FeeBalanceChanged(0, 9, 9, BNB, -2)]
    cash = [decode(one) for one in corrections((5, 0, 0, 0), HERE, 9, BNB)]
    assert cash == [CashDeposited(0, 9, 9, 5)]


SHARED = HERE._replace(aside_e8=(500, 30, 0), lot_e8=(10, 10))


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (Holding(1_500, (9, 7), (), (1, 0), 40), []),  # 5 lots and 11, and 30 aside: 91
        (Holding(1_700, (9, 7), (), (1, 0), 40), [HeldAside(0, 9, 9, 0, 200)]),
        (Holding(1_100, (9, 7), (), (1, 0), 40), [HeldAside(0, 9, 9, 0, -400)]),
        (
            Holding(900, (9, 7), (), (1, 0), 40),
            [HeldAside(0, 9, 9, 0, -500), CashDeposited(0, 9, 9, -100)],
        ),
        (Holding(1_500, (10, 7), (), (2, 0), 40), [HeldAside(0, 9, 9, 11, 0)]),
        (Holding(1_500, (7, 7), (), (1, 0), 40), [HeldAside(0, 9, 9, -20, 0)]),
        (
            Holding(1_500, (5, 7), (), (8, 0), 40),
            [HeldAside(0, 9, 9, -30, 0), PositionCorrected(0, 9, 9, -1, 7)],
        ),
    ],
)
def test_in_a_shared_account_only_less_can_be_ours(there, told):
    """What comes without us is not ours to trade; what goes is taken from that first."""
    gap = gap_to(there, SHARED, BNB)

    assert [decode(one) for one in corrections(gap, SHARED, 9, BNB)] == told


def test_what_is_set_aside_is_compared_and_counts_in_no_equity():
    """The state says what lies there, ours and not."""
    run = Run(*QUICK)
    run.alone(HeldAside(0, run.now_ns, run.now_ns, 7 * E8, 3 * E8))

    held = held_in(run.state, is_shared=True)

    assert list(held.aside_e8) == [3 * E8, 7 * E8]
    assert held._replace(aside_e8=(), lot_e8=()) == held_in(run.state)
    assert run.state.account.equity_e8 == run.state.account.deposits_e8


def test_the_first_look_at_an_account_counts_at_once():
    """Nothing of it was known: what is there beyond our cash is not ours."""
    outside = Outside(lambda: SHARED._replace(aside_e8=(0, 0, 0)), fee_asset="BNB", is_fresh=True)
    outside.tick(9)
    number = next(one.number for one in outside.outgoing if one.verb == ASK_HOLDING)

    facts = outside.take(number, Holding(1_500, (9, 7), (), (1, 0), 40))

    assert [decode(one) for one in facts] == [
        HeldAside(0, 9, 9, 30, 0),
        HeldAside(0, 9, 9, 0, 500),
    ]


def test_a_look_that_agrees_was_the_first():
    """What differs later is looked at again, as ever: a trade may be on its way to us."""
    outside = Outside(lambda: SHARED, fee_asset="BNB", is_fresh=True)

    assert told_after(outside, Holding(1_500, (9, 7), (), (1, 0), 40), 1) == []
    assert told_after(outside, Holding(1_200, (10, 7), (), (1, 0), 40), 3) == []


def test_the_first_look_does_not_count_at_once_while_an_order_is_under_way():
    """It may have traded: its cash would be taken for lost, and be somebody else's ever after."""
    outside = Outside(lambda: SHARED, fee_asset="BNB", is_fresh=True)
    outside.send(encode(SubmitOrder(0, 0, 0, 1, 10, 0, 0, 0)))

    assert told_after(outside, Holding(400, (15, 7), (), (1, 0), 40), 1) == []


def test_a_core_says_what_it_holds():
    """Whole lots, what is beside them, and the asset that pays fees."""
    run = Run(*QUICK)
    run.bar(PRICE)
    run.alone(FeeBalanceChanged(0, run.now_ns, run.now_ns, BNB, 3 * E8))
    run.fill(0, 10, 1, fee=30, flags=IN_BASE * FEE_STEP)

    found = held_in(run.state)

    assert (found.lots, found.fee_asset_e8) == ([9], 3 * E8)
    assert found.dust_e8 == [run.state.symbols[0].instrument.lot_e8 - 30]
    assert found.cash_e8 == run.state.account.cash_e8


def told_after(venue: Outside, holding: Holding, looks: int) -> list[Any]:
    """What the core is told after so many looks at the venue's holdings."""
    told = []
    for _ in range(looks):
        venue.tick(venue.now_ns + 61 * SECOND)
        asked = [one for one in venue.outgoing if one.verb == ASK_HOLDING]
        venue.outgoing.clear()
        told += [decode(record) for record in venue.take(asked[-1].number, holding)]
    return told


def test_another_asset_and_the_last_units_of_base_are_taken_over():
    """The venue has the last word, and is looked at more than once before it is believed."""
    venue = Outside(lambda: HERE, fee_asset="BNB")
    there = Holding(1_000, (5, 7), (), (13, 0), 41)

    assert told_after(venue, there, 3) == []
    corrected, changed = told_after(venue, there, 1)

    assert (corrected.lots, corrected.dust_e8) == (0, 2)
    assert (asset_name(changed.asset), changed.amount_e8) == ("BNB", 1)


def test_another_asset_is_taken_over_while_orders_are_open():
    """Cash and base agree: no trade is missing, so nobody is asked and nothing waited for."""
    venue = Outside(lambda: HERE, fee_asset="BNB")
    venue.adopt(9, 0, accepted=True, canceling=False)
    venue.tick(venue.now_ns + SECOND)
    venue.outgoing.clear()

    told = told_after(venue, Holding(1_000, (5, 7), (9,), (11, 0), 41), 4)

    assert [type(one) for one in told if isinstance(one, FeeBalanceChanged)] == [FeeBalanceChanged]


@pytest.mark.parametrize("fee_in", [IN_QUOTE, IN_BASE, IN_OTHER])
@pytest.mark.parametrize("maker", [False, True])
def test_a_trade_says_what_its_fee_was_taken_from(fee_in, maker):
    """Beside its side, and whether it rested in the book."""
    venue = Outside(lambda: HERE)
    trade = Trade(1, 0, 1, 100, 3, 9, 50, maker=maker, fee_in=fee_in)

    (record,) = venue.take(0, trade)

    told = decode(record)
    assert isinstance(told, OrderFilled)
    assert told.flags == 1 + (MAKER if maker else 0) + fee_in * FEE_STEP
    assert told.fee_e8 == 9


@pytest.mark.parametrize("name", ["", "BNB/USDT", "TOOLONGNAME", "\x1b[2J"])
def test_what_is_no_name_of_an_asset_is_refused(name):
    """A name is up to seven letters or digits."""
    with pytest.raises(ValueError, match="no asset's name"):
        asset_of(name)


@pytest.mark.parametrize(("number", "name"), [(0, "?"), (-1, "?"), (27, "?"), (BNB, "BNB")])
def test_a_number_that_is_no_name_reads_as_unknown(number, name):
    """A record may hold any number; a terminal is shown none of it."""
    assert asset_name(number) == name
