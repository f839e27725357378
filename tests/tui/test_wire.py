"""Does the terminal show, after differences alone, what a full repaint would show?"""

import asyncio
import random
from typing import Any

import pyte
import pytest
from rich.console import Console as RichConsole
from rich.segment import Segment
from rich.style import Style
from textual._compositor import CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tests.tui.screens import SIZES, a_console, key
from tui.app import Console
from tui.widgets.wire import Wire

STEPS = 150


class Watched(Console):
    """Feeds one terminal with what the console sends, as the driver would."""

    screen_of: pyte.Screen

    def _display(self, screen, renderable):
        if self.wire is not None and isinstance(renderable, CompositorUpdate):
            sent = self.wire.difference(renderable, screen.size, self.console)
            pyte.Stream(self.screen_of).feed(sent)
        super()._display(screen, None)


def repainted(console: Console, size: tuple[int, int]) -> pyte.Screen:
    """Another terminal, on which Textual's own full update is drawn."""
    full = console.screen._compositor.render_full_update()
    fresh = pyte.Screen(*size)
    pyte.Stream(fresh).feed(full.render_segments(console.console).replace("\n", ""))
    return fresh


def differing(one: pyte.Screen, other: pyte.Screen) -> list[tuple[int, int]]:
    """The cells that are not the same, in text or style."""
    return [
        (x, y)
        for y in range(one.lines)
        for x in range(one.columns)
        if one.buffer[y][x] != other.buffer[y][x]
    ]


@pytest.mark.parametrize("size", SIZES)
def test_differences_add_up_to_a_full_repaint(view, size):
    """A random session: after every few keys no cell differs."""
    draw = random.Random(size[0])
    keys = [*"12345789sSmeTzrPFKH?x", "tab", "escape", "down", "end", "enter", "plus"]

    async def run() -> None:
        console = Watched(view.hello["data_dir"], view, hz=10.0, read_only=False, ascii_only=False)
        console.screen_of = pyte.Screen(*size)
        async with console.run_test(size=size) as pilot:
            for _ in range(STEPS):
                console.press(key(draw.choice(keys)))
                await asyncio.sleep(0.01)
            console.press(key("escape"))
            await compared(console, pilot, size)

    asyncio.run(run())


async def compared(console: Watched, pilot: Any, size: tuple[int, int]) -> None:
    """Hold everything, and look for a cell that differs."""
    console.workers.cancel_all()  # no picture comes any more
    console.draw()
    await pilot.pause()
    while console.screen._compositor._dirty_regions:
        await pilot.pause(0.05)
    assert differing(console.screen_of, repainted(console, size)) == []


@pytest.mark.parametrize("size", SIZES)
def test_a_resized_terminal_is_drawn_whole(view, size):
    """Whatever it made of its old cells, afterwards no cell differs."""

    async def run() -> None:
        console = Watched(view.hello["data_dir"], view, hz=10.0, read_only=False, ascii_only=False)
        console.screen_of = pyte.Screen(100, 30)
        async with console.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0.1)
            console.screen_of = pyte.Screen(*size)
            pyte.Stream(console.screen_of).feed("left over from before " * 50)
            await pilot.resize_terminal(*size)
            await pilot.pause(0.1)
            await compared(console, pilot, size)

    asyncio.run(run())


def drawn(wire: Wire, rows: list[str], screen: pyte.Screen, style: str = "") -> str:
    """One full update through the wire."""
    strips: list[Any] = [[Strip([Segment(row, Style.parse(style or "none"))])] for row in rows]
    region = Region(0, 0, screen.columns, screen.lines)
    console = RichConsole(color_system="truecolor")
    sent = wire.difference(LayoutUpdate(strips, region), (screen.columns, screen.lines), console)
    pyte.Stream(screen).feed(sent)
    return sent


def test_what_is_the_same_is_not_sent_again():
    """An update that changes nothing costs nothing; one digit costs a few bytes."""
    wire, screen = Wire(), pyte.Screen(20, 2)
    drawn(wire, ["equity  1,234.00    ", "flat                "], screen)

    assert drawn(wire, ["equity  1,234.00    ", "flat                "], screen) == ""
    sent = drawn(wire, ["equity  1,235.00    ", "flat                "], screen)
    assert len(sent) < 20
    assert screen.display[0] == "equity  1,235.00    "


def test_after_forgetting_everything_is_sent():
    """A resized terminal may show anything."""
    wire, screen = Wire(), pyte.Screen(4, 1)
    first = drawn(wire, ["abcd"], screen)
    wire.forget()

    assert drawn(wire, ["abcd"], screen) == first


def test_a_wide_character_is_never_cut_in_half():
    """Both of its cells go together, in either direction."""
    wire, screen = Wire(), pyte.Screen(6, 1)
    for row in ("ab日cd", "a日bcd", "日本cd", "xx本cd", "日xycd", "abcdef"):
        drawn(wire, [row], screen)
        fresh = pyte.Screen(6, 1)
        drawn(Wire(), [row], fresh)
        assert differing(screen, fresh) == []


def test_the_switch_turns_it_off(view, monkeypatch):
    """Where a terminal misbehaves, Textual's own updates are one variable away."""
    monkeypatch.setenv("SUPREME_CONSOLE_DIFF", "off")

    assert a_console(view).wire is None
