"""Which exact numbers stand in the columns of a CSV text?"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.instruments import BOUND, E8, e8_of

if TYPE_CHECKING:
    from collections.abc import Callable

COMMA, NEWLINE, DOT, ZERO = 44, 10, 46, 48
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DIGITS_MAX = 18  # what an int64 surely holds
WIDTH_MAX = 32  # a longer cell is read by itself
TIME_MIN, TIME_MAX = 1_230_768_000_000_000_000, 4_102_444_800_000_000_000  # 2009 to 2100, ns
# A time in seconds, milliseconds, microseconds or nanoseconds is told by its size.
TIME_UNITS = ((10**17, 1), (10**14, 1_000), (10**11, 1_000_000), (0, 1_000_000_000))


class Malformed(Exception):
    """A row that says nothing exact: its number in the text, from 0, and what is wrong with it."""

    def __init__(self, row: int, what: str) -> None:
        super().__init__(what)
        self.row, self.what = row, what


class Cells(NamedTuple):
    """Where each cell of a text begins and ends: int64 arrays of shape (rows, columns)."""

    text: bytes
    starts: Any
    ends: Any

    def at(self, row: int, column: int) -> str:
        """One cell's text."""
        raw = self.text[self.starts[row, column] : self.ends[row, column]]
        return raw.decode("utf-8", "replace")


def cells_of(text: bytes, width: int) -> Cells:
    """Lines of `width` cells between commas, Malformed if not; `text` ends with a newline."""
    import numpy as np

    raw = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero((raw == COMMA) | (raw == NEWLINE))
    is_last = raw[ends] == NEWLINE
    expected = np.zeros(width, bool)
    expected[-1] = True
    if ends.size % width or not (is_last.reshape(-1, width) == expected).all():
        raise Malformed(*misshapen(text, width))
    starts = np.concatenate(([0], ends[:-1] + 1))
    return Cells(text, starts.reshape(-1, width), ends.reshape(-1, width))


def misshapen(text: bytes, width: int) -> tuple[int, str]:
    """The first line that has not `width` cells, and what it has."""
    counts = [line.count(b",") + 1 if line else 0 for line in text.split(b"\n")]
    row = next(row for row, count in enumerate(counts) if count != width)
    return row, f"has {counts[row]} fields, not {width}"


def scanned(cells: Cells, column: int) -> tuple[Any, Any, Any]:
    """Per row: the digits as one number, how many stand after a dot, and whether that is all."""
    import numpy as np

    raw = np.frombuffer(cells.text, np.uint8)
    starts = cells.starts[:, column]
    lengths = cells.ends[:, column] - starts
    number = np.zeros(starts.size, np.int64)
    digits, decimals, dots = (np.zeros(starts.size, np.int64) for _ in range(3))
    good = lengths <= WIDTH_MAX
    for place in range(min(int(lengths.max(initial=0)), WIDTH_MAX)):
        inside = lengths > place
        character = raw[np.where(inside, starts + place, 0)]
        digit = character.astype(np.int64) - ZERO
        is_digit = inside & (digit >= 0) & (digit <= 9)
        is_dot = inside & (character == DOT)
        good &= ~inside | is_digit | is_dot
        number = np.where(is_digit, number * 10 + digit, number)
        decimals += is_digit & (dots > 0)
        digits += is_digit & ((number > 0) | (digits > 0))
        dots += is_dot
    good &= (dots <= 1) & (digits <= DIGITS_MAX) & (lengths > dots)
    return number, decimals, good


def filled(cells: Cells, column: int, numbers: Any, good: Any, read: "Callable[[str], int]") -> Any:
    """The column with each cell that was not plain read by itself; Malformed if it is no number."""
    import numpy as np

    for row in np.flatnonzero(~good).tolist():
        try:
            number = read(cells.at(row, column))
        except ValueError as error:
            raise Malformed(row, str(error)) from error
        if abs(number) > BOUND:
            raise Malformed(row, f"{cells.at(row, column)} is too large")
        numbers[row] = number
    return numbers


def e8_column(cells: Cells, column: int) -> Any:
    """A column of decimal text as int64 in 1e-8, exact."""
    import numpy as np

    number, decimals, good = scanned(cells, column)
    good &= decimals <= 8
    scale = np.array([10**power for power in range(9)], np.int64)[8 - np.minimum(decimals, 8)]
    good &= number <= BOUND // scale
    return filled(cells, column, np.where(good, number, 0) * scale, good, e8_of)


def whole_column(cells: Cells, column: int) -> Any:
    """A column of whole numbers as int64."""
    number, decimals, good = scanned(cells, column)
    return filled(cells, column, number, good & (decimals == 0), whole_of)


def whole_of(text: str) -> int:
    """A whole number written with a fraction of zeros or an exponent; ValueError for others."""
    number, rest = divmod(e8_of(text), E8)
    if rest:
        raise ValueError(f"{text} is not a whole number")
    return number


def time_column(cells: Cells, column: int) -> Any:
    """A column of times, numbers since 1970 in any unit or ISO text, as int64 nanoseconds."""
    import numpy as np

    if cells.starts.size and "-" in cells.at(0, column)[1:]:
        nothing = np.zeros(len(cells.starts), np.int64)
        times = filled(cells, column, nothing, nothing > 0, iso_ns)
    else:
        times = in_nanoseconds(whole_column(cells, column))
    outside = np.flatnonzero((times < TIME_MIN) | (times > TIME_MAX))
    if outside.size:
        raise Malformed(int(outside[0]), f"{cells.at(int(outside[0]), column)} is no time")
    return times


def in_nanoseconds(numbers: Any) -> Any:
    """Times since 1970 as int64 nanoseconds, each from the unit its size tells.

    A time before 1970 comes out as 0, one after TIME_MAX as some time after it.
    """
    import numpy as np

    units = [np.int64(unit) for _, unit in TIME_UNITS]
    unit = np.select([numbers >= least for least, _ in TIME_UNITS], units, 0)
    return np.minimum(numbers, TIME_MAX // np.maximum(unit, 1) + 1) * unit


def iso_ns(text: str) -> int:
    """ISO 8601 text as nanoseconds since 1970; without a zone it is UTC."""
    moment = datetime.fromisoformat(text)
    span = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH
    return (span.days * 86_400 + span.seconds) * 1_000_000_000 + span.microseconds * 1_000


def truth_column(cells: Cells, column: int) -> Any:
    """A column of true and false as bool."""
    import numpy as np

    true = spelled(cells, column, "true") | spelled(cells, column, "True")
    false = spelled(cells, column, "false") | spelled(cells, column, "False")
    wrong = np.flatnonzero(~(true | false))
    if wrong.size:
        row = int(wrong[0])
        raise Malformed(row, f"{cells.at(row, column)!r} is neither true nor false")
    return true


def spelled(cells: Cells, column: int, word: str) -> Any:
    """Whether each cell of a column is this word."""
    import numpy as np

    raw = np.frombuffer(cells.text, np.uint8)
    starts, letters = cells.starts[:, column], word.encode()
    same = cells.ends[:, column] - starts == len(letters)
    for place, letter in enumerate(letters):
        same = same & (raw[(starts + place).clip(max=raw.size - 1)] == letter)
    return same
