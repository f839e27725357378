"""Does a pool lend idle connections first, sound ones only, and never more than it may have?"""

from itertools import pairwise

import pytest

from engine.errors import Refused
from engine.resilience.pool import Check, Close, Connect, Lend, Refuse
from engine.resilience.settings import Backoff, PoolSettings
from tests.engine.resilience.boxes import FIXED, Box
from tests.engine.resilience.clocks import NS


def test_the_least_connections_are_made_without_anybody_asking():
    """One by default, at the first tick."""
    box = Box()

    assert box.after(1) == [Connect(1)]
    assert box.pool.metrics()["idle"] == 1


def test_an_idle_connection_is_asked_and_then_lent():
    """Idle first, validated before use; no second one is made."""
    box = Box()
    box.after(1)

    assert box.ask(7) == [Check(1), Lend(1, 7)]


def test_one_caller_has_one_connection_asked():
    """The others stay idle; one that breaks there is never asked again."""
    box = Box()
    box.ask(1, 2)
    box.give(1)
    box.give(2)
    box.answers = False

    assert box.ask(3) == [Check(2)]
    assert box.carry_out(box.pool.lost(1, box.now_ns, "reset")) == [Close(1, "reset")]
    assert box.ask(4) == [Connect(3)]


def test_an_unsound_one_is_closed_and_another_made():
    """The caller never sees it."""
    box = Box()
    box.after(1)
    box.sick.add(1)

    assert box.ask(7) == [Check(1), Close(1, "no answer"), Connect(2), Lend(2, 7)]
    assert box.pool.metrics()["unsound"] == 1


def test_connections_are_made_up_to_the_most_and_then_callers_wait():
    """Ten callers get ten; the eleventh gets the first that is given back, unasked."""
    box = Box()

    box.ask(*range(11))

    assert sorted(box.lent.values()) == list(range(1, 11))
    assert box.pool.metrics()["waiting"] == 1
    assert box.give(3) == [Lend(4, 10)]


def test_those_who_wait_are_served_in_the_order_they_came():
    """And who gave up is passed over."""
    box = Box(PoolSettings(max_connections=1, adaptive_scaling=False))
    box.ask(1, 2, 3, 4)
    box.pool.withdraw(2)

    box.give(1)
    box.give(3)

    assert list(box.lent) == [4]


def test_who_waits_too_long_is_refused():
    """After connection_timeout, 30 s; the place in the line is free again."""
    box = Box(PoolSettings(max_connections=1, adaptive_scaling=False))
    box.ask(1, 2)

    assert Refuse(2, "none became free in time") not in box.after(29)
    assert Refuse(2, "none became free in time") in box.after(1)
    assert (box.pool.metrics()["late"], box.pool.metrics()["waiting"]) == (1, 0)


def test_the_line_is_bounded():
    """Ten callers for each connection there may be; one more is refused at once."""
    box = Box(PoolSettings(max_connections=2, adaptive_scaling=False))

    box.ask(*range(22))

    assert box.ask(99) == [Refuse(99, "too many wait")]
    assert box.pool.metrics()["refused"] == 1


def test_the_last_used_is_lent_first_and_the_others_age():
    """Of three, one in use now and then: after 300 s the other two are closed, one is kept."""
    box = Box()
    box.ask(1, 2, 3)
    for who in (3, 2, 1):
        box.give(who)

    for who in range(10, 41):
        assert Lend(1, who) in box.ask(who)
        box.give(who)
        box.after(10)

    assert [one for one in box.said if isinstance(one, Close)] == [
        Close(3, "unused"),
        Close(2, "unused"),
    ]
    box.after(1000)
    assert box.pool.metrics()["size"] == 1


def test_idle_ones_are_asked_every_minute():
    """One that does not answer is replaced, though nobody needed it."""
    box = Box()
    box.after(1)

    assert box.after(59) == []
    assert box.after(1) == [Check(1)]
    box.sick.add(1)
    assert box.after(61) == [Check(1), Close(1, "no answer"), Connect(2)]


def test_one_that_may_have_broken_in_use_is_asked_before_anybody_gets_it():
    """Also where somebody waits for it."""
    box = Box(PoolSettings(max_connections=1, adaptive_scaling=False))
    box.ask(1, 2)
    box.sick.add(1)

    assert box.give(1, sound=False) == [Check(1), Close(1, "no answer"), Connect(2), Lend(2, 2)]


@pytest.mark.parametrize(
    ("busy", "seconds", "cause"),
    [("connecting", 30, "connecting took too long"), ("checking", 5, "checking took too long")],
)
def test_what_never_answers_is_given_up(busy, seconds, cause):
    """Making one takes 30 s at most, a check 5 s."""
    box = Box()
    box.answers = busy == "checking"
    box.after(1)
    box.answers = False
    box.ask(7)
    assert box.pool.metrics()[busy] == 1

    assert Close(1, cause) not in box.after(seconds - 1)
    assert Close(1, cause) in box.after(1)


def test_a_dependency_that_refuses_is_not_hammered():
    """After failures one connection at a time, with the backoff's longest waits between."""
    box = Box(FIXED, Backoff(base_delay_ms=1000))
    box.answers = False
    tried = []
    box.ask(*range(5))
    for number in range(1, 6):
        box.carry_out(box.pool.lost(number, 0, "refused"))
    for _ in range(200):
        box.ask(box.now_ns + 1000)
        for one in box.after(1):
            if isinstance(one, Connect):
                tried.append(box.now_ns // NS)
                assert box.pool.metrics()["connecting"] == 1
                box.carry_out(box.pool.lost(one.number, box.now_ns, "refused"))

    gaps = [later - earlier for earlier, later in pairwise(tried)]
    assert max(gaps) == 30
    assert len(tried) < 15


def test_it_grows_again_at_once_when_the_dependency_is_back():
    """One connection that is made proves it: all who wait are served."""
    box = Box()
    box.answers = False
    box.ask(*range(5))
    for number in range(1, 6):
        box.carry_out(box.pool.lost(number, box.now_ns, "refused"))

    box.answers = True
    box.after(1)
    box.after(1)

    assert len(box.lent) == 5


def test_late_answers_of_what_was_given_up_are_closed():
    """A connection that comes after its time belongs to nobody."""
    box = Box()
    box.answers = False
    box.ask(1)
    box.after(31)

    assert box.pool.connected(1, box.now_ns) == [Close(1, "too late")]
    assert box.pool.checked(1, box.now_ns) == box.pool.lost(1, box.now_ns, "") == []


def test_a_closed_pool_refuses_and_keeps_nothing():
    """Those who wait, those who come; what is given back after it is nobody's."""
    box = Box(PoolSettings(max_connections=1, adaptive_scaling=False))
    box.ask(1, 2)

    said = box.pool.close()

    assert said == [Refuse(2, "the pool is closed"), Close(1, "the pool is closed")]
    assert box.ask(3) == [Refuse(3, "the pool is closed")]
    assert box.give(1) == box.pool.tick(box.now_ns + NS) == []


def test_what_happened_is_counted():
    """Every figure an operator asks of a pool."""
    box = Box()
    box.ask(1, 2)
    box.now_ns += NS
    box.give(1)

    figures = box.pool.metrics()

    expected = {"idle": 1, "busy": 1, "connecting": 0, "checking": 0, "size": 2, "waiting": 0,
                "lent": 2,  "connected": 2, "refused": 0, "late": 0, "unsound": 0,
                "aged": 0}  # fmt: skip
    assert figures | expected == figures
    assert {"target", "foreseen", "waited_p50_ns", "waited_p99_ns"} <= set(figures)


@pytest.mark.parametrize(
    "named",
    [{"max_connections": 0}, {"min_connections": 11}, {"idle_timeout": 0.0},
     {"connection_timeout": float("inf")}, {"health_check_interval": -1.0}],
)  # fmt: skip
def test_settings_out_of_bounds_are_refused(named):
    """Also more at least than at most."""
    with pytest.raises(Refused, match=r"connection_pool\."):
        PoolSettings(**named)
