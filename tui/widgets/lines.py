"""How are lines put on the screen? As they are; only those that changed are drawn anew."""

from collections.abc import Callable

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.themes import Line, strip_of

Making = Callable[[int, int], list[Line]]


class Paint:
    """How lines become cells: one for all widgets of a screen."""

    def __init__(self, theme: str, *, ascii_only: bool) -> None:
        self.theme, self.ascii_only = theme, ascii_only


class Lines(Widget):
    """Draws what `making(width, height)` gives, a strip a line."""

    def __init__(self, name: str, making: Making, paint: Paint) -> None:
        super().__init__(id=name)
        self._making, self._paint = making, paint
        self._drawn: list[Line] = []
        self._strips: list[Strip | None] = []

    def draw(self) -> None:
        """Make the lines anew and refresh those that differ."""
        width, height = self.size
        if not width or not height or not self.display:
            return
        made = self._making(width, height)[:height]
        made += [[] for _ in range(height - len(made))]
        before, self._drawn = self._drawn, made
        if len(before) != height:
            self._forget(height)
            return
        for y, line in enumerate(made):
            if line != before[y]:
                self._strips[y] = None
                self.refresh(Region(0, y, width, 1))

    def redraw(self) -> None:
        """Every line, whether it changed or not: the paint is another."""
        self._drawn = []
        self.draw()

    def on_resize(self) -> None:
        """Another size is another text."""
        self.redraw()

    def render_line(self, y: int) -> Strip:
        """The strip of a line, made once."""
        strip = self._strips[y] if y < len(self._strips) else None
        if strip is None or strip.cell_length != self.size.width:
            line = self._drawn[y] if y < len(self._drawn) else []
            strip = strip_of(
                line, self.size.width, self._paint.theme, ascii_=self._paint.ascii_only
            )
            if y < len(self._strips):
                self._strips[y] = strip
        return strip

    def _forget(self, height: int) -> None:
        self._strips = [None] * height
        self.refresh()
