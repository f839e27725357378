"""Is every amount exact on its way between decimal text and the core's integers?"""

from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.instruments import (
    BOUND,
    E8,
    HALF_BOUND,
    INSTRUMENT,
    Instrument,
    define,
    definition_records,
    e8_of,
    fee_of,
    limit,
    lots_for,
    notional_of,
    share_by_bits,
    share_of,
    text_of_e8,
)
from engine.instruments_file import instrument
from engine.layout import fresh
from engine.messages import (
    RECORD_SIZE,
    SYMBOL_NAME,
    InstrumentDefined,
    InstrumentLimited,
    Text,
    decode,
    text_of,
)

ETHUSDT = instrument("ETHUSDT", date(2025, 6, 1))
STEPS = st.sampled_from([1, 3, 100, 1_000, 12_500, 1_000_000, E8, 5 * E8])


class Event:
    """An InstrumentDefined or InstrumentLimited as the core sees it."""

    def __init__(self, message: InstrumentDefined | InstrumentLimited) -> None:
        self.a, self.b, self.c, self.d, self.e = (*message[3:-1], 0, 0)[:5]


class Narrow(int):
    """An int64 that says so when it would wrap."""

    def __new__(cls, value: int) -> Self:
        """Any int64."""
        assert -(2**63) <= value < 2**63
        return super().__new__(cls, value)

    def __add__(self, other: int) -> "Narrow":
        return Narrow(int(self) + int(other))

    def __mul__(self, other: int) -> "Narrow":
        return Narrow(int(self) * int(other))

    def __floordiv__(self, other: int) -> "Narrow":
        return Narrow(int(self) // int(other))

    def __mod__(self, other: int) -> "Narrow":
        return Narrow(int(self) % int(other))

    __radd__, __rmul__ = __add__, __mul__


def state_of(traded: Instrument) -> Any:
    """The core's block after the instrument's own records."""
    state = fresh(INSTRUMENT)
    for record in split(definition_records(0, traded, 1)):
        message = decode(record)
        if type(message) is InstrumentDefined:
            define(state, Event(message))
        elif type(message) is InstrumentLimited:
            limit(state, Event(message))
    return state


def split(raw: bytes) -> list[bytes]:
    """Records one by one."""
    return [raw[at : at + RECORD_SIZE] for at in range(0, len(raw), RECORD_SIZE)]


def steps(tick_e8: int, lot_e8: int) -> Instrument:
    """An instrument of any tick and lot, with small limits."""
    return ETHUSDT._replace(
        tick_e8=tick_e8, lot_e8=lot_e8, price_max=1_000, lots_max=1_000, market_lots_max=1_000
    )


@given(STEPS, STEPS, st.integers(1, 1_000), st.integers(0, 1_000))
def test_notional_is_the_exact_product_rounded_down(tick_e8, lot_e8, price, lots):
    """The venue cuts what lies beyond 1e-8 of quote."""
    exact = Decimal(price) * tick_e8 / E8 * lots * lot_e8 / E8

    found = notional_of(state_of(steps(tick_e8, lot_e8)), price, lots)

    assert Decimal(found) == (exact * E8).quantize(Decimal(1), ROUND_DOWN)


@given(st.integers(0, BOUND), st.integers(0, 100_000))
def test_fee_is_rounded_half_up(notional, rate):
    """A fee is a share of the notional, rounded half up to 1e-8, with no intermediate beyond it."""
    exact = (Decimal(notional) * rate / 1_000_000).quantize(Decimal(1), ROUND_HALF_UP)

    assert fee_of(Narrow(notional), Narrow(rate)) == exact


@given(st.integers(0, BOUND), st.integers(0, HALF_BOUND), st.integers(1, HALF_BOUND))
def test_share_is_exact_whatever_the_product(amount, part, whole):
    """floor(amount * part / whole), though the product may need 123 bits."""
    part = min(part, whole)

    assert share_of(Narrow(amount), Narrow(part), Narrow(whole)) == amount * part // whole


@given(st.integers(0, HALF_BOUND), st.integers(0, HALF_BOUND), st.integers(1, HALF_BOUND))
def test_share_by_bits_never_wraps(rest, part, whole):
    """The slow way holds up to 2^61 each, where the fast way would wrap."""
    rest, part = rest % whole, part % (whole + 1)

    assert share_by_bits(Narrow(rest), Narrow(part), Narrow(whole)) == rest * part // whole


def test_share_of_nothing_is_nothing():
    """A position of no lots has no share to give."""
    assert share_of(100, 1, 0) == 0
    assert share_of(100, 0, 5) == 0
    assert share_by_bits(1, 1, 0) == 0


@given(STEPS, STEPS, st.integers(1, 1_000), st.integers(0, 10**15))
def test_lots_for_is_the_most_that_a_notional_buys(tick_e8, lot_e8, price, notional):
    """One lot more would be worth more than the notional, or more than one order may have."""
    traded = state_of(steps(tick_e8, lot_e8))

    lots = lots_for(traded, Narrow(notional), Narrow(price))

    assert notional_of(traded, price, lots) <= notional
    if notional > 0 and lots != traded.lots_max:
        assert notional_of(traded, price, lots + 1) > notional


def test_lots_for_answers_impossible_questions():
    """No price, no money, no instrument: no lots; any amount of money: one order's limit."""
    traded, unknown = state_of(ETHUSDT), fresh(INSTRUMENT)
    tiny = state_of(steps(1, 1))

    assert lots_for(traded, E8, 0) == lots_for(traded, 0, 1) == lots_for(unknown, E8, 1) == 0
    assert lots_for(tiny, BOUND, 1) == tiny.lots_max
    assert notional_of(unknown, 5, 5) == 0


def test_the_core_learns_what_the_door_knows():
    """Definition records carry every filter, and both sides know what a lot for a tick is worth."""
    state = state_of(ETHUSDT)

    for name in Instrument._fields[3:]:
        assert getattr(state, name) == getattr(ETHUSDT, name)
    assert state.value_numerator == ETHUSDT.value_numerator == 100
    assert state.value_denominator == ETHUSDT.value_denominator == 1
    assert (state.tick, state.lot) == (0.01, 0.0001)


@pytest.mark.parametrize("steps_e8", [(0, 1), (1, 0), (-1, 1), (2**40, 2**40)])
def test_an_instrument_beyond_the_bounds_stays_undefined(steps_e8):
    """Compiled arithmetic wraps silently, so the core takes no steps whose product passes 2^62."""
    state = state_of(ETHUSDT)

    tick_e8, lot_e8 = steps_e8
    define(state, Event(InstrumentDefined(0, 1, 1, tick_e8, lot_e8, 1, 100, 0)))

    assert state.tick_e8 == 0
    assert state.price_max == 0


def test_a_negative_order_limit_defines_nothing():
    """The largest order bounds the largest notional."""
    state = fresh(INSTRUMENT)

    define(state, Event(InstrumentDefined(0, 1, 1, 1, 1, 1, -5, 0)))

    assert state.tick_e8 == 0


@pytest.mark.parametrize("price_max", [0, -1, BOUND // 90_000_000 // 100 + 1])
def test_limits_beyond_the_bounds_leave_no_sane_price(price_max):
    """price_max 0 means that every market event is malformed."""
    state = fresh(INSTRUMENT)
    define(state, Event(InstrumentDefined(0, 1, 1, 1_000_000, 10_000, 1, 90_000_000, 0)))

    limit(state, Event(InstrumentLimited(0, 1, 1, 1, price_max, 1, 0, 0)))

    assert state.price_max == 0


def test_limits_of_an_undefined_symbol_are_not_taken():
    """Limits count in steps, which are not known yet."""
    state = fresh(INSTRUMENT)

    limit(state, Event(InstrumentLimited(0, 1, 1, 1, 100, 1, 0, 0)))

    assert state.price_max == 0


@pytest.mark.parametrize(
    ("text", "e8"),
    [
        ("1983.55000000", 198_355_000_000),
        ("-0.5", -50_000_000),
        ("+.5", 50_000_000),
        ("5.", 500_000_000),
        (" 7 ", 700_000_000),
        ("1e-05", 1_000),
        ("1.5E+3", 150_000_000_000),
        ("0.0000000100", 1),
        ("0.000000000", 0),
        (Decimal("0.00000001"), 1),
        (Decimal("1E-8"), 1),
        (3, 300_000_000),
    ],
)
def test_decimal_text_becomes_whole_e8(text, e8):
    """Any way of writing an exact number of 1e-8 is read."""
    assert e8_of(text) == e8


@pytest.mark.parametrize(
    "text",
    ["", "-", ".", "nan", "inf", "1,5", "1_0", "--1", "1e", "1ex", "0x1", "٣", "1 2", "1e-9",
     "0.000000001", "1e99", "9" * 60, "1.50e-9"],
)  # fmt: skip
def test_what_is_no_exact_e8_is_refused(text):
    """Nothing is rounded on the way in."""
    with pytest.raises(ValueError, match=r"number|finer|invalid literal"):
        e8_of(text)


@given(st.decimals(-(10**9), 10**9, places=8))
def test_text_and_e8_are_the_same_number(value):
    """The door agrees with Decimal, both ways."""
    assert e8_of(value) == int(value * E8)
    assert Decimal(text_of_e8(e8_of(value), 1)) == value


def test_prices_and_quantities_are_written_as_the_venue_wants_them():
    """Plain notation, as many decimals as the step has, none for whole steps."""
    whole = ETHUSDT._replace(tick_e8=5 * E8, lot_e8=E8)

    assert ETHUSDT.price_text(250_050) == "2500.50"
    assert ETHUSDT.quantity_text(1) == "0.0001"
    assert whole.price_text(3) == "15"
    assert text_of_e8(-5, 1) == "-0.00000005"


def test_what_lies_between_two_steps_is_refused_and_says_so():
    """A price between two ticks is a mistake, never rounded."""
    assert ETHUSDT.ticks_of("2500.5") == 250_050
    assert ETHUSDT.ticks_of(Decimal("2500.50")) == 250_050
    assert ETHUSDT.lots_of("1.2345") == 12_345
    assert ETHUSDT.volume_e8_of("0.00001") == 1_000
    with pytest.raises(ValueError, match=r"2500\.505 is not a multiple of the tick 0\.01"):
        ETHUSDT.ticks_of("2500.505")
    with pytest.raises(ValueError, match=r"0\.00001 is not a multiple of the lot 0\.0001"):
        ETHUSDT.lots_of("0.00001")


def test_definition_records_tell_name_steps_and_limits():
    """The name travels before the record it belongs to."""
    records = split(definition_records(3, ETHUSDT, 77))

    messages = [decode(record) for record in records]

    assert [type(message) for message in messages] == [Text, InstrumentDefined, InstrumentLimited]
    assert messages[0].flags == SYMBOL_NAME
    assert text_of(records[:1]) == "ETHUSDT"
    assert {(message.symbol, message.received_ns) for message in messages} == {(3, 77)}
    assert messages[1][3:8] == (1_000_000, 10_000, 1, 90_000_000, 5 * E8)
    assert messages[2][3:6] == (1, 100_000_000, 31_250_000)
