"""Does it fit every terminal, and do its keys do what they say? On a real engine's pictures."""

import pytest
from rich.cells import cell_len

from tests.tui.screens import SIZES, a_console, on_screen, rows_of
from tui.panels.registry import PANELS
from tui.seen import WORDS

KEYS = ["1", "2", "3", "4", "5", "7", "8", "9", "tab", "m", "escape", "s", "S", "down", "up", "e",
        "T", "T", "T", "z", "z", "question_mark", "escape", "P", "escape", "F", "escape", "K",
        "escape", "H", "r", "plus", "minus"]  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def test_every_size_is_filled_and_never_overflows(view, size):
    """No exception at any key, no row wider than the screen, and always whose money it is."""
    console = a_console(view)

    async def look(pilot):
        for name in ["r", *KEYS]:
            await pilot.press(name)
            await pilot.pause()
            rows = rows_of(console)
            assert len(rows) == size[1]
            assert all(cell_len(row) == size[0] for row in rows), name
            assert any(word in row for row in rows for word in WORDS), name
            inside(console, size)

    on_screen(console, size, look)


def inside(console, size):
    """No widget that is seen lies beyond the screen."""
    for widget in console.screen.query("*"):
        if widget.display and widget.region.area:
            assert widget.region.right <= size[0], widget
            assert widget.region.bottom <= size[1], widget


def test_a_resize_keeps_going(view):
    """Sizes in a row, a box open meanwhile."""
    console = a_console(view)

    async def look(pilot):
        await pilot.press("K")
        for size in [*SIZES, *SIZES[::-1]]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert all(cell_len(row) == size[0] for row in rows_of(console))

    on_screen(console, (80, 24), look)


@pytest.mark.parametrize("digit", sorted(PANELS))
def test_digits_show_their_panel(view, digit):
    """At 80x24 a panel takes the table's place, or has the focus where it stands already."""
    console = a_console(view)

    async def look(pilot):
        await pilot.press(digit)
        await pilot.pause()
        assert console.tables.chosen.digit == digit
        panel = PANELS[digit]
        heads = [column.title for column in panel.columns[:2]]
        shown = "\n".join(rows_of(console))
        assert panel.nothing in shown or all(head in shown for head in heads)

    on_screen(console, (80, 24), look)


def test_a_maximised_panel_has_the_room_and_gives_it_back(view):
    """m, then Escape: the chart is there again."""
    console = a_console(view)

    async def look(pilot):
        await pilot.press("2", "m")
        await pilot.pause()
        assert not any("EQUITY [" in row or "BREAKERS" in row for row in rows_of(console)[3:])
        assert console.tables.chosen.size.height > 12
        await pilot.press("escape")
        await pilot.pause()
        assert any("5 BREAKERS" in row for row in rows_of(console))

    on_screen(console, (80, 24), look)


def test_sorting_marks_its_column(view):
    """Next column, other way round, and back to the engine's order at the end."""
    console = a_console(view)

    async def look(pilot):
        await pilot.press("2", "s")
        await pilot.pause()
        assert any("TIME▼" in row for row in rows_of(console))
        await pilot.press("S")
        await pilot.pause()
        assert any("TIME▲" in row for row in rows_of(console))
        await pilot.press(*["s"] * len(PANELS["2"].columns))
        await pilot.pause()
        assert not any("▼ " in row and "TIME▼" in row for row in rows_of(console))

    on_screen(console, (120, 36), look)


def test_a_frozen_view_stands_still_and_says_so(view):
    """The banner is as wide as the screen; the newest picture is shown when it is let go."""
    console = a_console(view)

    async def look(pilot):
        await pilot.press("z")
        await pilot.pause(0.3)
        frozen = rows_of(console)
        assert any("VIEW FROZEN" in row for row in frozen)
        await pilot.pause(0.6)
        assert rows_of(console)[:20] == frozen[:20]
        await pilot.press("z")
        await pilot.pause(0.3)
        assert not any("VIEW FROZEN" in row for row in rows_of(console))

    on_screen(console, (80, 24), look)


def test_read_only_has_no_acts(view):
    """The keys do nothing, the line of keys and the help do not name them."""
    console = a_console(view, read_only=True)

    async def look(pilot):
        for name in "PFKH":
            await pilot.press(name)
            await pilot.pause()
            assert console.box is None
        assert "flatten" not in rows_of(console)[-1]
        await pilot.press("question_mark")
        await pilot.pause()
        assert not any("type KILL" in row for row in rows_of(console))

    on_screen(console, (80, 40), look)


def test_help_scrolls_to_its_end(view):
    """Keys first, then the focused panel's numbers, then those of every screen."""
    console = a_console(view)

    async def look(pilot):
        await pilot.press("9", "question_mark")
        await pilot.pause()
        first = "\n".join(rows_of(console))
        await pilot.press("end")
        await pilot.pause()
        last = "\n".join(rows_of(console))
        assert "never the engine" in first
        assert "WORDS" in last

    on_screen(console, (80, 24), look)
