"""The classes of a rate: bounds tied to the target or, on demand, to the figures; a colour each, and how many communes they have."""

import warnings
from itertools import pairwise

import numpy as np
import pandas as pd

from dashboard.maps import LAGGING, MARKS, NO_DATA, SWATCHES, TOO_FEW, WATCH
from geo.coverage import RATES

# Light to dark in one hue, told apart in grey and by the colour-blind; the darkest is the class that meets the target.
PALETTE = ["#d6ecef", "#9fd0d8", "#5fabbd", "#2c7f99", "#0f4c6b"]
# Lower bounds of the classes above the first, each part of its class. Creation's target is 100 % of the register;
# activity has none in the letters, so its classes stay around the 29.9 % that Đức Thọ's reports.
BOUNDS = {
    "creation_rate": (0.5, 0.7, 0.9, 1.0),
    "activity_rate": (0.1, 0.2, 0.3, 0.5),
    "cohort_rate": (0.1, 0.2, 0.3, 0.5),
}
# Of fewer venues a rate is not coloured: one venue more or less would change its class.
FEWEST = 10
MOST_JENKS = 400  # values that natural breaks are found of


def classify(rows, rate, bounds=None):
    """The class of each row: an index into PALETTE, NO_DATA without a rate, TOO_FEW below FEWEST in the denominator.

    rows: a frame with the rate and its denominator, as of geo.coverage. bounds: lower bounds of the classes above the first;
    BOUNDS[rate] where none are given. Returns a Series on its index.
    """
    edges = [-1.0, *(BOUNDS[rate] if bounds is None else bounds), float("inf")]
    values = rows[rate].astype(float)
    classes = pd.cut(values, edges, right=False, labels=False).astype("Int64").astype(object)
    return classes.mask(_are_few(rows, rate), TOO_FEW).mask(values.isna(), NO_DATA)


def find_bounds(rows, rate, breaks):
    """The lower bounds of the classes above the first: BOUNDS[rate] for "fixed", else of these figures by mapclassify.

    breaks: "fixed", "quantiles" or "natural" (Fisher and Jenks). Rows that are not coloured have no part in it. Fewer values than
    there are classes make fewer classes. A bound is rounded to a tenth of a percent, as it is shown, and belongs to its class.
    """
    values = rows[rate].astype(float)[~_are_few(rows, rate)].dropna()
    if breaks == "fixed" or values.nunique() < 2:
        return BOUNDS[rate]
    ordered = sorted(values.unique())
    uppers = _find_uppers(values.sort_values().to_numpy(), breaks, min(len(PALETTE), len(ordered)))
    # Those classes have their upper bound in them: the next value is the lower bound of the next class
    lower = {
        round(float(min(value for value in ordered if value > upper)), 3) for upper in uppers if upper < ordered[-1]
    }
    return tuple(sorted(lower - {round(float(ordered[0]), 3)}))


def _find_uppers(values, breaks, classes):
    """The classes' upper bounds by mapclassify, of sorted values."""
    # A second to import, which a page without such classes need not wait for
    import mapclassify

    if breaks == "quantiles":
        return mapclassify.Quantiles(values, k=classes).bins
    # Its time grows with the square of how many there are: of a country every so many-th, in order, the last among them
    some = values[:: -(-len(values) // MOST_JENKS)]
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # that numba would make it faster
        return mapclassify.FisherJenks(np.append(some, values[-1]), k=classes).bins


def _are_few(rows, rate):
    return (rows[RATES[rate][1]] < FEWEST).fillna(False).astype(bool)


def class_labels(bounds, text, decimals=0):
    """What each class is called, the lowest first; one more than there are bounds."""
    shown = [text.percent(bound, decimals=decimals) for bound in bounds]
    return [
        text("legend.below", high=shown[0]),
        *(text("legend.between", low=low, high=high) for low, high in pairwise(shown)),
        text("legend.from", low=shown[-1]),
    ]


def legend_entries(classes, rate, text, bounds=None, marks=None):
    """What the legend lists, highest class first: (CSS background, label, number of communes) of each class.

    "Too few" and "no data" stand at the end, where there are any, and after them the marks: code -> LAGGING or WATCH.
    """
    counts = classes.value_counts()
    labels = class_labels(BOUNDS[rate] if bounds is None else bounds, text, decimals=0 if bounds is None else 1)
    scale = [(PALETTE[key], label, int(counts.get(key, 0))) for key, label in enumerate(labels)]
    others = [(TOO_FEW, text("too_few", fewest=FEWEST)), (NO_DATA, text("no_data"))]
    entries = scale[::-1] + [(SWATCHES[key], label, int(counts[key])) for key, label in others if key in counts]
    if marks is not None:
        found = list(marks.values())
        entries += [(MARKS[mark], text(f"legend.{mark}"), found.count(mark)) for mark in (LAGGING, WATCH)]
    return entries
