"""How are lines put on the screen? As they are; only those that changed are drawn anew."""

from collections.abc import Callable

from textual.geometry import Region, Size
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
        self._made_for = Size(0, 0)

    def draw(self) -> None:
        """Make the lines anew and refresh those that differ."""
        if not self.size.area or not self.display:
            return
        before, size = self._drawn, self._made_for
        self._make()
        if size != self.size:
            self._strips = [None] * self.size.height
            self.refresh()
            return
        for y, line in enumerate(self._drawn):
            if line != before[y]:
                self._strips[y] = None
                self.refresh(Region(0, y, self.size.width, 1))

    def redraw(self) -> None:
        """Every line, whether it changed or not: the paint is another."""
        self._made_for = Size(0, 0)
        self.draw()

    def on_resize(self) -> None:
        """Another size is another text."""
        if self._made_for != self.size:
            self.draw()

    def render_line(self, y: int) -> Strip:
        """The strip of a line, made once; the first frame finds the lines not made yet."""
        if self._made_for != self.size:
            self._make()
            self._strips = [None] * self.size.height
        strip = self._strips[y]
        if strip is None:
            paint = self._paint
            strip = strip_of(self._drawn[y], self.size.width, paint.theme, ascii_=paint.ascii_only)
            self._strips[y] = strip
        return strip

    def _make(self) -> None:
        """The lines for this size, as many as it has."""
        width, height = self._made_for = self.size
        made = self._making(width, height)[:height]
        self._drawn = made + [[] for _ in range(height - len(made))]
