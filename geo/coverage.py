"""Coverage of venues by QR codes (I1 to I7): how many were created, how many are scanned, by unit, kind or department."""

from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
import pandas as pd
import sqlalchemy as sa

from geo.asking import SILENT_DAYS, Holdings, Window, ask, list_communes, list_kinds, read_holdings
from geo.db import statement
from geo.errors import UnitError
from geo.units import LEVELS, Unit, Vintage

__all__ = [
    "COUNTS", "DEFINITIONS", "MORE_COUNTS", "RATES", "SILENT_DAYS", "Coverage", "Holdings", "Window", "add_rates", "list_kinds",
    "read_coverage", "read_holdings", "read_peers", "read_total", "sum_rows",
]  # fmt: skip
COUNTS = ["obliged", "created_obliged", "created", "new", "active", "cohort", "never_scanned", "scans", "people"]
MORE_COUNTS = ["silent", "no_scan_communes", "population"]
_ALL_COUNTS = [*COUNTS, *MORE_COUNTS]
# Each rate with its numerator and denominator: sums first, then one division.
RATES = {
    "creation_rate": ("created_obliged", "obliged"),
    "activity_rate": ("active", "created"),
    "cohort_rate": ("cohort", "new"),
}
DEFINITIONS = {
    "obliged": "venues of the register that must have a QR code (denominator of I1)",
    "created_obliged": "venues of the register's groups with a QR code created by the window's end (numerator of I1); where the "
    "province has replaced posters by devices, those with a device",
    "created": "venues with a QR code created by the window's end",
    "new": "I2: venues whose QR code was created in the window",
    "active": "I3: of those created, venues with one scan or more in the window",
    "cohort": "venues created and active in the window (numerator of I4c)",
    "never_scanned": "I5: of those created, venues with no scan ever, up to the window's end",
    "silent": "I5: of those created, venues whose last scan is k days or more before the window's end (7 unless asked otherwise)",
    "no_scan_communes": "I6: communes without a scan in the window",
    "population": "inhabitants (denominator of I1b)",
    "scans": "I7: scans in the window",
    "people": "I7: people in the window, counted anew each day and venue",
    "creation_rate": "I1 = created_obliged / obliged",
    "activity_rate": "I4 = active / created",
    "cohort_rate": "I4c = cohort / new",
    "density": "I1b = created per 1,000 inhabitants, for where no register exists; never to be mixed with I1",
}


@dataclass(frozen=True)
class Coverage:
    """Counts and rates of a unit and of what it is divided by.

    rows: one row per unit, columns code, name, level, parent_code, COUNTS and MORE_COUNTS (Int64, null where nothing was loaded to
    count from), RATES (Float64 fractions; null without a denominator; above 1 where more was created than registered) and
    density (Float64, a number per 1,000, null without inhabitants). By kind or department: their code, name, and name_en;
    level, parent_code, communes and inhabitants are null.
    total: the same for `unit` itself, as a Series; unit is None where every unit in scope was asked for.
    scans_until: last day with scans in the province of the unit; None where there are none.
    solution: what the province obliges venues to have at the window's end, "poster" or "device"; None for several provinces
    that differ.
    """

    unit: Unit | None
    window: Window
    vintage: Vintage
    rows: pd.DataFrame
    total: pd.Series
    scans_until: date | None
    holdings: Holdings
    solution: str | None = "poster"


def read_coverage(
    connection, unit_code, window, by="commune", group=None, kind=None, department=None, silent_days=SILENT_DAYS
):
    """Coverage of `unit_code` (None: of all in scope) in `window`, by "commune", "district", "province", "kind" or "department".

    group: an obligation group of the register ("A", "C") to narrow venues and register to; None for all. kind, department: the
    same by codes; the register of a kind is known where organisations of known kinds were registered one by one.
    Raises WindowError or UnitError. Units are those in force at the window's end.
    """
    asked = ask(connection, unit_code, window, group, kind, department, silent_days)
    unit = asked.unit
    if by in LEVELS:
        if unit and LEVELS[by] < unit.level:
            raise UnitError(f"{unit.name} lies inside a {by}; ask by a smaller kind of unit")
        rows = _read_units(connection, asked, LEVELS[by])
        total = sum_rows(rows, unit)
    else:
        rows = _read_kinds(connection, asked, by)
        total = sum_rows(_read_units(connection, asked, unit.level if unit else LEVELS["province"]), unit)
    return Coverage(unit, window, asked.vintage, rows, total, asked.scans_until, asked.holdings, asked.solution)


def read_total(connection, unit_code, window, group=None, kind=None, department=None, silent_days=SILENT_DAYS):
    """Counts and rates of a district or province, a Series as Coverage.total: also of one that the reader's scope lies in.

    Raises WindowError, or UnitError for any other unit.
    """
    asked = ask(connection, unit_code, window, group, kind, department, silent_days, above=True)
    return take_row(_tell(asked, Counts.of(connection.execute(statement("read_total"), asked.parameters))))


def read_peers(connection, found, group=None):
    """Of the other units of the parent of a coverage's unit: obliged, created_obliged, created and active (Int64), unnamed.

    Also of those out of the reader's scope; for geo.lagging, which judges a unit among them.
    """
    unit = found.unit
    asked = ask(connection, unit.code, found.window, group)
    (known,) = asked.known.values()
    peers = connection.execute(
        statement("read_peers"), asked.parameters | {"unit": unit.parent_code, "peer": unit.code}
    )
    rows = pd.DataFrame(peers.all(), columns=list(peers.keys())).astype("Int64")
    rows.loc[:, [] if known.venues_known else ["created_obliged", "created"]] = pd.NA
    rows.loc[:, [] if known.scans_known else ["active"]] = pd.NA
    return rows


def _read_units(connection, asked, level):
    """The rows by unit of a level, a DataFrame as Coverage.rows."""
    found = connection.execute(_in_columns(), asked.parameters | list_communes(asked, level)).mappings().one()
    return _tell(asked, Counts({name: column or [] for name, column in found.items()}))


@cache
def _in_columns():
    """read_coverage.sql with each column as one array: as rows, those of a country are so many objects that Python stops to look
    for garbage among them."""
    columns = ", ".join(f"array_agg({name}) AS {name}" for name in ("code", *_ALL_COUNTS))
    return sa.text(f"SELECT {columns} FROM ({statement('read_coverage').text}) found")


def _tell(asked, counts):
    """Rows by unit of the Counts, with names and rates, null where nothing was loaded of their province."""
    names, provinces = name_units(asked, counts)
    told = []
    for name in ("venues_known", "scans_known"):
        known = {province: asked.knows(province, name) for province in set(provinces)}
        told.append([known[province] for province in provinces])
    return _add_figures(names, counts.take(*told))


def name_units(asked, counts):
    """The columns code, name, level and parent_code of the units counted, and the codes of their provinces."""
    units = [asked.units[code] for code in counts.codes]
    provinces = [asked.provinces[unit.code if unit.level < LEVELS["commune"] else unit.parent_code] for unit in units]
    return {
        name: [getattr(unit, name) for unit in units] for name in ("code", "name", "level", "parent_code")
    }, provinces


def _read_kinds(connection, asked, by):
    """The rows by kind or department, of those that are counted, a DataFrame as Coverage.rows."""
    chosen = {"kinds": [row["code"] for row in asked.kinds]}
    counts = Counts.of(connection.execute(statement("read_kinds"), asked.parameters | chosen | list_communes(asked)))
    kinds = {row["code"]: row for row in asked.kinds}
    columns = ("code", "name_vi", "name_en") if by == "kind" else ("department", "department_vi", "department_en")
    names = [tuple(kinds[code][column] for column in columns) for code in counts.codes]
    known = (
        [any(getattr(each, name) for each in asked.known.values())] * len(names)
        for name in ("venues_known", "scans_known")
    )
    rows = pd.DataFrame(counts.take(*known)).groupby(pd.Index(names, tupleize_cols=False)).sum(min_count=1)
    code, name, english = zip(*rows.index, strict=True) if len(rows) else ((), (), ())
    named = {"code": code, "name": name, "name_en": english, "level": None, "parent_code": None}
    return _add_figures(named, {count: rows[count].array for count in _ALL_COUNTS})


def sum_rows(rows, unit):
    """The row of a unit (None: of all in scope) that is made up of these rows of a Coverage, a Series as its total.

    The row itself where it is the unit's; else their sums, null where all of them are.
    """
    if unit and len(rows) == 1 and rows["code"].iloc[0] == unit.code:
        return take_row(rows)
    sums = {}
    for count in _ALL_COUNTS:
        known = rows[count].to_numpy("f8", na_value=np.nan)
        known = known[~np.isnan(known)]
        unknown = len(known) < len(rows) if count == "population" else not len(known)
        sums[count] = pd.array([pd.NA if unknown else int(known.sum())], "Int64")
    names = {name: [getattr(unit, name) if unit else None] for name in ("code", "name", "level", "parent_code")}
    return take_row(_add_figures(names, sums))


def take_row(rows):
    """The only row, as `iloc` gives it in twenty times as long."""
    return pd.Series([rows[name].array[0] for name in rows], index=rows.columns, dtype=object)


class Counts:
    """What a statement found: a row per code, a column per count."""

    def __init__(self, columns):
        """columns: sequences by name, all as long."""
        self._columns, self.codes = columns, columns["code"]

    @classmethod
    def of(cls, found):
        """Those of a result's rows."""
        rows, names = found.all(), list(found.keys())
        return cls(dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ()))

    def take(self, venues_known, scans_known):
        """The counts as arrays of Int64, null where nothing was loaded to count from: told for each row, of venues and scans."""
        venues_known, scans_known, always = (
            np.array(each, bool) for each in (venues_known, scans_known, [True] * len(self.codes))
        )
        of = dict.fromkeys(_ALL_COUNTS, scans_known) | dict.fromkeys(
            ("created_obliged", "created", "new"), venues_known
        )
        of |= dict.fromkeys(("obliged", "population"), always)
        return {name: self.take_one(name, known) for name, known in of.items()}

    def take_one(self, name, known):
        """A count as Int64, null where it is not known: told for each row."""
        column, unknown = self._columns.get(name, [None] * len(known)), ~np.asarray(known, bool)
        try:
            return pd.arrays.IntegerArray(np.array(column, "i8"), unknown)
        except TypeError:  # there are nulls
            null = np.array([value is None for value in column], bool)
            return pd.arrays.IntegerArray(np.array([value or 0 for value in column], "i8"), null | unknown)


def _add_figures(names, counts):
    """A DataFrame of names, counts (arrays of Int64), rates and density."""
    rates = {rate: divide(counts[numerator], counts[denominator]) for rate, (numerator, denominator) in RATES.items()}
    density = 1000 * divide(counts["created"], counts["population"])
    return pd.DataFrame(dict(names) | counts | rates | {"density": density}, copy=False)


def add_rates(rows):
    """The rows, their counts Int64, with the three rates; null where the denominator is null or 0."""
    rates = {
        rate: divide(rows[numerator].array, rows[denominator].array) for rate, (numerator, denominator) in RATES.items()
    }
    return rows.assign(**rates)


def divide(numerator, denominator):
    """Two arrays of Int64 divided, as Float64: null where either is, and where the denominator is 0."""
    above, below = (each.to_numpy("f8", na_value=np.nan) for each in (numerator, denominator))
    null = np.isnan(above) | np.isnan(below) | (below == 0)
    return pd.arrays.FloatingArray(np.where(null, 0.0, above) / np.where(null, 1.0, below), null)
