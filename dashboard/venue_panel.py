"""The list of venues of a unit, narrowed to a kind or a state."""

import streamlit as st

from dashboard import data
from dashboard.map_view import STATES
from geo.venues import LISTED, Narrowed


def narrowed(filters):
    """Which venues the reader has chosen."""
    return Narrowed(filters.view.kind, filters.group, filters.view.state)


def scans_known(coverage):
    """Whether scans of the window are loaded: without, no venue is known to be silent."""
    return coverage.total.notna()["active"]


def show_venues(reader, held, filters, atlas, coverage, text):
    """The venues of the chosen state, one row each, of how many there are; nothing while none is chosen."""
    if filters.view.state is None:
        return
    window, place = filters.window, filters.commune if filters.view.near else filters.unit
    asked = atlas.vintage, place, window.first, window.last, narrowed(filters), bool(scans_known(coverage))
    rows, of = data.venues(held.version, reader.scope, *asked)
    kinds = data.kinds(held.version, reader.scope)
    names = {code: unit.name for code, unit in atlas.units.items()}
    st.markdown(f"**{text('venues.list', shown=text.number(len(rows)), of=text.number(of))}**")
    state, close = st.columns([4, 1], vertical_alignment="bottom")
    state.segmented_control(
        text("venues.state"), STATES, key="map-state", format_func=lambda name: text(f"venues.{name}"), required=True
    )
    close.button(text("close"), key="venues-close", on_click=lambda: st.session_state.update({"map-state": None}))
    if rows.empty:
        st.caption(text("venues.none"))
        return
    named = 0 if text.language == "vi" else 1
    table = rows.assign(
        commune=rows["commune_code"].map(names), kind=rows["kind"].map({code: both[named] for code, both in kinds.items()}),
        state=[text(f"venues.{state}") if state else text("no_data") for state in rows["state"]],
    )[["name", "kind", "commune", "organisation", "created_on", "last_day", "state", "code"]]  # fmt: skip
    titles = {column: text(f"venues.column.{column}") for column in table}
    for column in ("created_on", "last_day"):
        titles[column] = st.column_config.DateColumn(titles[column], format="DD/MM/YYYY")
    st.dataframe(
        table,
        key="venues",
        hide_index=True,
        column_config=titles,
        height=min(420, 38 + 35 * len(table)),
        placeholder="–",
    )
    if of > LISTED:
        st.caption(text("venues.more", shown=text.number(LISTED)))
