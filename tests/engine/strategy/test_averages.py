"""Do averages begin with a mean, follow by their weight, and begin anew when asked?"""

from typing import Any

import pytest

from engine.layout import fresh
from engine.strategy.averages import AVERAGE, ema_step, wilder_step


def seen(step: Any, period: int, values: list[float], own: Any = None) -> list[tuple[float, int]]:
    """Value and readiness after each of the values."""
    own, found = own or fresh(AVERAGE), []
    for value in values:
        step(own, period, value)
        found.append((own.value, own.ready))
    return found


def test_an_exponential_average_of_three() -> None:
    """Mean of 1, 2 and 6, then half of the way to each value."""
    assert seen(ema_step, 3, [1.0, 2.0, 6.0, 5.0, 0.0]) == [
        (0.0, 0), (0.0, 0), (3.0, 1), (4.0, 1), (2.0, 1),
    ]  # fmt: skip


def test_wilders_average_of_four() -> None:
    """Mean of the first four, then a quarter of the way to each value."""
    assert seen(wilder_step, 4, [1.0, 2.0, 3.0, 2.0, 6.0, 3.0]) == [
        (0.0, 0), (0.0, 0), (0.0, 0), (2.0, 1), (3.0, 1), (3.0, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("step", [ema_step, wilder_step])
def test_a_changed_period_forgets(step: Any) -> None:
    """What was seen with another period is not mixed in, ready or not."""
    own = fresh(AVERAGE)
    seen(step, 2, [7.0, 9.0, 11.0], own)

    assert seen(step, 3, [1.0, 2.0, 6.0], own) == seen(step, 3, [1.0, 2.0, 6.0])


@pytest.mark.parametrize("step", [ema_step, wilder_step])
@pytest.mark.parametrize("period", [0, -1])
def test_a_period_of_nothing_divides_by_nothing(step: Any, period: int) -> None:
    """A block that was never given parameters gives numbers, not an exception or NaN."""
    assert seen(step, period, [5.0, 5.0]) == [(5.0, 1), (5.0, 1)]
