"""What is to be done about posters where devices take their place, and the staff of agencies that has the app (I10)."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from geo.asking import Window, ask, list_communes
from geo.db import statement
from geo.units import Unit, find_unit, list_units, list_vintages, vintage_in_force

STAFF_DEFINITIONS = {
    "staff": "staff of the agencies that returned it, by each one's newest return (denominator of I10)",
    "installed": "of these, those with the app",
    "installed_rate": "I10 = installed / staff",
}


def list_old_posters(connection, unit_code, day, group=None, kind=None, department=None):
    """The venues of a unit (None: of all in scope) that still have a poster on a day though its province has devices in force.

    A frame of venue_code, name, kind, commune_code, commune, address, created_on; empty where posters are in force.
    """
    asked = ask(connection, unit_code, Window(day, day), group, kind, department)
    given = asked.parameters | list_communes(asked) | {"day": day}
    found = connection.execute(statement("list_old_posters"), given)
    return pd.DataFrame(found.all(), columns=list(found.keys()))


@dataclass(frozen=True)
class StaffReturns:
    """I10 of a unit on a day: each agency's newest return.

    rows: code and name of the agency's unit, organisation, returned_on, staff, installed (Int64), installed_rate (Float64, null
    without staff). total: staff, installed, installed_rate of all of them.
    """

    unit: Unit | None
    day: date
    rows: pd.DataFrame
    total: pd.Series


def read_staff(connection, unit_code, day):
    """The StaffReturns of a unit (None: of all in scope); None where no agency returned anything, for then I10 is not shown."""
    vintage = vintage_in_force(list_vintages(connection), day)
    unit = find_unit(list_units(connection, vintage), unit_code, vintage) if unit_code else None
    found = connection.execute(
        statement("list_staff_returns"), {"vintage": vintage.id, "unit": unit_code, "day": day}
    )
    rows = pd.DataFrame(found.all(), columns=list(found.keys())).astype({"staff": "Int64", "installed": "Int64"})
    if not len(rows):
        return None
    sums = rows[["staff", "installed"]].sum()
    rate = sums["installed"] / sums["staff"] if sums["staff"] else pd.NA
    total = pd.Series({**sums, "installed_rate": rate}, dtype=object)
    rates = rows["installed"].astype("Float64") / rows["staff"].mask(rows["staff"] == 0).astype("Float64")
    return StaffReturns(unit, day, rows.assign(installed_rate=rates), total)
