"""Does a column of text become exactly its numbers?"""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.instruments import E8
from engine.market.text_columns import (
    Malformed,
    cells_of,
    e8_column,
    in_nanoseconds,
    iso_ns,
    time_column,
    truth_column,
    whole_column,
)

SECOND = 1_000_000_000


def column(*cells: str):
    """A text of one column."""
    return cells_of(("\n".join(cells) + "\n").encode(), 1)


@given(st.lists(st.decimals(0, 10**9, places=8), min_size=1, max_size=30))
def test_decimals_are_read_exactly(values):
    """Every number of 1e-8 comes out as Decimal says."""
    texts = [format(value, "f") for value in values]

    assert e8_column(column(*texts), 0).tolist() == [int(value * E8) for value in values]


@pytest.mark.parametrize(
    "text",
    ["7", "7.", ".5", "0", "0.00", "00012.5", "1e-05", "-3.25", "+2", "0.1000000000", "9" * 10,
     "0." + "0" * 30],
)  # fmt: skip
def test_unusual_spellings_are_read_one_by_one(text):
    """What the fast way does not know, the slow way reads."""
    expected = int(Decimal(text) * E8)

    assert e8_column(column("1.5", text, "2"), 0).tolist() == [150_000_000, expected, 200_000_000]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "'' is not a number"),
        ("nan", "'nan' is not a number"),
        ("1.2.3", "'1.2.3' is not a number"),
        ("1:5", "'1:5' is not a number"),
        (" ", "is not a number"),
        ("0.123456789", "finer than 1e-8"),
        ("99999999999", "99999999999 is too large"),
        ("\xe9", "is not a number"),
    ],
)
def test_what_is_no_number_names_its_row(text, what):
    """The first bad row is told, from 0, with what it says."""
    with pytest.raises(Malformed, match=what) as bad:
        e8_column(column("1", "2", text, "4"), 0)

    assert bad.value.row == 2


def test_a_line_of_another_width_is_named():
    """Cells that are missing or too many shift all others."""
    with pytest.raises(Malformed, match="has 2 fields, not 3") as bad:
        cells_of(b"1,2,3\n4,5\n6,7,8,9\n", 3)

    assert bad.value.row == 1


def test_an_empty_line_is_named():
    """A hole in the file may hide lost rows."""
    with pytest.raises(Malformed, match="has 0 fields, not 2") as bad:
        cells_of(b"1,2\n\n3,4\n", 2)

    assert bad.value.row == 1


def test_whole_numbers_have_no_fraction():
    """Trade ids and times are whole, however they are written."""
    assert whole_column(column("5", "1660435200000.0", "1E3"), 0).tolist() == [
        5,
        1_660_435_200_000,
        1_000,
    ]
    with pytest.raises(Malformed, match=r"5\.5 is not a whole number"):
        whole_column(column("5.5"), 0)


def test_the_unit_of_a_time_is_told_by_its_size():
    """Seconds, milliseconds, microseconds since 2025, nanoseconds: also mixed in one file."""
    same = np.array([1_735_689_600 * 1_000**power for power in range(4)])

    assert in_nanoseconds(same).tolist() == [1_735_689_600 * SECOND] * 4


@pytest.mark.parametrize("text", ["2025-09-22 01:15:00+00:00", "2025-09-22T01:15:00Z",
                                  "2025-09-22 01:15", "2025-09-22T03:15:00+02:00"])  # fmt: skip
def test_iso_times_are_utc_unless_they_say_otherwise(text):
    """One moment, four spellings."""
    assert time_column(column(text), 0).tolist() == [1_758_503_700 * SECOND]


def test_iso_times_keep_their_fraction():
    """Microseconds are not rounded."""
    assert iso_ns("1970-01-01 00:00:00.000001+00:00") == 1_000
    assert iso_ns("2025-09-22 01:15:59.999000+00:00") == 1_758_503_759_999_000_000


@pytest.mark.parametrize("text", ["12", "0", "99999999999999999", "2025-13-01", "1999-01-01"])
def test_what_is_no_time_of_this_market_is_named(text):
    """Times lie between 2009 and 2100."""
    with pytest.raises(Malformed):
        time_column(column(text), 0)


def test_truth_is_spelled_in_two_ways():
    """Spot writes True, futures write true; anything else is refused."""
    assert truth_column(column("True", "false", "true", "False"), 0).tolist() == [
        True,
        False,
        True,
        False,
    ]
    with pytest.raises(Malformed, match="'yes' is neither true nor false") as bad:
        truth_column(column("true", "yes"), 0)
    assert bad.value.row == 1
