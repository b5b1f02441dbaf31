"""Intervals cover the truth about as often as they say."""

import numpy as np
import pytest

from clamp3_models.evaluation import intervals


def test_an_interval_covers_the_true_mean_about_nineteen_times_in_twenty():
    draws = np.random.default_rng(1)

    covered = [
        found.low <= 0.3 <= found.high
        for found in (intervals.mean(draws.random(80) < 0.3) for _ in range(200))
    ]

    assert 0.89 <= np.mean(covered) <= 0.99


def test_it_is_as_wide_as_theory_says_and_the_same_every_time():
    values = np.random.default_rng(2).normal(size=500)

    found = intervals.mean(values)

    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / 500**0.5, rel=0.1)
    assert intervals.mean(values) == found


def test_the_ratio_of_paired_values_is_surer_than_of_strangers():
    values = np.random.default_rng(3).random(300) + 0.1

    paired = intervals.ratio(values * 0.8, values)

    assert paired.value == pytest.approx(0.8)
    assert paired.high - paired.low < 1e-9


def test_a_macro_mean_counts_a_small_class_as_much_as_a_large_one():
    members = np.zeros((100, 2), bool)
    members[:95, 0] = members[95:, 1] = True
    right = members[:, 0]

    found = intervals.macro_mean(right, members)

    assert found.value == 0.5
    assert (found.low, found.high) == (0.5, 0.5)
