"""Do binary floats come back as the decimals they were written from?"""

import re
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from engine.errors import Refused
from engine.instruments import E8
from engine.market.parquet_files import e8_of_floats, read_parquet
from engine.market.text_columns import Malformed


def silent(_done: int) -> None:
    """No progress."""


def table_with(**columns: object) -> pa.Table:
    """Two bars, with columns replaced or (None) left out."""
    plain = {
        "open_time": pa.array([0, 60_000], pa.timestamp("ms", "UTC")),
        "open": [2.5, 2.5],
        "high": [2.75, 2.75],
        "low": [2.25, 2.25],
        "close": [2.5, 2.6],
        "volume": [0.1, 1404207588.9],
    }
    return pa.table({name: new for name, new in (plain | columns).items() if new is not None})


def refused_for(tmp_path, table: pa.Table) -> str:
    """What is said about a parquet file of this table."""
    parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(Refused) as refused:
        read_parquet(str(tmp_path / "a.parquet"), silent)
    return refused.value.what


@given(st.lists(st.decimals(0, 10**7, places=8), min_size=1, max_size=30))
def test_floats_are_the_decimals_they_were_written_from(values):
    """Up to 15 digits a float64 stands for one decimal."""
    floats = np.array([float(value) for value in values])

    found = e8_of_floats(floats)

    for value, e8 in zip(values, found.tolist(), strict=True):
        if len(value.normalize().as_tuple().digits) <= 15:
            assert e8 == int(value * E8)


def test_the_noise_of_sums_is_taken_away():
    """0.1 + 0.2 is 0.3, and a large volume keeps its one decimal."""
    assert e8_of_floats(np.array([0.1 + 0.2, 447599616.7, 0.07 * 100])).tolist() == [
        30_000_000,
        44_759_961_670_000_000,
        700_000_000,
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.123456789, 1e12])
def test_floats_that_say_nothing_exact_are_named(value):
    """NaN, infinity, a tenth digit, more than an int64 holds."""
    with pytest.raises(Malformed) as bad:
        e8_of_floats(np.array([1.0, value]))

    assert bad.value.row == 1


def test_bars_are_read_from_their_columns(tmp_path):
    """Times in any unit become nanoseconds, numbers become 1e-8, rows count from 1."""
    parquet.write_table(table_with(), tmp_path / "a.parquet")

    (table,) = read_parquet(str(tmp_path / "a.parquet"), silent)

    assert table["time"].tolist() == [0, 60_000_000_000]
    assert table["close"].tolist() == [250_000_000, 260_000_000]
    assert table["volume"].tolist() == [10_000_000, 140_420_758_890_000_000]
    assert table["line"].tolist() == [1, 2]


def test_decimals_text_and_whole_numbers_are_read_too(tmp_path):
    """Not every writer makes floats and timestamps."""
    table = table_with(
        open_time=[1_735_689_600_000, 1_735_689_660_000],
        open=["2.50", "2.5"],
        high=[3, 3],
        low=pa.array(["2.25", "2.25"]).cast(pa.decimal128(10, 2)),
    )
    parquet.write_table(table, tmp_path / "a.parquet")

    (found,) = read_parquet(str(tmp_path / "a.parquet"), silent)

    assert found["time"].tolist() == [1_735_689_600 * 10**9, 1_735_689_660 * 10**9]
    assert [found[name][0] for name in ("open", "high", "low")] == [250000000, 300000000, 225000000]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"close": [2.5, float("nan")]}, "row 2: close: nan is not a number"),
        ({"close": [2.5, None]}, "row 2: close: is empty"),
        ({"open_time": pa.array([0, None], pa.timestamp("ms"))}, "row 2: open_time: is empty"),
        ({"open_time": ["a", "b"]}, "row 1: open_time: a is no time"),
        ({"open": ["2.5", "x"]}, "row 2: open: 'x' is not a number"),
        ({"low": None}, "parquet without a column low"),
    ],
)
def test_what_is_wrong_is_named_by_row_and_column(tmp_path, columns, said):
    """Rows count from 1."""
    assert said in refused_for(tmp_path, table_with(**columns))


def test_a_table_without_rows_is_refused(tmp_path):
    """Nothing is not a history."""
    assert "holds no rows" in refused_for(tmp_path, table_with().slice(0, 0))


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    """Parquet is an extra; whoever lacks it is told its name."""
    parquet.write_table(table_with(), tmp_path / "a.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(Refused, match="pyarrow is not installed"):
        read_parquet(str(tmp_path / "a.parquet"), silent)


def test_a_damaged_file_is_refused(tmp_path):
    """Half a download is not taken for a short one."""
    path = tmp_path / "a.parquet"
    parquet.write_table(table_with(), path)
    path.write_bytes(path.read_bytes()[:-50])

    with pytest.raises(Refused, match="is damaged"):
        read_parquet(str(path), silent)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"close": [2.5, 1e308]}, "row 2: close: .* has no exact value"),
        ({"open_time": [60_000, 20_000_000_000]}, "row 2: open_time: 20000000000 is no time"),
        ({"open_time": pa.array([-1, 60_000], pa.timestamp("ms"))}, "row 1: open_time: .*no time"),
    ],
)
def test_numbers_beyond_all_bounds_are_refused_without_a_warning(tmp_path, columns, said):
    """They would wrap around to some other price or time."""
    assert re.search(said, refused_for(tmp_path, table_with(**columns)))
