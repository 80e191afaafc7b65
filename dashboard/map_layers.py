"""What the map can show of the communes: their rates, the change on the window before, lagging clusters, and the weeks one by one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice

import pandas as pd

from dashboard import data
from dashboard.legend import BOUNDS, FEWEST, PALETTE, class_labels, classify, find_bounds, legend_entries
from dashboard.maps import LAGGING, MARKS, NO_DATA, SWATCHES, TOO_FEW, WATCH
from geo.coverage import RATES, Window
from geo.lagging import QUESTIONS, judge, report_weeks

# Brown for less, green for more, told apart by the colour-blind; in grey the two ends are alike, so that a fall is hatched, too.
CHANGE_PALETTE = ["#a6611a", "#dfc27d", "#f5f5f5", "#80cdc1", "#018571"]
CHANGE_BOUNDS = (-0.10, -0.02, 0.02, 0.10)
WEEKS = 8


@dataclass(frozen=True)
class Layer:
    """What a layer shows of each commune.

    classes: a Series by code of indexes into palette, NO_DATA or TOO_FEW. labels: what each colour stands for. entries, rule: for the
    legend. tell: makes the texts of the rates and of the fractions, two dicts by code, for who shows them. marks: code -> LAGGING or
    WATCH; mark_labels: what these stand for. title, definition: for the caption. more: further keys for the browser.
    """

    classes: pd.Series
    palette: list
    labels: list
    entries: list
    rule: str
    title: str
    definition: str
    tell: Callable[[], tuple[dict, dict]]
    marks: dict | None = None
    mark_labels: dict = field(default_factory=dict)
    more: dict = field(default_factory=dict)


def window_before(window):
    """The window of as many days that ended the day before."""
    length = window.last - window.first + timedelta(days=1)
    return Window(window.first - length, window.last - length)


def find_marks(filters, atlas, found):
    """Which communes lag behind their parent, or are to be watched, by the rate shown: code -> mark; None of a rate that nobody judges.

    Of a parent that is not wholly in scope the other communes are not known here; nothing is said then.
    """
    question = filters.indicator.removesuffix("_rate")
    if question not in QUESTIONS:
        return None
    rows = found.rows.set_index("code")
    rows = rows[[atlas.units[parent].in_scope for parent in rows["parent_code"]]]
    numerator, denominator = QUESTIONS[question]
    verdicts = judge(rows[numerator], rows[denominator], rows["parent_code"])["verdict"]
    return {code: verdict for code, verdict in verdicts.items() if verdict in (LAGGING, WATCH)}


def find_layer(reader, held, filters, atlas, found, text):
    """The Layer that is chosen, of the Coverage `found`."""
    others = {"change": _change, "clusters": _clusters, "weeks": _weeks}
    return others.get(filters.view.layer, _rates)(reader, held, filters, atlas, found, text)


def _rates(reader, held, filters, atlas, found, text):
    rate, breaks = filters.indicator, filters.view.breaks
    numerator, denominator = RATES[rate]
    rows = found.rows.set_index("code")
    bounds = find_bounds(rows, rate, breaks)
    classes, marks = classify(rows, rate, bounds), find_marks(filters, atlas, found)

    def tell():
        records = rows[[rate, numerator, denominator]].to_dict("index")
        return (
            {code: text.percent(row[rate]) for code, row in records.items()},
            {code: text.rate(row, rate, numerator, denominator) for code, row in records.items()},
        )

    return Layer(
        classes, PALETTE, class_labels(bounds, text, decimals=0 if breaks == "fixed" else 1),
        legend_entries(classes, rate, text, None if breaks == "fixed" else bounds, marks),
        text(f"legend.{breaks}"), text(rate), text.definition(rate, found.window),
        tell, marks,
    )  # fmt: skip


def _change(reader, held, filters, atlas, found, text):
    rate, before = filters.indicator, window_before(found.window)
    earlier = data.coverage(held.version, reader.scope, filters.unit, before.first, before.last, filters.group)
    now, then = found.rows.set_index("code"), earlier.rows.set_index("code").reindex(found.rows["code"])
    change = (now[rate] - then[rate]).astype(float)
    few = sum((rows[RATES[rate][1]].fillna(FEWEST) < FEWEST).astype(bool) for rows in (now, then)) > 0
    classes = pd.cut(change, [-9.0, *CHANGE_BOUNDS, 9.0], right=False, labels=False).astype("Int64").astype(object)
    classes = classes.mask(few, TOO_FEW).mask(change.isna(), NO_DATA)
    shown = [_points(bound, text) for bound in CHANGE_BOUNDS]
    labels = [
        text("legend.below", high=shown[0]),
        *(text("legend.between", low=low, high=high) for low, high in zip(shown, shown[1:], strict=False)),
        text("legend.from", low=shown[-1]),
    ]
    counts = classes.value_counts()
    scale = [(CHANGE_PALETTE[key], label, int(counts.get(key, 0))) for key, label in enumerate(labels)]
    rest = [
        (SWATCHES[key], name, int(counts[key]))
        for key, name in ((TOO_FEW, text("too_few", fewest=FEWEST)), (NO_DATA, text("no_data")))
        if key in counts
    ]
    marks = {code: (LAGGING, WATCH)[key] for code, key in classes.items() if key in (0, 1)}
    names = {LAGGING: text("change.fell_much"), WATCH: text("change.fell")}
    fell = [(MARKS[mark], names[mark], list(marks.values()).count(mark)) for mark in names]

    def tell():
        return (
            {code: _points(value, text) for code, value in change.items()},
            {code: f"{text.percent(then.at[code, rate])} → {text.percent(now.at[code, rate])}" for code in now.index},
        )

    return Layer(
        classes, CHANGE_PALETTE, labels, scale[::-1] + rest + fell, text("change.rule"),
        text("change.title", indicator=text(rate)), text("change.definition", before=text.window(before)),
        tell, marks, names,
    )  # fmt: skip


def _points(change, text):
    """0.032 as +3,2 percentage points; a null as "no data"."""
    if pd.isna(change):
        return text("no_data")
    sign = "+" if change > 0 else "−" if change < 0 else ""
    return text("change.points", points=sign + text.decimal(abs(100 * change)))


def _clusters(reader, held, filters, atlas, found, text):
    shown, question = _rates(reader, held, filters, atlas, found, text), filters.indicator.removesuffix("_rate")
    if question not in QUESTIONS:
        return shown
    window = found.window
    pattern = data.clusters(
        held.version, reader.scope, filters.unit, window.first, window.last, filters.group, question
    )
    low = {code: LAGGING for group in pattern.low for code in group}
    said = text("clusters.legend", groups=text.number(len(pattern.low)))
    entries = [entry for entry in shown.entries if entry[0] not in MARKS.values()] + [(MARKS[LAGGING], said, len(low))]
    return Layer(
        shown.classes, shown.palette, shown.labels, entries, shown.rule, text("clusters.title", indicator=shown.title),
        text("clusters.definition"), shown.tell, low, {LAGGING: text("clusters.mark")}, {"pattern": pattern},
    )  # fmt: skip


def _weeks(reader, held, filters, atlas, found, text):
    rate, frames = filters.indicator, []
    for week in islice(report_weeks(found.window.last), WEEKS):
        one = data.coverage(held.version, reader.scope, filters.unit, week.first, week.last, filters.group)
        if one.vintage != found.vintage:
            break
        frames.append((week, classify(one.rows.set_index("code"), rate)))
    newest = frames[0][1] if frames else pd.Series(NO_DATA, found.rows["code"])
    return Layer(
        newest, PALETTE, class_labels(BOUNDS[rate], text), legend_entries(newest, rate, text), text("weeks.rule"), text(rate),
        text("weeks.definition"), lambda: ({}, {}), more={"weeks": frames[::-1]},
    )  # fmt: skip
