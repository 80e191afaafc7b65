"""Bản đồ phủ QR: the three rates of a unit, its communes on the map and in a table, and one commune's panel."""

from html import escape
from urllib.parse import urlencode

import streamlit as st
from streamlit_folium import st_folium

from dashboard import data, panels
from dashboard.app import geometry_url
from dashboard.frame import choose_filters, page, show_heading
from dashboard.legend import PALETTE, classify, legend_entries
from dashboard.maps import OUTSIDE, SWATCHES, commune_map, paint
from geo.coverage import COUNTS, RATES
from geo.units import ancestors, communes_within

MAP_HEIGHT = 480


def show_map(reader, held, filters, atlas, found, text):
    """The choropleth; its geometry is that of all in scope around the chosen unit, so that it travels once."""
    rate, (numerator, denominator) = filters.indicator, RATES[filters.indicator]
    top = atlas.top(filters.unit)
    rows = found.rows.set_index("code")
    records = rows.to_dict("index")
    classes = classify(rows, rate)
    outside = {code: OUTSIDE for code in communes_within(atlas.units, top.code) if code not in classes.index}
    labels = {name: text(f"map.{name}") for name in ("loading", "failed", "zoom_in", "zoom_out")}

    def take_click():
        code = st.session_state["map"]["commune"]
        if code in outside:  # go to where it lies
            st.session_state.unit = atlas.units[code].parent_code
        st.session_state.commune = code

    labels |= {"language": text.language, "map": text("map.label")}
    shown = commune_map(
        geometry_url(atlas.vintage, top.code),
        data.bounds(held.version, reader.scope, atlas.vintage.id, top.code),
        labels,
        text("source", source=atlas.vintage.origin, valid_from=text.day(atlas.vintage.valid_from)),
    )
    colours = paint(
        outside | classes.to_dict(),
        PALETTE,
        rates={code: text.percent(row[rate]) for code, row in records.items()},
        fractions={code: text.rate(row, rate, numerator, denominator) for code, row in records.items()},
        indicator=text(rate),
        selected=filters.commune,
        focus=list(rows.index) if outside else None,
    )
    st_folium(
        shown, key="map", height=MAP_HEIGHT, use_container_width=True, returned_objects=[],
        feature_group_to_add=colours, on_change=take_click,
    )  # fmt: skip
    entries = legend_entries(classes, rate, text)
    if outside:
        entries.append((SWATCHES[OUTSIDE], text("legend.outside"), len(outside)))
    st.html(panels.legend(text(rate), entries, text))


def show_commune(reader, held, filters, atlas, text):
    """The panel of the chosen commune, beside the rates of its district and province."""
    if filters.commune is None:
        st.caption(text("choose_commune"))
        return
    window = filters.window
    own, *above = ancestors(atlas.units, filters.commune)
    asked = window.first, window.last, filters.group
    row = data.coverage(held.version, reader.scope, own.code, *asked).total
    parents = [data.total(held.version, reader.scope, unit.code, *asked) for unit in above]
    st.html(panels.commune_panel(row, parents, text))
    if filters.commune != filters.unit:
        st.button(text("close"), on_click=lambda: st.session_state.update(commune=None))


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
    st.markdown(f"**{text('table', count=text.number(len(table)))}**")

    key, codes = f"table-{filters.unit}", list(rows["code"])

    def take_row():
        chosen = st.session_state[key].selection.rows
        st.session_state.commune = codes[chosen[0]] if chosen else None

    # The row of the open panel is the one ticked, wherever it was opened or closed
    ticked = [codes.index(filters.commune)] if filters.commune in codes else []
    st.session_state[key] = {"selection": {"rows": ticked}}
    st.dataframe(
        table.style.format(forms),
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
    heading = st.container()
    filters, atlas = choose_filters(reader, held, text)
    window = filters.window
    coverage = data.coverage(held.version, reader.scope, filters.unit, window.first, window.last, filters.group)
    with heading:
        show_heading("title", held, atlas, coverage, text)
    st.html(panels.figures(coverage.total, filters.window, text))
    st.segmented_control(
        text("indicator"), list(RATES), key="indicator", format_func=text, required=True, width="stretch"
    )
    left, right = st.columns([3, 2], gap="medium")
    with left:
        show_map(reader, held, filters, atlas, coverage, text)
    with right:
        show_commune(reader, held, filters, atlas, text)
        show_table(filters, atlas, coverage, text)
