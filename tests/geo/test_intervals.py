"""The Wilson interval and the funnel, by the worked figures of the indicators' definition."""

import numpy as np
import pytest

from geo.intervals import funnel_limits, wilson_interval


@pytest.mark.parametrize(
    ("active", "created", "low", "high"),
    [(570, 1904, 27.9, 32.0), (0, 8, 0.0, 32.4), (0, 10, 0.0, 27.8), (5, 60, 3.6, 18.1), (20, 110, 12.1, 26.4)],
)
def test_worked_figures(active, created, low, high):
    found = wilson_interval(np.array([active]), np.array([created]))
    assert [round(100 * float(end[0]), 1) for end in found] == [low, high]


def test_no_denominator_has_no_interval_and_the_ends_are_exact():
    low, high = wilson_interval(np.array([0, 0, 7]), np.array([0, 3, 7]))
    assert np.isnan([low[0], high[0]]).all()
    assert (low[1], high[2]) == (0.0, 1.0)
    assert 0 < high[1] < 1 and 0 < low[2] < 1


def test_a_higher_level_is_wider():
    narrow, wide = (wilson_interval(np.array([5]), np.array([60]), level) for level in (0.95, 0.998))
    assert wide[0] < narrow[0] and wide[1] > narrow[1]


def test_the_funnel_narrows_and_stays_between_0_and_1():
    low, high = funnel_limits(0.3, np.array([1, 10, 100, 1000]), 0.95)
    assert (np.diff(high - low) < 0).all() and low.min() == 0 and high.max() <= 1
    assert np.round(100 * low[2], 1) == 21.0 and np.round(100 * high[2], 1) == 39.0
