"""Are the engine's own percentiles true within the width of a bucket?"""

from random import Random

import pytest

from engine.telemetry import BUCKETS, Durations, bucket_of, middle_of


def test_a_bucket_is_at_most_an_eighth_of_its_value_wide():
    """From 128 ns to minutes; shorter and longer ones share the first and the last."""
    for exponent in range(7, 38):
        for part in range(16):
            ns = (1 << exponent) + (part << exponent >> 4)
            assert abs(middle_of(bucket_of(ns)) - ns) <= ns / 8
    assert bucket_of(0) == bucket_of(127) == 0
    assert bucket_of(1 << 50) == BUCKETS - 1


def test_percentiles_are_those_of_the_durations():
    """Of 20,000 long-tailed ones, within an eighth."""
    draw = Random(1)
    taken = [int(draw.lognormvariate(9, 1)) + 128 for _ in range(20_000)]
    durations = Durations()
    for ns in taken:
        durations.add(ns)

    summary = durations.summary()
    ordered = sorted(taken)

    assert summary.measured == 20_000
    assert summary.longest == ordered[-1]
    for found, share in ((summary.p50, 0.5), (summary.p99, 0.99), (summary.p999, 0.999)):
        assert found == pytest.approx(ordered[int(20_000 * share)], rel=0.13)


def test_nothing_measured_is_zero():
    """Not an error."""
    assert tuple(Durations().summary()) == (0, 0, 0, 0, 0)
