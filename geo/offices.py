"""What is to be done about posters where devices take their place, and the staff of agencies that has the app (I10)."""

from dataclasses import dataclass
from datetime import date
from hashlib import sha256

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from geo.asking import Window, ask, list_communes
from geo.db import statement
from geo.errors import CampaignError
from geo.schema import load_run
from geo.schema_offices import solution_in_force
from geo.units import Unit, find_unit, list_units, list_vintages, vintage_in_force

STAFF_DEFINITIONS = {
    "staff": "staff of the agencies that returned it, by each one's newest return (denominator of I10)",
    "installed": "of these, those with the app",
    "installed_rate": "I10 = installed / staff",
}


def list_solutions(connection):
    """What is in force, by province and first day: dicts as the columns of solution_in_force; posters where no row is."""
    rows = solution_in_force.select().order_by(solution_in_force.c.province_code, solution_in_force.c.from_day)
    return list(map(dict, connection.execute(rows).mappings()))


def set_solution(connection, province_code, from_day, solution, decree, by):
    """Say that a province has "poster" or "device" in force from a day on, until the next such day of it; by: who says so."""
    row = {"province_code": province_code, "from_day": from_day, "solution": solution, "decree": decree}
    keys = [solution_in_force.c.province_code, solution_in_force.c.from_day]
    connection.execute(insert(solution_in_force).values(row).on_conflict_do_update(index_elements=keys, set_=row))
    _record(connection, f"{province_code} {from_day} {solution} {decree}", by)


def _record(connection, said, by):
    """Keep a change of what is in force as a load is kept, for it restates figures that were read before."""
    counts = {"rows_in": 1, "rows_loaded": 1, "rows_refused": 0, "rows_changed": 1, "warnings": 0}
    connection.execute(load_run.insert().values(
        kind="solution", file_name=said, sha256=sha256(said.encode()).hexdigest(), loaded_by=by, settings={}, invented=False,
        finished_at=sa.func.clock_timestamp(), **counts,
    ))  # fmt: skip


def remove_solution(connection, province_code, from_day, by):
    """Take back what set_solution said of a day; CampaignError where nothing was."""
    at = sa.and_(solution_in_force.c.province_code == province_code, solution_in_force.c.from_day == from_day)
    if not connection.execute(solution_in_force.delete().where(at)).rowcount:
        raise CampaignError(f"nothing is in force in {province_code} from {from_day:%d/%m/%Y} on; see phuqr solution list")
    _record(connection, f"{province_code} {from_day} -", by)


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
