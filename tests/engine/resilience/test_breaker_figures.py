"""Does a breaker's own count say why it stands where it does?"""

import pytest

from engine.resilience.breaker import Breaker, Failures
from engine.resilience.settings import BreakerSettings
from tests.engine.resilience.clocks import Clock


def after(calls: str, clock: Clock | None = None) -> Breaker:
    """A breaker after calls that failed (f) or succeeded (s)."""
    breaker = Breaker("any", BreakerSettings(adaptive_mode=False), clock or Clock())
    for call in calls:
        permit = breaker.permit()
        breaker.failed(permit, "reset") if call == "f" else breaker.succeeded(permit)
    return breaker


@pytest.mark.parametrize(
    ("calls", "found"),
    [
        ("", (0, 0, 0)),
        ("sss", (0, 0, 3)),
        ("sff", (2, 2, 3)),
        ("ffs", (0, 2, 3)),
        ("fffsff", (2, 5, 6)),
        ("fff" + "s" * 18, (0, 2, 20)),  # of the last twenty calls
        ("fffff", (5, 5, 5)),  # it is open now
        ("fs" * 9 + "f", (1, 10, 19)),  # and here by their share
    ],
)
def test_failures_are_counted_in_a_row_and_among_the_newest_calls(calls, found):
    """What opened it stays to be read while it is open."""
    breaker = after(calls)

    assert breaker.failures == Failures(*found)
    figures = breaker.metrics()
    row = (figures["failures_in_a_row"], figures["failures_recent"], figures["calls_recent"])
    assert row == found


def test_a_failed_probe_lengthens_the_row_and_a_closing_begins_it_anew():
    """Six in a row, then none."""
    clock = Clock()
    breaker = after("fffff", clock)
    clock.pass_s(60.0)
    breaker.failed(breaker.permit(), "again")
    longer = breaker.failures
    clock.pass_s(60.0)
    for _ in range(3):
        breaker.succeeded(breaker.permit())

    assert longer.in_a_row == 6
    assert breaker.failures == Failures(0, 0, 0)


def test_trips_are_counted_by_themselves_and_by_hand():
    """An open one that is held was stopped before."""
    clock = Clock()
    breaker = after("fffff", clock)
    breaker.hold("ada")
    by_itself = breaker.opened
    breaker.reset("ada")
    breaker.hold("ada")

    assert (by_itself, breaker.opened, breaker.metrics()["opened"]) == (1, 2, 2)
