"""Which bars does a parquet file hold, exactly, though its numbers are binary floats?"""

import os
from typing import TYPE_CHECKING, Any

from engine.errors import Refused
from engine.instruments import e8_of
from engine.market.layouts import BARS, NAMES, OPTIONAL, Table
from engine.market.text_columns import TIME_MAX, Malformed, in_nanoseconds
from engine.market.text_files import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

EXACT = 2**53  # the whole numbers that a float64 tells apart
NOISE = 1e-12  # relative; what sums of floats leave behind


def read_parquet(path: str, progress: "Callable[[int], None]") -> list[Table]:
    """The bars of a parquet file; Refused, naming the row, if one of them says nothing exact."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise Refused(
            f"{path} is a parquet file, and pyarrow is not installed.",
            "Install it: .venv/bin/pip install '.[parquet]'.",
        ) from error
    try:
        whole = parquet.read_table(path)
    except (pa.ArrowException, OSError) as error:
        said = str(error).partition("\n")[0]
        raise Refused(f"{path} is damaged: {said}.", "Download it again.") from error
    table = {}
    for what, names in NAMES[BARS].items():
        found = [name for name in names if name in whole.column_names]
        if found:
            table[what] = column_of(path, whole, found[0])
        elif what not in OPTIONAL:
            raise Refused(
                f"{path} is parquet without a column {names[0]}: it holds "
                f"{', '.join(whole.column_names)[:100]}.",
                "Only bars are read from parquet; import trades from Binance's own archives.",
            )
    progress(os.path.getsize(path))
    return [numbered_rows(path, table)]


def numbered_rows(path: str, table: Table) -> Table:
    """The table with each row's number, from 1, or Refused if there are none."""
    import numpy as np

    if not len(table["time"]):
        raise Refused(f"{path} holds no rows.", "Download it again; nothing was written.")
    table["line"] = np.arange(1, len(table["time"]) + 1, dtype=np.int64)
    return table


def column_of(path: str, whole: Any, name: str) -> Any:
    """One column as int64: nanoseconds or 1e-8."""
    try:
        return times_of(whole[name]) if "time" in name or name == "date" else e8_of_any(whole[name])
    except Malformed as bad:
        raise refusal(f"{path}, row {bad.row + 1}", f"{name}: {bad.what}") from bad


def times_of(column: Any) -> Any:
    """A column of timestamps or of whole numbers since 1970 as int64 nanoseconds."""
    import numpy as np

    if column.null_count:
        raise Malformed(column.is_null().index(value=True).as_py(), "is empty")
    values = column.to_numpy()
    if values.dtype.kind == "M":
        times = values.astype("datetime64[ns]").astype(np.int64)
    elif values.dtype.kind in "iu":
        times = in_nanoseconds(values.astype(np.int64))
    else:
        raise Malformed(0, f"{values[0]} is no time")
    outside = np.flatnonzero((times < 0) | (times > TIME_MAX))
    if outside.size:
        raise Malformed(int(outside[0]), f"{values[outside[0]]} is no time")
    return times


def e8_of_any(column: Any) -> Any:
    """A column of floats, whole numbers, decimals or decimal text as int64 in 1e-8."""
    import numpy as np

    if column.null_count:
        raise Malformed(column.is_null().index(value=True).as_py(), "is empty")
    values = column.to_numpy()
    if values.dtype.kind in "fiu":
        return e8_of_floats(values.astype(np.float64))
    numbers = np.zeros(len(values), np.int64)
    for row, value in enumerate(values.tolist()):
        try:
            numbers[row] = e8_of(value)
        except (ValueError, OverflowError) as error:
            raise Malformed(row, str(error)) from error
    return numbers


def e8_of_floats(values: Any) -> Any:
    """Floats as int64 in 1e-8: each is taken for the shortest decimal that is the same float."""
    import numpy as np

    wild = np.flatnonzero(~np.isfinite(values))
    if wild.size:
        raise Malformed(int(wild[0]), f"{values[wild[0]]} is not a number")
    result = np.zeros(len(values), np.int64)
    left = np.arange(len(values))
    for decimals in range(9):
        scale = 10.0**decimals
        with np.errstate(over="ignore"):
            scaled = np.round(values[left] * scale)
        same = (scaled / scale == values[left]) & (np.abs(scaled) < min(EXACT, 4e18 / 1e8 * scale))
        result[left[same]] = scaled[same].astype(np.int64) * 10 ** (8 - decimals)
        left = left[~same]
    return without_noise(values, result, left)


def without_noise(values: Any, result: Any, left: Any) -> Any:
    """The result with the values `left` over rounded to 1e-8, which must change next to nothing."""
    import numpy as np

    with np.errstate(over="ignore"):
        rounded = np.round(values[left] * 1e8)
        far = np.abs(rounded / 1e8 - values[left]) > NOISE * np.abs(values[left])
    wrong = left[far | (np.abs(rounded) >= EXACT)]
    if wrong.size:
        raise Malformed(int(wrong[0]), f"{values[wrong[0]]!r} has no exact value in 1e-8")
    result[left] = rounded.astype(np.int64)
    return result
