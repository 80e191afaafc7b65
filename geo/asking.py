"""What a read is asked for, of which units, venues and days, and what is loaded to answer it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from geo.db import statement
from geo.errors import UnitError, WindowError
from geo.units import LEVELS, Unit, Vintage, ancestors, find_unit, list_units, list_vintages, vintage_in_force

SILENT_DAYS = 7  # I5's k, unless another one is asked for


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

    def previous(self):
        """The window of as many days before this one."""
        end = self.first - timedelta(days=1)
        return Window(end - (self.last - self.first), end)


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
class Asked:
    """What a read is asked for, and what is loaded to answer it.

    units: all that the reader knows of, by code. kinds: rows of list_kinds that are counted. known: rows of read_province by code.
    parameters: what all the reads bind.
    """

    vintage: Vintage
    units: dict[str, Unit]
    unit: Unit | None
    holdings: Holdings
    kinds: list
    known: dict
    parameters: dict

    @property
    def scans_until(self):
        """The last day with scans in the provinces asked for; None where there are none."""
        return max((each.scans_until for each in self.known.values() if each.scans_until), default=None)

    @cached_property
    def provinces(self):
        """The code of the province by that of each district and province."""
        return {code: unit.parent_code or code for code, unit in self.units.items() if unit.level < LEVELS["commune"]}

    def knows(self, province, name):
        """Whether venues or scans, by a name of read_province, are loaded of a province and can be counted."""
        return province in self.known and getattr(self.known[province], name)

    @property
    def solution(self):
        """What the provinces asked for have in force; None where they differ."""
        solutions = {each.solution for each in self.known.values()}
        return solutions.pop() if len(solutions) == 1 else None


def ask(connection, unit_code, window, group=None, kind=None, department=None, silent_days=SILENT_DAYS, above=False):
    """The Asked of a read; above: of a district or province that need not be in scope."""
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
    }  # fmt: skip
    return Asked(vintage, units, unit, holdings, chosen, known, parameters)


def list_kinds(connection):
    """The kinds of venue with their obligation groups and responsible departments: dicts as sql/list_kinds.sql."""
    return list(map(dict, connection.execute(statement("list_kinds")).mappings()))


def _read_provinces(connection, units, unit, vintage, window):
    """What is loaded of the province that a unit is in, or of all, by code; WindowError where the one cannot be counted in this vintage."""
    province = list(ancestors(units, unit.code))[-1].code if unit else None
    asked = {"vintage": vintage.id, "province": province, "first": window.first, "last": window.last}
    known = {each.code: each for each in connection.execute(statement("read_province"), asked)}
    elsewhere = sum(each.other_vintages for each in known.values())
    if unit and elsewhere:
        raise WindowError(
            f"{elsewhere} venues were declared in other units than those in force since "
            f"{vintage.valid_from:%d/%m/%Y} and cannot be counted there; choose a window of their time"
        )
    return {code: each for code, each in known.items() if not each.other_vintages}


def list_communes(asked, level=LEVELS["commune"]):
    """The communes asked for as the reads bind them: numbers, codes, the code of the unit of a level that each is in, and whether
    its province has devices in force."""
    top, devices = (
        asked.unit and asked.unit.code,
        {code for code, each in asked.known.items() if each.solution == "device"},
    )
    listed = []
    for unit in asked.units.values():
        if unit.level == LEVELS["commune"] and unit.in_scope:
            parent, province = unit.parent_code, asked.provinces[unit.parent_code]
            if top is None or top in (unit.code, parent, province):
                row = (province, parent if parent != province else None, unit.code)[level - 1]
                if row:  # since 01/07/2025 there is no district
                    listed.append((str(unit.id), unit.code, row, "t" if province in devices else "f"))
    columns = zip(*listed, strict=True) if listed else ((), (), (), ())
    names = "communes", "codes", "rows", "devices"
    return {name: f"{{{','.join(column)}}}" for name, column in zip(names, columns, strict=True)}
