"""The sections of the weekly letter: each a few sentences and a table of the figures of geo.weekly.

letter: of dashboard.report_letter, with weekly, text, unit (its name within a sentence), days and length of the window, and paper.
"""

import pandas as pd

from dashboard.lagging_panels import rank, say_clock
from dashboard.reasons import reasons
from dashboard.report_paper import WIDTH
from geo.coverage import RATES
from geo.lagging import FEWEST, QUESTIONS
from geo.names import split_kind
from geo.quality import SHARES

CHANGES = (
    "new", "cohort", "cohort_rate", "created", "creation_rate", "active", "activity_rate", "never_scanned", "no_scan_communes", "scans",
    "people",
)  # fmt: skip
QUALITY = ("venues_told", "scans_told", "points_known", "points_right", "placed_by_code", "communes_behind")


def lower(name):
    """The name of a unit within a sentence: huyện Đức Thọ."""
    return name[:1].lower() + name[1:]


def write_results(letter, pictures):
    weekly, text, total = letter.weekly, letter.text, letter.weekly.now.total
    given = {"unit": letter.unit, "days": letter.length, **letter.days}
    new = total["new"]
    key = "new.unknown" if pd.isna(new) else "new.none" if new == 0 else "new.unscanned" if pd.isna(total["cohort"]) else "new"
    letter.say(key, new=text.number(new), cohort=text.number(total["cohort"]), rate=text.percent(total["cohort_rate"]), **given)
    parts = {}
    for rate, said, missing in (("creation_rate", "creation", "no_register"), ("activity_rate", "activity", "no_scans")):
        known = pd.notna(total[rate])
        numbers = {name: text.number(total[count]) for name, count in zip(("numerator", "denominator"), RATES[rate], strict=True)}
        parts[said] = text(f"report.sum.{said}", rate=text.percent(total[rate]), **numbers) if known else text(f"report.sum.{missing}")
    if pd.notna(total["created"]):
        letter.say("sum", last=letter.days["last"], created=text.number(total["created"]), **parts)
    before = weekly.change.before
    windows = {
        name: f"{text.day(window.first)} – {text.day(window.last)}" for name, window in (("window", weekly.window), ("before", weekly.window.previous()))
    }
    letter.caption("changes" if before else "changes_none", **windows)
    columns = [text(f"report.column.{name}") for name in ("figure", "now", "before", "change")]
    rows = [
        [text(f"report.figure.{name}"), say_figure(total, name, text), say_figure(before.total, name, text) if before else text("no_data"),
         say_change(weekly.change.total[name], name, text)]
        for name in CHANGES
    ]  # fmt: skip
    letter.paper.table(columns, (5.5, 3.9, 3.7, 2.9), rows, size=11.5)
    if pictures["days"]:
        letter.picture(pictures["days"], "chart")
        if weekly.days["active"].isna().any():
            letter.say("chart.missing")
    else:
        letter.say("chart.none")
    if pictures["map"]:
        letter.picture(pictures["map"], "map")
        if weekly.vintage.sketched:
            letter.paper.write(text("banner_sketched"), "i", size=12)


def say_figure(row, name, text):
    """A count or a rate with its numerator and denominator; what is not known is said to be so."""
    if name not in RATES:
        return text("no_data") if pd.isna(row[name]) else text.number(row[name])
    numerator, denominator = (text.number(row[count]) for count in RATES[name])
    return text("report.of", rate=text.percent(row[name]), numerator=numerator, denominator=denominator) if pd.notna(row[name]) else text("no_data")


def say_change(change, name, text):
    """A difference with its sign; of rates in points."""
    if pd.isna(change):
        return text("no_data")
    points = round(100 * float(change), 1) if name in RATES else int(change)
    sign = "+" if points > 0 else "–" if points < 0 else ""
    if name in RATES:
        return text("report.points", points=f"{sign}{text.decimal(abs(points))}")
    return f"{sign}{text.number(abs(points))}"


def write_deadlines(letter):
    text = letter.text
    if not letter.weekly.clocks:
        letter.paper.write(text("overview.no_deadlines"))
    for found in letter.weekly.clocks:
        due, left, created, lines = say_clock(found, text)
        if found.rate is None:
            letter.say("clock.unknown", name=found.campaign.name, due=due, left=left)
        else:
            letter.say("clock", name=found.campaign.name, due=due, of=created, left=left, more=" ".join(lines))


def write_lagging(letter):
    weekly, text, found = letter.weekly, letter.text, letter.weekly.lagging
    rows = found.rows
    lags = {question: rows[question] == "lagging" for question in QUESTIONS}
    watched = (rows[[*QUESTIONS]] == "watch").any(axis=1) & ~(lags["creation"] | lags["activity"])
    wide = weekly.districts is not None and len(weekly.districts.rows) > 0  # some provinces have no districts
    parent = text("report.low.each") if wide else letter.unit
    if wide:
        low = weekly.districts.rows
        names = list(low.loc[(low[[*QUESTIONS]] == "lagging").any(axis=1), "name"])
        if names:
            letter.say("low.districts", names=", ".join(map(lower, names)))
    if rows[[*QUESTIONS]].isna().all(axis=None):
        letter.say("low.unknown")
        return
    for key, chosen in (("low", lags["creation"] & lags["activity"]), ("low.creation", lags["creation"] & ~lags["activity"]),
                        ("low.activity", lags["activity"] & ~lags["creation"])):  # fmt: skip
        if chosen.any():
            letter.say(key, parent=parent, names=_name_communes(letter, rows[chosen]))
    judged = rows[[*QUESTIONS]].isin(["lagging", "watch", "ok"]).any(axis=1)
    if judged.any() and not (lags["creation"] | lags["activity"]).any():
        letter.say("low.none")
    if not judged.all():
        letter.say("low.few", count=text.number((~judged).sum()), fewest=FEWEST)
    if watched.any():
        letter.say("low.watch", names=_name_communes(letter, rows[watched]))
    codes = rank(found)
    if not codes:
        return
    letter.say("low.rest")
    letter.caption("reasons")
    columns = ["place", "commune", *(["district"] if wide else []), "reason"]
    told = [
        [text.number(place), rows.loc[code, "name"], *([weekly.names[rows.loc[code, "parent_code"]]] if wide else []),
         " ".join(_sentence(said, rows.loc[code, "name"]) for said in reasons(found, code, text))]
        for place, code in enumerate(codes, start=1)
    ]  # fmt: skip
    widths = (1.0, 3.4, 3.0, WIDTH - 7.4) if wide else (1.0, 4.0, WIDTH - 5.0)
    letter.paper.table([text(f"report.column.{name}") for name in columns], widths, told, size=11.5)


def _sentence(said, name):
    said = said.removeprefix(f"{name}: ")
    return f"{said[:1].upper()}{said[1:]}."


def _name_communes(letter, rows):
    """Communes as a letter lists them: those of the commonest kind by their bare names; of a province by district."""

    def short(names):
        return ", ".join(bare if kind == "Xã" else lower(name) for name in names for kind, bare in [split_kind(name)])

    if rows["parent_code"].isin([letter.weekly.unit.code]).all():
        return short(rows["name"])
    return "; ".join(f"{lower(letter.weekly.names[code])} ({short(names)})" for code, names in rows.groupby("parent_code")["name"])


def write_tracing(letter):
    weekly, text, gap = letter.weekly, letter.text, letter.weekly.gap
    letter.paper.write(text("report.restricted"), "i")
    if not gap.visits_known:
        letter.say("gap.no_visits")
        return
    total = gap.total
    if total["declared"]:
        counts = {name: text.number(total[name]) for name in ("declared", "a", "b", "c")}
        rates = {name: text.percent(total[name]) for name in ("rate", "low", "high")}
        letter.say("gap", missed=text.number(total["declared"] - total["covered"]), **counts, **rates, **letter.days)
    else:
        letter.say("gap.none", **letter.days)
    if total["unknown"]:
        letter.say("gap.unknown", count=text.number(total["unknown"]))
    found = weekly.hotspots.found
    shown = weekly.hotspots.rows[weekly.hotspots.rows["shown"] != "closed"]
    count = int((found["shown"] != "closed").sum())
    letter.say("spots" if count else "spots.none", open=text.number(count))
    if not len(shown):
        return
    letter.caption("spots", shown=text.number(len(shown)), count=text.number(count))
    names = ("place", "venue", "kind", "commune", "cases", "grade", "state")
    told = [
        [text.number(place), row["name"], weekly.names[row["kind"]], row["commune"], text.number(row["cases"]),
         text(f"hotspots.grade.{row['grade']}"), text(f"hotspots.state.{row['shown']}")]
        for place, row in enumerate(shown.to_dict("records"), start=1)
    ]  # fmt: skip
    letter.paper.table([text(f"report.column.{name}") for name in names], (1.0, 4.2, 2.6, 3.0, 1.5, 1.6, 2.1), told, size=11.5)


def write_departments(letter):
    text, rows = letter.text, letter.weekly.departments
    if rows.empty:
        letter.say("departments.none")
        return
    letter.caption("departments")
    names = ("created", "new", "creation_rate", "activity_rate", "cohort_rate")
    name_of = "name" if text.language == "vi" else "name_en"
    told = [[row[name_of], *(say_figure(row, name, text) for name in names)] for row in rows.to_dict("records")]
    columns = [text("report.column.department"), *(text(name) for name in names)]
    letter.paper.table(columns, (3.6, 1.6, 1.7, 2.9, 3.1, 3.1), told, size=11.5)


def write_inspections(letter):
    text, found = letter.text, letter.weekly.inspections
    _write_plans(letter)
    if found is None:
        letter.say("inspected.none")
        return
    counts = ("inspections", "venues", "passed", "reminded", "suspend", "sanction")
    letter.say("inspected", **{name: text.number(found[name]) for name in counts})
    for name, numerator, denominator in (("posted", "posted", "inspections"), ("scanned", "scanned", "head_count")):
        if found[f"{name}_rate"] is None:
            letter.say(f"inspected.no_{name}")
            continue
        told = {"numerator": text.number(found[numerator]), "denominator": text.number(found[denominator])}
        ends = {end: text.percent(found[f"scanned_{end}"]) for end in ("low", "high")} if name == "scanned" else {}
        letter.say(f"inspected.{name}", rate=text.percent(found[f"{name}_rate"]), **told, **ends)


def _write_plans(letter):
    """How far each campaign is (I13), and by district or commune where it has more than one."""
    text = letter.text
    if not letter.weekly.plans:
        letter.say("unplanned")
    for each in letter.weekly.plans:
        total = each.total
        counts = {name: text.number(total[name]) for name in ("planned", "inspected", "passed", "reminded", "suspend", "sanction")}
        due = text("inspection.before" if each.campaign.strict else "inspection.by", day=text.day(each.campaign.due_on))
        letter.say("planned", name=each.campaign.name, due=due, day=text.day(each.day), rate=text.percent(total["rate"]), **counts)
        rows = each.rows[each.rows["planned"].notna()]
        if len(rows) < 2:
            continue
        letter.caption("planned", campaign=each.campaign.name)
        columns = ("name", "planned", "inspected", "rate", "reminded", "suspend", "sanction")
        told = [
            [row["name"], *(text.percent(row[name]) if name == "rate" else text.number(row[name]) for name in columns[1:])]
            for row in rows.to_dict("records")
        ]  # fmt: skip
        letter.paper.table([text(f"report.planned.{name}") for name in columns], (4.4, 1.9, 2.0, 2.0, 1.9, 1.9, 1.9), told, size=11.5)


def write_quality(letter):
    weekly, text, total = letter.weekly, letter.text, letter.weekly.quality.total
    until, when = weekly.now.scans_until, text.moment(weekly.holdings.as_of)
    letter.say("as_of" if until else "as_of.none", when=when, day=until and text.day(until))
    if until and weekly.window.first <= until < weekly.window.last:
        letter.say("short", day=text.day(until))
    for share in QUALITY:
        numerator, denominator = (text.number(total[count]) for count in SHARES[share])
        if pd.notna(total[share]):
            letter.say("share", name=text(f"quality.{share}"), numerator=numerator, denominator=denominator, rate=text.percent(total[share]))
        else:
            letter.paper.write(f"{text(f'quality.{share}')}: {text('no_data')}.")
