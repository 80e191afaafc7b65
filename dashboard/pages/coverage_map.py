"""Bản đồ phủ QR: the three rates of a unit, its communes on the map and in a table, and one commune's panel."""

from html import escape
from urllib.parse import urlencode

import streamlit as st

from dashboard import data, panels, state
from dashboard.frame import choose_filters, find_filters, page, show_heading
from dashboard.map_panel import go_to
from dashboard.map_part import open_with_map, opens_with_map, show_map_part
from dashboard.venue_panel import show_venue, show_venues
from geo.coverage import COUNTS, RATES, sum_rows
from geo.units import ancestors, communes_within


def show_commune(place, reader, held, filters, atlas, found, text):
    """The panel of the chosen commune, beside the rates of its district and province; found: the Coverage that is shown."""
    if filters.commune is None:
        place.caption(text("choose_commune"))
        return

    def read(unit):
        inside = communes_within(atlas.units, unit.code)
        rows = found.rows[found.rows["code"].isin(inside)]
        if unit.in_scope and len(rows) == len(inside):
            return sum_rows(rows, unit)
        return data.total(held.version, reader.scope, unit.code, found.window.first, found.window.last, filters.group)

    row, *parents = map(read, ancestors(atlas.units, filters.commune))
    place.html(panels.commune_panel(row, parents, text))


def show_ways(filters, text):
    """The ways from the chosen commune: back to the unit, and down to it."""
    if filters.commune not in (None, filters.unit):
        line = st.container(horizontal=True)
        line.button(text("close"), on_click=go_to, args=(filters.unit,))
        if not filters.view.near:
            line.button(text("near"), on_click=go_to, args=(filters.unit, filters.commune, True))


def show_table(filters, atlas, found, text):
    """The communes as a table that sorts by any column, opens a commune's panel, and can be taken away."""
    names = {code: unit.name for code, unit in atlas.units.items()}
    rate, (numerator, denominator) = filters.indicator, RATES[filters.indicator]
    others = [count for count in COUNTS if count not in (numerator, denominator)]
    rest = [other for other in RATES if other != rate]
    columns = ["name", rate, numerator, denominator, *rest, *others, "parent_code"]
    rows = found.rows.sort_values([rate, "code"], na_position="last")  # those that stay behind first
    table = rows[columns].assign(parent_code=rows["parent_code"].map(names))
    forms = {column: text.percent if column in RATES else text.number for column in columns[1:-1]}
    titles = {column: text(column) for column in columns[1:-1]} | {
        "name": text("commune"),
        "parent_code": text("district_short"),
    }
    st.markdown(f"**{text('table', count=text.number(len(table)), rate=text(rate))}**")

    key, codes = f"table-{filters.unit}", list(rows["code"])
    # The row of the open panel is the one ticked, wherever it was opened or closed
    take_row = state.tick_row("commune", key, codes, filters.commune)
    st.dataframe(
        table.style.set_uuid("communes").format(forms),
        key=key,
        column_config={
            # Wide enough for the words that stand where nothing is known
            column: st.column_config.Column(
                title, pinned=column == "name", width=125 if table[column].hasnans else None
            )
            for column, title in titles.items()
        },
        hide_index=True,
        height=min(420, 38 + 35 * len(table)),
        placeholder=text("no_data"),
        on_select=take_row,
        selection_mode="single-row",
    )
    link = f"/export/coverage.xlsx?{urlencode(filters.as_query())}"
    st.html(f'<a class="phuqr-button" href="{escape(link)}" target="_self" download>{escape(text("export"))}</a>')


with page("") as (text, reader):
    held = data.holdings(reader.scope)
    heading, choices, figures = st.container(), st.container(key="choices"), st.container()
    bare = opens_with_map()
    if bare:
        filters, atlas, *_ = find_filters(reader, held, text, whole=True)
        bare = not (filters.view.beside or filters.view.drawn)
    if not bare:
        with choices:
            filters, atlas = choose_filters(reader, held, text, whole=True)
    window = filters.window
    coverage = data.coverage(held.version, reader.scope, filters.unit, window.first, window.last, filters.group)
    with heading:
        show_heading("title", held, atlas, coverage, text)
    figures.html(panels.figures(coverage.total, filters.window, text))
    left, right = (st.container(), st.container()) if filters.view.beside else st.columns([3, 2], gap="medium")
    if bare:
        with left:
            open_with_map(reader, held, filters, atlas, coverage, text)
    with right:
        show_venue(reader, held, filters, atlas, coverage, text)
        panel = st.empty()

    def show_panel(filters):
        show_commune(panel, reader, held, filters, atlas, coverage, text)

    with left:
        show_map_part([], show_panel, reader, held, filters, atlas, coverage, text)
    with right:
        show_ways(filters, text)
        show_table(filters, atlas, coverage, text)
    show_venues(reader, held, filters, atlas, coverage, text)
