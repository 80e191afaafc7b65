"""The classes of a rate: fixed bounds tied to the target, one colour each, and how many communes are in them."""

from itertools import pairwise

import pandas as pd

from dashboard.maps import NO_DATA, SWATCHES, TOO_FEW
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


def classify(rows, rate):
    """The class of each row: an index into PALETTE, NO_DATA without a rate, TOO_FEW below FEWEST in the denominator.

    rows: a frame with the rate and its denominator, as of geo.coverage. Returns a Series on its index.
    """
    edges = [-1.0, *BOUNDS[rate], float("inf")]
    values = rows[rate].astype(float)
    classes = pd.cut(values, edges, right=False, labels=False).astype(object)
    few = (rows[RATES[rate][1]] < FEWEST).fillna(False).astype(bool)
    return classes.mask(few, TOO_FEW).mask(values.isna(), NO_DATA)


def legend_entries(classes, rate, text):
    """What the legend lists, highest class first: (CSS background, label, number of communes) of each class.

    "Too few" and "no data" stand at the end, where there are any.
    """
    counts = classes.value_counts()
    bounds = [text.percent(bound, decimals=0) for bound in BOUNDS[rate]]
    labels = [
        text("legend.below", high=bounds[0]),
        *(text("legend.between", low=low, high=high) for low, high in pairwise(bounds)),
        text("legend.from", low=bounds[-1]),
    ]
    scale = [
        (colour, label, int(counts.get(key, 0)))
        for key, (colour, label) in enumerate(zip(PALETTE, labels, strict=True))
    ]
    others = [(TOO_FEW, text("too_few", fewest=FEWEST)), (NO_DATA, text("no_data"))]
    return scale[::-1] + [(SWATCHES[key], label, int(counts[key])) for key, label in others if key in counts]
