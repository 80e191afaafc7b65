"""The part of the page that has the map: it runs by itself when only what is drawn changes, and comes first when the page opens.

A choice of another rate then sends the map's colours and legend, and not the table of communes again. What else is chosen runs the
whole page, and so does a session that has ended or data that were loaded meanwhile.
"""

from contextlib import suppress
from dataclasses import replace
from time import monotonic

import streamlit as st

from dashboard import data, state
from dashboard.drawn import await_drawing
from dashboard.map_panel import choose_breaks, choose_layer, show_exports, show_map, show_path, show_quality
from dashboard.map_split import choose_beside, show_split
from dashboard.map_vintages import choose_drawn, show_converted
from geo.coverage import RATES
from geo.errors import PhuqrError

PATIENCE_S = 4  # so long the rest of the page waits for the browser to draw the map
_OPENED = "opened-with-map"  # in the session's state


def opens_with_map():
    """Whether the page has yet to show the map: all else, whose scripts take longer to load than the map's, comes after it."""
    return len(st.context.headers) > 0 and _OPENED not in st.session_state  # of what runs without a browser there are none


def open_with_map(reader, held, filters, atlas, found, text):
    """Show the map alone, where show_map_part will have it, and run the page again once it is drawn or PATIENCE_S have gone by."""
    st.session_state[_OPENED] = True
    path, drawn = await_drawing()
    with st.container():
        st.container(key="map-above")
        show_map(reader, held, filters, atlas, found, text, report=path)
    until = monotonic() + PATIENCE_S
    while not drawn.wait(0.05) and monotonic() < until:
        st.session_state.get(_OPENED)  # where Streamlit lets what the reader chose meanwhile take over
    st.rerun()


@st.fragment
def show_map_part(runs, show_panel, reader, held, filters, atlas, found, text):
    """The rate, the layers and the map with its legend.

    runs: a list that is empty when the whole page runs. show_panel(filters): shows the panel of the chosen commune, of the same figures;
    it comes before the map, which shows by itself what was clicked.
    """
    if runs:
        filters = _follow(show_panel, reader, held, filters)
    show_panel(filters)
    runs.append(True)
    with st.container(key="map-above"):
        st.segmented_control(
            text("indicator"), list(RATES), key="indicator", format_func=text, required=True, width="stretch"
        )
        beside = choose_beside(filters, text)
        show_path(atlas, filters, text)
        drawn = None if beside else choose_drawn(reader, held, filters, atlas, text)
        if not (beside or drawn):
            choose_layer(reader, held, filters, text)
    if beside:
        show_split(reader, held, filters, atlas, found, beside, text)
    elif drawn:
        show_converted(reader, held, filters, found, drawn, text)
    else:
        show_map(reader, held, filters, atlas, found, text)
    choose_breaks(text)
    show_quality(reader, held, filters, atlas, text)
    show_exports(filters, text)
    state.write_address(filters)


def _follow(show_panel, reader, held, filters):
    """The Filters as they now stand, where only what is drawn has changed; else the whole page runs."""
    now = state.from_widgets()
    try:
        same = data.reader() == reader and data.holdings(reader.scope) == held
    except PhuqrError:
        same = False  # the whole page tells why
    if not (same and state.was_whole()):
        st.rerun()
    layers = filters.view.layer, now.view.layer
    drawn = replace(filters.view, layer=now.view.layer, breaks=now.view.breaks)
    listed = "venues" in layers and layers[0] != layers[1]
    if listed or now != replace(filters, indicator=now.indicator, view=drawn):
        if now == replace(filters, indicator=now.indicator, commune=now.commune, view=now.view):
            with suppress(PhuqrError):
                show_panel(now)  # at once: whoever clicked on a commune waits for it
        st.rerun()
    return now
