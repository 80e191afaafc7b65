"""Classes of a rate at their bounds, and a legend that counts every commune once."""

from itertools import pairwise

import pandas as pd
import pytest

from dashboard.legend import BOUNDS, FEWEST, PALETTE, classify, legend_entries
from dashboard.maps import NO_DATA, SWATCHES, TOO_FEW
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
