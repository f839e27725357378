"""Which panels are on the screen, and which one is meant? Slots, by the size of the terminal."""

from typing import Any

from tui.panels.footer import tabs
from tui.panels.registry import PANELS
from tui.seen import Seen
from tui.themes import Line
from tui.widgets.lines import Paint
from tui.widgets.live_table import LiveTable, span_of

SLOTS = {"slot0": "1", "slot1": "3", "slot2": "2", "slot3": "9"}  # and the panel each begins with
SIDES = {"side0": "5", "side1": "4", "side2": "7"}
SEEN_AT = {
    "compact": ("side0",),
    "normal": ("slot0", "side0"),
    "wide": ("slot0", "slot2", "slot3", "side0"),
    "wall": ("slot0", "slot1", "slot2", "slot3", "side0", "side1", "side2"),
}


def arrangement(width: int, height: int) -> str:
    """The name of the arrangement for a size."""
    if width < 80 or height < 24:
        return "compact"
    if width < 120 or height < 36:
        return "normal"
    return "wall" if width >= 160 and height >= 48 else "wide"


def classes_of(width: int, height: int) -> list[str]:
    """The classes of the screen that console.tcss arranges by."""
    name = arrangement(width, height)
    further = {"low": height < 10, "narrow": width < 44, "tall": height >= 60 and name == "wall"}
    return [name, *(word for word, holds in further.items() if holds)]


class Tables:
    """The tables of the screen and where the operator looks."""

    def __init__(self, paint: Paint) -> None:
        self.slots = [LiveTable(name, digit, paint) for name, digit in SLOTS.items()]
        self.sides = [LiveTable(name, digit, paint) for name, digit in SIDES.items()]
        self.chosen = self.slots[0]
        self.chosen.add_class("chosen")
        self.size = "normal"
        self._before: tuple[LiveTable, str] | None = None  # a panel was made big
        self._screen: Any = None

    def hold(self, seen: Seen) -> None:
        """What the tables draw when they first can."""
        for table in [*self.slots, *self.sides]:
            table.seen = seen

    def fit(self, screen: Any, size: tuple[int, int]) -> bool:
        """Arrange for this size; whether that is another arrangement than before."""
        self._screen, self.size = screen, arrangement(*size)
        before = set(screen.classes)
        if before != set(classes_of(*size)):
            screen.set_classes(classes_of(*size))
        self.back()
        if self.chosen not in self.visible():
            self.chosen = self.visible()[0]
        self._mark()
        return before != set(classes_of(*size))

    def visible(self) -> list[LiveTable]:
        """The tables on the screen, in Tab's order."""
        if self._before is not None:
            return [self.chosen]
        every = {table.id: table for table in [*self.slots, *self.sides]}
        return [every[name] for name in SEEN_AT[self.size]]

    def show(self, seen: Seen) -> None:
        """Draw those that are on the screen."""
        for table in self.visible():
            table.show(seen)

    def show_panel(self, digit: str) -> bool:
        """Go to a panel: where it is, or in the place of the chosen one. False for no panel."""
        if digit not in PANELS or self.size == "compact":
            return False
        there = [table for table in self.visible() if table.digit == digit]
        if there:
            self.chosen = there[0]
        else:
            if self.chosen in self.sides:
                self.chosen = self.slots[0]
            self.chosen.show_panel(digit)
        self._mark()
        return True

    def step(self, by: int) -> None:
        """The next table, or the one before."""
        seen = self.visible()
        self.chosen = seen[(seen.index(self.chosen) + by) % len(seen)]
        self._mark()

    def maximise(self) -> None:
        """The chosen panel alone; again: back."""
        if self._before is not None or self.size == "compact":
            self.back()
            return
        self._before = (self.chosen, self.slots[0].digit)
        if self.chosen in self.sides:
            self.slots[0].show_panel(self.chosen.digit)
            self.chosen = self.slots[0]
        self._screen.add_class("big")
        self._mark()

    def back(self) -> None:
        """All panels again."""
        if self._before is None:
            return
        self.chosen, digit = self._before
        if self.chosen in self.sides:
            self.slots[0].show_panel(digit)
        self._before = None
        self._screen.remove_class("big")
        self._mark()

    def sort_next(self) -> None:
        """Sort the chosen panel by its next column."""
        self.chosen.sort_next()

    def sort_back(self) -> None:
        """Sort it the other way round."""
        self.chosen.sort_back()

    def scroll(self, rows: int) -> None:
        """Scroll the chosen panel."""
        self.chosen.scroll_rows(rows)

    def tabs(self, seen: Seen, width: int) -> Line:
        """The panels by digit, and where in the chosen one we are."""
        table, where = self.chosen, ""
        if not table.titled and seen.view is not None:
            count = len(PANELS[table.digit].rows(seen.view))
            room = table.size.height - 1
            where = f"{span_of(table.first_row, count, room)} " if count > room else ""
        return tabs(seen, width, table.digit, where)

    def _mark(self) -> None:
        """Which table is chosen, and which have a title of their own."""
        for table in [*self.slots, *self.sides]:
            table.focused_here = table is self.chosen
            table.set_class(table is self.chosen, "chosen")
            alone = table is self.slots[0] and self.size == "normal"
            table.titled = self.size != "compact" and not alone
