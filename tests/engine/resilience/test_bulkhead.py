"""Can a slow dependency hold more than its own share?"""

import pytest

from engine.errors import Refused
from engine.resilience.bulkhead import ADMITTED, FULL, WAITS, Bulkhead, Share, bulkheads
from tests.engine.resilience.clocks import NS


def test_a_slow_dependency_holds_only_its_own_share():
    """Its calls never end; the others' shares are untouched."""
    rooms = bulkheads(10, {"slow": Share(4), "fast": Share(6)})

    said = [rooms["slow"].enter(who, 0) for who in range(50)]

    assert said.count(ADMITTED) == 4
    assert said.count(FULL) == 46
    assert [rooms["fast"].enter(who, 0) for who in range(6)] == [ADMITTED] * 6


def test_who_waits_is_admitted_in_turn():
    """In the order of coming; who gave up is passed over."""
    room = Bulkhead("store", Share(1, 3, NS))
    assert [room.enter(who, 0) for who in range(5)] == [ADMITTED, WAITS, WAITS, WAITS, FULL]

    assert room.leave(1) is None
    assert room.leave(0) == 2
    assert room.leave(2) == 3
    assert room.leave(3) is None
    assert room.enter(9, 0) == ADMITTED


def test_who_waits_too_long_is_named():
    """Once, when the patience of the share is over."""
    room = Bulkhead("store", Share(1, 3, NS))
    for who in range(3):
        room.enter(who, who)

    assert room.line.next_due_ns() == NS + 1
    assert room.expire(NS) == []
    assert room.expire(NS + 1) == [1]
    assert room.expire(NS + 2) == [2]
    assert room.leave(0) is None


def test_what_happened_is_counted():
    """How full it is and was, and how many were turned away."""
    room = Bulkhead("store", Share(2, 1, NS))
    for who in range(5):
        room.enter(who, 0)
    room.expire(NS)
    room.leave(0)

    assert room.metrics() == {
        "inside": 1, "waiting": 0, "most": 2, "admitted": 2, "refused": 2, "late": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    "shares",
    [{"a": Share(6), "b": Share(5)}, {"a": Share(0)}, {"a": Share(1, -1)}, {"a": Share(1, 1, -1)}],
)
def test_shares_that_cannot_be_are_refused(shares):
    """More than there is, or none at all."""
    with pytest.raises(Refused, match="share"):
        bulkheads(10, shares)
