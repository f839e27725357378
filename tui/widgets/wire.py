"""What goes over the wire? Only the cells that differ from those the terminal already shows.

The one place that knows Textual's inner names: the updates of its compositor and its writer's
queue (pinned to one major version, and switched off by SUPREME_CONSOLE_DIFF=off).
"""

import os
from collections.abc import Iterator
from typing import Any

from rich.cells import get_character_cell_size
from rich.console import COLOR_SYSTEMS, Console
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.screen import Screen
from textual.strip import Strip

Cell = tuple[str, Style]
BRIDGE = 4  # cells that are cheaper sent again than jumped over
NOTHING: Cell = ("", Style.null())


class Wire:
    """Remembers what was sent."""

    def __init__(self) -> None:
        self._sent: list[list[Cell]] = []
        self._codes: dict[tuple[Style, str | None], str] = {}

    def forget(self) -> None:
        """The terminal may show anything: send all of the next update."""
        self._sent = []

    def reduced(self, update: CompositorUpdate, size: tuple[int, int]) -> CompositorUpdate:
        """The same update; what it sends is worked out when it is written."""
        return Reduced(self, update, size)

    def difference(self, update: CompositorUpdate, size: tuple[int, int], console: Console) -> str:
        """The bytes that bring the terminal from what was sent to this update."""
        width, height = size
        if len(self._sent) != height or len(self._sent[0]) != width:
            self._sent = [[NOTHING] * width for _ in range(height)]
        pen = Pen(self, console.color_system)
        for y, x, strip in pieces(update):
            if y < height:
                pen.row(y, x, cells_of(strip), self._sent[y])
        return pen.finished()

    def codes(self, style: Style, system: str | None) -> str:
        """What the terminal needs to hear to draw in a style."""
        found = self._codes.get((style, system))
        if found is None:
            drawn = style.render("#", color_system=COLOR_SYSTEMS[system] if system else None)
            inner = drawn.partition("#")[0].removeprefix("\x1b[").removesuffix("m")
            found = self._codes[style, system] = f"\x1b[0;{inner}m" if inner else "\x1b[0m"
        return found


class Pen:
    """Collects what is written, knowing where the cursor stands and in which style."""

    def __init__(self, wire: Wire, system: str | None) -> None:
        self._wire, self._system = wire, system
        self._written: list[str] = []
        self._style: Style | None = None

    def row(self, y: int, x: int, cells: list[Cell], sent: list[Cell]) -> None:
        """Write the cells of a row, from column x on, that are not what was sent."""
        cells = cells[: len(sent) - x]
        end = -1  # after the newest written cell of this row
        for begin, stop in runs(cells, sent[x : x + len(cells)]):
            self._move(y, x + begin, x + end if end >= 0 else -1)
            self._write(cells[begin:stop])
            end = stop
        sent[x : x + len(cells)] = cells

    def finished(self) -> str:
        """All of it; the terminal is left in its own style."""
        if self._written:
            self._written.append("\x1b[0m")
        return "".join(self._written)

    def _move(self, y: int, x: int, here: int) -> None:
        """To a cell: a short step on the same row, else by its place."""
        if here == x:
            return
        if here >= 0:
            self._written.append(f"\x1b[{x - here}C")
        else:
            self._written.append(f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H")

    def _write(self, cells: list[Cell]) -> None:
        for text, style in cells:
            if style is not self._style:
                self._written.append(self._wire.codes(style, self._system))
                self._style = style
            self._written.append(text)


class Reduced(CompositorUpdate):
    """An update that writes differences alone."""

    def __init__(self, wire: Wire, update: CompositorUpdate, size: tuple[int, int]) -> None:
        self._wire, self._update, self._size = wire, update, size

    def render_segments(self, console: Console) -> str:
        """What is written to the terminal."""
        return self._wire.difference(self._update, self._size, console)


def pieces(update: CompositorUpdate) -> Iterator[tuple[int, int, Strip]]:
    """(row, column, strip) of everything an update holds."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in strips:
                yield y, x, strip
                x += strip.cell_length
    elif isinstance(update, ChopsUpdate):
        # Beyond its spans an update holds whatever lay at hand, not what is seen there.
        for y, begin, end in update.spans:
            for x, chopped in update.chops[y].items():
                if chopped is not None and x < end and x + chopped.cell_length > begin:
                    yield y, max(x, begin), chopped.crop(max(begin - x, 0), end - x)


def cells_of(strip: Strip) -> list[Cell]:
    """A strip cell by cell; the second half of a wide character is an empty text."""
    found: list[Cell] = []
    for text, style, _ in strip:
        drawn = style or Style.null()
        if text.isascii():
            found += [(letter, drawn) for letter in text]
        else:
            for letter in text:
                found.append((letter, drawn))
                found += [("", drawn)] * (get_character_cell_size(letter) - 1)
    return found


def runs(cells: list[Cell], sent: list[Cell]) -> Iterator[tuple[int, int]]:
    """(begin, stop) of what must be written; near runs of one style are written as one."""
    begin = stop = -1
    for at, cell in enumerate(cells):
        if cell == sent[at]:
            continue
        first = at
        while first and not cells[first][0]:
            first -= 1  # a wide character is written whole
        if begin >= 0 and first - stop <= BRIDGE and one_style(cells[stop - 1 : first + 1]):
            stop = at + 1
            continue
        if begin >= 0:
            yield begin, whole(cells, stop)
        begin, stop = max(first, stop), at + 1
    if begin >= 0:
        yield begin, whole(cells, stop)


def one_style(cells: list[Cell]) -> bool:
    """Whether cells share their style."""
    return all(style is cells[0][1] for _, style in cells)


def whole(cells: list[Cell], stop: int) -> int:
    """The end that does not cut a wide character."""
    while stop < len(cells) and not cells[stop][0]:
        stop += 1
    return stop


class WiredApp(App[int]):
    """An application that sends differences, and knows whether the terminal keeps up."""

    def __init__(self) -> None:
        super().__init__(ansi_color=True)
        self.failure: Exception | None = None
        self.wire = None if os.environ.get("SUPREME_CONSOLE_DIFF") == "off" else Wire()

    def is_behind(self) -> bool:
        """Whether the last frame still waits to be taken: the next picture then waits too."""
        writer = getattr(self._driver, "_writer_thread", None)
        return writer is not None and writer._queue.qsize() > 0  # noqa: SLF001  no public name

    def _fatal_error(self) -> None:
        """A fault of ours ends the screen; whoever ran it says so, never a traceback."""
        self.failure = self._exception
        self._close_messages_no_wait()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        if self.wire is not None and isinstance(renderable, CompositorUpdate):
            renderable = self.wire.reduced(renderable, screen.size)
        super()._display(screen, renderable)
