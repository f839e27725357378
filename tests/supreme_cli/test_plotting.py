"""Is the picture a real one, of the right size, saying what it shows, whole or not there at all?"""

import struct
from pathlib import Path

import pytest

from engine.errors import Refused
from supreme_cli.chart import MARKED_MAX, Chart, Curve, Limit, apart
from supreme_cli.plotting import SUBTITLE_LETTERS, draw, refuse_undrawable
from tests.builders import MINUTE, START
from tests.supreme_cli.backtesting import said_in

TIMES = [START, START + MINUTE, START + 2 * MINUTE]
CHART = Chart(
    title="ETHUSDT, profile scalping: no edge",
    subtitle="2025-05-20 to 2025-08-18",
    unit="USDT",
    curves=[
        Curve("net of costs", TIMES, [10_000.0, 9_900.0, 9_400.0]),
        Curve("without costs", TIMES, [10_000.0, 10_010.0, 10_015.0]),
        Curve("buy and hold, 10 %", TIMES, [10_000.0, 10_020.0, 10_012.0]),
    ],
    drawdown=Curve("drawdown", TIMES, [0.0, 0.01, 0.06]),
    limits=[Limit(0.05, "half size"), Limit(0.10, "conservative"), Limit(0.15, "close and halt")],
    entries=[TIMES[0]],
    exits=[TIMES[1]],
    halted_ns=0,
    simulated=False,
)


def drawn(folder: Path, chart: Chart) -> list[str]:
    """What the picture of a chart says."""
    path = folder / "picture.svg"
    draw(str(path), chart)
    return said_in(path)


def test_a_png_has_1200_by_800_points(tmp_path):
    """By its own header."""
    path = tmp_path / "picture.png"

    draw(str(path), CHART)

    raw = path.read_bytes()
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", raw[16:24]) == (1200, 800)
    assert raw.endswith(b"IEND\xaeB`\x82")
    assert list(tmp_path.iterdir()) == [path]


def test_an_svg_says_all_that_it_shows(tmp_path):
    """Heading, each curve with its last value and change, reached limits and the next, the zone."""
    said = drawn(tmp_path, CHART)

    for words in (
        *("ETHUSDT, profile scalping: no edge", "2025-05-20 to 2025-08-18", "equity, USDT"),
        *("net of costs", "9,400.00 (-6.00 %)", "without costs", "10,015.00 (+0.15 %)"),
        *("buy and hold, 10 %", "10,012.00 (+0.12 %)", "drawdown below the peak", "UTC"),
        *("5 %  half size", "10 %  conservative", "entry", "exit"),
    ):
        assert words in said
    assert "15 %  close and halt" not in said
    assert not [words for words in said if "SIMULATED" in words or "halted" in words]


def test_a_simulated_market_is_labelled_in_the_picture_itself(tmp_path):
    """Across the panel, whatever the title says."""
    assert "SIMULATED" in drawn(tmp_path, CHART._replace(simulated=True))


@pytest.mark.parametrize("halted_ns", TIMES)
def test_a_halt_is_drawn_with_its_moment(tmp_path, halted_ns):
    """Wherever in the picture it lies."""
    said = drawn(tmp_path, CHART._replace(halted_ns=halted_ns))

    minute = (halted_ns - START) // MINUTE + 47
    assert f"halted 2025-05-11 21:{minute} UTC" in said


def test_many_entries_are_not_marked(tmp_path):
    """They would hide the curve they explain."""
    few = CHART._replace(entries=TIMES[:1] * MARKED_MAX)
    many = CHART._replace(entries=TIMES[:1] * (MARKED_MAX + 1))

    assert "entry" in drawn(tmp_path, few)
    assert "entry" not in drawn(tmp_path, many)
    assert "entry" not in drawn(tmp_path, CHART._replace(entries=[], exits=[]))


def test_a_limit_that_is_switched_off_is_not_drawn(tmp_path):
    """A drawdown of everything stops nobody."""
    deep = CHART.drawdown._replace(values=[0.0, 0.2, 0.4])
    off = [*CHART.limits[:2], Limit(1.0, "close and halt")]

    said = drawn(tmp_path, CHART._replace(drawdown=deep, limits=off))

    assert "10 %  conservative" in said
    assert not [words for words in said if "close and halt" in words]


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_same_chart_gives_the_same_bytes(tmp_path, ending, monkeypatch):
    """No date, no random names, nothing of the machine's zone."""
    one, other = tmp_path / f"one.{ending}", tmp_path / f"other.{ending}"

    draw(str(one), CHART)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    draw(str(other), CHART)

    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(
    "curve",
    [
        Curve("flat", TIMES, [10_000.0] * 3),
        Curve("one moment", [START], [10_000.0]),
        Curve("no money", TIMES, [0.0] * 3),
        Curve("all lost", TIMES, [10_000.0, 1.0, -5.0]),
        Curve("rich", TIMES, [1e9, 1e9 + 0.01, 1e9]),
    ],
)
def test_odd_courses_are_drawn_too(tmp_path, curve):
    """Without a warning and with their name."""
    said = drawn(tmp_path, CHART._replace(curves=[curve], entries=[], exits=[]))

    assert curve.label in said


def test_a_million_points_become_a_small_picture(tmp_path):
    """No more is drawn than can be seen."""
    times_ns = range(START, START + 1_000_000 * MINUTE, MINUTE)
    values = [10_000.0 + number * 7919 % 1000 for number in range(1_000_000)]
    busy = CHART._replace(curves=[Curve("busy", times_ns, values)])

    draw(str(tmp_path / "busy.svg"), busy)

    assert (tmp_path / "busy.svg").stat().st_size < 500_000


def test_names_are_only_names(tmp_path):
    """Neither mathematics nor markup; what cannot be shown is a question mark, the rest is cut."""
    odd = CHART._replace(title="$x^2$ <b>&\x07\udcff 日本", subtitle="word " * 100)

    said = drawn(tmp_path, odd)

    assert "$x^2$ <b>&?? 日本" in said
    assert ("word " * 100)[: SUBTITLE_LETTERS - 1].strip() + "…" in said


def test_names_at_the_curves_ends_never_touch():
    """They keep their order and lie a gap apart, none above the panel."""
    assert apart([0.2, 0.8, 0.5], 0.1) == [0.2, 0.8, 0.5]
    assert apart([0.5, 0.5, 0.5], 0.1) == pytest.approx([0.5, 0.6, 0.7])
    assert apart([1.0, 0.99, 1.0], 0.1) == pytest.approx([0.85, 0.75, 0.95])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("picture.jpg", "is no name for a picture"),
        ("picture", "is no name for a picture"),
        ("folder.png", "is a directory"),
        ("missing/picture.png", "cannot be written: No such file or directory"),
        ("file/picture.png", "cannot be written: Not a directory"),
        ("long" * 100 + ".svg", "cannot be written: File name too long"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_the_work(tmp_path, name, said):
    """And nothing is left of the attempt."""
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").touch()

    with pytest.raises(Refused, match=said):
        refuse_undrawable(str(tmp_path / name))

    assert sorted(found.name for found in tmp_path.iterdir()) == ["file", "folder.png"]


def test_trying_touches_nothing(tmp_path):
    """What stands in the place stays until the picture is whole."""
    path = tmp_path / "picture.png"
    path.write_text("an older one")

    refuse_undrawable(str(path))

    assert path.read_text() == "an older one"
    assert list(tmp_path.iterdir()) == [path]


def test_without_matplotlib_it_says_what_to_install(monkeypatch, tmp_path):
    """It is no part of the engine."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    with pytest.raises(Refused, match="needs matplotlib") as refused:
        refuse_undrawable(str(tmp_path / "picture.png"))

    assert "'.[plot]'" in refused.value.fix
    assert refused.value.code == 2
