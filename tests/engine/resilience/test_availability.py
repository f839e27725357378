"""Does uptime, downtime and the number of incidents follow from what was recorded?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.resilience.availability import Availability, Transition, availability

UP, DOWN = True, False


def moved(*rows: tuple[int, bool]) -> list[Transition]:
    """Transitions at these times."""
    return [Transition(at, is_up) for at, is_up in rows]


@pytest.mark.parametrize(
    ("transitions", "found"),
    [
        (moved(), Availability(100, 0, 0)),
        (moved((20, DOWN), (30, UP)), Availability(90, 10, 1)),
        (moved((20, DOWN), (25, DOWN), (30, UP), (40, UP)), Availability(90, 10, 1)),
        (moved((20, DOWN), (30, UP), (50, DOWN), (51, UP)), Availability(89, 11, 2)),
        (moved((90, DOWN)), Availability(90, 10, 1)),
        (moved((90, DOWN), (500, UP)), Availability(90, 10, 1)),
        (moved((-50, DOWN), (10, UP)), Availability(90, 10, 1)),
        (moved((-50, DOWN), (-10, UP)), Availability(100, 0, 0)),
        (moved((-50, DOWN), (500, UP)), Availability(0, 100, 1)),
        (moved((100, DOWN)), Availability(100, 0, 0)),
        (moved((150, DOWN), (160, UP)), Availability(100, 0, 0)),
        (moved((20, DOWN), (20, UP)), Availability(100, 0, 0)),
        (moved((0, DOWN), (100, UP)), Availability(0, 100, 1)),
    ],
)
def test_a_span_of_a_hundred(transitions, found):
    """Outages are cut to the span; one that lasts over its edges counts there, too."""
    assert availability(transitions, 0, 100) == found


def test_it_may_begin_down():
    """What was before the first transition is said by the caller."""
    assert availability(moved((30, UP)), 0, 100, is_up=False) == Availability(70, 30, 1)


def test_the_share_is_uptime_of_the_span():
    """Of an empty span nothing is missing."""
    assert availability(moved((99, DOWN)), 0, 100).share == 0.99
    assert availability([], 5, 5).share == 1.0


@pytest.mark.parametrize(
    ("transitions", "to_ns"), [(moved((5, UP), (4, DOWN)), 100), (moved(), -1)]
)
def test_time_does_not_run_backwards(transitions, to_ns):
    """Neither in the transitions nor in the span."""
    with pytest.raises(ValueError, match=r"order|before"):
        availability(transitions, 0, to_ns)


@given(st.lists(st.tuples(st.integers(-20, 120), st.booleans()), max_size=20), st.booleans())
def test_it_agrees_with_looking_at_every_moment(rows, is_up):
    """Moment by moment the component is up or down; runs of down are incidents."""
    rows.sort(key=lambda row: row[0])
    states = []
    for at in range(100):
        known = [up for moment, up in rows if moment <= at]
        states.append(known[-1] if known else is_up)
    runs = sum(not up and (at == 0 or states[at - 1]) for at, up in enumerate(states))

    found = availability(moved(*rows), 0, 100, is_up=is_up)

    assert (found.uptime_ns, found.downtime_ns) == (states.count(True), states.count(False))
    assert runs <= found.incidents <= 1 + sum(not up for _, up in rows)
