"""Classes of a rate at their bounds, and a legend that counts every commune once."""

from itertools import pairwise

import pandas as pd
import pytest

from dashboard.legend import BOUNDS, FEWEST, PALETTE, classify, find_bounds, legend_entries
from dashboard.maps import LAGGING, MARKS, NO_DATA, SWATCHES, TOO_FEW, WATCH
from dashboard.text import Text
from geo.coverage import RATES, add_rates

COUNTS = ["created_obliged", "obliged", "active", "created", "cohort", "new"]


def rows_of(rate, pairs):
    numerator, denominator = RATES[rate]
    frame = pd.DataFrame(0, index=range(len(pairs)), columns=COUNTS).astype("Int64")
    frame[numerator], frame[denominator] = (pd.array(part, dtype="Int64") for part in zip(*pairs, strict=True))
    return add_rates(frame)


def test_a_lower_bound_belongs_to_its_class():
    pairs = [(0, 1000), (99, 1000), (100, 1000), (199, 1000), (200, 1000), (299, 1000), (300, 1000), (499, 1000),
             (500, 1000), (1000, 1000)]  # fmt: skip
    assert list(classify(rows_of("activity_rate", pairs), "activity_rate")) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_only_the_whole_register_meets_the_target_of_creation():
    pairs = [(499, 1000), (500, 1000), (899, 1000), (999, 1000), (1000, 1000), (1250, 1000)]
    assert list(classify(rows_of("creation_rate", pairs), "creation_rate")) == [0, 1, 2, 3, 4, 4]


def test_few_venues_are_not_coloured_and_none_are_no_data():
    pairs = [(9, FEWEST - 1), (5, FEWEST), (0, 0), (None, 20), (3, None), (None, 5)]
    assert list(classify(rows_of("cohort_rate", pairs), "cohort_rate")) == [
        TOO_FEW,
        4,
        NO_DATA,
        NO_DATA,
        NO_DATA,
        NO_DATA,
    ]


def test_no_communes_have_no_classes():
    assert list(classify(rows_of("activity_rate", [(1, 1)]).iloc[:0], "activity_rate")) == []


def test_the_legend_counts_every_commune_once():
    text = Text("vi")
    classes = pd.Series([0, 0, 3, 4, TOO_FEW, NO_DATA, NO_DATA], dtype=object)
    assert legend_entries(classes, "activity_rate", text) == [
        (PALETTE[4], "từ 50\u00a0%", 1),
        (PALETTE[3], "từ 30\u00a0% đến dưới 50\u00a0%", 1),
        (PALETTE[2], "từ 20\u00a0% đến dưới 30\u00a0%", 0),
        (PALETTE[1], "từ 10\u00a0% đến dưới 20\u00a0%", 0),
        (PALETTE[0], "dưới 10\u00a0%", 2),
        (SWATCHES[TOO_FEW], "dưới 10 địa điểm, chưa đủ để so sánh", 1),
        (SWATCHES[NO_DATA], "chưa có số liệu", 2),
    ]
    assert len(legend_entries(classes.iloc[:4], "activity_rate", text)) == 5


def test_the_legend_counts_the_marks_where_communes_were_judged():
    text, classes = Text("vi"), pd.Series([0, 1, 2], dtype=object)
    judged = legend_entries(classes, "activity_rate", text, marks={"a": LAGGING, "b": WATCH, "c": LAGGING})
    assert judged[-2:] == [(MARKS[LAGGING], text("legend.lagging"), 2), (MARKS[WATCH], text("legend.watch"), 1)]
    assert [count for *_, count in legend_entries(classes, "activity_rate", text, marks={})[-2:]] == [0, 0]
    assert len(legend_entries(classes, "activity_rate", text)) == 5, "nobody has judged: no mark is promised"


def test_classes_stay_those_of_the_target_unless_others_are_asked_for():
    rows = rows_of("activity_rate", [(number, 100) for number in range(50)])
    assert find_bounds(rows, "activity_rate", "fixed") == BOUNDS["activity_rate"]


@pytest.mark.parametrize("breaks", ["quantiles", "natural"])
def test_classes_of_the_figures_hold_every_commune_and_their_lower_bound(breaks):
    # three clusters, of 4, 4 and 2 communes; one of too few venues that would stand far off
    pairs = [
        (10, 100),
        (11, 100),
        (12, 100),
        (13, 100),
        (40, 100),
        (41, 100),
        (42, 100),
        (43, 100),
        (90, 100),
        (91, 100),
        (9, 9),
    ]
    rows = rows_of("activity_rate", pairs)
    bounds = find_bounds(rows, "activity_rate", breaks)
    assert list(bounds) == sorted(set(bounds)) and len(bounds) == len(PALETTE) - 1
    classes = classify(rows, "activity_rate", bounds)
    assert classes.iloc[-1] == TOO_FEW and set(classes.iloc[:-1]) == set(range(len(PALETTE)))
    for bound in bounds:
        below = [number for number, (active, _) in enumerate(pairs[:-1]) if active / 100 < bound]
        assert classes.iloc[below].max() < classes.iloc[[n for n in range(10) if n not in below]].min()
    entries = legend_entries(classes, "activity_rate", Text("vi"), bounds)
    assert sum(count for *_, count in entries) == len(pairs)


def test_quantiles_have_as_many_communes_each():
    rows = rows_of("activity_rate", [(number, 1000) for number in range(100, 600, 5)])
    bounds = find_bounds(rows, "activity_rate", "quantiles")
    assert classify(rows, "activity_rate", bounds).value_counts().tolist() == [20] * 5


@pytest.mark.parametrize("pairs", [[(5, 50)], [(5, 50)] * 9, [(0, 5), (1, 5), (2, 5)], [(None, None)] * 3])
def test_figures_that_are_all_one_have_the_classes_of_the_target(pairs):
    assert find_bounds(rows_of("activity_rate", pairs), "activity_rate", "natural") == BOUNDS["activity_rate"]


def test_fewer_values_than_classes_make_fewer_classes():
    rows = rows_of("activity_rate", [(10, 100)] * 4 + [(50, 100)] * 3)
    bounds = find_bounds(rows, "activity_rate", "natural")
    assert bounds == (0.5,) and list(classify(rows, "activity_rate", bounds)) == [0] * 4 + [1] * 3
    assert [
        count
        for *_, count in legend_entries(classify(rows, "activity_rate", bounds), "activity_rate", Text("vi"), bounds)
    ] == [3, 4]


@pytest.mark.parametrize("rate", RATES)
def test_every_rate_has_a_colour_for_each_class(rate):
    assert len(BOUNDS[rate]) == len(PALETTE) - 1
    assert list(BOUNDS[rate]) == sorted(BOUNDS[rate])


def test_classes_can_be_told_apart_in_grey():
    def lightness(colour):
        parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
        linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
        return 116 * luminance ** (1 / 3) - 16

    steps = [lightness(colour) for colour in PALETTE]
    assert all(lighter - darker > 10 for lighter, darker in pairwise(steps))
