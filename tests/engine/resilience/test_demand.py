"""Does a pool's size follow what will be needed and what the box allows?"""

import pytest

from engine.resilience.demand import Demand, Room, allowed
from engine.resilience.pool import Close, Connect
from engine.resilience.settings import PoolSettings
from tests.engine.resilience.boxes import Box


def test_predicted_load_makes_connections_before_they_are_asked_for():
    """Demand that rises by one a second is met ahead of time; when it is over, they go."""
    box = Box(PoolSettings(max_connections=40, idle_timeout=20.0))
    waited = 0
    for second in range(30):
        said = box.ask(second)
        waited += any(isinstance(one, Connect) for one in said)
        box.after(1)

    assert box.pool.metrics()["idle"] >= 2
    assert waited <= 5
    for second in range(30):
        box.give(second)
    box.after(120)
    assert box.pool.metrics()["size"] == 1


@pytest.mark.parametrize(
    ("room", "size", "most"),
    [
        (Room(1.0, 1e9), 4, 10),
        (Room(0.05, 1e9), 4, 4),
        (Room(0.05, 1e9), 0, 1),
        (Room(1.0, 256.0 + 25.0), 4, 6),
        (Room(1.0, 256.0), 4, 4),
        (Room(1.0, 236.0), 4, 2),
        (Room(1.0, 0.0), 4, 1),
        (Room(), 4, 10),
    ],
)
def test_cpu_and_memory_allow_so_many(room, size, most):
    """None more below 10 % idle CPU; 10 MB each of what lies above 256 MB; from 1 to 10."""
    assert allowed(room, size, 1, 10) == most


def test_a_box_without_memory_gives_idle_ones_back():
    """Down to the least, whatever is foreseen; and it makes no other ones for who waits."""
    box = Box(PoolSettings())
    box.ask(*range(6))
    for who in range(6):
        box.give(who)

    closed = box.after(1, Room(1.0, 216.0))

    assert [one.cause for one in closed if isinstance(one, Close)] == ["no room"] * 4
    box.after(2, Room(1.0, 100.0))
    box.ask(*range(10, 16))
    assert box.pool.metrics()["size"] == 1


def test_demand_is_foreseen_by_level_and_trend():
    """A steady demand is itself, a rising one is ahead of its level, none is none."""
    steady, rising = Demand(), Demand()
    for second in range(60):
        steady.sample(4)
        rising.sample(second)

    assert steady.foreseen() == 4
    assert rising.foreseen() in range(60, 63)
    for _ in range(60):
        steady.sample(0)
    assert steady.foreseen() == 0
