"""Do orders stand on the exchange's own steps, and does what is less than one end as it should?"""

from typing import Any

import pytest

from engine.instruments import STEP_MAX, Instrument, definition_records
from engine.messages import (
    BUY,
    FEE_STEP,
    IN_BASE,
    OUTSIDE,
    SELL,
    STOP,
    BookTop,
    FlattenEnded,
    InstrumentLimited,
    OperatorFlattened,
    OrderAccepted,
    PositionCorrected,
    SubmitOrder,
    decode,
    encode,
    split,
)
from tests.builders import E8, ETHER, PRICE, QUICK, Run, only, submitted

FINE = ETHER.counted_in(ETHER.tick_e8 // 10, ETHER.lot_e8 // 10)._replace(price_step=1, lot_step=1)
COARSE = ETHER._replace(price_step=100, lot_step=10)  # steps of 1.00 and 0.001


class Stepped(Run):
    """An engine at an exchange whose steps change."""

    def comes_in(self, one: Instrument) -> list[Any]:
        """The instrument from now on."""
        records = split(definition_records(0, one, self.now_ns, OUTSIDE))[-2:]
        return [said for record in records for said in self.alone(decode(record))]

    def bought(self, lots: int, fee: int = 0) -> None:
        """So many lots fill at once."""
        self.number = getattr(self, "number", 0) + 1
        self.fill(0, lots, self.number, fee=fee, flags=BUY + IN_BASE * FEE_STEP)

    def sold(self, order: SubmitOrder) -> None:
        """An order of ours fills."""
        self.number = getattr(self, "number", 0) + 1
        self.fill(order.order_id, order.lots, self.number, flags=SELL)


def a_run(*changes: str) -> Stepped:
    """An engine at an exchange that has seen a book and holds nothing."""
    run = Stepped(*QUICK, *changes, flags=OUTSIDE)
    run.book(PRICE - 1, PRICE)
    return run


def test_dust_that_fills_finer_lots_can_be_sold_and_opens_a_trade():
    """Nothing was held that could be sold; what costs nothing is earned when it is sold."""
    run = a_run()
    run.bought(30_000, fee=30_000 * ETHER.lot_e8 - 9_999)
    assert (run.position.lots, run.position.dust_e8) == (0, 9_999)
    run.position.cost_e8 = 0  # an earlier trade left it
    run.state.account.open_positions = 0

    run.comes_in(FINE)

    assert (run.position.lots, run.position.dust_e8) == (9, 999)
    assert (run.state.account.open_positions, run.position.entry_price) == (1, 10 * (PRICE - 1))


def test_what_is_sold_in_coarser_steps_leaves_a_remainder_and_ends_the_trade():
    """The flatten ends; the next trade begins anew and takes the remainder along."""
    run = a_run()
    run.bought(1_237)
    run.comes_in(COARSE)

    asked = submitted(run.ask(OperatorFlattened))
    run.sold(asked[0])

    assert [(one.lots, one.price) for one in asked] == [(1_230, 0)]
    assert only(run.said, FlattenEnded)[-1].symbols == 1
    account = run.state.account
    assert (run.position.lots, run.position.cost_e8, account.open_positions) == (7, 0, 0)
    assert account.wins + account.losses == 1
    run.bought(1_003)
    assert (run.position.lots, account.open_positions) == (1_010, 1)


def test_a_stop_and_a_resting_entry_stand_on_the_exchanges_ticks():
    """Rounded down, both of them, and their lots with them."""
    run = a_run("orders.entry=limit")
    run.comes_in(COARSE)
    run.warm_up()
    run.book(PRICE + 155, PRICE + 160)
    entries = submitted(run.bars(PRICE + 100, PRICE + 200))
    assert [(one.price % 100, one.lots % 10) for one in entries] == [(0, 0)]
    run.alone(OrderAccepted(0, run.now_ns, run.now_ns, entries[0].order_id))

    run.fill(entries[0].order_id, entries[0].lots, 1, flags=BUY)
    stops = [one for one in submitted(run.said) if one.flags & 6 == STOP * 2]

    assert [(one.price % 100, one.lots % 10) for one in stops] == [(0, 0)]
    assert 0.97 * PRICE < stops[0].price <= 0.98 * PRICE


def test_a_fixed_quantity_and_an_assumed_spread_are_in_the_exchanges_steps():
    """Profile keys in lots and ticks mean what the exchange calls so now."""
    run = Stepped(*QUICK, "sizing.lots_fixed=20", "features.half_spread_ticks=2", flags=OUTSIDE)
    run.comes_in(COARSE)

    asked = submitted(run.go_long())

    market = run.state.symbols[0].features.market
    assert [one.lots for one in asked[:1]] == [200]
    assert (market.last - market.bid, market.ask - market.last) == (200, 200)


@pytest.mark.parametrize("steps", [(STEP_MAX + 1, 1), (1, STEP_MAX + 1)])
def test_limits_with_steps_beyond_measure_are_not_taken(steps):
    """As other limits beyond the bounds: those of before hold."""
    run = a_run()

    run.alone(InstrumentLimited(0, run.now_ns, run.now_ns, 1, 7, 7, *steps))

    one = run.state.symbols[0].instrument
    assert (one.price_max, one.price_step, one.lot_step) == (ETHER.price_max, 1, 1)


def test_coarser_steps_end_a_trade_that_had_cost_nothing():
    """What was taken over at no price is a remainder from then on, and more of it is not."""
    run = Stepped(*QUICK, flags=OUTSIDE)
    run.alone(PositionCorrected(0, run.now_ns, run.now_ns, 7, 0))
    assert run.state.account.open_positions == 1

    run.comes_in(COARSE)

    assert run.state.account.open_positions == 0
    run.feed(BookTop(0, run.now_ns, run.now_ns, PRICE, PRICE + 1, E8, E8))
    run.alone(PositionCorrected(0, run.now_ns, run.now_ns, 5, 0))
    assert (run.position.lots, run.state.account.open_positions) == (12, 1)


def test_a_named_symbol_is_told_in_three_records():
    """Name, steps, limits; a step of one is not written, so that older files stay as they were."""
    plain, coarse = (split(definition_records(0, one, 5)) for one in (ETHER, COARSE))

    assert decode(plain[-1]) == InstrumentLimited(0, 5, 5, 1, 100_000_000, 31_250_000, 0, 0)
    assert decode(coarse[-1])[6:8] == (100, 10)
    assert encode(decode(coarse[-2])) == plain[-2]
