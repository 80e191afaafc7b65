"""Whether communes that lag lie together: global and local Moran statistics of the rates, by common borders."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

FEWEST_UNITS = 20  # of fewer with a rate to judge, a pattern is not told from chance
LEVEL = 0.05
_LOW_LOW = 3  # quadrant of esda: a low rate among low rates
_PERMUTATIONS = 999


@dataclass(frozen=True)
class Clusters:
    """The spatial pattern of one rate.

    moran, p: the global statistic, from -1 (neighbours differ) over about 0 (no pattern) to 1 (neighbours are alike), and its
    two-sided probability where there is no pattern; null with too few units, or where all rates are the same.
    low: groups of two neighbouring units or more, each a list of codes, with low rates among low rates by more than chance.
    units: how many were compared. islands: codes of units without a neighbour to compare with, which are left out.
    """

    moran: float | None
    p: float | None
    low: list[list[str]]
    units: int
    islands: list[str]

    @property
    def too_few(self):
        """Whether there are too few units to tell a pattern."""
        return self.units < FEWEST_UNITS

    @property
    def clustered(self):
        """Whether units with like rates lie together by more than chance."""
        return self.moran is not None and self.moran > 0 and self.p <= LEVEL


def find_clusters(rates, polygons):
    """The Clusters of the units that have a rate.

    rates: code -> fraction, a Series, without units that cannot be judged. polygons: frame with code and geometry, a clean
    coverage: units that share a point of their borders are neighbours.
    Moran (1950); local: Anselin (1995), 999 conditional permutations from a fixed seed, two-sided, adjusted by Benjamini and
    Hochberg.
    """
    # With scikit-learn, which they bring, two seconds to import
    from esda.moran import Moran, Moran_Local
    from esda.significance import calculate_significance
    from libpysal.graph import Graph
    from scipy.stats import false_discovery_control

    known = polygons[polygons["code"].isin(rates.dropna().index)].set_index("code").sort_index()
    if len(known) < 2:
        return Clusters(None, None, [], len(known), [])
    graph = Graph.build_contiguity(known, rook=False)
    islands = sorted(graph.isolates)
    known = known.drop(islands)
    values = rates.reindex(known.index).to_numpy(float)
    if len(known) < FEWEST_UNITS or np.ptp(values) == 0:
        return Clusters(None, None, [], len(known), islands)
    weights = graph.subgraph(known.index).transform("r")
    whole = Moran(values, weights, permutations=0)
    with warnings.catch_warnings():  # esda warns of its one-sided p, which is not used here
        warnings.simplefilter("ignore", DeprecationWarning)
        local = Moran_Local(values, weights, permutations=_PERMUTATIONS, seed=1)
    p = calculate_significance(local.Is, local.rlisas, alternative="two-sided")
    together = (local.q == _LOW_LOW) & (false_discovery_control(np.minimum(p, 1)) <= LEVEL)
    low = []
    if together.any():
        labels = graph.subgraph(known.index[together]).component_labels
        groups = pd.Series(labels.index, labels.index).groupby(labels).agg(list)
        low = sorted(sorted(codes) for codes in groups if len(codes) > 1)
    return Clusters(float(whole.I), float(whole.p_rand), low, len(known), islands)
