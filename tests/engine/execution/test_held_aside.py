"""Is what lies at a venue and is not ours kept apart, and what has no lot of no worth?"""

from engine.execution.portfolio import carry_dust, worth_of_base
from engine.messages import HeldAside
from tests.builders import E8, QUICK, Run


def test_what_is_held_aside_is_no_part_of_cash_position_or_equity():
    """Base and quote, more and less."""
    run = Run(*QUICK)
    account = run.state.account
    before = account.cash_e8, account.equity_e8, run.position.lots, run.position.dust_e8

    run.alone(HeldAside(0, run.now_ns, run.now_ns, 7 * E8, 3 * E8))
    run.alone(HeldAside(0, run.now_ns, run.now_ns, -E8, -2 * E8))

    assert (run.position.aside_e8, account.aside_e8) == (6 * E8, E8)
    after = account.cash_e8, account.equity_e8, run.position.lots, run.position.dust_e8
    assert after == before


def test_where_no_lot_is_known_nothing_is_worth_anything_and_nothing_is_carried():
    """An instrument that cannot be computed with has none."""
    run = Run(*QUICK)
    instrument = run.state.symbols[0].instrument
    instrument.lot_e8 = 0
    run.position.dust_e8 = 5

    carry_dust(run.position, instrument)

    assert (run.position.lots, run.position.dust_e8) == (0, 5)
    assert worth_of_base(instrument, 100, 1, 5) == 0
