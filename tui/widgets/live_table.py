"""How does a table stay still while its numbers move? Fixed columns, the same rows, no cursor."""

from typing import Any

from tui.formatting import cut, narrowed
from tui.panels.panel import Column, Panel
from tui.panels.registry import PANELS
from tui.seen import Seen, View
from tui.themes import Line, Span
from tui.widgets.lines import Lines, Paint

BARE_BELOW = 4  # rows; a table that low shows its most urgent rows alone
REST_MIN = 10  # cells; a column that takes what is left goes where less is left


class LiveTable(Lines):
    """One panel, sorted and scrolled; it holds where the operator looks, never what is shown."""

    def __init__(self, name: str, digit: str, paint: Paint) -> None:
        super().__init__(name, self._lines, paint)
        self.titled = True
        self.focused_here = False
        self.seen = Seen()
        self.show_panel(digit)

    def show_panel(self, digit: str) -> None:
        """Another panel, from its top, in the engine's own order."""
        self.digit, self.sorted_by, self.reverse, self.first_row = digit, -1, False, 0

    def show(self, seen: Seen) -> None:
        """What is seen now."""
        self.seen = seen
        self.draw()

    def sort_next(self) -> None:
        """By the next column; after the last one in the engine's own order."""
        count = len(PANELS[self.digit].columns)
        self.sorted_by = self.sorted_by + 1 if self.sorted_by + 1 < count else -1
        self.draw()

    def sort_back(self) -> None:
        """The other way round."""
        self.reverse = not self.reverse
        self.draw()

    def scroll_rows(self, rows: int) -> None:
        """So many rows on, within what there is."""
        self.first_row = max(self.first_row + rows, 0)
        self.draw()

    def _lines(self, width: int, height: int) -> list[Line]:
        panel, view = PANELS[self.digit], self.seen.view
        if self.first_row and view is not None:
            room = max(height - 1 - self.titled, 1)
            self.first_row = min(self.first_row, max(len(panel.rows(view)) - room, 0))
        return table_lines(self, panel, width, height)


def table_lines(table: LiveTable, panel: Panel, width: int, height: int) -> list[Line]:
    """Title, column heads, rows; what is not there is said."""
    view = table.seen.view
    rows = ordered(table, panel, panel.rows(view)) if view is not None else []
    columns = fitting_columns(panel.columns, width)
    room = max(height - 1 - table.titled, 0)
    lines = [title_line(table, panel, len(rows), room, width)] if table.titled else []
    if not rows or view is None:
        return [*lines, [(f"  {panel.nothing if view else 'no picture yet'}", "dim")]]
    if height < BARE_BELOW:
        rows.sort(key=panel.columns[0].key)
        return [row_line(row, view, columns, width) for row in rows[:height]]
    shown = rows[table.first_row : table.first_row + room]
    heads = [(marked(column, panel, table), column) for column in columns]
    lines.append([(text, "dim") for text in (placed(t, c, width, columns) for t, c in heads)])
    lines += [row_line(row, view, columns, width) for row in shown]
    return lines


def title_line(table: LiveTable, panel: Panel, count: int, room: int, width: int) -> Line:
    """Digit, name, and which of the rows these are."""
    style = "focus" if table.focused_here else "title"
    name = f" {panel.digit} {panel.name} "
    where = f" {span_of(table.first_row, count, room)} " if count > room else ""
    rule = "─" * max(width - len(name) - len(where) - 2, 0)
    return [("─", "dim"), (name, style), (rule, "dim"), (where, "dim"), ("─", "dim")]


def span_of(offset: int, count: int, room: int) -> str:
    """Which rows are shown, of how many."""
    return f"{offset + 1}-{min(offset + room, count)} of {count}"


def ordered(table: LiveTable, panel: Panel, rows: list[Any]) -> list[Any]:
    """The rows by the chosen column; the engine's own order without one."""
    if table.sorted_by < 0:
        return rows[::-1] if table.reverse else list(rows)
    return sorted(rows, key=panel.columns[table.sorted_by].key, reverse=not table.reverse)


def fitting_columns(columns: tuple[Column, ...], width: int) -> list[Column]:
    """The first columns that fit whole; the open one only where it has room."""
    found: list[Column] = []
    used = 0
    for column in columns:
        needed = column.width or REST_MIN
        if used + needed + 1 <= width:
            found.append(column)
            used += needed + 1
    return found


def width_of(column: Column, columns: list[Column], width: int) -> int:
    """A column's cells; the open one takes what the others leave."""
    if column.width:
        return column.width
    return width - sum(other.width + 1 for other in columns) - 1


def marked(column: Column, panel: Panel, table: LiveTable) -> str:
    """A column's head, with the direction where it sorts."""
    if table.sorted_by < 0 or panel.columns[table.sorted_by] is not column:
        return column.title
    return f"{column.title}{'▲' if table.reverse else '▼'}"


def placed(text: str, column: Column, width: int, columns: list[Column]) -> str:
    """A cell's text in its column, a blank before it."""
    room = width_of(column, columns, width)
    if column.left:
        return f" {cut(text, room):<{room}}"
    return f" {narrowed(text, room):>{room}}"


def row_line(row: Any, view: View, columns: list[Column], width: int) -> Line:
    """One row, a span a cell."""
    line: Line = []
    for column in columns:
        text, style = column.cell(row, view)
        span: Span = (placed(text, column, width, columns), style)
        line += tight(span) if style == "alarm" else [span]
    return line


def tight(span: Span) -> Line:
    """A loud cell without painting the blanks around its word."""
    text, style = span
    word = text.strip()
    before, _, after = text.partition(word)
    return [(before, "text"), (word, style), (after, "text")]
