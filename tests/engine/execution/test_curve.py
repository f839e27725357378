"""Does the curve tell where equity was, however long the life and however rare the heartbeats?"""

from typing import Any

import pytest

from engine.execution.curve import CURVE, DAY_NS, MINUTE_NS, MINUTES_KEPT, POINTS_KEPT, draw
from engine.layout import fresh

BEGIN = 20_000 * DAY_NS + 7 * MINUTE_NS + 5


def drawn(minutes: int, every: int = 1) -> Any:
    """A curve after heartbeats every so many minutes; equity is the number of the minute."""
    curve = fresh(CURVE)
    for minute in range(0, minutes, every):
        draw(curve, BEGIN + minute * MINUTE_NS, minute)
    return curve


@pytest.mark.parametrize("minutes", [1, 2, 479, 480, 481, 2_000, 100_000])
def test_a_life_of_any_length_fits(minutes):
    """Points lie evenly from the first minute to the last, each with the equity of its time."""
    curve = drawn(minutes)
    step = curve.step_ns // MINUTE_NS

    points = curve.points[: curve.count]

    assert points == list(range(0, minutes, step))
    assert min(minutes, POINTS_KEPT // 2) <= curve.count <= POINTS_KEPT


def test_the_last_hours_are_kept_minute_by_minute():
    """A ring at the minute's number."""
    curve = drawn(1_000)
    last = curve.minute

    ring = [curve.minutes[number % MINUTES_KEPT] for number in range(last - 359, last + 1)]

    assert ring == list(range(1_000 - MINUTES_KEPT, 1_000))


@pytest.mark.parametrize("every", [7, 500])
def test_minutes_without_a_heartbeat_get_the_next_ones_equity(every):
    """A gap shows no hole and no zero."""
    curve = drawn(2_001, every)

    ring = [curve.minutes[(curve.minute - back) % MINUTES_KEPT] for back in range(MINUTES_KEPT)]

    assert min(ring) >= 2_000 - every - MINUTES_KEPT
    assert 0 not in curve.points[1 : curve.count]


def test_many_heartbeats_a_minute_leave_its_last_equity():
    """The newest minute is the one that still moves."""
    curve = fresh(CURVE)
    for beat in range(5):
        draw(curve, BEGIN + beat * 500_000_000, 100 + beat)

    assert curve.minutes[curve.minute % MINUTES_KEPT] == 104
    assert (curve.count, curve.points[0]) == (1, 100)


def test_a_day_remembers_how_it_began():
    """Equity at its first heartbeat."""
    curve = drawn(3 * 1_440)

    assert curve.day == 20_003
    assert curve.day_e8 == 3 * 1_440 - 7
