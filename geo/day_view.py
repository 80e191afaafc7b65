"""The leader's view of a day: how far a unit is, what changed in a week, who lags and why, the deadlines, and where cases met."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from geo.campaign import list_campaigns, read_clock
from geo.coverage import Holdings, Window, read_holdings
from geo.hotspots import Hotspots, read_hotspots
from geo.lagging import Lagging, read_lagging
from geo.tracing import Gap, read_gap
from geo.trends import WEEK, Change, Day, read_change, read_day, read_trend
from geo.units import LEVELS, Unit, Vintage, find_unit, read_atlas

SPOTS = 10  # hotspots that are listed, of all that are counted


@dataclass(frozen=True)
class DayView:
    """What is shown of a unit on a day, over the seven days that end with it.

    units: all that the reader knows of, by code. change: by commune, on the seven days before. today: I4d by commune. days: read_trend
    of the window. lagging: of the communes. clocks: of its deadlines, at the day's end. gap, hotspots: None for who sees no cases.
    """

    unit: Unit
    units: dict[str, Unit]
    vintage: Vintage
    day: date
    window: Window
    holdings: Holdings
    change: Change
    today: Day
    days: pd.DataFrame
    lagging: Lagging
    clocks: list
    gap: Gap | None
    hotspots: Hotspots | None

    @property
    def before(self):
        """The total of the seven days before; all null where other units were in force."""
        now = self.change.now.total
        return self.change.before.total if self.change.before else pd.Series(pd.NA, index=now.index)


def read_day_view(connection, unit_code, day, cases):
    """The DayView of a unit in scope; cases: also gap and hotspots, in a transaction of geo.audit.reading_cases.

    UnitError for what is out of scope; WindowError where the unit's venues were declared in other units.
    """
    window = Window(day - WEEK, day)
    atlas = read_atlas(connection, day)
    unit = find_unit(atlas.units, unit_code, atlas.vintage)
    change = read_change(connection, unit_code, window)
    due = [each for each in list_campaigns(connection, atlas.units, unit_code) if each.target]
    return DayView(
        unit, atlas.units, change.now.vintage, day, window, read_holdings(connection), change,
        read_day(connection, unit_code, day), read_trend(connection, unit_code, window), read_lagging(connection, unit_code, window),
        [read_clock(connection, unit_code, each, day) for each in due],
        read_gap(connection, unit_code, window) if cases else None,
        read_hotspots(connection, unit_code, window, coverage=change.now, most=SPOTS) if cases else None,
    )  # fmt: skip


def list_places(units):
    """Codes of the units that a day can be shown of: provinces and districts in scope, and communes where they are all there is."""
    return [
        code for code, unit in units.items()
        if unit.in_scope and (unit.level < LEVELS["commune"] or not units[unit.parent_code].in_scope)
    ]  # fmt: skip
