"""What the pages read, kept between reruns: the one file of pages' caches (dashboard/app.py keeps encoded geometry).

Every cached function takes the version of the data first, so that a load is seen at the next rerun.
"""

from dataclasses import dataclass

import streamlit as st

from geo import db
from geo.coverage import Window, read_coverage, read_holdings
from geo.units import Unit, Vintage, ancestors, list_units, list_vintages, read_bounds, vintage_in_force


@dataclass(frozen=True)
class Atlas:
    """The units in force on a day, each by its code, and their vintage."""

    vintage: Vintage
    units: dict[str, Unit]

    def province(self, code):
        """The province that a unit is in, or is."""
        return list(ancestors(self.units, code))[-1]


def holdings():
    """What is loaded now; asked anew at each rerun, since the rest hangs on its version."""
    with db.reading() as connection:
        return read_holdings(connection)


@st.cache_data(max_entries=20, show_spinner=False)
def atlas(version, day):
    """The units in force on `day`."""
    with db.reading() as connection:
        vintage = vintage_in_force(list_vintages(connection), day)
        return Atlas(vintage, list_units(connection, vintage))


@st.cache_data(max_entries=200, show_spinner=False)
def coverage(version, unit, first, last, group):
    """Coverage by commune of a unit, as geo.coverage.read_coverage gives it."""
    with db.reading() as connection:
        return read_coverage(connection, unit, Window(first, last), group=group)


@st.cache_data(max_entries=20, show_spinner=False)
def bounds(version, vintage_id, unit):
    """West, south, east and north of a unit, in degrees."""
    with db.reading() as connection:
        return read_bounds(connection, vintage_id, unit)
