"""The map on the communes of a later vintage: the figures of the window, carried there through the crosswalk and marked as converted."""

import streamlit as st
from streamlit_folium import st_folium

from dashboard import data, panels
from dashboard.app import geometry_url
from dashboard.legend import PALETTE, class_labels, classify, find_bounds, legend_entries
from dashboard.map_panel import HEIGHT, map_labels
from dashboard.maps import OUTSIDE, SWATCHES, commune_map, paint
from geo.converted import later_vintages
from geo.coverage import RATES
from geo.errors import BoundaryError
from geo.units import WHOLE, communes_within


def choose_drawn(reader, held, filters, atlas, text):
    """The Vintage on which the figures are to be shown; None for their own. The choice is there where another one is in scope."""
    known = [
        vintage
        for vintage in later_vintages(data.vintages(held.version, reader.scope), atlas.vintage)
        if data.atlas(held.version, reader.scope, vintage.valid_from).tops()
    ]
    days = {vintage.valid_from: vintage for vintage in known}
    if filters.view.drawn not in days:
        st.session_state["map-drawn"] = None
    if not known:
        return None
    st.selectbox(
        text("drawn"), list(days), key="map-drawn", index=None, placeholder=text("drawn.own", day=text.day(atlas.vintage.valid_from)),
        format_func=lambda day: text("drawn.other", day=text.day(day)),
    )  # fmt: skip
    return days.get(filters.view.drawn)


def show_converted(reader, held, filters, found, vintage, text):
    """The communes of a later vintage in the colours of the carried figures, and in words what that means."""
    rate, (numerator, denominator), window = filters.indicator, RATES[filters.indicator], filters.window
    asked = filters.unit, window.first, window.last, filters.group, vintage
    try:
        rows = data.converted(held.version, reader.scope, *asked)
    except BoundaryError as error:
        st.warning(text("drawn.unknown"))
        st.caption(str(error))
        return
    atlas = data.atlas(held.version, reader.scope, vintage.valid_from)
    tops = {atlas.top(code).code for code in rows.index if code in atlas.units and atlas.units[code].in_scope}
    top = tops.pop() if len(tops) == 1 else WHOLE
    codes = communes_within(atlas.units, top)
    bounds = find_bounds(rows, rate, filters.view.breaks)
    classes = classify(rows, rate, bounds)
    outside = dict.fromkeys(set(codes) - set(classes.index), OUTSIDE)
    place = found.unit.name or text("whole")
    estimated = int(rows["estimated"].sum())
    lines = [
        text.window(window),
        text("as_of", when=text.moment(held.as_of)),
        text("drawn.mark", day=text.day(vintage.valid_from)),
    ]
    colours = paint(
        geometry_url(vintage, top), data.bounds(held.version, reader.scope, vintage.id, top), codes, outside | classes.to_dict(),
        PALETTE,
        sizes=rows["created"].fillna(0).to_dict(),
        size_title=text("map.sizes"),
        rates={code: text.percent(row[rate]) for code, row in rows.iterrows()},
        fractions={code: text.rate(row, rate, numerator, denominator) for code, row in rows.iterrows()},
        labels=dict(enumerate(class_labels(bounds, text))),
        indicator=text("drawn.indicator", indicator=text(rate)),
        caption={"title": text("map.title", indicator=text(rate), unit=place), "lines": lines, "definition": text.definition(rate, window)},
        source=text("source", source=vintage.origin, valid_from=text.day(vintage.valid_from)),
    )  # fmt: skip
    st_folium(
        commune_map(map_labels(text)), key="map-drawn-on", height=HEIGHT, use_container_width=True, returned_objects=[],
        feature_group_to_add=colours,
    )  # fmt: skip
    entries = legend_entries(classes, rate, text, None if filters.view.breaks == "fixed" else bounds)
    entries += [(SWATCHES[OUTSIDE], text("legend.outside"), len(outside))] * bool(outside)
    st.html(
        panels.legend(
            text("drawn.indicator", indicator=text(rate)), entries, text, text(f"legend.{filters.view.breaks}")
        )
    )
    st.caption(text("drawn.said", estimated=text.number(estimated), count=text.number(len(rows))))
