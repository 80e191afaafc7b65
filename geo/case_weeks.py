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
    inside = [place.unit in ancestors(place.units, code) for code in rows["code"]]
    rows = rows[pd.Series(inside, rows.index, dtype=bool)].reset_index(drop=True)
    units = [place.units[code] for code in rows["code"]]
    rows = rows.assign(name=[unit.name for unit in units], parent_code=[unit.parent_code for unit in units])
    return CaseWeeks(
        place.unit, window, place.vintage, rows[["week", "code", "name", "parent_code", "cases"]], _add_up(rows, place),
        read_holdings(connection),
    )  # fmt: skip


def _add_up(rows, place):
    """What the rows can add up to, as they are shown: one or two where the count is left out."""
    ends = {}
    for week, code, cases in zip(rows["week"], rows["code"], rows["cases"], strict=True):
        least, most = (1, FEWEST - 1) if pd.isna(cases) else (int(cases), int(cases))
        for unit in ancestors(place.units, code):
            if place.unit.level <= unit.level < LEVELS["commune"]:
                low, high = ends.get((week, unit.code), (0, 0))
                ends[week, unit.code] = low + least, high + most
    found = [
        (week, code, place.units[code].name, place.units[code].level, low, high)
        for (week, code), (low, high) in sorted(ends.items())
    ]
    return pd.DataFrame(found, columns=["week", "code", "name", "level", "low", "high"])
