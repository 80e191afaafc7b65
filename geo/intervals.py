"""Intervals and tails of proportions."""

from statistics import NormalDist

import numpy as np


def wilson_interval(active, created, level=0.95):
    """The Wilson score interval of a proportion.

    active, created: integer arrays of one shape, 0 <= active <= created.
    Returns (low, high), fractions; NaN where created is 0.
    Wilson (1927); 570 of 1,904 gives 0.279 to 0.320.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    active, created = np.asarray(active, float), np.asarray(created, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate, turn = active / created, z**2 / created
        half = z * np.sqrt(rate * (1 - rate) / created + turn / (4 * created))
        low, high = (rate + turn / 2 - half) / (1 + turn), (rate + turn / 2 + half) / (1 + turn)
    # The ends are 0 and 1 themselves, which rounding would miss by a hair
    return np.where((active == 0) & (created > 0), 0.0, low), np.where((active == created) & (created > 0), 1.0, high)


def funnel_limits(rate, created, level):
    """The limits between which units of `created` venues lie with probability `level`, were all at the same `rate`.

    rate: fraction; created: integer array, above 0. Returns (low, high), fractions.
    Spiegelhalter (2005), the score interval turned round: a funnel drawn by the normal approximation, cut at 0 and 1.
    """
    spread = NormalDist().inv_cdf((1 + level) / 2) * np.sqrt(rate * (1 - rate) / np.asarray(created, float))
    return np.clip(rate - spread, 0, 1), np.clip(rate + spread, 0, 1)
