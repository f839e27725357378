"""What is a panel? A digit, columns, and the rows it draws from what is seen; it keeps nothing."""

from collections.abc import Callable
from typing import Any, NamedTuple

from tui.seen import View
from tui.themes import Span


class Column(NamedTuple):
    """One column: its cell as a span and the value it sorts by. `width` 0 takes what is left."""

    title: str
    width: int
    cell: Callable[[Any, View], Span]
    key: Callable[[Any], Any]
    left: bool = False  # words stand left, numbers right


class Panel(NamedTuple):
    """One question about the engine; `meaning` explains each number and its formula."""

    digit: str
    name: str
    short: str
    rows: Callable[[View], list[Any]]
    columns: tuple[Column, ...]
    nothing: str  # said where there are no rows
    meaning: tuple[str, ...]
    counts: Callable[[View], int] | None = None  # shown beside the name


def words(title: str, width: int, field: str, style: str = "text") -> Column:
    """A column of words: a field of the row as it is."""
    return Column(
        title,
        width,
        lambda row, _view: (str(getattr(row, field)), style),
        lambda row: getattr(row, field),
        left=True,
    )
