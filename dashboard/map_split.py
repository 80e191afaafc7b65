"""Two windows side by side on two maps that move as one."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from dashboard import data, state
from dashboard.map_layers import window_before
from dashboard.map_panel import show_map
from geo.units import WHOLE

CAMERA = "split"


def choose_beside(filters, text):
    """The other Window of a split view; None where the map stands alone."""
    chosen = filters.view.beside

    def take_toggle():
        other = window_before(filters.window) if st.session_state["split"] else None
        st.session_state.update({"map-beside_from": other and other.first, "map-beside_to": other and other.last})

    def take_days():
        days = st.session_state["beside-days"]
        if len(days) == 2:
            st.session_state.update({"map-beside_from": days[0], "map-beside_to": days[1]})

    st.session_state["split"] = chosen is not None
    line = st.container(key="map-split", horizontal=True, vertical_alignment="center")
    line.toggle(text("split"), key="split", on_change=take_toggle)
    if chosen:
        first, last = state.CALENDAR
        st.session_state["beside-days"] = (chosen.first, chosen.last)
        line.date_input(
            text("split.days"), key="beside-days", min_value=first, max_value=last, format="DD/MM/YYYY", on_change=take_days,
            label_visibility="collapsed", width=260,
        )  # fmt: skip
    return chosen


def show_split(reader, held, filters, atlas, found, beside, text):
    """The chosen window on the right, the other on the left; each on the units in force at its end."""
    left, right = st.columns(2, gap="small")
    # Other layers than the rates compare by themselves
    filters = replace(filters, view=replace(filters.view, layer="rates"))
    then = data.atlas(held.version, reader.scope, beside.last)
    there = filters.unit == WHOLE or filters.unit in then.units
    earlier = (
        data.coverage(held.version, reader.scope, filters.unit, beside.first, beside.last, filters.group)
        if there
        else None
    )
    counts = [each.rows["created"].max() for each in (found, earlier) if each]
    options = {"camera": CAMERA, "largest": max((int(count) for count in counts if pd.notna(count)), default=None)}
    with right:
        show_map(reader, held, filters, atlas, found, text, **options)
    with left:
        if earlier is None:
            st.info(text("error.window"))
        else:
            show_map(reader, held, replace(filters, window=beside), then, earlier, text, key="map-beside", **options)
