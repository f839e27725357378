"""Does resampling say how sure a mean is?"""

import json

import numpy as np
import pytest

from engine.statistics.bootstrap import (
    block_length,
    block_lengths,
    chance_of,
    estimate,
    interval,
    resampled_means,
)


def test_it_agrees_with_another_library(shared):
    """Interval, standard error and p of a mean difference, within Monte Carlo's reach."""
    computed = json.loads((shared / "oracles/statistics/computed.json").read_text())
    inputs, expected = computed["inputs"], computed["ab_test_A_vs_M0"]["stationary_bootstrap"]
    columns = inputs["M_columns"]
    other = columns[0] if isinstance(columns, list) else next(iter(columns.values()))
    values = [float(b - a) for a, b in zip(inputs["A"], other, strict=True)]

    means = resampled_means(values, expected["block"], expected["reps"], seed=1)

    error = expected["se_mean_diff"]
    assert means.std(ddof=1) == pytest.approx(error, rel=0.03)
    assert interval(means) == pytest.approx(expected["ci95_percentile"], abs=0.05 * error)
    p = chance_of(sum(values) / len(values), means)
    assert p == pytest.approx(expected["p_one_sided_centered"], abs=0.006)


def test_the_interval_covers_the_true_mean_as_often_as_it_says():
    """Of independent samples, 92 to 97 in 100 intervals hold the mean they were drawn from."""
    draws = np.random.default_rng(7)
    covered = 0

    for number in range(400):
        sample = draws.normal(3.0, 20.0, 200).tolist()
        found = estimate(sample, seed=number, resamples=300)
        assert found is not None
        covered += found.low <= 3.0 <= found.high

    assert 0.92 <= covered / 400 <= 0.97


def test_luck_is_as_frequent_as_it_says():
    """Without an edge, a chance below 5 % turns up in about 5 of 100 samples."""
    draws = np.random.default_rng(11)
    chances = []

    for number in range(400):
        found = estimate(draws.normal(0.0, 1.0, 100).tolist(), seed=number, resamples=200)
        assert found is not None
        chances.append(found.chance)

    assert 0.02 <= np.mean(np.array(chances) < 0.05) <= 0.09
    assert np.mean(chances) == pytest.approx(0.5, abs=0.05)


def test_what_clings_together_widens_the_interval():
    """Blocks keep the memory of a series; single draws would forget it and be too sure."""
    draws = np.random.default_rng(3)
    shocks = draws.normal(0.0, 1.0, 1_000)
    series = np.zeros(1_000)
    for place in range(1, 1_000):
        series[place] = 0.6 * series[place - 1] + shocks[place]

    alone = resampled_means(series.tolist(), 1, 500, seed=1).std()
    in_blocks = resampled_means(series.tolist(), block_length(1_000), 500, seed=1).std()

    assert in_blocks > 1.5 * alone


@pytest.mark.parametrize(("count", "length"), [(1, 1), (8, 2), (30, 3), (1_000, 10), (9_261, 21)])
def test_blocks_grow_with_the_cube_root(count, length):
    """The rule that errs least on the variance of a mean."""
    assert block_length(count) == length


@pytest.mark.parametrize(("count", "block"), [(1, 1), (5, 1), (30, 3), (1_000, 10), (50, 60)])
def test_blocks_fill_a_resample_exactly(count, block):
    """Every resample is as long as the series, in blocks of the mean length."""
    draws = np.random.default_rng(5)

    lengths = block_lengths(draws, 200, count, block)

    assert set(lengths.sum(axis=1).tolist()) == {count}
    if count > 20 * block > 20:
        assert lengths[lengths > 0].mean() == pytest.approx(block, rel=0.1)


def test_the_same_seed_draws_the_same():
    """A report can be made again to the last digit."""
    values = np.random.default_rng(1).normal(0.0, 1.0, 60).tolist()

    assert estimate(values, seed=4) == estimate(values, seed=4)
    assert estimate(values, seed=4) != estimate(values, seed=5)


def test_of_less_than_two_values_nothing_is_said():
    """A single trade has no spread."""
    assert estimate([], seed=1) is None
    assert estimate([1.0], seed=1) is None


def test_many_values_are_drawn_in_parts():
    """More than fit at once give the same kind of answer: the spread of a mean of so many."""
    values = np.random.default_rng(2).normal(0.0, 1.0, 300_000).tolist()

    means = resampled_means(values, block_length(len(values)), 60, seed=1)

    assert means.std() == pytest.approx(1 / 300_000**0.5, rel=0.3)


def test_chance_is_never_nothing():
    """With 2,000 resamples no claim is stronger than 1 in 2,001."""
    found = estimate([10.0 + place % 3 for place in range(100)], seed=1)

    assert found is not None
    assert found.chance == 1 / 2_001
    assert found.low > 9.9
