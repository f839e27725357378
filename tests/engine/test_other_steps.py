"""What is an instrument whose steps at the exchange are not those of its journal?"""

import random
from typing import Any

import pytest

from engine.core import PlainCore
from engine.errors import Refused
from engine.instruments import BOUND, definition_records
from engine.messages import OUTSIDE, split
from engine.other_steps import are_told, counted_alike, merged, steps_of, taken_over
from engine.parts import Source
from engine.venues.settings import Exchange
from tests.builders import E8, ETHER, PRICE, QUICK, Run

FINE = ETHER.counted_in(ETHER.tick_e8 // 10, ETHER.lot_e8 // 10)._replace(price_step=1, lot_step=1)


def now(tick_e8: int, lot_e8: int) -> Any:
    """Ether as an exchange trades it: a least order of one lot, a highest price of 10,000."""
    return ETHER._replace(
        tick_e8=tick_e8,
        lot_e8=lot_e8,
        lots_max=9_000 * E8 // lot_e8,
        market_lots_max=E8 // lot_e8,
        price_max=10_000 * E8 // tick_e8,
    )


def ether() -> Any:
    """The symbol of an engine at an exchange that has seen a price."""
    run = Run(*QUICK, flags=OUTSIDE)
    run.bar(PRICE)
    return run.state.symbols[0]


@pytest.mark.parametrize(
    ("steps", "unit", "coarser"),
    [
        ((100_000, 1_000), (100_000, 1_000), (1, 1)),
        ((10_000_000, 100_000), (1_000_000, 10_000), (10, 10)),
        ((2_500_000, 15_000), (500_000, 5_000), (5, 3)),
        ((1_000_000, 10_000), (1_000_000, 10_000), (1, 1)),
    ],
)
def test_both_are_counted_in_what_divides_them(steps, unit, coarser):
    """Finer, coarser, incomparable, the same; every limit is what it was."""
    one, theirs = merged(now(*steps), ether()), now(*steps)

    assert (one.tick_e8, one.lot_e8) == unit
    assert (one.price_step, one.lot_step) == coarser
    assert one.lots_min * one.lot_e8 == theirs.lots_min * theirs.lot_e8
    assert one.market_lots_max * one.lot_e8 == theirs.market_lots_max * theirs.lot_e8
    assert one.price_max * one.tick_e8 == theirs.price_max * theirs.tick_e8
    assert steps_of(one) == steps_of(theirs)


def test_a_highest_price_beyond_the_bounds_is_cut():
    """Nothing trades there; what trades now can be computed."""
    one = merged(now(1_000_000, 10_000)._replace(lots_max=BOUND // 10**12), ether())

    assert one.lots_max * one.price_max * one.value_numerator <= BOUND
    assert one.price_max > PRICE


@pytest.mark.parametrize(
    "impossible", [{"tick_e8": 7, "lot_e8": 3}, {"tick_e8": 10**16 + 10**6, "lot_e8": 10_000}]
)
def test_what_could_not_be_computed_in_both_is_refused(impossible):
    """In two lines that say what to do: steps that share next to nothing, or far too large."""
    with pytest.raises(Refused, match="would pass 2\\^62") as refused:
        merged(now(1_000_000, 10_000)._replace(**impossible), ether())

    assert refused.value.code == 4
    assert "close what is open at the exchange" in refused.value.fix


def test_a_start_that_was_killed_between_steps_and_limits_tells_both_again():
    """Steps without limits are not told; with them they are, and then never again."""
    core, draw = PlainCore(), random.Random(1)
    state = core.state
    for record in split(definition_records(0, ETHER, draw.randrange(99), OUTSIDE))[-2:]:
        core.process(record)
    one = merged(FINE, state.symbols[0])
    defined, limited = split(definition_records(0, one, 100, OUTSIDE))[-2:]

    seen = [are_told(one, state.symbols[0].instrument)]
    for record in (defined, defined, limited, defined, limited):
        core.process(record)
        seen.append(are_told(one, state.symbols[0].instrument))

    assert seen == [False, False, False, True, False, True]
    assert steps_of(state.symbols[0].instrument) == steps_of(FINE)
    assert are_told(ETHER, state.symbols[0].instrument) is False


@pytest.mark.parametrize(
    "change",
    [
        {"lots_min": 10},
        {"lots_max": 1_000_000},
        {"market_lots_max": 999},
        {"notional_min_e8": 10 * E8},
        {"price_min": 7},
        {"price_max": ETHER.price_max - 1},
    ],
)
def test_limits_that_change_alone_are_told_too(change):
    """Or what cannot be sold is asked for again and again; the steps stay, so nothing moves."""
    run = Run(*QUICK, flags=OUTSIDE)
    run.bar(PRICE)
    symbol = run.state.symbols[0]
    before, one = symbol.features.market.last, merged(ETHER._replace(**change), symbol)

    seen = [are_told(ETHER, symbol.instrument), are_told(one, symbol.instrument)]
    for record in split(definition_records(0, one, 100, OUTSIDE))[-2:]:
        run.core.process(record)

    assert seen == [True, False]
    assert are_told(one, symbol.instrument)
    assert symbol.features.market.last == before


def test_a_running_core_takes_over_what_its_units_divide_and_nothing_else():
    """Coarser steps and limits at once; finer ones only where nothing is on its way."""
    symbol = ether()
    coarser = taken_over(now(10_000_000, 100_000), symbol)

    assert coarser is not None
    assert (coarser.tick_e8, coarser.price_step, coarser.lot_step) == (ETHER.tick_e8, 10, 10)
    assert taken_over(FINE, symbol) is None
    assert taken_over(now(2_500_000, 15_000), symbol) is None
    assert taken_over(now(10**16, 100_000), symbol) is None


def test_only_at_an_exchange_other_steps_are_carried_over():
    """A file or a simulated market is another one then; what no journal knows comes as it is."""
    run = Run(*QUICK, flags=OUTSIDE)
    source = Source("x", True, [now(100_000, 1_000), FINE], 0, 0, lambda _: iter(()))

    alike = counted_alike(source._replace(exchange=Exchange()), run.state)

    assert counted_alike(source, run.state) is source
    assert [one.price_step for one in alike.instruments] == [1, 1]
    assert alike.instruments[1] == FINE
