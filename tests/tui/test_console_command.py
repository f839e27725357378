"""Does `supreme console` begin and end as promised? The executable, on a real terminal."""

import os
import re
import signal
import sys
import time
from typing import Any

import pyte
import pytest

from bench.terminal import Terminal
from engine.control.client import connect
from tests.acceptance.running import supreme
from tests.tui.screens import a_view, an_engine

CONSOLE = [sys.executable, "-m", "supreme_cli", "console", "--data-dir"]
PAINT_S = 20.0


def painted(terminal: Terminal, word: bytes = b"EXPOSURE") -> bytes:
    """What was drawn until this word was."""
    drawn = terminal.read(PAINT_S, lambda seen: word in seen)
    assert word in drawn, drawn[-2_000:]
    return drawn


def lives(place) -> bool:
    """Whether the engine there still answers."""
    link = connect(str(place), 5.0)
    link.close()
    return True


def test_q_leaves_the_console_and_never_the_engine(place):
    """Exit code 0, and a word that the engine goes on."""
    with Terminal([*CONSOLE, str(place)], 80, 24) as terminal:
        painted(terminal)
        terminal.type("q")

        assert terminal.wait(10) == 0
        assert f"the engine in {place} goes on" in terminal.received.decode()
        assert terminal.received.rstrip().endswith(b"goes on.")
    assert lives(place)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_console_that_dies_does_not_touch_the_engine(place, how):
    """Killed, or its terminal gone: the engine goes on."""
    with Terminal([*CONSOLE, str(place)], 80, 24) as terminal:
        painted(terminal)
        os.kill(terminal.pid, how)

        assert terminal.wait(10) in (-how, 128 + how)
    assert lives(place)


def test_a_real_terminal_shows_whose_money_it_is(place):
    """The first picture holds the word, the state, and no row is torn."""
    screen = pyte.Screen(80, 24)
    with Terminal([*CONSOLE, str(place)], 80, 24) as terminal:
        drawn = painted(terminal) + terminal.read(1.5)
        pyte.ByteStream(screen).feed(drawn)

    assert screen.display[0].startswith(" SIMULATED ")
    assert "ACTIVE" in screen.display[0]
    assert "EQUITY" in screen.display[1]
    assert "flatten" in screen.display[-1]


def test_no_color_sends_no_colour_and_a_plain_locale_no_unicode(place):
    """Both are asked for by the environment, and both lose nothing."""
    with Terminal([*CONSOLE, str(place)], 80, 24, NO_COLOR="1", LANG="C", LC_ALL="C",
                  PYTHONUTF8="0") as terminal:  # fmt: skip
        drawn = painted(terminal) + terminal.read(1.0)

    assert drawn.isascii()
    assert not re.search(rb"\x1b\[[\d;]*[34][0-8];[25];", drawn)
    assert b"> ACTIVE" in drawn


def test_without_a_terminal_it_names_the_way_that_needs_none(place):
    """Exit code 4, two lines."""
    done = supreme("console", "--data-dir", str(place))

    assert done.returncode == 4
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 2
    assert "supreme status --watch" in done.stderr


def test_without_an_engine_it_says_so(tmp_path):
    """Exit code 3, two lines, on a terminal as it was."""
    with Terminal([*CONSOLE, str(tmp_path)], 80, 24) as terminal:
        assert terminal.wait(10) == 3
        said = terminal.received.decode()

    assert f"no engine runs in {tmp_path}" in said.replace("\r\n", "")
    assert len(said.strip().splitlines()) == 2


@pytest.mark.parametrize(
    "words",
    [("--hz", "99"), ("--hz", "x"), ("--hz",), ("--nonsense",), ("--read-only=1",), ("extra",)],
)
def test_bad_words_are_refused_in_two_lines(words):
    """Exit code 2: what, and what would be right."""
    done = supreme("console", *words)

    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 2


def test_it_follows_an_engine_over_its_end_and_its_return(tmp_path, native):
    """Gone is said plainly, with what was last seen; the next engine is found by itself."""
    screen = pyte.Screen(120, 36)
    stream = pyte.ByteStream(screen)
    with Terminal([*CONSOLE, str(tmp_path)], 120, 36) as late:
        assert late.wait(10) == 3
    with an_engine(tmp_path) as first:
        a_view(tmp_path)
        terminal = Terminal([*CONSOLE, str(tmp_path)], 120, 36)
        stream.feed(painted(terminal))
        first.kill()
        first.wait()
        stream.feed(painted(terminal, b"ENGINE GONE"))
        assert "was ACTIVE" in screen.display[0]
    with terminal, an_engine(tmp_path):
        stream.feed(painted(terminal, b"the engine is back"))
        stream.feed(terminal.read(2.0))
        assert "▶ ACTIVE" in screen.display[0]
        assert "GONE" not in "\n".join(screen.display)


def test_acts_reach_the_engine_and_their_answer_the_screen(tmp_path, native):
    """Pause, resume, flatten, kill and reset by their keys; each is journaled with its reason."""
    told: dict[str, Any] = {}
    with an_engine(tmp_path):
        a_view(tmp_path)
        with Terminal([*CONSOLE, str(tmp_path)], 120, 36) as terminal:
            painted(terminal)
            for keys, word, event in (
                ("P\r", b"PAUSED", "OperatorPaused"),
                ("P\r", b"ACTIVE", "OperatorResumed"),
                ("FFLATTEN\r", b"PAUSED", "OperatorFlattened"),
                ("KKILL\r", b"HALTED", "OperatorKilled"),
                ("HRESET\rlooked into it\r", b"PAUSED", "OperatorReset"),
            ):
                terminal.type(keys)
                painted(terminal, word)
                end = time.monotonic() + PAINT_S
                while event not in told:  # A dialog may hold the word before the engine answers.
                    assert time.monotonic() < end, event
                    told = {row["event"]: row.get("reason") for row in a_view(tmp_path).notices}

    assert told["OperatorKilled"] == "killed at the console"
    assert told["OperatorReset"] == "looked into it"
