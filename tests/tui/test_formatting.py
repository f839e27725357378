"""Is a number ever cut, a sign lost, or a cursor moved by somebody's text?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui import formatting


@given(st.text())
def test_foreign_text_has_one_cell_a_character_and_moves_nothing(text):
    """Escape sequences, bidirectional marks, wide and combining characters become '?'."""
    cleaned = formatting.clean(text)

    assert cell_len(cleaned) == len(cleaned) == len(text)
    assert cleaned.isprintable()


def test_an_escape_sequence_is_defused():
    """A symbol called like a window title sets no title."""
    assert formatting.clean("\x1b]0;owned\x07ETH\u202e") == "?]0;owned?ETH?"


@given(st.integers(-(10**19), 10**19), st.integers(6, 14))
def test_a_narrowed_number_is_never_another_number(value_e8, width):
    """It fits, and reads as the same value to the places it shows."""
    text = f"{value_e8 / 1e8:,.8f}"

    shown = formatting.narrowed(text, width)

    assert len(shown) <= width
    assert read(shown) == pytest.approx(value_e8 / 1e8, rel=0.051, abs=1.0)


def read(text: str) -> float:
    """A shown number's value."""
    scales = {unit: scale for scale, unit in formatting.SCALES}
    unit = text[-1] if text[-1] in scales else ""
    return float(text.removesuffix(unit).replace(",", "")) * scales.get(unit, 1.0)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("1204.33999999", "▲+1,204.33"),
        ("-0.50000000", "▼-0.50"),
        ("-0.00100000", "▼-0.00"),
        ("0.00000000", " 0.00"),
        ("9992.74548964", "▲+9,992.74"),
        ("12", "▲+12.00"),
    ],
)
def test_money_has_sign_and_direction(amount, shown):
    """A gain is told from a loss without colour."""
    assert formatting.signed(amount) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (8_040, "2h14"), (90_000, "1d01"), (9e9, "9d+")],
)
def test_ages_take_five_places_at_most(seconds, shown):
    """However old it is, its column holds it."""
    assert formatting.age(seconds) == shown
    assert len(shown) <= 5


@pytest.mark.parametrize(("ns", "shown"), [(0, "0"), (254_000, "254us"), (3_014_656, "3.01ms")])
def test_durations_have_their_unit(ns, shown):
    """Nobody guesses what 254 is."""
    assert formatting.duration(ns) == shown


def test_a_drawdown_is_never_drawn_as_none():
    """The smallest one fills a cell; the levels stand where they are."""
    drawn = formatting.scale_bar(0.01, [5.0, 10.0, 15.0], 12)

    assert drawn == "▕█░░░│░░░│░░░▏"
    assert formatting.scale_bar(0.0, [5.0, 10.0, 15.0], 12).count("█") == 0
    assert formatting.scale_bar(99.0, [5.0, 10.0, 15.0], 12).count("█") == 12
