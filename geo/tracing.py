"""The tracing gap (I11): declared visits of traced cases of which the system holds no scan, by place, kind and agency.

Of visits, health and leaders see those in their scope, in a transaction of geo.audit.reading_cases; every other role the counts of
geo.case_weeks.
"""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from geo.coverage import Holdings, Window, list_kinds, read_holdings
from geo.db import statement
from geo.errors import TracingError, UnitError
from geo.intervals import wilson_interval
from geo.units import LEVELS, Unit, Vintage, ancestors, find_unit, list_units, list_vintages, vintage_in_force

CASE_ROLES = ("health", "leader")
KINDS = ["a", "b", "c", "covered"]  # of declared visits, in the order in which they are asked for
COUNTS = [*KINDS, "declared", "unknown"]
DEFINITIONS = {
    "a": "I11: declared visits to a place without a QR code on the day of arrival, or to no venue",
    "b": "I11: to a venue with one, without a scan on that day",
    "c": "I11: to a venue with scans on that day, of which none is in the hours of the visit",
    "covered": "declared visits with a scan in their hours, or on their day where its hours are not known",
    "declared": "a + b + c + covered: visits that F0 and F1 declared",
    "unknown": "declared visits on days of which no scans are loaded; in none of the others",
    "rate": "I11 = (a + b + c) / declared",
    "low": "lower end of the rate's 95 % Wilson interval",
    "high": "upper end of it",
}
BY = ("commune", "district", "province", "kind", "department")
NO_VENUE = "none"  # the code, by kind or department, of visits to a place that is no venue


@dataclass(frozen=True)
class Place:
    """What is asked about: a unit in force on a day, the units beside it by code, and the code of its province."""

    vintage: Vintage
    units: dict[str, Unit]
    unit: Unit
    province: str

    @property
    def asked(self):
        """The parameters that name it in a statement."""
        return {"vintage": self.vintage.id, "province": self.province, "unit": self.unit.code}


@dataclass(frozen=True)
class Gap:
    """The tracing gap of a unit and what lies inside it.

    rows: code, name, COUNTS (Int64), rate, low, high (Float64 fractions; null where nothing was declared); by commune, district or
    province one row per unit, with parent_code; by kind one per kind that was visited, by department one per department that answers
    for such a kind, with name_en, NO_VENUE among them.
    total: the same for the unit, as a Series. visits_known: some visits are loaded; without, every count is 0 and says nothing.
    purged_until: the last day whose visits were removed, None where none were.
    """

    unit: Unit
    window: Window
    vintage: Vintage
    rows: pd.DataFrame
    total: pd.Series
    visits_known: bool
    purged_until: date | None
    holdings: Holdings


def refuse_cases(scope):
    """TracingError for a scope whose role may not see cases: for it there would be none, which is no finding."""
    if scope.role not in CASE_ROLES:
        raise TracingError(
            f"the role {scope.role} sees no traced cases; what it may see are weekly counts by commune: phuqr cases"
        )


def find_place(connection, unit_code, day):
    """The Place of a unit in scope; UnitError where there is none."""
    vintage = vintage_in_force(list_vintages(connection), day)
    units = list_units(connection, vintage)
    unit = find_unit(units, unit_code, vintage)
    return Place(vintage, units, unit, list(ancestors(units, unit.code))[-1].code)


def read_gap(connection, unit_code, window, by="commune"):
    """The Gap of a unit in a window, by one of BY; UnitError where the unit lies inside a larger kind than asked for."""
    return read_gaps(connection, unit_code, window, [by])[by]


def read_gaps(connection, unit_code, window, bys):
    """The Gap of a unit by each of several of BY, its visits judged once."""
    place = find_place(connection, unit_code, window.last)
    for by in bys:
        if by in LEVELS and LEVELS[by] < place.unit.level:
            raise UnitError(f"{place.unit.name} lies inside a {by}; ask by a smaller kind of unit")
    cells = _read(connection, "read_gap", **place.asked, first=window.first, last=window.last)
    total = {"code": place.unit.code, "name": place.unit.name, **cells[[*KINDS, "unknown"]].sum()}
    total = add_gap_rate(pd.DataFrame([total])).iloc[0]
    purged = _read(connection, "read_purged", province=place.province).iloc[0]
    told = bool(purged["visits_known"]), purged["last_day"], read_holdings(connection)
    return {
        by: Gap(place.unit, window, place.vintage, add_gap_rate(_list_rows(connection, cells, place, by)), total, *told) for by in bys
    }


def read_gap_weeks(connection, unit_code, window):
    """The gap by weeks that share a day with the window: week (its Monday), COUNTS, rate, low, high; those of purged visits too."""
    place = find_place(connection, unit_code, window.last)
    return add_gap_rate(_read(connection, "read_gap_weeks", **place.asked, first=window.first, last=window.last))


def add_gap_rate(rows):
    """The rows, with a, b, c, covered and unknown, also with declared, rate, low and high."""
    counts = rows[[*KINDS, "unknown"]].fillna(0).astype("Int64")
    declared = counts[KINDS].sum(axis=1).astype("Int64")
    missed = declared - counts["covered"]
    low, high = wilson_interval(missed.to_numpy(int), declared.to_numpy(int))
    rate = missed.astype("Float64") / declared.mask(declared == 0).astype("Float64")
    rest = [column for column in rows if column not in counts]
    return pd.concat([rows[rest], counts.assign(declared=declared)[COUNTS]], axis=1).assign(
        rate=rate, low=pd.array(low, "Float64"), high=pd.array(high, "Float64")
    )


def _list_rows(connection, cells, place, by):
    """Sums of the cells by `by`: of every unit inside the place, or of the kinds that were visited, or who answers for them, by name."""
    if by in LEVELS:
        codes = cells["commune_code"].map(lambda commune: _above(place.units, commune, LEVELS[by]))
        return _list_units(place, by).merge(_sum_by(cells, codes), on="code", how="left")
    kinds = pd.DataFrame(list_kinds(connection)).rename(columns={"code": "kind", "name_vi": "kind_vi", "name_en": "kind_en"})
    names = kinds[[by, f"{by}_vi", f"{by}_en"]].set_axis(["code", "name", "name_en"], axis=1).drop_duplicates("code")
    codes = cells["kind"].map(kinds.set_index("kind", drop=False)[by]).fillna(NO_VENUE)
    return names.merge(_sum_by(cells, codes), on="code", how="right").sort_values("name", na_position="last", ignore_index=True)


def _sum_by(cells, codes):
    """Sums of the cells (one per commune and kind) by the code that each has."""
    return cells[[*KINDS, "unknown"]].groupby(codes.rename("code").astype(object)).sum().reset_index()


def _above(units, code, level):
    return next((unit.code for unit in ancestors(units, code) if unit.level == level), None)


def _list_units(place, by):
    """The units inside the place, also those without visits."""
    inside = [
        unit for unit in place.units.values()
        if unit.level == LEVELS[by] and place.unit in ancestors(place.units, unit.code)
    ]  # fmt: skip
    named = [[unit.code, unit.name, unit.parent_code] for unit in inside]
    return pd.DataFrame(named, columns=["code", "name", "parent_code"])


def read_tracing_version(connection):
    """A number that grows with each review, answer, rule and purge, for whatever is kept of these."""
    return connection.scalar(statement("read_tracing_version"))


def _read(connection, name, **parameters):
    found = connection.execute(statement(name), parameters)
    return pd.DataFrame(found.all(), columns=list(found.keys()))
