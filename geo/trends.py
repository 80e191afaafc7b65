"""What changes from day to day and from one window to the next: I4d, I7, and the means of seven days."""

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from geo.asking import Window, ask, list_communes
from geo.coverage import COUNTS, MORE_COUNTS, RATES, Counts, Coverage, divide, name_units, read_coverage, take_row
from geo.db import statement
from geo.errors import UnitError
from geo.units import LEVELS, Unit

WEEK = timedelta(days=6)  # from the first to the last of seven days
MEANS = ["active", "scans", "people"]
DEFINITIONS = {
    "created": "venues with a QR code created by the end of the day",
    "new": "venues whose QR code was created that day",
    "active": "I4d: of those created, venues with a scan that day",
    "regular": "I4d: of those created, venues with a scan on at least 5 of the 7 days that end with it",
    "scans": "I7: scans that day",
    "people": "I7: people that day, counted anew at each venue",
    "active_mean7": "mean of active over the 7 days that end with the day",
    "scans_mean7": "mean of scans over the 7 days that end with the day",
    "people_mean7": "mean of people over the 7 days that end with the day",
    "active_rate": "active / created, of one day",
    "regular_rate": "regular / created",
}


@dataclass(frozen=True)
class Day:
    """I4d of a unit and of the units inside it on a day.

    rows: code, name, level, parent_code; created, active, regular (Int64; active null where no scan of the day is loaded in the
    province, regular where one of the seven days is not); active_rate, regular_rate (Float64). total: the same for `unit`.
    """

    unit: Unit | None
    day: date
    rows: pd.DataFrame
    total: pd.Series


def read_day(connection, unit_code, day, by="commune", group=None, kind=None, department=None):
    """The Day of `unit_code` (None: of all in scope), by "commune", "district" or "province"; filters as read_coverage."""
    asked = ask(connection, unit_code, Window(day, day), group, kind, department)
    unit = asked.unit
    if unit and LEVELS[by] < unit.level:
        raise UnitError(f"{unit.name} lies inside a {by}; ask by a smaller kind of unit")
    known = read_days(connection, asked, Window(day - WEEK, day))
    codes = list(asked.known)
    scanned = {code for code in codes if day in known.get(code, ())}
    whole = {code for code in codes if len(known.get(code, ())) == 7}

    def read(level):
        found = connection.execute(statement("read_week"), asked.parameters | list_communes(asked, level) | {"day": day})
        return _tell_day(asked, Counts.of(found), scanned, whole)

    rows = read(LEVELS[by])
    level = unit.level if unit else None
    total = rows if level == LEVELS[by] else read(level) if level else _sum_day(rows)
    return Day(unit, day, rows, take_row(total))


def _tell_day(asked, counts, scanned, whole):
    names, provinces = name_units(asked, counts)
    venues = [asked.knows(province, "venues_known") for province in provinces]
    known = {
        "created": venues,
        "active": [province in scanned for province in provinces],
        "regular": [province in whole for province in provinces],
    }
    return _add_day_rates(names, {name: counts.take_one(name, of) for name, of in known.items()})


def _sum_day(rows):
    counts = ["created", "active", "regular"]
    sums = {name: pd.array([rows[name].sum(min_count=1)], "Int64") for name in counts}
    return _add_day_rates(dict.fromkeys(("code", "name", "level", "parent_code"), [None]), sums)


def _add_day_rates(names, counts):
    rates = {f"{name}_rate": divide(counts[name], counts["created"]) for name in ("active", "regular")}
    return pd.DataFrame(names | counts | rates)


def read_trend(connection, unit_code, window, group=None, kind=None, department=None):
    """One row per day of a window for `unit_code` (None: all in scope) as a whole; filters as read_coverage.

    Columns day, created, new, active, scans, people (Int64; the last three null on days without any scan loaded in the
    province) and active_mean7, scans_mean7, people_mean7 (Float64; null where one of the seven days is so).
    Raises WindowError or UnitError. Units are those in force at the window's end.
    """
    asked = ask(connection, unit_code, window, group, kind, department)
    longer = Window(window.first - WEEK, window.last)
    given = asked.parameters | list_communes(asked) | {"first": longer.first}
    found = connection.execute(statement("read_trend"), given)
    rows = pd.DataFrame(found.all(), columns=list(found.keys()))
    known = rows["day"].isin(set().union(*read_days(connection, asked, longer).values()))
    made = pd.Series(any(each.venues_known for each in asked.known.values()), index=rows.index)
    for name in ("created", "new", "active", "scans", "people"):
        rows[name] = rows[name].astype("Int64").where(known if name in MEANS else made)
    for name in MEANS:
        rows[f"{name}_mean7"] = rows[name].astype("Float64").rolling(7).mean().astype("Float64")
    return rows.iloc[WEEK.days :].reset_index(drop=True)


def read_days(connection, asked, window):
    """The days of a window for which scans are loaded, by province; of geo.asking.ask."""
    province = next(iter(asked.known)) if asked.unit else None
    given = {"vintage": asked.vintage.id, "province": province, "first": window.first, "last": window.last}
    days = {}
    for code, day in connection.execute(statement("read_days"), given):
        days.setdefault(code, set()).add(day)
    return days


@dataclass(frozen=True)
class Change:
    """A window beside the one of as many days before it.

    now, before: their Coverage; before is None where other units were in force then, so that nothing can be compared.
    rows: code and, for COUNTS, MORE_COUNTS and RATES, now less before (null where either is); of the rows of `now`, in their order.
    total: the same for the unit.
    """

    now: Coverage
    before: Coverage | None
    rows: pd.DataFrame
    total: pd.Series


def read_change(connection, unit_code, window, by="commune", **filters):
    """The Change of a window on the one before; by and filters as read_coverage."""
    now = read_coverage(connection, unit_code, window, by, **filters)
    before = read_coverage(connection, unit_code, window.previous(), by, **filters)
    if before.vintage.id != now.vintage.id:
        before = None
    figures = [*COUNTS, *MORE_COUNTS, *RATES]
    rows = now.rows.set_index("code")[figures]
    earlier = before.rows.set_index("code")[figures].reindex(rows.index) if before else rows.mask(rows.notna())
    total = now.total[figures] - (before.total[figures] if before else pd.Series(pd.NA, index=figures))
    return Change(now, before, (rows - earlier).reset_index(), total)
