"""Who may see what: the role and the units of a reader, told to PostgreSQL at the start of each transaction.

The policies of migrations/versions/0002_access.py decide by what `apply` sets; where nothing is set, no row is seen.
"""

import json
from dataclasses import dataclass

import sqlalchemy as sa

ROLES = ("leader", "district", "commune", "data", "health", "admin")


@dataclass(frozen=True)
class Scope:
    """A role, and the units whose rows it may see, with all inside them: (vintage id, code) each."""

    role: str
    units: tuple[tuple[int, str], ...] = ()


NOTHING = Scope("nobody")
_APPLY = sa.text("""
    SELECT set_config('phuqr.role', :role, true), set_config('phuqr.cases', :cases, true),
           set_config('phuqr.inside', coalesce(inside, ''), true), set_config('phuqr.above', coalesce(above, ''), true)
    FROM resolve_scope(CAST(:units AS jsonb))
""")


def apply(connection, scope, cases=False):
    """Let the rest of the transaction see the rows of `scope`, and none once it has ended.

    cases: also traced cases, where the role may see them; see geo.audit.reading_cases.
    """
    units = json.dumps([{"vintage": vintage, "code": code} for vintage, code in scope.units])
    connection.execute(_APPLY, {"role": scope.role, "cases": json.dumps(cases), "units": units})
