"""Is what the venue writes read exactly, by the quick way as by the slow one?"""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.instruments import BOUND, E8, e8_of
from engine.venues.binance.reading import Unreadable, amount_in, parsed, whole_in

DIGITS = st.text("0123456789", max_size=12)
WRITTEN = st.builds(lambda whole, fraction: f"{whole}.{fraction}", DIGITS, DIGITS)
ODD = st.text("0123456789.-+eE_ ٣²", max_size=24) | WRITTEN


def amount_or_none(text: str) -> int | None:
    """The amount as it is read here."""
    try:
        return amount_in({"q": text}, "q")
    except Unreadable:
        return None


@given(st.decimals(0, 46_000_000_000, allow_nan=False, places=8))
def test_an_amount_is_exact(amount):
    """Eight decimals, as the venue writes them, are as many whole 1e-8."""
    assert amount_in({"q": f"{amount:.8f}"}, "q") == int(amount * E8)


@given(ODD)
@example("1.00000000")
@example(".12345678")
@example("1234567890123.00000000")
@example("-0.00000001")
@example("\u0663.12345678")
@example("1.0000.000")
@example("1_0.00000000")
def test_an_odd_amount_is_exact_or_unreadable(text):
    """Nothing is an amount by one way that is none by the other, and none is another."""
    try:
        exact = e8_of(text)
    except ValueError:
        exact = -1

    assert amount_or_none(text) == (exact if 0 <= exact < BOUND else None)
    if 0 <= exact < BOUND and "e" not in text.lower():
        assert Decimal(text.strip()) * E8 == exact


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.booleans() | st.none()))
def test_json_is_read_with_space_around_it_and_nothing_else(value):
    """As text or as bytes; two texts in one are none."""
    text = json.dumps(value)

    assert parsed(text) == parsed(f" \r\n\t{text}\n".encode()) == value
    for odd in (text + "1", text + text, text + "\x0c", "\x0c" + text):
        with pytest.raises(Unreadable, match="JSON"):
            parsed(odd)


@pytest.mark.parametrize("value", [True, "1", 1.0, None, BOUND, -BOUND])
def test_what_is_no_whole_number_is_named(value: Any):
    """A true is no 1."""
    with pytest.raises(Unreadable, match="fill is no whole number"):
        whole_in({"fill": value}, "fill")
