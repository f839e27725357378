"""What stands above the screen? A framed text: a box that asks, or the help."""

from textwrap import wrap

from tui.themes import Line, length
from tui.widgets.lines import Lines, Paint

WIDTH_MAX = 92
BLOCK = 6  # rows of what is kept in view
FRAMED_FROM = 10  # rows; below, the frame gives its room to the text


class Overlay(Lines):
    """Takes the room its text needs, below the first line, which says whose money this is."""

    def __init__(self, name: str, paint: Paint) -> None:
        super().__init__(name, self._framed, paint)
        self._text: list[Line] = []
        self._title = ""
        self.offset_rows = 0

    def say(self, title: str, text: list[Line], keep: int | None = None) -> None:
        """Show this text; the line `keep`, and what follows it closely, stay in view."""
        width, height = self.app.size
        inner = min(WIDTH_MAX, width - 4) if is_framed(height) else width
        self._title, self._text = title, wrapped(text, inner)
        rows = min(len(self._text) + 2 * is_framed(height), height - 1)
        across = inner + 4 if is_framed(height) else width
        self.styles.width, self.styles.height = across, rows
        self.styles.offset = ((width - across) // 2, max((height - rows) // 2, 1))
        self.display = True
        if keep is not None:
            at, room = len(wrapped(text[:keep], inner)), rows - 2 * is_framed(height)
            low = min(at + BLOCK, len(self._text)) - room
            self.offset_rows = max(min(self.offset_rows, at), low, 0)
        self.draw()

    def hide(self) -> None:
        """Nothing to say."""
        self.display, self.offset_rows = False, 0

    def scroll_rows(self, rows: int) -> None:
        """So many rows on, within the text."""
        room = self.size.height - 2 * is_framed(self.app.size.height)
        self.offset_rows = max(min(self.offset_rows + rows, len(self._text) - room), 0)
        self.draw()

    def _framed(self, width: int, height: int) -> list[Line]:
        if not is_framed(self.app.size.height):
            return essential(self._text[self.offset_rows :], height)
        shown = self._text[self.offset_rows : self.offset_rows + height - 2]
        more = len(self._text) > height - 2
        return framed(self._title, shown, width, " arrows scroll " if more else "")


def is_framed(height: int) -> bool:
    """Whether a screen of this height has room for a frame."""
    return height >= FRAMED_FROM


def essential(text: list[Line], height: int) -> list[Line]:
    """Where there is no room: how it begins, which says whose money it is, and how it ends."""
    if len(text) <= height or height < 2:
        return text[:height]
    return [text[0], *text[len(text) - height + 1 :]]


def wrapped(text: list[Line], width: int) -> list[Line]:
    """Sentences broken at words; lines of several spans stay as they are."""
    found: list[Line] = []
    for line in text:
        if len(line) == 1 and length(line) > width:
            said, style = line[0]
            indent = " " * (len(said) - len(said.lstrip()))
            found += [[(part, style)] for part in wrap(said, width, subsequent_indent=indent)]
        else:
            found.append(line)
    return found


def framed(title: str, text: list[Line], width: int, foot: str) -> list[Line]:
    """The text with a line around it."""
    top = f"╭─ {title} ".ljust(width - 1, "─") + "╮"
    bottom = "╰" + foot.rjust(width - 2, "─") + "╯"
    rows: list[Line] = [[(top, "title")]]
    for line in text:
        room = width - 4 - length(line)
        rows.append([("│ ", "title"), *clipped(line, width - 4), (" " * max(room, 0), "text"),
                     (" │", "title")])  # fmt: skip
    return [*rows, [(bottom, "title")]]


def clipped(line: Line, width: int) -> Line:
    """A line's first cells."""
    found: Line = []
    for text, style in line:
        found.append((text[: max(width, 0)], style))
        width -= len(text)
    return found
