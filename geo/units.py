"""Provinces, districts and communes, and the vintage of boundaries that was in force on a day."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from geo.db import statement
from geo.errors import BoundaryError, UnitError

LEVELS = {"province": 1, "district": 2, "commune": 3}
_KEPT = 16  # scopes and vintages whose units are kept with a connection
_SCOPE = sa.text("SELECT current_setting('phuqr.inside', true), current_setting('phuqr.above', true)")
WHOLE = "all"  # stands for a unit's code where all in scope is meant, be it the country


@dataclass(frozen=True)
class Vintage:
    """A set of units in force from `valid_from`.

    sketched: some of its polygons are the sample's. version: the moment, in ms, of the last load that changed a unit.
    """

    id: int
    valid_from: date
    source: str
    licence: str | None
    sketched: bool
    version: int

    @property
    def origin(self):
        """The source and, where it names one, its licence: what stands on the map."""
        return " – ".join(filter(None, (self.source, self.licence)))


class Unit(NamedTuple):
    """An administrative unit of one vintage; level 1 province, 2 district, 3 commune.

    id: its number, by which venues and scans name it. in_scope: its rows can be read; of a unit above the reader's scope only the name and the sums.
    """

    code: str
    level: int
    name: str
    parent_code: str | None
    id: int
    in_scope: bool


@dataclass(frozen=True)
class Atlas:
    """The units in force on a day that the reader may know of, each by its code, and their vintage."""

    vintage: Vintage
    units: dict[str, Unit]

    def province(self, code):
        """The province that a unit is in, or is."""
        return list(ancestors(self.units, code))[-1]

    def top(self, code):
        """The largest unit in scope that a unit in scope is in, or is; None for WHOLE."""
        if code == WHOLE:
            return None
        return [unit for unit in ancestors(self.units, code) if unit.in_scope][-1]

    def tops(self):
        """Codes of the units in scope that lie in no other."""
        return [code for code, unit in self.units.items() if unit.in_scope and self.top(code) is unit]


def read_atlas(connection, day):
    """The Atlas of `day`."""
    vintage = vintage_in_force(list_vintages(connection), day)
    return Atlas(vintage, list_units(connection, vintage))


def list_vintages(connection):
    """All vintages, oldest first."""
    return [Vintage(**row) for row in connection.execute(statement("list_vintages")).mappings()]


def vintage_in_force(vintages, day):
    """The vintage in force on `day`; the oldest one for the days before it, since nothing older is known."""
    if not vintages:
        raise BoundaryError(
            "no boundaries are loaded; type: phuqr load boundaries FILE --vintage YYYY-MM-DD, or: phuqr demo"
        )
    in_force = [vintage for vintage in vintages if vintage.valid_from <= day]
    return in_force[-1] if in_force else vintages[0]


def find_vintage(connection, day):
    """The Vintage that begins on `day`; BoundaryError names those there are."""
    known = list_vintages(connection)
    for vintage in known:
        if vintage.valid_from == day:
            return vintage
    days = ", ".join(f"{vintage.valid_from}" for vintage in known) or "none"
    raise BoundaryError(f"no boundaries begin on {day}; loaded are: {days}")


def list_units(connection, vintage):
    """The units of a vintage that the reader may know of, by code, provinces first; a loader knows all.

    Those of readers are kept with the pooled connection, by what PostgreSQL has for the scope and by the units' version.
    """
    key = vintage.id, vintage.version, *connection.execute(_SCOPE).one()
    kept = connection.info.setdefault("units", {})
    if key in kept:
        return kept[key]
    rows = connection.execute(statement("list_units"), {"vintage": vintage.id})
    units = {row[0]: Unit._make(row) for row in rows.all()}
    if any(key[2:]):
        if len(kept) == _KEPT:
            kept.clear()
        kept[key] = units
    return units


def find_unit(units, code, vintage):
    """The unit of that code; UnitError where the vintage has none, or none in scope: the two are not told apart."""
    if code not in units or not units[code].in_scope:
        raise UnitError(f"there is no unit {code} among those in force since {vintage.valid_from:%d/%m/%Y}")
    return units[code]


def ancestors(units, code):
    """The unit of that code and those above it, from the smallest to the province."""
    while code:
        yield units[code]
        code = units[code].parent_code


def communes_within(units, code):
    """Codes of the communes inside a unit: itself, if it is one; of WHOLE, all in scope."""
    return [
        unit.code
        for unit in units.values()
        if unit.level == 3
        and (
            unit.in_scope
            if code == WHOLE
            else code in (unit.code, unit.parent_code, units[unit.parent_code].parent_code)
        )
    ]


def read_polygons(connection, vintage_id, code=None):
    """The communes inside a unit, or all in scope, as drawn on the map: code, name, parent_code, geometry (EPSG:4326).

    Neighbours share their borders, simplified to about 10 m in a district or commune, 50 m in a province, 500 m in all.
    """
    import geopandas as gpd  # a tenth of a second, which a load does without

    place = {"vintage": vintage_id, "unit": code}
    return gpd.read_postgis(statement("list_polygons"), connection, geom_col="geometry", params=place)


def read_bounds(connection, vintage_id, code=None):
    """West, south, east and north of a unit, or of all in scope, as drawn on the map, in degrees."""
    return tuple(connection.execute(statement("read_bounds"), {"vintage": vintage_id, "unit": code}).one())
