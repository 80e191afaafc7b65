"""I15: how correct, complete, timely and connected what is loaded is, by unit and by source, and the loads themselves."""

from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from geo.coverage import Window
from geo.db import statement
from geo.errors import UnitError
from geo.units import LEVELS, Unit, Vintage, find_unit, list_units

LATE_DAYS = 7  # a commune whose newest scans are further back than this, before the newest day anywhere, is late
COUNTS = ["communes", "communes_with_venues", "communes_with_scans", "communes_late",
          "venues", "with_point", "inside", "by_code", "by_name"]  # fmt: skip
# Each share with its numerator and denominator: sums first, then one division.
SHARES = {
    "points_inside": ("inside", "venues"),
    "points_right": ("inside", "with_point"),
    "points_known": ("with_point", "venues"),
    "venues_told": ("communes_with_venues", "communes"),
    "scans_told": ("communes_with_scans", "communes"),
    "communes_behind": ("communes_late", "communes"),
    "placed_by_code": ("by_code", "venues"),
}


@dataclass(frozen=True)
class Quality:
    """I15 of a unit and of the units inside it.

    rows: one row per unit, columns code, name, level, parent_code, COUNTS (Int64, null where no venue is loaded), SHARES
    (Float64; null without a denominator), last_day (newest day with scans, or null) and days_without (days from it to
    `newest`; null where there never were scans). total: the same for `unit`, a Series.
    newest: the newest day with scans anywhere, or null. elsewhere: venues declared in another vintage, in no row.
    """

    unit: Unit
    vintage: Vintage
    window: Window
    newest: object
    rows: pd.DataFrame
    total: pd.Series
    elsewhere: int


def read_quality(connection, unit_code, vintage, window, newest, by="commune"):
    """I15 of `unit_code` by "commune", "district" or "province"; a Quality.

    vintage: whose units; window: the days in which a commune is asked for scans; newest: the newest day with scans
    anywhere, or None. UnitError for a unit out of scope, or smaller than `by`.
    """
    unit = find_unit(list_units(connection, vintage), unit_code, vintage)
    if LEVELS[by] < unit.level:
        raise UnitError(f"{unit.name} lies inside a {by}; ask by a smaller kind of unit")
    late = (newest or window.last) - timedelta(days=LATE_DAYS)
    asked = {"vintage": vintage.id, "unit": unit_code, "first": window.first, "last": window.last, "late": late}

    def read(level):
        found = connection.execute(statement("read_quality"), {**asked, "level": level})
        return _add_shares(pd.DataFrame(found.all(), columns=list(found.keys())), newest)

    rows = read(LEVELS[by])
    total = rows if LEVELS[by] == unit.level else read(unit.level)
    return Quality(unit, vintage, window, newest, rows, total.iloc[0], int(total["elsewhere"].iloc[0]))


def _add_shares(rows, newest):
    rows = rows.astype({count: "Int64" for count in COUNTS})
    shares = {share: divide(rows[numerator], rows[denominator]) for share, (numerator, denominator) in SHARES.items()}
    last = pd.to_datetime(rows["last_day"])
    days = (pd.Timestamp(newest) - last).dt.days if newest else pd.Series(pd.NA, index=rows.index)
    return rows.assign(**shares, days_without=days.astype("Int64"))


def divide(numerator, denominator):
    """Two Series, or two counts that may be null, divided: null where the denominator is null or 0."""
    if isinstance(numerator, pd.Series):
        return numerator.astype("Float64") / denominator.mask(denominator == 0).astype("Float64")
    return numerator / denominator if pd.notna(numerator) and pd.notna(denominator) and denominator else None


def list_runs(connection, kind=None, limit=200):
    """Loads, the newest first, as sql/list_runs.sql; none unless the reader's role is data or admin."""
    return _frame(connection.execute(statement("list_runs"), {"kind": kind, "limit": limit}))


def list_findings(connection, run, limit=100_000):
    """What was found in the file of a load, of communes in scope, as sql/list_findings.sql."""
    return _frame(connection.execute(statement("list_findings"), {"run": run, "limit": limit}))


def list_sources(connection):
    """The newest load that took rows, by kind, as sql/list_sources.sql."""
    return _frame(connection.execute(statement("list_sources")))


def _frame(found):
    frame = pd.DataFrame(found.all(), columns=list(found.keys()))
    counts = [name for name in frame if name.startswith("rows_") or name in ("run", "warnings", "unknown_venues")]
    return frame.astype({name: "Int64" for name in counts})
