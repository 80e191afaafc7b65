"""Venues one by one, and how many there are by commune: narrowed to a kind, a department, a group and a state."""

from dataclasses import dataclass

import pandas as pd

from geo.db import statement

LISTED = 500  # rows of a list at most


@dataclass(frozen=True)
class Narrowed:
    """Which venues are meant: of one kind, one obligation group, one state, the kinds of one department; None: of all.

    state: never (no scan up to the window's end), silent (some, none of them in the window), active (one in the window or more),
    no_point (without coordinates) or outside (these lie outside the declared commune).
    """

    kind: str | None = None
    group: str | None = None
    state: str | None = None
    department: str | None = None


def list_venues(connection, vintage, unit, window, narrowed, scans_known=True, code=None, limit=LISTED):
    """The venues inside a unit (code; None: all in scope), a frame with the columns of sql/list_venues.sql, and how many there are.

    scans_known: whether scans of the window are loaded; without, no venue has a state. code: of one venue, to find it alone.
    """
    asked = _asked(vintage, unit, window, narrowed, scans_known) | {"code": code, "limit": limit}
    found = connection.execute(statement("list_venues"), asked)
    rows = pd.DataFrame(found.all(), columns=list(found.keys()))
    return rows.drop(columns="of"), int(rows["of"].iloc[0]) if len(rows) else 0


def count_venues(connection, vintage, unit, window, narrowed, scans_known=True):
    """How many such venues each commune has: frame id (number of the commune), code, venues, with_point; no row for none."""
    found = connection.execute(statement("count_venues"), _asked(vintage, unit, window, narrowed, scans_known))
    return pd.DataFrame(found.all(), columns=list(found.keys()))


def count_points(connection, vintage, unit):
    """Of how many venues inside a unit it is not known where they are: venues, no_point, outside (of their declared commune)."""
    return connection.execute(statement("count_points"), {"vintage": vintage.id, "unit": unit}).one()


def find_code(connection, number):
    """The code of the venue of that number; None where there is none in scope."""
    return connection.scalar(statement("find_code"), {"number": number})


def _asked(vintage, unit, window, narrowed, scans_known):
    return {
        "vintage": vintage.id, "unit": unit, "first": window.first, "last": window.last, "scans_known": scans_known,
        "kind": narrowed.kind, "group": narrowed.group, "state": narrowed.state, "department": narrowed.department,
    }  # fmt: skip
