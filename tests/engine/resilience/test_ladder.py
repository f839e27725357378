"""Is each rung tried in its order, so often and no oftener, and told with cause and outcome?"""

from random import Random

import pytest

from engine.resilience.backoff import longest_ns, wait_ns
from engine.resilience.ladder import NEXT, RETURN, WATCH, WELL, Ladder, Step
from engine.resilience.settings import STRATEGIES, Backoff, Resilience
from tests.engine.resilience.clocks import NS

MS = 1_000_000
PLAIN = Resilience(backoff=Backoff(jitter=0))


def climb(ladder: Ladder, works: str = "", steps: int = 60, now_ns: int = 0) -> list[str]:
    """The rungs tried until it is well; the rung named `works` succeeds, what follows too."""
    tried: list[str] = []
    while len(tried) < steps:
        step = ladder.next(now_ns, "lost")
        tried.append(step.rung)
        acted = step.rung in ("degrade", "escalate", RETURN)
        ladder.ended(step, now_ns, "" if acted or step.rung == works else "still away")
        if ladder.is_well:
            break
    return tried


@pytest.mark.parametrize(
    ("component", "works", "tried"),
    [
        ("store", "retry", ["retry"]),
        ("store", "restart", ["retry"] * 5 + ["restart"]),
        ("cache", WATCH, ["retry"] * 5 + ["restart"] * 3
         + ["degrade", "escalate", WATCH, RETURN]),
        ("store", WATCH, ["retry"] * 5 + ["restart"] * 3
         + ["failover", "degrade", "escalate", WATCH, RETURN]),
    ],
)  # fmt: skip
def test_the_rungs_come_in_their_order(component, works, tried):
    """Five retries, three restarts, the standby if there is one, less service, a person."""
    assert climb(Ladder(component, PLAIN, Random(1).random), works) == tried


def test_after_a_failover_the_first_source_is_watched_and_returned_to():
    """Nothing is degraded and nobody woken: SQLite serves, PostgreSQL is asked until it answers."""
    ladder = Ladder("store", PLAIN, Random(1).random)
    targets = []

    for worked in (*[False] * 8, True, False, False, True, True):
        step = ladder.next(0, "lost")
        targets.append((step.rung, step.target))
        ladder.ended(step, 0, "" if worked else "away")

    assert targets[8:] == [
        ("failover", "sqlite"),
        (WATCH, "postgres"),
        (WATCH, "postgres"),
        (WATCH, "postgres"),
        (RETURN, "postgres"),
    ]
    assert ladder.is_well


def watched(ladder: Ladder, until_ns: int, fails: tuple[str, ...]) -> list[Step]:
    """The steps that ended until then in virtual time; each takes its wait and nothing more."""
    now_ns, cause, ended = 0, "reset", list[Step]()
    while now_ns < until_ns:
        step = ladder.next(now_ns, cause)
        now_ns += step.wait_ns
        error = "away" if step.rung in fails else ""
        cause = error or cause
        ended.append(ladder.ended(step, now_ns, error)._replace(cause=step.cause))
    return ended


@pytest.mark.parametrize("max_delay_ms", [100, 30_000, 3_600_000])
def test_what_stays_away_behind_its_standby_comes_to_a_person(max_delay_ms):
    """On the second, however long a probe may wait; once, and it is watched on."""
    patient = PLAIN._replace(patience_s=120.0, backoff=Backoff(100, max_delay_ms, jitter=1))
    ladder = Ladder("store", patient, Random(1).random)

    ended = watched(ladder, 4_000 * NS, ("retry", "restart", WATCH))

    rungs = [step.rung for step in ended]
    late = rungs.index("degrade")
    assert rungs[late - 1 : late + 3] == [WATCH, "degrade", "escalate", WATCH]
    assert (rungs.count("failover"), rungs.count("escalate")) == (1, 1)
    assert [step.at_ns for step in ended[late : late + 2]] == [120 * NS] * 2
    assert ended[late].cause == "away for 120 s: away"
    assert ended[late + 1].outcome == "worked"


def test_what_returns_in_time_is_no_person_s_and_patience_begins_anew():
    """Each trouble has all of it."""
    patient = PLAIN._replace(patience_s=120.0, strategies=("failover",))
    ladder = Ladder("store", patient, Random(1).random)
    for began_ns in (0, 200 * NS):
        ladder.ended(ladder.next(began_ns, "lost"), began_ns)
        for worked in (False, True, True):
            step = ladder.next(began_ns + 119 * NS, "lost")
            ladder.ended(step, began_ns + 119 * NS, "" if worked else "away")
        assert ladder.is_well

    assert "escalate" not in [step.rung for step in ladder.tried]


def test_a_return_that_fails_is_watched_on():
    """The standby goes on serving until the way back works."""
    ladder = Ladder("store", PLAIN, Random(1).random)

    rungs = []
    for worked in (*[False] * 8, True, True, False, True, True):
        step = ladder.next(0, "lost")
        rungs.append(step.rung)
        ladder.ended(step, 0, "" if worked else "away")

    assert rungs[8:] == ["failover", WATCH, RETURN, WATCH, RETURN]
    assert ladder.is_well


@pytest.mark.parametrize(
    ("strategies", "tried"),
    [
        (STRATEGIES[:1], ["retry"] * 5 + ["escalate", WATCH]),
        (STRATEGIES[2:3], ["failover", "escalate", WATCH]),
        ((), ["escalate", WATCH]),
        (("degrade", "retry"), ["retry"] * 5 + ["degrade", "escalate", WATCH, RETURN]),
    ],
)
def test_only_the_strategies_of_the_profile_are_tried(strategies, tried):
    """A person is told in any case."""
    chosen = PLAIN._replace(strategies=strategies)

    assert climb(Ladder("store", chosen, Random(1).random), WATCH) == tried


def test_only_the_rungs_that_make_sense_for_a_component_are_tried():
    """What runs in another process is not restarted from here."""
    ladder = Ladder("store", PLAIN, Random(1).random, rungs=("retry", "failover"))

    assert "restart" not in climb(ladder, "failover", steps=20)


def test_what_keeps_breaking_is_not_restarted_for_ever():
    """Three restarts in ten minutes over all troubles, then the next rung; later anew."""
    ladder = Ladder("cache", PLAIN, Random(1).random)
    for minute in range(3):
        assert climb(ladder, "restart", now_ns=minute * 60 * NS)[-1] == "restart"

    assert "restart" not in climb(ladder, WATCH, now_ns=599 * NS)
    assert climb(ladder, "restart", now_ns=600 * NS)[-1] == "restart"


def test_each_step_is_a_value_with_cause_and_outcome():
    """Begun and ended: what a journal keeps, and an incident tells."""
    ladder = Ladder("cache", PLAIN, Random(1).random)

    begun = ladder.next(5, "reset by peer")
    ended = ladder.ended(begun, 9, "refused")
    ladder.ended(ladder.next(10, "refused"), 12)

    assert begun == Step(5, "cache", "retry", 1, 100 * MS, "cache", "reset by peer", "")
    assert ended == begun._replace(at_ns=9, cause="refused", outcome="failed")
    assert [(one.rung, one.attempt, one.outcome) for one in ladder.tried] == [
        ("retry", 1, ""),
        ("retry", 1, "failed"),
        ("retry", 2, ""),
        ("retry", 2, "worked"),
    ]
    assert ladder.rung == WELL


def test_a_trouble_knows_nothing_of_the_one_before():
    """Neither what was tried then nor what was to be undone."""
    ladder = Ladder("store", PLAIN._replace(strategies=("failover",)), Random(1).random)
    assert climb(ladder, "failover", steps=1) == ["failover"]
    assert climb(ladder, WATCH) == [WATCH, RETURN]

    assert climb(ladder, WATCH) == ["failover", "escalate", WATCH]
    assert [one.rung for one in ladder.tried][::2] == ["failover", "escalate", WATCH]


def test_only_the_last_step_can_end():
    """An outcome that comes twice, or for a step of before, is a mistake of the caller."""
    ladder = Ladder("cache", PLAIN, Random(1).random)
    first = ladder.next(0, "lost")
    ladder.ended(first, 1, "away")

    with pytest.raises(KeyError):
        ladder.ended(first, 2)


def test_what_is_remembered_of_a_trouble_is_bounded():
    """A component that stays away for days fills no memory."""
    ladder = Ladder("cache", PLAIN, Random(1).random)

    climb(ladder, steps=1_000)

    assert len(ladder.tried) == 32
    assert ladder.rung == WATCH


def test_every_rung_leads_somewhere():
    """The table is closed: no rung leads to one that it lacks, and each ends in health."""
    assert {rung for ways in NEXT.values() for rung in ways} <= {*NEXT, WELL}
    assert {WELL} == {ways[0] for rung, ways in NEXT.items() if rung in ("retry", RETURN)}


@pytest.mark.parametrize(
    ("attempt", "longest_ms"),
    [(0, 100), (1, 200), (2, 400), (7, 12_800), (8, 25_600), (9, 30_000), (10**9, 30_000)],
)
def test_waits_double_up_to_the_longest(attempt, longest_ms):
    """100 ms, 200, 400 ... 30 s, however many tries."""
    assert longest_ns(Backoff(), attempt) == longest_ms * MS
    assert wait_ns(Backoff(jitter=0), attempt, Random(1).random) == longest_ms * MS


def test_full_jitter_draws_each_wait_between_nothing_and_its_longest():
    """Evenly: by mean, by quarters, and by a seed that gives the same again."""
    draw = Random(7).random
    waits = [wait_ns(Backoff(), 3, draw) / (800 * MS) for _ in range(4_000)]

    assert 0.0 <= min(waits) < 0.01
    assert 0.99 < max(waits) < 1.0
    quarters = [sum(low <= 4 * wait < low + 1 for wait in waits) for low in range(4)]
    assert all(900 < count < 1_100 for count in quarters)
    again = Random(7).random
    assert waits[:9] == [wait_ns(Backoff(), 3, again) / (800 * MS) for _ in range(9)]


def test_a_probe_of_what_stays_away_comes_within_the_longest_wait():
    """Not at once and never later: between half of 30 s and all of it."""
    ladder = Ladder("cache", Resilience(strategies=()), Random(1).random)
    climb(ladder, steps=1)
    waits = []
    for _ in range(500):
        step = ladder.next(0, "lost")
        ladder.ended(step, 0, "away")
        waits.append(step.wait_ns / NS)

    assert 15.0 <= min(waits) < 16.0
    assert 29.0 < max(waits) <= 30.0
