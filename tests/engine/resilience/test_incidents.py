"""Is a person told, reminded and answered, and is an incident over when its component is well?"""

import json
from random import Random

import pytest

from engine.errors import Refused
from engine.resilience.incidents import (
    CLOSED,
    CLOSED_KEPT,
    CRITICAL,
    NEXT,
    OPEN,
    OPEN_MAX,
    RULES,
    Incidents,
    Told,
    from_plain,
)
from engine.resilience.ladder import Ladder
from engine.resilience.settings import Resilience
from tests.engine.resilience.clocks import NS


def told_by() -> tuple[Incidents, list[Told]]:
    """Incidents, and all that is told of them."""
    told: list[Told] = []
    return Incidents(told.append), told


def test_an_incident_is_raised_with_what_was_tried():
    """Its cause, its gravity by rule, and the steps of the ladder."""
    ladder = Ladder("store", Resilience(), Random(1).random)
    ladder.ended(ladder.next(1 * NS, "reset"), 2 * NS, "refused")
    incidents, told = told_by()

    raised = incidents.raised("store", "degraded", 3 * NS, cause="refused", tried=ladder.tried)

    assert raised
    assert (raised.number, raised.state, raised.severity) == (1, OPEN, "warning")
    assert [(step["rung"], step["outcome"]) for step in raised.as_plain()["tried"]] == [
        ("retry", ""),
        ("retry", "failed"),
    ]
    assert [(one.event, one.incident) for one in told] == [("raised", raised)]


@pytest.mark.parametrize(
    ("kind", "severity"),
    [("halted", "critical"), ("escalated", "critical"), ("breaker_open", "warning"),
     ("never heard of", "critical")],
)  # fmt: skip
def test_gravity_is_by_rule(kind, severity):
    """What no rule knows is critical."""
    incidents, _ = told_by()

    raised = incidents.raised("any", kind, 0, cause="why")

    assert raised
    assert raised.severity == severity


def test_the_same_trouble_is_one_incident():
    """Seen again it is counted, with what was tried last; another kind is another one."""
    incidents, told = told_by()

    for at in range(3):
        incidents.raised("store", "degraded", at, cause="why")
    incidents.raised("store", "behind", 3, cause="why")

    assert [(one.number, one.seen) for one in incidents.open.values()] == [(1, 3), (2, 1)]
    assert [one.event for one in told] == ["raised", "again", "again", "raised"]


def test_it_is_said_again_until_somebody_acknowledges():
    """A critical one after five minutes, a warning after an hour, then after twice as long."""
    incidents, told = told_by()
    incidents.raised("venue", "no_orders", 0, cause="why")
    incidents.raised("store", "degraded", 0, cause="why")

    at_s = [
        incidents.next_due_ns() // NS
        for _ in range(6)
        if incidents.due(incidents.next_due_ns()) is not None
    ]
    assert at_s == [900, 2100, 3600, 4500, 8100, 10800]
    assert sum(one.incident.kind == "degraded" for one in told) == 2
    incidents.acknowledge(1, 4000 * NS, who="ada", note="on it")
    incidents.acknowledge(2, 4000 * NS, who="ada", note="on it")
    assert incidents.next_due_ns() == 0
    assert incidents.due(10**6 * NS) == []


def test_an_acknowledgement_is_signed_once():
    """Who, when and a note; a second one is refused and names the first."""
    incidents, _ = told_by()
    incidents.raised("venue", "no_orders", 0, cause="why")

    done = incidents.acknowledge(1, 7, who="ada", note="calling them")

    assert (done.acknowledged_by, done.acknowledged_ns, done.note) == ("ada", 7, "calling them")
    with pytest.raises(Refused, match="acknowledged by ada"):
        incidents.acknowledge(1, 8, who="bob", note="")
    with pytest.raises(Refused, match="not signed"):
        incidents.close(1, 8, who="", note="")
    with pytest.raises(Refused, match="no open incident 9"):
        incidents.close(9, 8, who="ada", note="")


def test_a_component_that_is_well_closes_its_incidents():
    """Acknowledged or not; those of others stay."""
    incidents, _ = told_by()
    for component, kind in (("store", "degraded"), ("store", "behind"), ("venue", "no_orders")):
        incidents.raised(component, kind, 0, cause="why")
    incidents.acknowledge(1, 1, who="ada", note="seen")

    over = incidents.healthy("store", 9)

    assert [(one.number, one.state, one.closed_ns) for one in over] == [
        (1, CLOSED, 9),
        (2, CLOSED, 9),
    ]
    assert [one.component for one in incidents.open.values()] == ["venue"]
    assert incidents.healthy("store", 10) == []


def test_a_trouble_that_grows_graver_stays_one_incident_and_is_told_anew():
    """Whoever acknowledged the warning has not seen what is critical; back down it never goes."""
    incidents, told = told_by()
    incidents.raised("store", "failed_over", 0, cause="away")
    incidents.acknowledge(1, 1, who="ada", note="I know")

    grown = incidents.raised("store", "escalated", 9, cause="away for 300 s")

    assert grown
    assert (grown.number, grown.severity, grown.state) == (1, CRITICAL, OPEN)
    assert (grown.acknowledged_by, grown.note, grown.cause) == ("", "I know", "away for 300 s")
    assert (told[-1].event, grown.seen, grown.raised_ns, grown.told_ns) == ("risen", 2, 0, 9)
    other = incidents.raised("store", "behind", 10, cause="why")
    assert other
    assert (other.number, len(incidents.open)) == (2, 2)


def test_a_component_may_be_well_in_one_thing_alone():
    """What runs again has not mended what it reported itself."""
    incidents, _ = told_by()
    incidents.raised("engine", "died", 0, cause="why")
    incidents.raised("engine", "JournalFailed", 0, cause="why")

    over = incidents.healthy("engine", 1, lambda kind: kind == "died")

    assert [one.kind for one in over] == ["died"]
    assert [one.kind for one in incidents.open.values()] == ["JournalFailed"]


def test_a_person_may_close_one():
    """Acknowledged or not, with a name and a note; it may be raised anew."""
    incidents, _ = told_by()
    incidents.raised("store", "degraded", 0, cause="why")

    closed = incidents.close(1, 5, who="ada", note="test only")

    assert (closed.closed_by, closed.note, closed.state) == ("ada", "test only", CLOSED)
    again = incidents.raised("store", "degraded", 6, cause="why")
    assert again
    assert (again.number, again.seen) == (2, 1)


def test_an_incident_survives_json_and_a_restart():
    """Plain values alone; numbers go on where they were."""
    incidents, _ = told_by()
    ladder = Ladder("store", Resilience(), Random(1).random)
    ladder.next(1, "reset")
    incidents.raised("store", "degraded", 2, cause="why", tried=ladder.tried)
    incidents.raised("venue", "no_orders", 3, cause="why")
    incidents.close(2, 4, who="ada", note="")
    every = [*incidents.open.values(), *incidents.closed]

    kept = json.loads(json.dumps([one.as_plain() for one in every]))
    again = Incidents(list[Told]().append, map(from_plain, kept))

    assert (again.open, [*again.closed]) == (incidents.open, [*incidents.closed])
    raised = again.raised("cache", "degraded", 5, cause="why")
    assert raised
    assert raised.number == 3


def test_incidents_are_bounded():
    """Too many open ones are counted and dropped; of closed ones the oldest are forgotten."""
    incidents, _ = told_by()
    for number in range(OPEN_MAX + 5):
        incidents.raised(f"component {number}", "degraded", number, cause="why")
    assert (len(incidents.open), incidents.dropped) == (OPEN_MAX, 5)

    for number in range(CLOSED_KEPT + 5):
        incidents.healthy(f"component {number}", number)
        incidents.raised("one more", "degraded", number, cause="why")
        incidents.healthy("one more", number)
    assert len(incidents.closed) == CLOSED_KEPT


def test_every_way_through_the_table_ends_closed():
    """From closed nothing leads anywhere; and each rule repeats."""
    assert CLOSED not in {state for state, _ in NEXT}
    assert CLOSED in NEXT.values()
    assert all(60 <= rule.repeat_s <= 3600 for rule in RULES.values())
