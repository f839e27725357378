"""Does the operator see what went wrong, at every size, and can they say that they have seen it?"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from engine.control.client import holder_of
from engine.service.alerts import Alerts
from engine.service.noted import Noted
from tests.engine.service.keeping import served
from tests.tui.screens import SIZES, a_console, a_view, an_engine, on_screen, rows_of, text_of
from tui.app import Console
from tui.beside import NOBODY
from tui.panels import alerts, footer, header
from tui.seen import Seen, View

PATIENCE_S = 30.0
CAUSE = "away for 300 s: Connection refused"
MANY = tuple(
    Noted(n, f"part{n}", "odd", ("warning", "critical")[n % 2], "a cause " * 12, "", 0, 1, "", "")
    for n in range(40, 0, -1)
)


@pytest.fixture
def engine_place(tmp_path: Path, native: Any) -> Iterator[Path]:
    """The data directory of an engine of one's own, beside which two things went wrong."""
    (tmp_path / "service").mkdir()
    kept = Alerts(str(tmp_path / "service"), lambda *_words, **_fields: None)
    kept.wrong("clock", "odd", "a clock of this test is odd")
    kept.wrong("postgres", "escalated", CAUSE)
    with an_engine(tmp_path):
        a_view(tmp_path)
        yield tmp_path


@pytest.fixture
def watched_place(engine_place: Path) -> Iterator[Path]:
    """The same with a service beside it."""
    with served(engine_place) as service:
        while holder_of(str(engine_place / "service")) != str(service.pid):
            assert service.poll() is None
        yield engine_place
        service.terminate()


def shown(console: Console) -> str:
    """The screen's text."""
    return "\n".join(rows_of(console))


async def until(pilot: Any, holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end
        await pilot.pause(0.1)


def kept_in(place: Path) -> list[dict[str, Any]]:
    """The incidents in the file."""
    rows: list[dict[str, Any]] = json.loads((place / "service" / "alerts.json").read_text())[
        "incidents"
    ]
    return rows


def test_alerts_are_counted_named_listed_and_acknowledged_by_the_service(watched_place: Path):
    """At 80x24: the count above, the cause below, all of it behind `a`, signed with a note."""
    console = a_console(a_view(watched_place))

    async def look(pilot: Any) -> None:
        await until(pilot, lambda: "2 alerts" in rows_of(console)[0])
        first = rows_of(console)
        await pilot.press("a")
        await pilot.pause()
        listed = shown(console)
        await pilot.press("a")
        await pilot.pause()
        asked = shown(console)
        await pilot.press("ctrl+u", *"on it", "enter")
        await until(pilot, lambda: "on it" in shown(console) and console.box is None)
        answered = shown(console)
        await pilot.press("escape")
        await until(pilot, lambda: "clock: a clock of this test" in shown(console))

        assert "!! 2 alerts, 2 critical" in first[0]
        assert f"postgres: {CAUSE[:25]}" in first[-5]
        assert "1 more" in first[-5]
        assert all(word in "\n".join(first) for word in ("EQUITY", "BREAKERS", "decided"))
        assert "the service watches" in listed
        assert "▶ !! CRIT 2  postgres  escalated" in listed
        assert ("nobody has acknowledged it" in listed, CAUSE in listed) == (True, True)
        assert f"2: !! CRIT postgres: {CAUSE}" in asked
        assert "note seen at the console" in asked
        assert "alert 2 acknowledged" in answered

    on_screen(console, (80, 24), look)

    (row,) = [one for one in kept_in(watched_place) if one["number"] == 2]
    assert (row["state"], row["note"]) == ("acknowledged", "on it")
    assert "(uid " in row["acknowledged_by"]


def test_without_a_service_nothing_can_be_noted_and_it_is_said(engine_place: Path):
    """In the header, in the list and where one tries; what was noted is shown all the same."""
    console = a_console(a_view(engine_place))

    async def look(pilot: Any) -> None:
        await pilot.press("a")
        await pilot.pause()
        assert "no service runs: nothing new is noticed" in shown(console)
        await pilot.press("a", "A")
        await pilot.pause()
        assert console.box is None
        assert NOBODY in shown(console)
        assert "○ no service" in rows_of(console)[0]
        assert "2 alerts, 2 critical" in rows_of(console)[0]

    on_screen(console, (80, 24), look)
    assert {row["state"] for row in kept_in(engine_place)} == {"open"}


def test_read_only_shows_alerts_and_has_no_key_for_them(engine_place: Path):
    """The list is there; `a` and `A` in it do nothing, and neither list nor help names them."""
    console = a_console(a_view(engine_place), read_only=True)

    async def look(pilot: Any) -> None:
        await pilot.press("a")
        await pilot.pause()
        assert "arrows choose" in shown(console)
        await pilot.press("a", "A")
        await pilot.pause()
        assert console.box is None
        assert "acknowledge  " not in shown(console)
        await pilot.press("escape", "question_mark", *["down"] * 4)
        await pilot.pause()
        assert "alerts: what went wrong" in shown(console)
        assert "acknowledge the chosen one" not in shown(console)

    on_screen(console, (80, 40), look)


def test_help_names_the_key(view: View):
    """What it opens, and what acknowledges there."""
    console = a_console(view)

    async def look(pilot: Any) -> None:
        await pilot.press("question_mark")
        await pilot.pause()
        assert "a        alerts: what went wrong" in shown(console)
        assert "acknowledge the chosen one, or all" in shown(console)

    on_screen(console, (80, 40), look)


@pytest.mark.parametrize("size", SIZES)
def test_forty_alerts_fit_every_size_and_the_chosen_one_is_in_view(view: View, size):
    """No row is wider than the screen, whichever is chosen."""
    console = a_console(view)
    console.beside._looking.noted = MANY[::-1]

    async def look(pilot: Any) -> None:
        await pilot.press("a")
        for name in (*["down"] * 3, "end", "up", "home"):
            await pilot.press(name)
            await pilot.pause()
            rows = rows_of(console)
            assert all(cell_len(row) == size[0] for row in rows)
            if size[1] >= 20:
                assert any("▶ " in row for row in rows[1:]), name
        await pilot.press("escape")
        await pilot.pause()
        assert console.above == ""

    on_screen(console, size, look)


def test_states_of_alerts_read_differently_and_nothing_is_said_of_none(view: View):
    """By their text alone: none, warned, critical, seen; and nobody looking."""
    one = MANY[-1]._replace(severity="warning")
    answered = one._replace(acknowledged_by="ada")
    every = [Seen(view=view, alerts=some) for some in ((), (one,), MANY[:2], (answered,))]
    every.append(Seen(view=view, is_watched=False))

    said = [text_of(header.lines(seen, 120, 1)) for seen in every]

    assert ["alert" in text for text in said] == [False, True, True, True, False]
    assert ("!  1 alert, 0 critical" in said[1], "!! 2 alerts, 1 critical" in said[2]) == (
        True,
        True,
    )
    assert ("○ 1 alert seen, 0 crit" in said[3], "○ no service" in said[4]) == (True, True)
    assert alerts.newest(every[3], 80) == []


def test_an_alert_pushes_no_vital_field_away(view: View):
    """At 80 columns whose money it is, the state, its age and the market's time all stay."""
    calm = view.snapshot._replace(trading="ACTIVE", breaker_level=0, why="")
    for seen in (MANY[:2], MANY[:9], tuple(one._replace(acknowledged_by="ada") for one in MANY)):
        shown_ = Seen(view=view._replace(snapshot=calm), alerts=seen)
        (line,) = text_of(header.lines(shown_, 80, 1)).splitlines()

        assert len(line) == 80
        assert all(word in line for word in ("SIMULATED", "ACTIVE", "crit", "data <2s", "Z "))


def test_the_gravest_unanswered_alert_stands_above_the_engines_notices(view: View):
    """Until it is acknowledged; then the notices have their line again."""
    notice = {"at_s": 1.0, "level": "warning", "event": "FeedSilent"}
    noticed = view._replace(notices=[notice])
    warned = MANY[0]._replace(number=41, severity="warning")
    grave = MANY[1]._replace(severity="critical", cause="gone")
    answered = grave._replace(acknowledged_by="ada")

    lines = footer.latest(Seen(view=noticed, alerts=(warned, grave)), 80, 3)
    after = footer.latest(Seen(view=noticed, alerts=(answered,)), 80, 3)

    assert f"{grave.component}: gone" in text_of(lines).splitlines()[0]
    assert "feed silent" in text_of(after).splitlines()[0]
    assert len(lines) == len(after) == 3
