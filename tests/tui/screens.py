"""What do the tests of the console share: a real engine, its pictures, and a screen without one."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textual import events
from textual.pilot import Pilot

from engine.control.client import connect
from engine.core import ROOT
from engine.errors import Refused
from tui.app import Console
from tui.seen import View, view_of
from tui.themes import Line

SIZES = [(80, 24), (120, 36), (160, 48), (20, 5), (300, 100), (60, 20), (79, 40)]
STARTED_S = 20.0


@contextmanager
def an_engine(place: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A real engine on a simulated market, ten minutes of it a second."""
    command = [sys.executable, "-m", "supreme_cli", "run", "--speed", "600"]
    process = subprocess.Popen(
        [*command, "--data-dir", str(place), *words],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def a_view(place: Path, patience_s: float = STARTED_S) -> View:
    """What the engine there shows now."""
    while True:
        try:
            link = connect(str(place), 5.0, patience_s=patience_s)
            break
        except Refused:
            if patience_s <= 0:
                raise
            patience_s -= 0.1
            asyncio.run(asyncio.sleep(0.1))
    said: dict[str, Any] = {"hello": link.hello, "latency": link.ask("latency")}
    said |= link.ask("notices")
    view = view_of(link.picture(), said)
    link.close()
    return view


def a_console(view: View, **changes: Any) -> Console:
    """The console of the engine that this view came from."""
    options: dict[str, Any] = {"hz": 10.0, "read_only": False, "ascii_only": False, **changes}
    return Console(view.hello["data_dir"], view, **options)


def on_screen(console: Console, size: tuple[int, int], act: Callable[[Pilot[int]], Awaitable[None]],
) -> None:  # fmt: skip
    """Run the console without a terminal, and something with it."""

    async def run() -> None:
        async with console.run_test(size=size) as pilot:
            await pilot.pause()
            await act(pilot)

    asyncio.run(run())


def rows_of(console: Console) -> list[str]:
    """The screen's text, row by row, as the compositor has it."""
    compositor = console.screen._compositor
    return [strip.text for strip in compositor.render_strips()]


def text_of(lines: list[Line]) -> str:
    """Lines without their styles."""
    return "\n".join("".join(text for text, _ in line) for line in lines)


def key(name: str) -> events.Key:
    """A key as the driver would report it."""
    return events.Key(name, name if len(name) == 1 else None)
