"""Does anything depend on colour or Unicode alone? Each state by its text, in every theme."""

import re
from typing import Any

import pytest
from rich.style import Style

from tests.tui.screens import a_console, on_screen, rows_of, text_of
from tui.panels import breakers, equity, header, limits, notices
from tui.seen import Seen, trading_of, word_of
from tui.themes import PLAIN, THEMES, strip_of, styles_of

STATES: list[dict[str, Any]] = [
    {},
    {"breaker_level": 1},
    {"breaker_level": 2},
    {"trading": "REDUCING", "why": "paused by the operator", "paused": True},
    {"trading": "REDUCING", "why": "flattening", "paused": True, "flattening": True},
    {"trading": "REDUCING", "why": "drawdown stop", "stopped": True},
    {"trading": "REDUCING", "why": "killed by the operator", "stopped": True, "killed": True},
    {"trading": "HALTED", "why": "drawdown stop", "stopped": True},
    {"trading": "HALTED", "why": "killed by the operator", "stopped": True, "killed": True},
]
CALM: dict[str, Any] = {"trading": "ACTIVE", "why": "", "breaker_level": 0}
CALM |= dict.fromkeys(("paused", "flattening", "stopped", "killed"), False)


def test_every_trading_state_has_its_own_words(view):
    """Two states never read the same."""
    said = [" ".join(trading_of(view.snapshot._replace(**{**CALM, **how}))[:2]) for how in STATES]

    assert len(set(said)) == len(STATES)
    assert all(word.split()[1].isupper() for word in said)


@pytest.mark.parametrize(
    ("label", "simulated", "word"),
    [
        ("SIMULATED seed 1", True, "SIMULATED"),
        ("SIMULATED REPLAY x", True, "SIMULATED"),
        ("LIVE SIMULATED seed 1 ETHUSDT at 127.0.0.1", True, "LIVE"),
        ("REPLAY ETHUSDT-1m", False, "REPLAY"),
        ("LIVE binance", False, "LIVE"),
        ("something", False, "PAPER"),
    ],
)
def test_whose_money_it_is_comes_from_the_engine(label, simulated, word):
    """A simulated market is SIMULATED, but for a profile of real money: that is LIVE always."""
    assert word_of({"label": label, "simulated": simulated}) == word


def test_breakers_and_limits_are_told_apart_by_words(view):
    """Clear, near and tripped differ in glyph and word."""
    words = set(breakers.STATES.values())
    rows = [view.snapshot.limits[0]._replace(value=value, limit=5.0) for value in (1.0, 4.5, 5.0)]
    stands = {limits.state(row, view)[0] for row in rows}

    assert len(words) == len(breakers.STATES) == 3
    assert len(stands) == 3
    assert len({text for text, _ in notices.LEVELS.values()}) == len(notices.LEVELS)


def test_every_theme_means_the_same():
    """A theme that lacks a meaning would crash when it is first needed."""
    for theme in THEMES:
        assert set(styles_of(theme)) == set(THEMES["default"])


def test_mono_has_no_colour_and_every_segment_has_a_style():
    """A segment without one crashes where colours are filtered."""
    assert all(style.color is style.bgcolor is None for style in styles_of("mono").values())
    for theme in THEMES:
        drawn = strip_of([("ab", "up"), ("▲", "alarm")], 9, theme, ascii_=False)
        assert all(isinstance(segment.style, Style) for segment in drawn)
        assert drawn.cell_length == 9


def test_the_window_of_the_curve_is_told_without_colour(view):
    """Brackets, not only a brighter word."""
    title = text_of(equity.lines(Seen(view, window="1h"), 80, 12)[:1])

    assert "[1h]" in title


def test_an_old_picture_says_so(view):
    """Age, silence and a missing engine are words in the first line."""
    fresh, silent, gone = (
        text_of(header.lines(Seen(view, **how), 80, 1))
        for how in ({"age_s": 0.2}, {"age_s": 9.0}, {"age_s": 9.0, "gone": "no engine runs"})
    )

    assert "data <2s" in fresh
    assert "✖ NO PICTURE 9s" in silent
    assert "✖ ENGINE GONE 9s" in gone
    assert "was " in gone


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
def test_ascii_draws_ascii_alone(view, size):
    """Every glyph of ours has a stand-in of one cell."""
    console = a_console(view, ascii_only=True)

    async def look(_pilot):
        assert all(row.isascii() for row in rows_of(console)), rows_of(console)

    on_screen(console, size, look)
    assert all(len(stand_in) == 1 and stand_in.isascii() for stand_in in PLAIN.values())


def test_no_colour_is_a_screen_like_any_other(view, monkeypatch):
    """NO_COLOR chooses mono, draws the same text and sends no colour."""
    monkeypatch.setenv("NO_COLOR", "1")
    console = a_console(view)

    async def look(pilot):
        assert console.paint.theme == "mono"
        assert "SIMULATED" in rows_of(console)[0]
        await pilot.press("5", "P")
        await pilot.pause()
        styles = [part.style for strip in console.screen._compositor.render_strips()
                  for part in strip]  # fmt: skip
        assert all(style is not None for style in styles)
        sent = "".join(style.render("x") for style in styles if style)
        assert not re.search(r"[34]8;[25];|\x1b\[(?:\d;)*3[0-7]m", sent)

    on_screen(console, (80, 24), look)
