"""Do the core's money formulas hold at the edges of what an instrument may be, by example?"""

from typing import Any

import pytest

from engine.instruments import (
    BOUND,
    INSTRUMENT,
    common_divisor,
    define,
    fee_of,
    limit,
    lots_for,
    notional_of,
    share_by_bits,
    share_of,
)
from engine.layout import bytes_of, fresh
from tests.builders import E8, ETHER
from tests.engine.execution.simulated_venue import Venue, record

STEPS = {"a": 1_000_000, "b": 10_000, "c": 1, "d": 90_000_000, "e": 5 * E8}
LIMITS = {"a": 1, "b": 100_000_000, "c": 31_250_000}


def ether() -> Any:
    """The instrument as the core holds it."""
    return Venue().symbol.instrument


def test_a_defined_instrument_knows_its_worth():
    """One lot for one tick, as a fraction of 1e-8 quote; steps as numbers for the indicators."""
    one = ether()

    assert (one.value_numerator, one.value_denominator) == (100, 1)
    assert (one.tick, one.lot) == (0.01, 0.0001)
    assert (one.price_max, one.market_lots_max) == (ETHER.price_max, ETHER.market_lots_max)


@pytest.mark.parametrize(
    "change", [{"a": 0}, {"a": -1}, {"b": 0}, {"b": -1}, {"a": BOUND, "b": 2}, {"d": -1}]
)
def test_impossible_steps_leave_a_symbol_undefined(change):
    """No step, a negative one, or a worth beyond every bound: nothing can be traded."""
    one = ether()

    define(one, record(**(STEPS | change)))

    assert (one.tick_e8, one.price_max) == (0, 0)


@pytest.mark.parametrize("change", [{"b": 0}, {"b": -1}, {"b": BOUND}])
def test_impossible_limits_change_nothing(change):
    """A highest price beyond which a formula could wrap is not taken."""
    one = ether()
    before = bytes_of(INSTRUMENT, one)

    limit(one, record(**(LIMITS | change)))

    assert bytes_of(INSTRUMENT, one) == before


def test_limits_before_steps_change_nothing():
    """There is nothing yet to limit."""
    one = fresh(INSTRUMENT)

    limit(one, record(**LIMITS))

    assert one.price_max == 0


def test_money_is_rounded_as_the_venue_does():
    """A notional down, a fee half up; an undefined instrument is worth nothing."""
    fine = ether()
    define(fine, record(a=1, b=10, c=1, d=1_000, e=0))

    assert notional_of(fine, 3, 7) == 0  # 210 of 1e7 parts
    assert notional_of(fresh(INSTRUMENT), 3, 7) == 0
    assert [fee_of(notional, 1_000) for notional in (499, 500, 1_499, 1_500)] == [0, 1, 1, 2]


@pytest.mark.parametrize(
    ("amount", "part", "whole", "share"),
    [
        (1_000, 2, 7, 285),
        (1_000, 7, 7, 1_000),
        (1_000, 0, 7, 0),
        (1_000, 3, 0, 0),
        (2**61 - 1, 2**60, 2**61, 2**60 - 1),
        (2**61 - 1, 2**61 - 3, 2**61 - 1, 2**61 - 3),
    ],
)
def test_a_share_is_exact_however_large(amount, part, whole, share):
    """Rounded down, without a product that could wrap."""
    assert share_of(amount, part, whole) == share


def test_a_share_of_nothing_is_nothing():
    """Divided by nothing it would be no number."""
    assert share_by_bits(5, 3, 0) == 0
    assert common_divisor(12, 0) == 12


@pytest.mark.parametrize(
    ("notional", "price", "lots"),
    [(10_000, 100, 1), (19_999, 100, 1), (0, 100, 0), (-5, 100, 0), (10_000, 0, 0)],
)
def test_lots_are_the_most_that_fit(notional, price, lots):
    """One more would cost more; nothing fits into nothing."""
    assert lots_for(ether(), notional, price) == lots


def test_a_vast_notional_buys_the_largest_order():
    """More lots than can be counted are as many as one order may have."""
    fine = ether()
    define(fine, record(a=1, b=1, c=1, d=777, e=0))

    assert lots_for(fine, BOUND, 1) == 777
