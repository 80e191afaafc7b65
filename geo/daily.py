"""The daily bulletin of a district or province: all that it says of a day, read at once, and the figures that are kept of it."""

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from geo.asking import Holdings, Window, ask, list_communes, read_holdings
from geo.coverage import read_coverage
from geo.db import statement
from geo.errors import ReportError
from geo.trends import DEFINITIONS as DAY_DEFINITIONS
from geo.trends import MEANS, WEEK, read_day, read_days, read_trend
from geo.units import LEVELS, Unit, Vintage
from geo.weekly import find_reported, list_runs_behind, plain_row

LONGEST = 60  # days running that a commune without scans is followed back
SHOWN = 14  # days of the chart and of the appendix
FIGURES = ["created", "new", "active", "active_rate", "regular", "regular_rate", "scans", "people", "no_scan_communes"]
DEFINITIONS = {
    "unit": {name: DAY_DEFINITIONS[name] for name in FIGURES if name in DAY_DEFINITIONS}
    | {"no_scan_communes": "I6: communes without a scan that day"},
    "means": {
        "mean7": "I7: mean over the 7 days that end with the day; null where one of them is not loaded",
        "before": "the same, of the 7 days before these",
        "change": "mean7 - before",
        "share": "change / before",
    },
    "silent": {
        "created": "venues of the commune with a QR code created by the day",
        "days": f"I6: days running without a scan, up to the day, {LONGEST} at most; a day that is not loaded ends them",
    },
}


@dataclass(frozen=True)
class Bulletin:
    """What the bulletin of `day` says of a unit (a district or province).

    province: the unit's province, or the unit. on: the day on the letter. names: code -> name of the units that are told of.
    total, rows: FIGURES of the unit, and by district (of a district, or a province without any, by commune), with code and name; null
    where nothing is loaded to count from. means: rows active, scans and people; columns mean7, before, change (Float64) and share.
    silent: communes without a scan that day, with code, name, parent_code, created and days; None where no scan of the day is loaded.
    days: read_trend of the last SHOWN days. runs: the loads behind all of it.
    """

    unit: Unit
    province: Unit
    vintage: Vintage
    day: date
    on: date
    names: dict[str, str]
    holdings: Holdings
    scans_until: date | None
    total: pd.Series
    rows: pd.DataFrame
    means: pd.DataFrame
    silent: pd.DataFrame | None
    days: pd.DataFrame
    runs: list[int]

    kind = "daily"
    cases = False  # it never tells of traced cases

    @property
    def window(self):
        """The day as a Window."""
        return Window(self.day, self.day)

    @property
    def week(self):
        """The seven days that end with the day."""
        return Window(self.day - WEEK, self.day)

    @property
    def again(self):
        """Of `silent` those that had no scan the day before either: which the bulletin of that day named, too."""
        return self.silent[self.silent["days"] > 1]


def read_bulletin(connection, unit_code, day, on=None):
    """The Bulletin of a unit on a day; on: the day on the letter, the next one if None.

    ReportError for a commune, and for a letter of the day itself or one before it; UnitError for what is out of scope.
    """
    on = on or day + timedelta(days=1)
    if on <= day:
        raise ReportError(f"the day {day:%d/%m/%Y} is not over on {on:%d/%m/%Y}; choose a later --on")
    atlas, unit = find_reported(connection, unit_code, day)
    inside = {code: each for code, each in atlas.units.items() if each.in_scope}
    of_districts = unit.level == LEVELS["province"] and any(each.level == LEVELS["district"] for each in inside.values())
    by = "district" if of_districts else "commune"
    window = Window(day, day)
    coverage, told = read_coverage(connection, unit_code, window, by), read_day(connection, unit_code, day, by)
    days = read_trend(connection, unit_code, Window(day - timedelta(days=max(SHOWN, 8) - 1), day))
    names = {code: each.name for code, each in inside.items()}
    return Bulletin(
        unit, atlas.province(unit_code), coverage.vintage, day, on, names, read_holdings(connection), coverage.scans_until, _join(coverage.total.to_frame().T, told.total.to_frame().T).iloc[0], _join(coverage.rows, told.rows),
        _compare_weeks(days), _list_silent(connection, unit_code, window, atlas.units), days,
        list_runs_behind(connection, unit_code, coverage.vintage, Window(day - timedelta(days=LONGEST), day)),
    )  # fmt: skip


def _join(coverage, day):
    """The FIGURES of the same units in a coverage of the day and in a geo.trends.Day."""
    regular = day.set_index("code")[["active_rate", "regular", "regular_rate"]]
    return coverage.join(regular, on="code")[["code", "name", *FIGURES]].reset_index(drop=True)


def _compare_weeks(days):
    """The means of Bulletin, of the rows of read_trend for the day and at least seven before it."""
    now, before = days.iloc[-1], days.iloc[-8]
    rows = {name: [now[f"{name}_mean7"], before[f"{name}_mean7"]] for name in MEANS}
    means = pd.DataFrame.from_dict(rows, "index", columns=["mean7", "before"]).astype("Float64")
    change = means["mean7"] - means["before"]
    return means.assign(change=change, share=change / means["before"].mask(means["before"] == 0))


def _list_silent(connection, unit_code, window, units):
    """The communes of Bulletin.silent, those of one parent together, the longest silent of them first."""
    day, first = window.last, window.last - timedelta(days=LONGEST - 1)
    asked = ask(connection, unit_code, window)
    known = set().union(*read_days(connection, asked, Window(first, day)).values())
    if day not in known:
        return None
    found = connection.execute(statement("list_silent"), list_communes(asked) | {"day": day, "first": first})
    rows = [
        (code, units[code].name, units[code].parent_code, created, _count_days(known, day, last)) for code, created, last in found
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["code", "name", "parent_code", "created", "days"])
    return frame.sort_values(["parent_code", "days", "code"], ascending=[True, False, True], ignore_index=True)


def _count_days(known, day, last):
    """Days running of `known` up to `day` that are later than the `last` with a scan."""
    count = 0
    while day in known and (last is None or day > last):
        count, day = count + 1, day - timedelta(days=1)
    return count


def find_figures(bulletin):
    """Every figure of a Bulletin as plain numbers and nulls, by section and name, as geo.weekly.find_figures."""
    silent = bulletin.silent
    return {
        "unit": plain_row(bulletin.total, FIGURES),
        "means": {name: plain_row(row, ["mean7", "before", "change", "share"]) for name, row in bulletin.means.to_dict("index").items()},
        "units": {row["code"]: plain_row(row, FIGURES) for row in bulletin.rows.to_dict("records")},
        "silent": {} if silent is None else {row["code"]: plain_row(row, ["created", "days"]) for row in silent.to_dict("records")},
    }  # fmt: skip
