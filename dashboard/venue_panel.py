"""The list of venues of a unit, narrowed to a kind, a department or a state, and one venue's panel."""

from html import escape

import streamlit as st

from dashboard import data
from dashboard.map_view import STATES
from dashboard.state import overrule_table, tick_row
from geo.units import WHOLE, ancestors
from geo.venues import LISTED, Narrowed

_COLUMNS = ["name", "kind", "commune", "organisation", "created_on", "last_day", "state", "code"]


def narrowed(filters):
    """Which venues the reader has chosen."""
    return Narrowed(filters.view.kind, filters.group, filters.view.state, filters.view.department)


def scans_known(coverage):
    """Whether scans of the window are loaded: without, no venue is known to be silent."""
    return bool(coverage.total.notna()["active"])


def show_venues(reader, held, filters, atlas, coverage, text):
    """The venues of the chosen kind and state, one row each, of how many there are; nothing while the map is not about venues."""
    on_map = filters.view.layer == "venues"
    if filters.view.state is None and not on_map:
        return
    window, place = filters.window, filters.commune if filters.view.near else filters.unit
    asked = atlas.vintage, place, window.first, window.last, narrowed(filters), scans_known(coverage)
    rows, of = data.venues(held.version, reader.scope, *asked)
    kinds = data.kinds(held.version, reader.scope)
    st.markdown(f"**{text('venues.list', shown=text.number(len(rows)), of=text.number(of))}**")
    if not on_map:
        state, close = st.columns([4, 1], vertical_alignment="bottom")
        state.segmented_control(
            text("venues.state"),
            STATES,
            key="map-state",
            format_func=lambda name: text(f"venues.{name}"),
            required=True,
        )
        close.button(text("close"), key="venues-close", on_click=lambda: st.session_state.update({"map-state": None}))
    if rows.empty:
        st.caption(text("venues.none"))
        return
    names = {code: unit.name for code, unit in atlas.units.items()}
    table = rows.assign(
        commune=rows["commune_code"].map(names), kind=[kinds[kind][text.language != "vi"] for kind in rows["kind"]],
        state=[text(f"venues.{state}") if state else text("no_data") for state in rows["state"]],
    )[_COLUMNS]  # fmt: skip
    titles = {column: text(f"venues.column.{column}") for column in table}
    for column in ("created_on", "last_day"):
        titles[column] = st.column_config.DateColumn(titles[column], format="DD/MM/YYYY")
    codes = list(rows["code"])
    take_row = tick_row("map-venue", "venues", codes, filters.view.venue)
    st.dataframe(
        table, key="venues", hide_index=True, column_config=titles, height=min(420, 38 + 35 * len(table)), placeholder="–",
        on_select=take_row, selection_mode="single-row",
    )  # fmt: skip
    if of > LISTED:
        st.caption(text("venues.more", shown=text.number(LISTED)))


def show_venue(reader, held, filters, atlas, coverage, text):
    """The panel of the open venue; nothing without one, or where there is none of that code in scope."""
    if filters.view.venue is None:
        return
    window = filters.window
    asked = atlas.vintage, WHOLE, window.first, window.last, Narrowed(), scans_known(coverage), filters.view.venue
    found, _ = data.venues(held.version, reader.scope, *asked)
    if found.empty:
        return
    st.html(venue_panel(found.iloc[0], atlas, data.kinds(held.version, reader.scope), text))
    st.button(text("close"), key="venue-close", on_click=close_venue)


def close_venue():
    """Close the panel of the open venue; for callbacks."""
    overrule_table("map-venue")
    st.session_state["map-venue"] = None


def venue_panel(venue, atlas, kinds, text):
    """All that is known of one venue, as HTML. venue: a row of geo.venues.list_venues."""
    place = ", ".join(unit.name for unit in ancestors(atlas.units, venue["commune_code"]))
    last = text("venues.last", day=text.day(venue["last_day"])) if venue["last_day"] else text("venues.never_last")
    lines = [
        kinds[venue["kind"]][text.language != "vi"],
        venue["organisation"],
        ", ".join(filter(None, (venue["address"], place))),
        f"{text('venues.created', day=text.day(venue['created_on']))}, {last}",
        None if venue["with_point"] else text("venues.no_point"),
        text("venues.outside") if venue["outside_commune"] else None,
    ]
    state = text(f"venues.{venue['state']}") if venue["state"] else text("no_data")
    said = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    return (
        f'<section class="phuqr-panel phuqr-venue"><h2>{escape(venue["name"])}</h2>'
        f"<p><b>{escape(state)}</b> · {escape(text('code'))} {escape(venue['code'])}</p>{said}</section>"
    )
