"""Coverage of venues by QR codes (I1 to I7): how many were created, how many are scanned, by unit, kind or department."""

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from geo.db import statement
from geo.errors import UnitError, WindowError
from geo.units import LEVELS, Unit, Vintage, ancestors, find_unit, list_units, list_vintages, vintage_in_force

COUNTS = ["obliged", "created_obliged", "created", "new", "active", "cohort", "never_scanned", "scans", "people"]
MORE_COUNTS = ["silent", "no_scan_communes", "population"]
SILENT_DAYS = 7  # I5's k, unless another one is asked for
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
    "silent": "I5: of those created, venues whose last scan is k days or more before the window's end (7 unless asked otherwise)",
    "no_scan_communes": "I6: communes without a scan in the window",
    "population": "inhabitants (denominator of I1b)",
    "scans": "I7: scans in the window",
    "people": "I7: people in the window, counted anew each day and venue",
    "creation_rate": "I1 = created_obliged / obliged",
    "activity_rate": "I4 = active / created",
    "cohort_rate": "I4c = cohort / new",
    "density": "I1b = created per 1,000 inhabitants, where no register exists; never to be mixed with I1",
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
    """Counts and rates of a unit and of what it is divided by.

    rows: one row per unit, columns code, name, level, parent_code, COUNTS and MORE_COUNTS (Int64, null where nothing was loaded to
    count from), RATES (Float64 fractions; null without a denominator; above 1 where more was created than registered) and
    density (Float64, a number per 1,000, null without inhabitants). By kind or department: their code, name and name_en in
    two more languages' words; level, parent_code, communes and inhabitants are null.
    total: the same for `unit` itself, as a Series; unit is None where every unit in scope was asked for.
    scans_until: last day with scans in the province of the unit; None where there are none.
    """

    unit: Unit | None
    window: Window
    vintage: Vintage
    rows: pd.DataFrame
    total: pd.Series
    scans_until: date | None
    holdings: Holdings


def read_coverage(
    connection, unit_code, window, by="commune", group=None, kind=None, department=None, silent_days=SILENT_DAYS
):
    """Coverage of `unit_code` (None: of all in scope) in `window`, by "commune", "district", "province", "kind" or "department".

    group: an obligation group of the register ("A", "C") to narrow venues and register to; None for all. kind, department: the
    same by codes; the register of a kind is known where organisations of known kinds were registered one by one.
    Raises WindowError or UnitError. Units are those in force at the window's end.
    """
    asked = _ask(connection, unit_code, window, group, kind, department, silent_days)
    unit = asked.unit
    if by in LEVELS:
        if unit and LEVELS[by] < unit.level:
            raise UnitError(f"{unit.name} lies inside a {by}; ask by a smaller kind of unit")
        rows = _read_units(connection, asked, LEVELS[by])
        total = _sum_units(asked, rows)
    else:
        rows = _read_kinds(connection, asked, by)
        total = _sum_units(asked, _read_units(connection, asked, unit.level if unit else LEVELS["province"]))
    return Coverage(unit, window, asked.vintage, rows, total, asked.scans_until, asked.holdings)


def read_total(connection, unit_code, window, group=None, kind=None, department=None, silent_days=SILENT_DAYS):
    """Counts and rates of a district or province, a Series as Coverage.total: also of one that the reader's scope lies in.

    Raises WindowError, or UnitError for any other unit.
    """
    asked = _ask(connection, unit_code, window, group, kind, department, silent_days, above=True)
    return _read_units(connection, asked, asked.unit.level, "read_total").iloc[0]


@dataclass(frozen=True)
class _Asked:
    """What a read is asked for, and what is loaded to answer it.

    kinds: rows of list_kinds that are counted; parameters: what all the reads bind.
    """

    vintage: Vintage
    unit: Unit | None
    holdings: Holdings
    kinds: list
    parameters: dict
    scans_until: date | None


def _ask(connection, unit_code, window, group, kind, department, silent_days, above=False):
    """The _Asked of a read; above: of a district or province that need not be in scope."""
    vintage = vintage_in_force(list_vintages(connection), window.last)
    units = list_units(connection, vintage)
    if above and (unit_code not in units or units[unit_code].level == LEVELS["commune"]):
        raise UnitError(f"there is no unit {unit_code} among those in force since {vintage.valid_from:%d/%m/%Y}")
    unit = units[unit_code] if above else find_unit(units, unit_code, vintage) if unit_code else None
    holdings = read_holdings(connection)
    if group is not None and group not in holdings.groups and not above:  # of a parent, others may have the group
        raise UnitError(f"the register has no group {group}; it has {', '.join(holdings.groups) or 'none'}")
    kinds = list_kinds(connection)
    for name, code, found in (("kind", kind, "code"), ("department", department, "department")):
        if code is not None and code not in {row[found] for row in kinds}:
            known = ", ".join(sorted({row[found] for row in kinds}))
            raise UnitError(f"there is no {name} {code}; there are {known}")
    chosen = [
        row for row in kinds
        if (row["obligation_group"] == group or group is None) and kind in (None, row["code"])
        and department in (None, row["department"])
    ]  # fmt: skip
    known = _read_provinces(connection, units, unit, vintage, window)
    parameters = {
        "vintage": vintage.id, "unit": unit and unit.code, "first": window.first, "last": window.last, "group": group,
        "kinds": [row["code"] for row in chosen] if len(chosen) < len(kinds) else None,
        "named": kind is not None or department is not None, "silent_days": silent_days,
        "venues_known": [each.code for each in known if each.venues_known],
        "scans_known": [each.code for each in known if each.scans_known],
    }  # fmt: skip
    until = max((each.scans_until for each in known if each.scans_until), default=None)
    return _Asked(vintage, unit, holdings, chosen, parameters, until)


def read_peers(connection, found, group=None):
    """Of the other units of the parent of a coverage's unit: obliged, created_obliged, created and active (Int64), unnamed.

    Also of those out of the reader's scope; for geo.lagging, which judges a unit among them.
    """
    unit = found.unit
    asked = _ask(connection, unit.code, found.window, group, None, None, SILENT_DAYS).parameters
    peers = connection.execute(
        statement("read_peers"), asked | {"unit": unit.parent_code, "peer": unit.code, "level": unit.level}
    )
    return pd.DataFrame(peers.all(), columns=list(peers.keys())).astype("Int64")


def list_kinds(connection):
    """The kinds of venue with their obligation groups and responsible departments: dicts as sql/list_kinds.sql."""
    return list(map(dict, connection.execute(statement("list_kinds")).mappings()))


def _read_provinces(connection, units, unit, vintage, window):
    """What is loaded of the province that a unit is in, or of all; WindowError where the one cannot be counted in this vintage."""
    province = list(ancestors(units, unit.code))[-1].code if unit else None
    asked = {"vintage": vintage.id, "province": province, "first": window.first, "last": window.last}
    known = connection.execute(statement("read_province"), asked).all()
    elsewhere = sum(each.other_vintages for each in known)
    if unit and elsewhere:
        raise WindowError(
            f"{elsewhere} venues were declared in other units than those in force since "
            f"{vintage.valid_from:%d/%m/%Y} and cannot be counted there; choose a window of their time"
        )
    return [each for each in known if not each.other_vintages]


def _read_units(connection, asked, level, name="read_coverage"):
    """Rows by unit of a level; name: of the statement."""
    found = connection.execute(statement(name), asked.parameters | {"level": level})
    rows = pd.DataFrame(found.all(), columns=list(found.keys()))
    return _finish(rows.astype({count: "Int64" for count in [*COUNTS, *MORE_COUNTS]}))


def _read_kinds(connection, asked, by):
    """Rows by kind or department, of those that are counted."""
    codes = {"kinds": [row["code"] for row in asked.kinds]}
    found = connection.execute(statement("read_kinds"), asked.parameters | codes)
    counts = [*COUNTS, *MORE_COUNTS]
    rows = pd.DataFrame(found.all(), columns=list(found.keys())).reindex(columns=["code", *counts]).astype(dict.fromkeys(counts, "Int64"))
    of = pd.DataFrame(asked.kinds).set_index("code").loc[rows["code"]]
    names = {"code": of.index, "name": of["name_vi"], "name_en": of["name_en"]}
    if by == "department":
        names = {"code": of["department"], "name": of["department_vi"], "name_en": of["department_en"]}
    names = pd.DataFrame({column: list(values) for column, values in names.items()})
    rows = rows[counts].groupby([names[column] for column in names]).sum(min_count=1).reset_index()
    return _finish(rows.assign(level=pd.NA, parent_code=None))


def _sum_units(asked, rows):
    """The row of the unit that was asked for: itself, or the sum of the rows, null where all of them are."""
    unit = asked.unit
    if unit and len(rows) == 1 and rows["code"].iloc[0] == unit.code:
        return rows.iloc[0]
    sums = rows[[*COUNTS, *MORE_COUNTS]].sum(min_count=1)
    sums["population"] = rows["population"].sum(skipna=False)
    who = [unit.code, unit.name, unit.level, unit.parent_code] if unit else [None, None, None, None]
    total = pd.DataFrame([[*who, *sums]], columns=["code", "name", "level", "parent_code", *COUNTS, *MORE_COUNTS])
    return _finish(total.astype({count: "Int64" for count in [*COUNTS, *MORE_COUNTS]})).iloc[0]


def _finish(rows):
    """The rows with their rates and density, where these are columns of theirs in one order."""
    people = rows["population"].mask(rows["population"] == 0).astype("Float64")
    return add_rates(rows).assign(density=1000 * rows["created"].astype("Float64") / people)


def add_rates(rows):
    """The rows with the three rates; null where the denominator is null or 0."""
    rates = {
        rate: rows[numerator].astype("Float64") / rows[denominator].mask(rows[denominator] == 0).astype("Float64")
        for rate, (numerator, denominator) in RATES.items()
    }
    return rows.assign(**rates)
