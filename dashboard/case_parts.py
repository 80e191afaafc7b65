"""What the page of hotspots shows to roles that may see no cases: how many were in each commune in a week, small counts left out."""

import pandas as pd
import streamlit as st
from streamlit_folium import st_folium

from dashboard import data, panels
from dashboard.app import geometry_url
from dashboard.data_panels import section
from dashboard.map_panel import map_labels
from dashboard.maps import OUTSIDE, commune_map, paint
from dashboard.spot_parts import MAP_HEIGHT
from geo.case_weeks import FEWEST
from geo.units import communes_within

# Lower bounds of the classes above the first, which is 0; a count that is left out is of the second.
BOUNDS = (1, FEWEST, 10)
PALETTE = ["#f3f5f8", "#f2d8c9", "#e8875c", "#a61b1b"]


def show_case_weeks(reader, held, filters, atlas, text):
    """A week at a time: its communes on the map and in a table, and what those of larger units add up to."""
    st.html(section(text("cases.title")))
    st.caption(text("cases.help"))
    window = filters.window
    version = f"{held.version}.{data.tracing_version(reader.scope)}"
    found = data.case_weeks(version, reader.scope, filters.unit, window.first, window.last)
    weeks = sorted(found.rows["week"].unique(), reverse=True)
    if not weeks:
        st.info(text("cases.none"))
        return
    week = st.selectbox(
        text("cases.week"), weeks, key="case-week", width=320,
        format_func=lambda monday: f"{text.day(monday)} – {text.day(monday + pd.Timedelta(days=6))}",
    )  # fmt: skip
    rows = found.rows[found.rows["week"] == week].set_index("code")
    left, right = st.columns([3, 2], gap="medium")
    with left:
        show_map(reader, held, filters, atlas, rows, text)
    with right:
        show_table(found, rows, week, atlas, text)


def show_number(cases, text):
    """A count as it is shown: "< 3" where it is left out."""
    return text("cases.few") if pd.isna(cases) else text.number(cases)


def classify(cases):
    """The class of each count: an index into PALETTE."""
    return cases.fillna(1).astype(int).map(lambda count: sum(count >= bound for bound in BOUNDS))


def show_map(reader, held, filters, atlas, rows, text):
    """The communes by the class of their count."""
    top = atlas.top(filters.unit)
    classes = classify(rows["cases"])
    codes = communes_within(atlas.units, top.code)
    box = {code: data.bounds(held.version, reader.scope, atlas.vintage.id, code) for code in (top.code, filters.unit)}
    colours = paint(
        geometry_url(atlas.vintage, top.code), box[top.code], codes, dict.fromkeys(codes, OUTSIDE) | classes.to_dict(), PALETTE,
        rates={code: show_number(cases, text) for code, cases in rows["cases"].items()}, indicator=text("cases.count"),
        focus=box[filters.unit] if filters.unit != top.code else None,
        source=text("source", source=atlas.vintage.origin, valid_from=text.day(atlas.vintage.valid_from)),
    )  # fmt: skip
    st_folium(
        commune_map(map_labels(text, map=text("cases.map"))), key="case-map", height=MAP_HEIGHT, use_container_width=True,
        returned_objects=[], feature_group_to_add=colours,
    )  # fmt: skip
    counts = classes.value_counts()
    entries = [
        (colour, text(f"cases.class.{place}"), int(counts.get(place, 0))) for place, colour in list(enumerate(PALETTE))[::-1]
    ]
    st.html(panels.legend(text("cases.count"), entries, text))


def show_table(found, rows, week, atlas, text):
    """The communes of the week, the most cases first, under what they add up to."""
    sums = found.sums[found.sums["week"] == week]
    names = {code: unit.name for code, unit in atlas.units.items()}
    if len(sums):
        table = pd.DataFrame({
            "name": [text("cases.whole") if code == found.unit.code else name for code, name in zip(sums["code"], sums["name"], strict=True)],
            "cases": [_between(low, high, text) for low, high in zip(sums["low"], sums["high"], strict=True)],
        })  # fmt: skip
        titles = {"name": text("area"), "cases": text("cases.count")}
        st.dataframe(table, hide_index=True, height=min(220, 38 + 35 * len(table)), column_config=titles)
    st.markdown(f"**{text('cases.list', count=text.number(len(rows)))}**")
    # Those left out lie between 0 and the fewest that is shown; among themselves by code, which tells nothing
    ordered = rows.assign(order=rows["cases"].fillna(1)).sort_values(["order", "code"], ascending=[False, True])
    table = pd.DataFrame({
        "commune": ordered["name"], "cases.count": [show_number(cases, text) for cases in ordered["cases"]],
        "district_short": ordered["parent_code"].map(names),
    })  # fmt: skip
    st.dataframe(table, hide_index=True, height=min(420, 38 + 35 * len(table)), column_config={name: text(name) for name in table})


def _between(low, high, text):
    return text.number(low) if low == high else text("cases.between", low=text.number(low), high=text.number(high))
