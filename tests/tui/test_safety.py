"""Can a cat on the keyboard flatten, kill or reset? Random keys against a real engine."""

import asyncio
import random
import string
from collections import Counter

import pytest

from engine.control.client import connect
from tests.tui.screens import a_console, a_view, an_engine, key
from tui.app import Console

# The whole keyboard, Enter and Escape as often as a letter.
KEYS = [*(string.printable[:95]), "enter", "escape", "tab", "shift+tab", "backspace", "delete",
        "up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "f1", "f2",
        "ctrl+c", "ctrl+d", "ctrl+k", "ctrl+q", "ctrl+u", "ctrl+z", "alt+k", "space"]  # fmt: skip
# Those that open and answer boxes, as often as all others together.
LIKELY = ["P", "F", "K", "H", "enter", "enter", "escape", "escape", *"KILFATENRS"]
BREATHER = 50  # keys between two turns of the loop
GRAVE = {"OperatorFlattened", "OperatorKilled", "OperatorReset"}


class Counting(Console):
    """Counts the boxes that were opened and the acts that were asked for, and never leaves."""

    opened: Counter[str]
    performed: Counter[str]

    def leave(self):
        """Only the keys are on trial."""

    def open_box(self, name):
        """As ever, and counted."""
        super().open_box(name)
        if self.box is not None:
            self.opened[self.box.act.verb] += 1

    async def perform(self, act, reason):
        """As ever, and counted."""
        self.performed[act.verb] += 1
        await super().perform(act, reason)


def session(view, presses: int, seed: int) -> Counting:
    """A console on which so many random keys were pressed."""
    draw = random.Random(seed)
    console = Counting(view.hello["data_dir"], view, hz=10.0, read_only=False, ascii_only=False)
    console.opened, console.performed = Counter(), Counter()

    async def run():
        async with console.run_test(size=(80, 24)):
            for number in range(presses):
                console.press(key(draw.choice(draw.choice((KEYS, LIKELY)))))
                if number % BREATHER == 0:
                    await asyncio.sleep(0.001)
            console.press(key("escape"))

    asyncio.run(run())
    return console


def graves(place) -> list[str]:
    """What the engine was told that closes or releases something."""
    link = connect(str(place), 5.0)
    told = [row["event"] for row in link.ask("notices")["notices"]]
    link.close()
    return [event for event in told if event in GRAVE]


@pytest.mark.parametrize("presses", [5_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_random_keys_never_flatten_kill_or_reset(place, view, presses):
    """Boxes open all the time; without the word typed whole nothing is asked of the engine."""
    before = graves(place)

    console = session(view, presses, seed=presses)

    assert min(console.opened["flatten"], console.opened["kill"]) > presses / 200
    assert console.opened["pause"] + console.opened["resume"] > presses / 200
    assert set(console.performed) <= {"pause", "resume"}
    assert graves(place) == before


def test_random_keys_never_leave_a_halt(tmp_path, native):
    """A killed engine stays HALTED, however often the box that could end it was open."""
    with an_engine(tmp_path):
        a_view(tmp_path)
        link = connect(str(tmp_path), 5.0)
        link.ask("kill", reason="to be held")
        link.close()
        before = graves(tmp_path)

        console = session(a_view(tmp_path), 5_000, seed=7)

        assert console.opened["reset"] > 25
        assert "reset" not in console.performed
        assert graves(tmp_path) == before
        assert a_view(tmp_path).snapshot.trading == "HALTED"


def test_pasted_text_never_acts(view):
    """A clipboard that holds the word and Enter is not a decision."""
    from textual import events

    console = a_console(view)

    async def run():
        async with console.run_test(size=(80, 24)) as pilot:
            console.press(key("K"))
            console.post_message(events.Paste("KILL\n"))
            await pilot.pause()
            assert console.box is not None
            assert console.box.typed == ""

    asyncio.run(run())
