"""The weekly report of a district or province: all that it says, read at once, and the figures that are kept of it."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from numbers import Integral, Number

import pandas as pd

from geo import coverage, inspections, lagging, plans, quality, tracing
from geo.campaign import list_campaigns, read_clock
from geo.coverage import Holdings, Window, list_kinds, read_coverage, read_holdings
from geo.db import statement
from geo.errors import ReportError
from geo.hotspots import Hotspots, read_hotspots
from geo.inspections import read_inspections
from geo.lagging import Lagging, read_lagging, report_weeks
from geo.quality import Quality, read_quality
from geo.tracing import Gap, read_gap
from geo.trends import Change, read_change, read_trend
from geo.units import LEVELS, Unit, Vintage, find_unit, read_atlas

SPOTS = 10  # hotspots that are listed, of all that are counted
_TOTALS = [*coverage.COUNTS, *coverage.MORE_COUNTS, *coverage.RATES]
_ROWS = [*coverage.COUNTS, *coverage.RATES]
_CLOCK = ("obliged", "created", "rate", "days_left", "expected", "pace", "done_on", "done_first", "done_last", "units_below", "units")
DEFINITIONS = {
    "unit": {name: coverage.DEFINITIONS[name] for name in _TOTALS},
    "verdicts": lagging.DEFINITIONS,
    "inspections": inspections.DEFINITIONS,
    "plans": plans.DEFINITIONS,
    "quality": {share: f"I15 = {numerator} / {denominator}" for share, (numerator, denominator) in quality.SHARES.items()},
    "gap": tracing.DEFINITIONS,
    "hotspots": {"open": "I12: hotspots that no reviewer has closed", "cases": "distinct F0 cases at the venue"},
}


@dataclass(frozen=True)
class Weekly:
    """What a weekly report says of a unit (a district or province).

    province: the unit's province, or the unit. on: the day of the letter. change: by commune, on the window before. lagging: of the
    communes; districts: of the districts, None for a district. names: code -> name of the units and kinds that are told of. clocks: of
    its deadlines, at the window's end. days: read_trend. departments: coverage rows by department. inspections: read_inspections.
    plans: read_progress of the
    campaigns in the window that something is planned for. gap, hotspots: None for who sees no cases. runs: the loads behind all of it.
    """

    unit: Unit
    province: Unit
    vintage: Vintage
    window: Window
    on: date
    change: Change
    lagging: Lagging
    districts: Lagging | None
    names: dict[str, str]
    clocks: list
    days: pd.DataFrame
    departments: pd.DataFrame
    inspections: dict | None
    plans: list[plans.Progress]
    quality: Quality
    gap: Gap | None
    hotspots: Hotspots | None
    runs: list[int]

    kind = "weekly"

    @property
    def now(self):
        """The Coverage of the window."""
        return self.change.now

    @property
    def holdings(self) -> Holdings:
        """What was loaded when it was read."""
        return self.change.now.holdings

    @property
    def cases(self):
        """Whether it tells of traced cases."""
        return self.gap is not None


def choose_window(connection, unit_code, on, first=None, last=None, campaign=None):
    """The Window that a report of `on` is about: from `first` to `last`, that of a campaign by its name, or the report week before.

    The report week is the last, Thursday to Wednesday, that ended by the day before. ReportError where two of them are given, or the
    window is not over on that day.
    """
    if (first is None) != (last is None) or (first and campaign):
        raise ReportError("give both --from and --to, or --campaign, or none of them for the report week before --on")
    if campaign:
        units = read_atlas(connection, on).units
        known = {each.name: each.window for each in list_campaigns(connection, units, unit_code) if each.window} if unit_code in units else {}
        if campaign not in known:
            raise ReportError(f"{unit_code} has no named window {campaign!r}; it has {', '.join(map(repr, known)) or 'none'}")
        window = known[campaign]
    else:
        window = Window(first, last) if first else next(report_weeks(on - timedelta(days=1)))
    if window.last >= on:
        raise ReportError(f"the window ends on {window.last:%d/%m/%Y} and is not over on {on:%d/%m/%Y}; choose a later --on")
    return window


def list_districts(connection, unit_code, on):
    """The codes of the districts of a province in scope, for a report each; ReportError for what is no province."""
    atlas = read_atlas(connection, on)
    unit = find_unit(atlas.units, unit_code, atlas.vintage)
    if unit.level != LEVELS["province"]:
        raise ReportError(f"{unit.name} is no province; leave --all-districts out, or give a province's code")
    inside = [code for code, each in atlas.units.items() if each.parent_code == unit_code and each.level == LEVELS["district"]]
    if not inside:
        raise ReportError(f"{unit.name} has no districts on {on:%d/%m/%Y}; leave --all-districts out")
    return inside


def find_reported(connection, unit_code, day):
    """The Atlas of a day and the Unit of it that a report is of; ReportError for a commune, UnitError for what is out of scope."""
    atlas = read_atlas(connection, day)
    unit = find_unit(atlas.units, unit_code, atlas.vintage)
    if unit.level == LEVELS["commune"]:
        raise ReportError(f"{unit.name} is a commune; a report is of a district or a province")
    return atlas, unit


def list_runs_behind(connection, unit_code, vintage, window):
    """The numbers of the loads that told what is read of a unit in a window."""
    asked = {"unit": unit_code, "vintage": vintage.id, "first": window.first, "last": window.last}
    return list(connection.execute(statement("list_runs_behind"), asked).scalars())


def read_report(connection, unit_code, window, on, cases):
    """The Weekly of a unit in a window; cases: also the gap and hotspots, in a transaction of geo.audit.reading_cases.

    ReportError for a commune, of which no report is made; UnitError for what is out of scope.
    """
    atlas, unit = find_reported(connection, unit_code, window.last)
    change = read_change(connection, unit_code, window)
    vintage, held = change.now.vintage, read_holdings(connection)
    due = [each for each in list_campaigns(connection, atlas.units, unit_code) if each.target]
    kinds = list_kinds(connection)
    departments = read_coverage(connection, unit_code, window, "department").rows
    runs = list_runs_behind(connection, unit_code, vintage, Window(window.previous().first, window.last))
    inside = {code: each.name for code, each in atlas.units.items() if each.in_scope}
    return Weekly(
        unit, atlas.province(unit_code), vintage, window, on, change, read_lagging(connection, unit_code, window),
        read_lagging(connection, unit_code, window, "district") if unit.level == LEVELS["province"] else None,
        inside | {row["code"]: row["name_vi"] for row in kinds} | dict(zip(departments["code"], departments["name"], strict=True)),
        [read_clock(connection, unit_code, each, window.last) for each in due],
        read_trend(connection, unit_code, window), departments,
        read_inspections(connection, unit_code, vintage, window), _read_plans(connection, unit_code, atlas, window),
        read_quality(connection, unit_code, vintage, window, held.scans_until),
        read_gap(connection, unit_code, window) if cases else None,
        read_hotspots(connection, unit_code, window, coverage=change.now, most=SPOTS) if cases else None,
        runs,
    )  # fmt: skip


def _read_plans(connection, unit_code, atlas, window):
    by = "commune" if atlas.units[unit_code].level == LEVELS["district"] else "district"
    due = [
        each for each in list_campaigns(connection, atlas.units, unit_code)
        if each.window and each.first_day <= window.last and each.last_day >= window.first
    ]  # fmt: skip
    found = [plans.read_progress(connection, each, unit_code, window.last, by) for each in due]
    return [each for each in found if pd.notna(each.total["planned"])]


def find_figures(weekly):
    """Every figure of a Weekly as plain numbers, texts and nulls, by section and name: what is kept of a report and held against later ones."""
    change, told = weekly.change, weekly.lagging.rows
    verdicts = [*lagging.QUESTIONS, "creation_weeks", "activity_weeks", "weeks_without_scans"]
    figures = {
        "unit": plain_row(change.now.total, _TOTALS),
        "before": plain_row(change.before.total, _TOTALS) if change.before else {},
        "communes": {row["code"]: plain_row(row, _ROWS) for row in change.now.rows.to_dict("records")},
        "verdicts": {code: plain_row(row, verdicts) for code, row in told.to_dict("index").items()},
        "departments": {row["code"]: plain_row(row, _ROWS) for row in weekly.departments.to_dict("records")},
        "deadlines": {clock.campaign.name: plain_row(asdict(clock), _CLOCK) for clock in weekly.clocks},
        "days": {row["day"].isoformat(): plain_row(row, ["active", "scans", "people"]) for row in weekly.days.to_dict("records")},
        "inspections": plain_row(weekly.inspections or {}, weekly.inspections or {}),
        "plans": {each.campaign.name: plain_row(each.total, plans.DEFINITIONS) for each in weekly.plans},
        "quality": plain_row(weekly.quality.total, [*quality.COUNTS, *quality.SHARES, "last_day"]),
    }  # fmt: skip
    if weekly.districts:
        figures["verdicts"] |= {code: plain_row(row, verdicts) for code, row in weekly.districts.rows.to_dict("index").items()}
    if weekly.cases:
        spots = weekly.hotspots
        figures["gap"] = plain_row(weekly.gap.total, [*tracing.COUNTS, "rate", "low", "high"]) if weekly.gap.visits_known else {}
        figures["hotspots"] = {"open": int((spots.found["shown"] != "closed").sum())} | {
            row["venue_code"]: {"cases": int(row["cases"]), "state": row["shown"]} for row in spots.rows.to_dict("records")
        }
    return figures


def compare_figures(old, new):
    """What differs between two find_figures: columns figure (its path, such as communes/18235/active), old, new, difference.

    difference: of two numbers; null where one of them is none.
    """
    before, after = _flatten(old), _flatten(new)
    rows = [
        (name, before.get(name), after.get(name)) for name in {**before, **after} if before.get(name) != after.get(name)
    ]  # fmt: skip
    differences = [
        b - a if isinstance(a, Number) and isinstance(b, Number) and not isinstance(a, bool) else None for _, a, b in rows
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["figure", "old", "new"], dtype=object)
    return frame.assign(difference=pd.Series(differences, frame.index, dtype=object))


def _flatten(figures, path=()):
    if not isinstance(figures, dict):
        return {"/".join(path): figures}
    return {name: value for key, inner in figures.items() for name, value in _flatten(inner, (*path, key)).items()}


def plain_row(row, names):
    """The figures of those names as plain numbers and texts, nulls as None."""
    return {name: _plain(row[name]) for name in names}


def _plain(value):
    if value is None or isinstance(value, str):
        return value
    if pd.isna(value):
        return None
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, Integral) else round(float(value), 6)
