"""Is every symbol decided when it is due: after an interval with jitter, or at each closed bar?"""

import statistics
from itertools import pairwise

import pytest

from engine.layout import fresh
from engine.state import PARAMETERS
from engine.strategy.schedule import PRIME, SCHEDULE, is_due, scattered, set_next, wait_ns
from tests.builders import PRICE, SECOND, START, Run


def schedule(**changes: float):
    """The schedule's parameters at their defaults, but for these."""
    made = fresh(PARAMETERS["schedule"])
    for name, row in PARAMETERS["schedule"].items():
        setattr(made, name, changes.get(name, row.default))
    return made


def times_of_decisions(minutes: int, *changes: str) -> list[int]:
    """When the engine decided, with a bar a minute and a heartbeat a second."""
    run = Run("run.heartbeat_ns=1000000000", *changes)
    times = []
    for _ in range(minutes):
        run.bar(PRICE)
        times.append(run.decision.now_ns)
        for _ in range(58):
            run.beat(1)
            times.append(run.decision.now_ns)
        run.now_ns -= 58 * SECOND
    return sorted(set(times) - {0})


@pytest.mark.parametrize("interval", [30.0, 45.0, 60.0])
def test_decisions_keep_their_interval(interval):
    """Never sooner than the interval less its jitter, never later than with it and a heartbeat."""
    times = times_of_decisions(40, f"schedule.interval_seconds={interval}")

    waits = [(after - before) / SECOND for before, after in pairwise(times)]

    assert len(waits) > 2_200 / interval
    assert interval - 5 <= min(waits) < interval < max(waits) <= interval + 6
    assert len(set(waits)) > 5


def test_the_seed_decides_the_jitter():
    """The same seed gives the same times, another seed others."""
    first, again, other = (times_of_decisions(6, f"schedule.seed={seed}") for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_jitter_is_even_over_its_range():
    """Its mean is the interval; it reaches both ends and stays inside."""
    parameters = schedule(interval_seconds=45.0, jitter_seconds=5.0, seed=7)

    waits = [wait_ns(parameters, number) / SECOND for number in range(20_000)]

    assert statistics.fmean(waits) == pytest.approx(45.0, abs=0.1)
    assert 40.0 <= min(waits) < 40.01
    assert 49.99 < max(waits) <= 50.0


def test_scattered_numbers_do_not_follow_each_other():
    """Seeds and numbers that differ by one give unrelated values, all inside their range."""
    values = [scattered(seed, number) for seed in range(50) for number in range(50)]

    assert len(set(values)) > 2_490
    assert 0 <= min(values) <= max(values) < PRIME


def test_a_wait_is_never_negative():
    """More jitter than interval means at once, at worst."""
    parameters = schedule(interval_seconds=1.0, jitter_seconds=3_600.0)

    assert min(wait_ns(parameters, number) for number in range(1_000)) == 0


def test_an_interval_beyond_measure_waits_for_nothing():
    """What no profile can hold does not become a time that never comes."""
    assert wait_ns(schedule(interval_seconds=2e6, jitter_seconds=0.0), 1) == 0


def test_at_interval_nothing_each_closed_bar_is_decided():
    """One decision a bar, and none between them."""
    run = Run("schedule.interval_seconds=0", "run.heartbeat_ns=1000000000")
    for _ in range(20):
        run.bar(PRICE)
        run.beat(20)
        run.now_ns -= 20 * SECOND

    assert run.state.symbols[0].schedule.decisions == 20


def test_nothing_is_decided_before_the_first_bar():
    """Without a single bar there is nothing to decide about."""
    own, parameters = fresh(SCHEDULE), schedule()

    assert not is_due(own, parameters, 0, START)
    assert is_due(own, parameters, 1, START)
    set_next(own, parameters, 1, START)
    assert not is_due(own, parameters, 1, START + 39 * SECOND)
    assert is_due(own, parameters, 1, START + 50 * SECOND)
