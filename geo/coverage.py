"""Coverage of venues by QR codes: how many were created, how many are scanned (I1 to I4c), per unit and window."""

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from geo.db import statement
from geo.errors import UnitError, WindowError
from geo.units import LEVELS, Unit, Vintage, ancestors, find_unit, list_units, list_vintages, vintage_in_force

COUNTS = ["obliged", "created_obliged", "created", "new", "active", "cohort", "never_scanned", "scans", "people"]
# Each rate with its numerator and denominator: sums first, then one division.
RATES = {
    "creation_rate": ("created_obliged", "obliged"),
    "activity_rate": ("active", "created"),
    "cohort_rate": ("cohort", "new"),
}
DEFINITIONS = {
    "obliged": "venues of the register that must have a QR code (denominator of I1)",
    "created_obliged": "venues of the register's groups with a QR code created by the window's end (numerator of I1)",
    "created": "venues with a QR code created by the window's end",
    "new": "I2: venues whose QR code was created in the window",
    "active": "I3: of those created, venues with one scan or more in the window",
    "cohort": "venues created and active in the window (numerator of I4c)",
    "never_scanned": "I5: of those created, venues with no scan ever, up to the window's end",
    "scans": "I7: scans in the window",
    "people": "I7: people in the window, counted anew each day and venue",
    "creation_rate": "I1 = created_obliged / obliged",
    "activity_rate": "I4 = active / created",
    "cohort_rate": "I4c = cohort / new",
}


@dataclass(frozen=True)
class Window:
    """A pair of local days (Asia/Ho_Chi_Minh), both inclusive."""

    first: date
    last: date

    def __post_init__(self):
        if self.first > self.last:
            raise WindowError(
                f"the window begins on {self.first:%d/%m/%Y}, after its end on {self.last:%d/%m/%Y}; swap the two days"
            )


@dataclass(frozen=True)
class Holdings:
    """What the database holds, whatever unit and window are asked for.

    version: grows with each load. as_of: end of the last load that took rows; scans_until: last day with scans
    anywhere; both None before any.
    groups: obligation groups of the register. first_commune: code of the first venue's commune, None without venues.
    invented: some venue is the sample's.
    """

    version: int
    as_of: datetime | None
    scans_until: date | None
    groups: list[str]
    first_commune: str | None
    invented: bool


def read_holdings(connection):
    """What has been loaded until now."""
    return Holdings(**connection.execute(statement("read_holdings")).mappings().one())


@dataclass(frozen=True)
class Coverage:
    """Counts and rates of a unit and of the units inside it.

    rows: one row per unit, columns code, name, level, parent_code, COUNTS (Int64, null where nothing was loaded to
    count from) and RATES (Float64 fractions; null without a denominator; above 1 where more was created than registered).
    total: the same for `unit` itself, as a Series.
    scans_until: last day with scans in the province of the unit; None where there are none.
    """

    unit: Unit
    window: Window
    vintage: Vintage
    rows: pd.DataFrame
    total: pd.Series
    scans_until: date | None
    holdings: Holdings


def read_coverage(connection, unit_code, window, by="commune", group=None):
    """Coverage of `unit_code` in `window`, by "commune", "district" or "province".

    group: an obligation group of the register ("A", "C") to narrow venues and register to; None for all.
    Raises WindowError or UnitError. Units are those in force at the window's end.
    """
    vintage = vintage_in_force(list_vintages(connection), window.last)
    units = list_units(connection, vintage)
    unit = find_unit(units, unit_code, vintage)
    if LEVELS[by] < unit.level:
        raise UnitError(f"{unit.name} lies inside a {by}; ask by a smaller kind of unit")
    holdings = read_holdings(connection)
    if group is not None and group not in holdings.groups:
        raise UnitError(f"the register has no group {group}; it has {', '.join(holdings.groups) or 'none'}")
    known = _read_province(connection, units, unit, vintage, window)

    def read(level):
        return _read_counts(connection, "read_coverage", unit, level, vintage, window, group, known)

    rows = read(LEVELS[by])
    total = rows if LEVELS[by] == unit.level else read(unit.level)
    return Coverage(unit, window, vintage, rows, total.iloc[0], known.scans_until, holdings)


def read_total(connection, unit_code, window, group=None):
    """Counts and rates of a district or province, a Series as Coverage.total: also of one that the reader's scope lies in.

    Raises WindowError, or UnitError for any other unit.
    """
    vintage = vintage_in_force(list_vintages(connection), window.last)
    units = list_units(connection, vintage)
    if unit_code not in units or units[unit_code].level == LEVELS["commune"]:
        raise UnitError(f"there is no unit {unit_code} among those in force since {vintage.valid_from:%d/%m/%Y}")
    unit = units[unit_code]
    known = _read_province(connection, units, unit, vintage, window)
    return _read_counts(connection, "read_total", unit, unit.level, vintage, window, group, known).iloc[0]


def read_peers(connection, found, group=None):
    """Of the other units of the parent of a coverage's unit: obliged, created_obliged, created and active (Int64), unnamed.

    Also of those out of the reader's scope; for geo.lagging, which judges a unit among them.
    """
    known = _read_province(connection, list_units(connection, found.vintage), found.unit, found.vintage, found.window)
    asked = connection.execute(
        statement("read_peers"),
        {
            "vintage": found.vintage.id, "unit": found.unit.parent_code, "peer": found.unit.code, "level": found.unit.level,
            "first": found.window.first, "last": found.window.last, "group": group, "venues_known": known.venues_known,
            "scans_known": known.scans_known,
        },
    )  # fmt: skip
    return pd.DataFrame(asked.all(), columns=list(asked.keys())).astype("Int64")


def _read_province(connection, units, unit, vintage, window):
    """What is loaded of the province that a unit is in; WindowError where it cannot be counted in this vintage."""
    province = list(ancestors(units, unit.code))[-1].code
    days = {"first": window.first, "last": window.last}
    known = connection.execute(statement("read_province"), {"vintage": vintage.id, "province": province, **days}).one()
    if known.other_vintages:
        raise WindowError(
            f"{known.other_vintages} venues were declared in other units than those in force since "
            f"{vintage.valid_from:%d/%m/%Y} and cannot be counted there; choose a window of their time"
        )
    return known


def _read_counts(connection, name, unit, level, vintage, window, group, known):
    found = connection.execute(
        statement(name),
        {
            "vintage": vintage.id, "unit": unit.code, "level": level, "first": window.first, "last": window.last,
            "group": group, "venues_known": known.venues_known, "scans_known": known.scans_known,
        },
    )  # fmt: skip
    rows = pd.DataFrame(found.all(), columns=list(found.keys()))
    return add_rates(rows.astype({count: "Int64" for count in COUNTS}))


def add_rates(rows):
    """The rows with the three rates; null where the denominator is null or 0."""
    rates = {
        rate: rows[numerator].astype("Float64") / rows[denominator].mask(rows[denominator] == 0).astype("Float64")
        for rate, (numerator, denominator) in RATES.items()
    }
    return rows.assign(**rates)
