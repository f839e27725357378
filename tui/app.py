"""What does the operator see and do? The console: it shows pictures and asks, and decides nothing.

Every line is made by a function of what is seen; this file holds what the operator has chosen,
sends keys to where they belong, and draws when a picture came.
"""

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from textual import events
from textual.containers import Container
from textual.screen import Screen

from engine.errors import Refused
from tui import guide
from tui.acts import Act, Box, act_of
from tui.beside import Beside
from tui.link import Watch, accepted
from tui.panels import alerts, equity, footer, header, tiles
from tui.seen import Seen, View, label_of, view_of, word_of
from tui.tables import Tables, classes_of
from tui.themes import THEMES, Line
from tui.widgets.lines import Lines, Paint
from tui.widgets.overlay import Overlay
from tui.widgets.wire import WiredApp

RATES = (0.5, 1.0, 2.0, 4.0, 10.0)
CHART_S = 1.0  # between two drawings of the curve
LOOK_S = 0.5  # between two looks at what changes without a picture: its age
TEXTS = {"?": "help", "f1": "help", "a": "alerts"}  # what opens above the screen
SCROLLS = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10, "home": -10_000, "end": 10_000}


class Console(WiredApp):
    """The screen of one engine; ending it never touches the engine."""

    CSS_PATH = Path(__file__).with_name("console.tcss")
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, place: str, first: View, *, hz: float, read_only: bool, ascii_only: bool):
        super().__init__()
        self.place, self.read_only = place, read_only
        code = str(first.hello["code"])
        self.link = Watch(place, code, hz, self.look)
        self.paint = Paint("mono" if self.no_color else "default", ascii_only=ascii_only)
        self.newest: View = first
        self.frozen: View | None = None
        self.window, self.said, self.said_style = "6h", "", "text"
        self.box: Box | None = None
        self.above, self.was_gone = "", False  # above: the text that is open, help or alerts
        self.beside = Beside(place)
        self._drawn_of, self._curve_s = b"", 0.0
        self.tables = Tables(self.paint)
        self.overlay = Overlay("box", self.paint)
        self.parts: dict[str, Lines] = {}
        self.keys: dict[str, Callable[[], None]] = {
            **dict.fromkeys(("q", "ctrl+c", "ctrl+q"), self.leave), "z": self.freeze,
            "r": self.repaint, "T": self.next_theme, "e": self.next_window,
            "+": lambda: self.pace(1), "-": lambda: self.pace(-1),
            "s": self.tables.sort_next, "S": self.tables.sort_back,
            "tab": lambda: self.tables.step(1), "shift+tab": lambda: self.tables.step(-1),
            "m": self.tables.maximise, "escape": self.tables.back,
        }  # fmt: skip

    def get_default_screen(self) -> Screen[Any]:
        """The screen, arranged for the terminal's size from the start."""
        return Screen(id="_default", classes=" ".join(classes_of(*self.size)))

    def compose(self) -> Iterator[Any]:
        """Every widget there is; the size decides which are seen."""
        tables = self.tables
        tables.hold(self.seen())
        yield self.lines("header", header.lines)
        yield self.lines("tiles", tiles.lines)
        yield Container(
            self.lines("curve", equity.lines), Container(*tables.sides, id="side"), id="upper"
        )
        yield self.lines("tabs", lambda seen, width, _height: [tables.tabs(seen, width)])
        yield Container(*tables.slots, id="tables")
        yield self.lines("latest", footer.latest)
        yield self.lines("status", footer.status)
        yield self.lines("keys", footer.keys)
        yield self.overlay

    def lines(self, name: str, made: Callable[[Seen, int, int], list[Line]]) -> Lines:
        """A widget whose lines are made of what is seen."""
        part = Lines(name, lambda width, height: made(self.seen(), width, height), self.paint)
        self.parts[name] = part
        return part

    def on_mount(self) -> None:
        """The first picture is drawn as it is; what follows begins after it."""
        self.call_after_refresh(self.begin)

    def begin(self) -> None:
        """Attach, and look now and then at what changes by itself."""
        self.run_worker(self.link.follow())
        self.set_interval(LOOK_S, self.tick)
        gc.freeze()  # what was made for the start is never garbage
        gc.enable()

    def on_resize(self, event: events.Resize) -> None:
        """Another size is another arrangement, and the terminal may show anything."""
        if self.wire is not None:
            self.wire.forget()
        if self.tables.fit(self.screen, event.size):
            self.call_after_refresh(self.draw)

    async def on_event(self, event: events.Event) -> None:
        """Keys are ours alone: no widget and no binding sees them; pasted text never acts."""
        if isinstance(event, events.Key):
            self.press(event)
        elif not isinstance(event, events.Paste):
            await super().on_event(event)

    def press(self, event: events.Key) -> None:
        """One key: to the box that is open, else to what it stands for."""
        printable = event.character is not None and event.character.isprintable()
        key = event.character if printable and event.character else event.key
        if self.box is not None:
            self._answer(self.box, event)
        elif self.above:
            self._read(key)
        elif key in self.keys:
            self.keys[key]()
        elif key in TEXTS:
            self.above, self.beside.chosen = TEXTS[key], 0
        elif key in SCROLLS:
            self.tables.scroll(SCROLLS[key])
        elif key in "PFKH" and not self.read_only:
            self.open_box(key)
        elif self.tables.show_panel(key):
            pass
        else:
            return
        self.draw()
        if key in ("m", "escape"):
            self.call_after_refresh(self.draw)  # what was hidden holds old lines

    def seen(self) -> Seen:
        """What the lines are made of now."""
        return Seen(
            view=self.frozen or self.newest,
            place=self.place,
            gone=self.link.gone,
            age_s=time.monotonic() - self.link.arrived_s,
            frozen=self.frozen is not None,
            hz=self.link.hz,
            window=self.window,
            said=self.said,
            said_style=self.said_style,
            read_only=self.read_only,
            alerts=self.beside.alerts,
            is_watched=self.beside.is_watched,
            wall_ns=time.time_ns(),
        )

    def look(self) -> None:
        """Something arrived: draw it, unless the terminal has not taken the last frame yet."""
        if self.was_gone and not self.link.gone:
            self.say("the engine is back", "good")
        self.was_gone = bool(self.link.gone)
        if self.link.gone or not self.is_behind():
            self._take_picture()
            self.draw(curve=time.monotonic() - self._curve_s >= CHART_S)

    def tick(self) -> None:
        """Ages grow, a box is left alone, a terminal goes away."""
        if not self.is_headless and not os.isatty(sys.__stdin__.fileno() if sys.__stdin__ else 0):
            self.exit(0)
        if self.box is not None and self.box.is_left_alone(time.monotonic()):
            self._close_box("cancelled: nobody answered")
        self.beside.look(1.0 / self.link.hz)
        for name in ("header", "latest", "status"):
            self.parts[name].draw()
        self._draw_overlay(self.seen())

    def draw(self, *, curve: bool = True) -> None:
        """Every widget that is seen; the curve costs most and may wait."""
        seen = self.seen()
        for name, part in self.parts.items():
            if name != "curve" or curve:
                part.draw()
        if curve:
            self._curve_s = time.monotonic()
        self.tables.show(seen)
        self._draw_overlay(seen)

    def leave(self) -> None:
        """The console ends; the engine does not notice."""
        self.exit(0)

    def freeze(self) -> None:
        """Hold the view, or let it go."""
        self.frozen = None if self.frozen is not None else self.newest

    def repaint(self) -> None:
        """Send every cell again."""
        if self.wire is not None:
            self.wire.forget()
        self.screen.refresh()

    def next_theme(self) -> None:
        """The next set of colours."""
        names = list(THEMES)
        self.paint.theme = names[(names.index(self.paint.theme) + 1) % len(names)]
        for widget in self.query(Lines):
            widget.redraw()
        self.say(f"theme {self.paint.theme}")

    def next_window(self) -> None:
        """Another stretch of the equity curve."""
        names = list(equity.WINDOWS)
        self.window = names[(names.index(self.window) + 1) % len(names)]

    def pace(self, step: int) -> None:
        """More or fewer pictures a second."""
        faster = [rate for rate in RATES if rate > self.link.hz]
        slower = [rate for rate in RATES if rate < self.link.hz]
        if step > 0 and faster:
            self.link.pace(faster[0])
        elif step < 0 and slower:
            self.link.pace(slower[-1])

    def say(self, text: str, style: str = "text") -> None:
        """What became of something."""
        self.said, self.said_style = text, style

    def open_box(self, key: str) -> None:
        """Ask before an act; what cannot be asked now is said."""
        if self.link.gone:
            self.say("no engine answers: nothing can be asked of it", "warn")
            return
        act = act_of(key, self.newest.snapshot)
        if act is None:
            self.say("the engine is not HALTED: there is nothing to reset", "warn")
            return
        self.box = Box(act, time.monotonic())

    async def perform(self, act: Act, reason: str) -> None:
        """Ask the engine, or the service, and say what it answered."""
        self.say(f"{act.verb}: asked, waiting for the {'service' if act.which else 'journal'}")
        try:
            signing = self.beside.sign(act.which, reason) if act.which else None
            self.say(await (signing or accepted(self.place, act.verb, reason)), "good")
        except Refused as no:
            self.say(f"{act.verb} refused: {no.what}; {no.fix}", "warn")
        self.draw()

    def _answer(self, box: Box, event: events.Key) -> None:
        """A key for the box that is open."""
        verdict = box.press(event.key, event.character, time.monotonic())
        if verdict == "cancel":
            self._close_box("cancelled: nothing was asked")
        elif verdict == "confirm":
            self._close_box("")
            self.run_worker(self.perform(box.act, box.reason.strip()))

    def _close_box(self, why: str) -> None:
        self.box = None
        self.say(why)

    def _read(self, key: str) -> None:
        """A key for the text that is open."""
        if self.above == "alerts" and key in SCROLLS:
            self.beside.step(SCROLLS[key])
        elif self.above == "alerts" and key in ("a", "A"):
            act = None if self.read_only else self.beside.signing(key)
            self.box = Box(act, time.monotonic()) if act else None
        elif key in SCROLLS:
            self.overlay.scroll_rows(SCROLLS[key])
        else:
            self.above = ""

    def _draw_overlay(self, seen: Seen) -> None:
        overlay = self.overlay
        if self.box is not None:
            hello = self.newest.hello
            asked = self.box.lines(self.newest.snapshot, word_of(hello), label_of(hello))
            overlay.say(self.box.act.title, asked)
        elif self.above == "alerts":
            text, chosen = alerts.lines(seen, self.beside.chosen, self.beside.hint)
            overlay.say("ALERTS", text, chosen)
        elif self.above:
            help_lines = guide.lines(self.tables.chosen.digit, read_only=seen.read_only)
            overlay.say("HELP, Esc closes", help_lines)
        elif overlay.display:
            overlay.hide()

    def _take_picture(self) -> None:
        """The newest picture in words; another one than it says ends in the connection's error."""
        raw = self.link.picture
        if raw and raw is not self._drawn_of:
            self._drawn_of = raw
            self.newest = view_of(raw, self.link.said)
