"""Visits past retention are removed, with what they were told as before; counts by week and commune are kept."""

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from geo import db
from geo.accounts import everything
from geo.audit import record
from geo.case_weeks import FEWEST
from geo.db import statement
from geo.schema_tracing import visit_purge
from geo.scope import Scope, apply
from geo.tracing_rules import read_rule

_DAYS = "arrived_at < (CAST(:last AS date) + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'"
_HERE = """
    (vintage, commune_code) IN (
        SELECT c.vintage, c.code FROM admin_unit c JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
        WHERE c.level = 3 AND :province IN (p.code, p.parent_code)
    )
"""
_COUNT = sa.text(f"SELECT count(*) FROM visit WHERE {_DAYS} AND {_HERE}")
_DELETE = sa.text(f"DELETE FROM visit WHERE {_DAYS} AND {_HERE}")
_DELETE_HISTORY = sa.text(f"DELETE FROM visit_history WHERE {_DAYS} AND {_HERE}")


@dataclass(frozen=True)
class Purge:
    """What was removed of a province: visits that were over by the end of last_day, the last day past retention."""

    province: str
    last_day: date
    visits: int


def purge_visits(actor, day=None):
    """Remove the visits of every province that `day` (today) is too late for; a Purge each, on record also where there were none.

    Of a week whose first visits go, the counts by commune are taken before, and stay.
    """
    day = day or db.today()
    with db.loading() as connection:
        units = everything(connection)
        apply(connection, Scope(actor.scope.role, units))  # what judges visits asks whose province it is
        return [_purge(connection, actor, province, day) for province in sorted({code for _, code in units})]


def _purge(connection, actor, province, day):
    last_day = day - timedelta(read_rule(connection, "keep_days", province, day) + 1)
    asked = {"province": province, "last": last_day}
    count = connection.scalar(_COUNT, asked)
    purge = sa.insert(visit_purge).values(province=province, last_day=last_day, visits=count, account=actor.name)
    number = connection.scalar(purge.returning(visit_purge.c.id))
    for counted in ("keep_gap_weeks", "keep_case_weeks"):  # the second says which weeks are kept
        connection.execute(statement(counted), {**asked, "purge": number})
    for delete in (_DELETE, _DELETE_HISTORY):
        connection.execute(delete, asked)
    told = count if count == 0 or count >= FEWEST else f"< {FEWEST}"
    record(connection, actor, "visits_purged", f"{province}: {told} visits until {last_day}")
    return Purge(province, last_day, count)
