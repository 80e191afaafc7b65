"""What every role may know of traced cases: how many were in a commune in a week, and of one or two only that there were few.

PostgreSQL leaves the small counts out (read_case_weeks), and each count is of one commune and one whole week that is over, the same
whoever asks for whatever else: taking answers from each other leaves nothing over. The figures of larger units here are worked out
from what is shown, so that they tell no more.
"""

from dataclasses import dataclass

import pandas as pd

from geo.coverage import Holdings, Window, read_holdings
from geo.db import statement
from geo.tracing import find_place
from geo.units import LEVELS, Unit, Vintage, ancestors

FEWEST = 3  # fewer cases than this, but some, are shown as "< 3"
DEFINITIONS = {
    "cases": "distinct cases, F0 and F1, that were in the commune in the week from Monday to Sunday; null: one or two, shown as < 3",
    "low": "the least that the communes' figures, as shown, can add up to; a case in two communes counts twice",
    "high": "the most that they can",
}


@dataclass(frozen=True)
class CaseWeeks:
    """Cases by commune and week in a unit.

    rows: week (its Monday), code, name, parent_code, cases (Int64; null for one or two); no row where no visits are loaded, or no week
    of the window is whole and over. sums: week, code, name, level, low, high of each district of the unit, and of itself.
    """

    unit: Unit
    window: Window
    vintage: Vintage
    rows: pd.DataFrame
    sums: pd.DataFrame
    holdings: Holdings


def read_case_weeks(connection, unit_code, window):
    """The CaseWeeks of a unit in the whole weeks of a window that are over; for every role, within its scope."""
    place = find_place(connection, unit_code, window.last)
    asked = {"vintage": place.vintage.id, "first": window.first, "last": window.last}
    found = connection.execute(statement("read_case_weeks"), asked)
    rows = pd.DataFrame(found.all(), columns=["week", "code", "cases"]).astype({"cases": "Int64"})
    inside = rows["code"].map(lambda code: place.unit in ancestors(place.units, code)).astype(bool)
    rows = rows[inside].sort_values(["week", "code"], ignore_index=True)
    units = rows["code"].map(place.units)
    rows = rows.assign(name=[unit.name for unit in units], parent_code=[unit.parent_code for unit in units])
    return CaseWeeks(
        place.unit, window, place.vintage, rows[["week", "code", "name", "parent_code", "cases"]], _add_up(rows, place),
        read_holdings(connection),
    )  # fmt: skip


def _add_up(rows, place):
    """What the rows can add up to, as they are shown: one or two where the count is left out."""
    ends = rows.assign(low=rows["cases"].fillna(1), high=rows["cases"].fillna(FEWEST - 1))
    sums = []
    for level in range(place.unit.level, LEVELS["commune"]):
        above = ends["code"].map(lambda code, level=level: next(u.code for u in ancestors(place.units, code) if u.level <= level))
        of_level = ends.assign(code=above).groupby(["week", "code"])[["low", "high"]].sum().reset_index()
        sums.append(of_level[of_level["code"].map(lambda code, level=level: place.units[code].level == level)])
    summed = pd.concat(sums) if sums else pd.DataFrame(columns=["week", "code", "low", "high"])
    units = summed["code"].map(place.units)
    summed = summed.assign(name=[unit.name for unit in units], level=[unit.level for unit in units])
    return summed[["week", "code", "name", "level", "low", "high"]].astype({"low": "Int64", "high": "Int64"})
