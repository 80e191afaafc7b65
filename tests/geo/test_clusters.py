"""Patterns on a board of squares, where it can be seen who is whose neighbour."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.clusters import FEWEST_UNITS, find_clusters

SIDE = 8


def board(side=SIDE, extra=()):
    squares = {f"{x}{y}": shapely.box(x, y, x + 1, y + 1) for x in range(side) for y in range(side)}
    squares |= dict(extra)
    return gpd.GeoDataFrame({"code": list(squares)}, geometry=list(squares.values()), crs=4326)


def noise(codes):
    return pd.Series(np.random.default_rng(4).uniform(0.28, 0.32, len(codes)), codes)


def test_low_rates_that_lie_together_are_found_and_named():
    polygons = board()
    rates = noise(polygons["code"])
    corner = ["00", "01", "02", "10", "11", "12", "20", "21", "22"]
    rates[corner] = 0.05
    found = find_clusters(rates, polygons)
    assert found.moran > 0.5 and found.p < 0.001 and found.clustered
    assert len(found.low) == 1 and set(found.low[0]) <= set(corner) and "11" in found.low[0]
    assert (found.units, found.islands, found.too_few) == (SIDE**2, [], False)


def test_two_groups_apart_are_two_groups():
    polygons = board()
    rates = noise(polygons["code"])
    for first in (0, 5):
        rates[[f"{x}{y}" for x in range(first, first + 3) for y in range(first, first + 3)]] = 0.05
    assert [set(codes) & {"11", "66"} for codes in find_clusters(rates, polygons).low] == [{"11"}, {"66"}]


def test_rates_by_chance_are_no_pattern():
    polygons = board()
    found = find_clusters(noise(polygons["code"]), polygons)
    assert abs(found.moran) < 0.2 and found.p > 0.05 and not found.clustered and found.low == []


def test_high_rates_among_high_ones_are_no_laggards():
    polygons = board()
    rates = noise(polygons["code"])
    rates[["00", "01", "10", "11", "02", "20", "12", "21", "22"]] = 0.9
    found = find_clusters(rates, polygons)
    assert found.clustered and found.low == []


def test_the_same_rates_give_the_same_answer_in_any_order():
    polygons = board()
    rates = noise(polygons["code"])
    rates[["00", "01", "10", "11"]] = 0.05
    again = find_clusters(rates.sample(frac=1, random_state=2), polygons.sample(frac=1, random_state=3))
    assert again == find_clusters(rates, polygons)


def test_an_island_is_left_out_and_said():
    polygons = board(extra={"99": shapely.box(50, 50, 51, 51)})
    found = find_clusters(noise(polygons["code"]), polygons)
    assert (found.islands, found.units) == (["99"], SIDE**2)


@pytest.mark.parametrize("side", [1, 4])
def test_few_units_are_too_few(side):
    polygons = board(side)
    assert side**2 < FEWEST_UNITS
    found = find_clusters(noise(polygons["code"]), polygons)
    assert found.too_few and (found.moran, found.low, found.units) == (None, [], side**2)


def test_units_without_a_rate_and_rates_that_are_all_alike_make_no_pattern():
    polygons = board()
    rates = noise(polygons["code"])
    rates.iloc[:50] = np.nan
    assert find_clusters(rates, polygons).too_few
    alike = find_clusters(pd.Series(0.3, polygons["code"]), polygons)
    assert not alike.too_few and alike.moran is None and not alike.clustered
