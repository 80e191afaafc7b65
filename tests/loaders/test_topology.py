"""Repair, measures and cleaning of polygons small enough to work out by hand."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate

from loaders.topology import (
    KINDS,
    clean_coverage,
    find_duplicates,
    find_faults,
    repair_polygons,
    simplify_coverage,
)

# At 105.5 E, 18 N a hundredth of a degree is 1,058 m by 1,107 m.
SQUARE = shapely.box(105.5, 18, 105.6, 18.1)
KM2 = 10.58 * 11.07 / 100  # of a hundredth of the square


def shapes(*polygons):
    return np.array(polygons, dtype=object)


def test_what_is_no_area_is_dropped_and_what_is_valid_stays_as_it_is():
    lines = shapely.GeometryCollection([SQUARE, shapely.LineString([(105, 18), (106, 18)])])
    repaired, change = repair_polygons(shapes(SQUARE, shapely.Point(105, 18), None, lines, shapely.force_3d(SQUARE, 9)))
    assert np.isnan(change).all()
    assert [shapely.is_missing(shape) for shape in repaired] == [False, True, True, False, False]
    assert all(shape.equals_exact(SQUARE, 0) for shape in repaired[[0, 4]]) and repaired[3].equals(SQUARE)
    assert not shapely.has_z(repaired[4])


def test_a_bow_tie_changes_by_what_is_not_known():
    tie = shapely.Polygon([(105.5, 18), (105.6, 18.1), (105.6, 18), (105.5, 18.1)])
    twice = shapely.Polygon([(105, 18), (106, 18), (106, 19), (105, 19), (105, 18), (106, 18), (106, 19), (105, 19)])
    repaired, change = repair_polygons(shapes(tie, twice))
    assert change[0] == np.inf  # the ring's two halves cancel out
    assert change[1] == pytest.approx(-0.5)
    assert shapely.is_valid(repaired).all()


def test_a_clean_coverage_has_no_faults_and_comes_back_as_it_is():
    given = shapes(SQUARE, translate(SQUARE, 0.1), translate(SQUARE, 0, 0.1))
    cleaned, change, faults = clean_coverage(given)
    assert cleaned is given and not change.any() and faults.table.empty
    assert faults.totals() == dict.fromkeys(KINDS, (0, 0, 0.0))


@pytest.mark.parametrize(
    ("shift", "kind", "sliver", "km2"),
    [
        (-0.001, "overlap", False, KM2),
        (-0.0001, "overlap", True, KM2 / 10),
        (0.0001, None, None, 0),
        (0, None, None, 0),
    ],
)
def test_two_neighbours_overlap_or_stand_apart_with_the_sea_between(shift, kind, sliver, km2):
    faults = find_faults(shapes(SQUARE, translate(SQUARE, 0.1 + shift)))
    assert len(faults.table) == (kind is not None)
    for fault in faults.table.itertuples():
        assert (fault.kind, fault.sliver, set(fault.units)) == (kind, sliver, {0, 1})
        assert fault.area_km2 == pytest.approx(km2, rel=0.01)


def ring(inner, outer):
    """A square with a square hole, its sides inner and outer hundredths of a degree, around one centre."""
    box = [
        shapely.box(105.55 - side / 200, 18.05 - side / 200, 105.55 + side / 200, 18.05 + side / 200)
        for side in (inner, outer)
    ]
    return box[1].difference(box[0])


@pytest.mark.parametrize(("hole", "kind"), [(4.0, "gap"), (4.05, "gap"), (4.9, "hole")])
def test_what_units_enclose_is_a_gap_where_it_is_narrow_and_else_a_hole(hole, kind):
    middle = shapely.box(105.53, 18.03, 105.57, 18.07)  # four hundredths wide
    faults = find_faults(shapes(ring(hole, 10), middle))
    assert faults.table["kind"].tolist() == ([] if hole == 4.0 else [kind])
    if hole != 4.0:
        assert faults.of_units(kind).index.tolist() == [0, 1]
    cleaned, _, _ = clean_coverage(shapes(ring(hole, 10), middle))
    assert shapely.coverage_is_valid(cleaned)
    full = shapely.area(cleaned).sum() == pytest.approx(SQUARE.area, rel=1e-6)
    assert full == (hole != 4.9)


def test_what_units_enclose_that_meet_in_corners_only_is_seen():
    corners = shapes(
        *(shapely.box(x, y, x + 0.1, y + 0.1) for x, y in ((105.5, 18.1), (105.6, 18.2), (105.6, 18), (105.7, 18.1)))
    )
    assert find_faults(corners).table["kind"].tolist() == ["hole"]


def test_the_widths_are_those_of_strips():
    faults = find_faults(shapes(SQUARE, translate(SQUARE, 0.0999)))
    assert faults.table["width_m"].item() == pytest.approx(10.58, rel=0.01)


def test_what_two_claim_goes_to_the_one_it_borders_on_longest():
    left, right = SQUARE, shapely.box(105.599, 18.02, 105.7, 18.03)  # a thin unit pushes into a large one
    cleaned, change, _ = clean_coverage(shapes(left, right))
    assert shapely.area(cleaned) == pytest.approx([SQUARE.area, 0.1 * 0.01], rel=1e-4)
    assert change == pytest.approx([0, -0.001 / 0.101], abs=1e-4)


def test_a_unit_of_which_nothing_is_left_is_none():
    inside = shapely.box(105.54, 18.04, 105.56, 18.06)
    cleaned, change, _ = clean_coverage(shapes(SQUARE, inside, translate(inside, 0.0001)))
    assert shapely.is_missing(cleaned).sum() < 3 and change.min() >= -1
    assert shapely.coverage_is_valid([shape for shape in cleaned if shape is not None])


def test_more_than_half_inside_another_is_the_same_place_twice():
    def duplicates(shift):
        return find_duplicates(shapes(SQUARE, shapely.box(105.6 - shift, 18, 105.7 - shift, 18.05)))

    assert duplicates(0.049) == {} and duplicates(0.051) == {1: 0}
    assert find_duplicates(shapes(SQUARE, SQUARE)) == {1: 0} or find_duplicates(shapes(SQUARE, SQUARE)) == {0: 1}
    assert find_duplicates(shapes(SQUARE, translate(SQUARE, 0.1))) == {}


@settings(max_examples=40, derandomize=True)
@given(st.lists(st.tuples(st.floats(-30, 30), st.floats(-30, 30)), min_size=16, max_size=16))
def test_however_crooked_each_unit_is_drawn_for_itself_a_coverage_comes_out(moved):
    """A grid of nine squares whose corners each unit puts up to 30 m elsewhere for itself."""
    units = []
    for number in range(9):
        x, y = divmod(number, 3)
        corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]
        shifts = [moved[(number * 5 + place) % 16] for place in range(4)]
        units.append(shapely.Polygon([
            (105.5 + a / 20 + east / 105_800, 18 + b / 20 + north / 110_700) for (a, b), (east, north) in zip(corners, shifts)
        ]))  # fmt: skip
    cleaned, change, _ = clean_coverage(shapes(*units))
    assert shapely.coverage_is_valid(cleaned) and shapely.is_valid(cleaned).all()
    assert np.abs(change).max() < 0.05
    after = find_faults(cleaned)
    assert after.table.empty
    lines = shapely.union_all(shapely.boundary(units), grid_size=1e-7)
    filled = shapely.union_all(shapely.get_parts(shapely.polygonize([lines])))
    assert shapely.area(cleaned).sum() == pytest.approx(filled.area, rel=1e-5)


@pytest.mark.parametrize("tolerance", [10, 50, 500])
def test_neighbours_share_their_border_however_simple(tolerance):
    heights = np.linspace(18, 18.2, 500)
    line = [*zip(105.6 + 0.003 * np.sin(heights * 300), heights)]
    left = shapely.Polygon([(105.5, 18), *line, (105.5, 18.2)])
    right = shapely.Polygon([*line, (105.7, 18.2), (105.7, 18)])
    drawn = simplify_coverage(shapes(left, right), tolerance)
    assert shapely.coverage_is_valid(drawn)
    assert shapely.get_num_coordinates(drawn).sum() < shapely.get_num_coordinates([left, right]).sum()
    assert shapely.hausdorff_distance(drawn, [left, right]).max() * 107_000 < 2 * tolerance
