"""Does the chart show the extremes of ten thousand points, and stand still while none is new?"""

import random
import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tui.widgets.braille_chart import (
    Series,
    cells,
    chart,
    columns,
    places,
    scale_of,
    span_of,
)

prices = st.lists(st.floats(1.0, 1e6), min_size=2, max_size=900)


@given(prices)
def test_the_scale_holds_every_value(values):
    """Its ends are round, and nothing lies beyond them."""
    scale = scale_of(values)

    assert scale.low <= min(values)
    assert scale.high >= max(values)
    assert (scale.high - scale.low) / scale.step < 12


@given(prices, st.integers(0, 10**6))
def test_the_extremes_are_drawn(values, last):
    """Thinning out to pixel columns keeps the highest and the lowest point."""
    series, scale = Series(values, last), scale_of(values)
    pixels, rows = 120, 40

    found = [reach for reach in columns(series, scale, pixels, rows) if reach]
    shown = [value for value, x in zip(values, places(series, pixels), strict=True) if x >= 0]

    height = scale.high - scale.low
    assert min(top for top, _ in found) <= round((scale.high - max(shown)) / height * (rows - 1))
    assert max(low for _, low in found) >= round((scale.high - min(shown)) / height * (rows - 1))


@given(prices)
def test_the_line_has_no_gaps(values):
    """A jump is drawn as a line, not as two dots."""
    found = columns(Series(values, 5_000), scale_of(values), 100, 32)

    drawn = [reach for reach in found if reach]
    for before, after in pairwise(drawn):
        assert after[0] <= before[1] + 1
        assert after[1] >= before[0] - 1


def test_a_full_chart_moves_by_whole_cells_only():
    """Six values more in a window of 360 leave most pictures as they were."""
    draw = random.Random(3)
    values = [10_000 + draw.random() for _ in range(1_000)]
    scale = scale_of(values)

    pictures = set()
    for last in range(360, 420):
        series = Series(values[last - 359 : last + 1], last)
        drawn = columns(series, scale, 100, 24)
        pictures.add(tuple(cells(drawn[:90], 45, 6)))

    assert span_of(360) == 360
    assert len(pictures) <= 60 * 50 / 360 * 2.5 + 2


def test_a_young_curve_grows_to_the_right():
    """What is drawn stays where it is until the span steps."""
    values = [100.0 + number for number in range(60)]

    few, more = places(Series(values[:40], 39), 200), places(Series(values[:50], 49), 200)

    assert span_of(40) == span_of(50) == 60
    assert more[:40] == few
    assert places(Series(values, 59), 200)[-1] <= 199


def test_levels_are_named_where_the_curve_leaves_room():
    """A limit in the scale is a dotted line with its name; one outside is not there."""
    values = [100.0, 96.0, 94.0, 99.0]
    lines = chart(Series(values, 3), scale_of(values), 40, 8, {95.0: "5% half", 85.0: "15% stop"})
    text = "\n".join("".join(part for part, _ in line) for line in lines)

    assert "5% half" in text
    assert "┈" in text
    assert "15% stop" not in text


def test_ten_thousand_points_take_milliseconds():
    """The whole chart is drawn anew each second: it must cost nearly nothing."""
    draw = random.Random(1)
    series = Series([draw.random() for _ in range(10_000)], 10_000)

    began = time.process_time()
    chart(series, scale_of(series.values), 80, 10, {})

    assert time.process_time() - began < 0.1
