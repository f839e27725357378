"""Does less go on the more is away, and does each level have its way back?"""

import pytest

from engine.resilience.degradation import LEVELS, Degradation, LevelChanged, level_of
from engine.resilience.ladder import FAILOVERS


def test_every_level_says_all_of_itself():
    """What leads there, what stops, what goes on and the way back; no name or trigger twice."""
    assert all(all(level) for level in LEVELS[1:])
    assert len({level.name for level in LEVELS}) == len(LEVELS)
    assert len({level.trigger for level in LEVELS}) == len(LEVELS)
    assert {row.component for row in FAILOVERS} <= {level.trigger for level in LEVELS}


def test_the_gravest_loss_sets_the_level():
    """In whatever order components go and return."""
    told: list[LevelChanged] = []
    service = Degradation(told.append)

    service.lost("market", 1, "silent")
    service.lost("cache", 2, "refused")
    service.lost("venue", 3, "timed out")
    assert service.level.name == "no_orders"
    service.returned("venue", 4)
    service.returned("market", 5)
    assert service.level.name == "no_cache"
    service.returned("cache", 6)

    assert [(one.at_ns, one.before, one.after) for one in told] == [
        (1, "full", "no_entries"),
        (3, "no_entries", "no_orders"),
        (4, "no_orders", "no_entries"),
        (5, "no_entries", "no_cache"),
        (6, "no_cache", "full"),
    ]
    assert told[1].cause == "timed out"


def test_a_halt_is_left_by_a_person():
    """A disk that takes writes again does not start trading by itself."""
    told: list[LevelChanged] = []
    service = Degradation(told.append)
    service.lost("journal", 1, "no space left")

    assert not service.returned("journal", 2)
    assert service.level.name == "halted"
    assert service.returned("journal", 3, person="ada")
    assert (service.level.name, told[-1].cause) == ("full", "ada")


def test_losses_and_returns_said_twice_change_nothing():
    """Levels move; they are not counted."""
    told: list[LevelChanged] = []
    service = Degradation(told.append)

    service.lost("store", 1, "gone")
    service.lost("store", 2, "gone")
    assert service.returned("store", 3)
    assert service.returned("store", 4)

    assert len(told) == 2


def test_a_component_without_a_level_is_a_mistake():
    """What may be lost has a row in the table."""
    with pytest.raises(KeyError):
        Degradation(list[LevelChanged]().append).lost("moon", 1, "gone")
    assert level_of("store").name == "no_history"
