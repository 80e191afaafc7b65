"""Trang xã: all about one commune, with its dormant and silent venues as a list to work off; made to be printed."""

from dataclasses import replace
from html import escape

import pandas as pd
import streamlit as st

from dashboard import charts, data, lagging_panels, panels
from dashboard.frame import choose_filters, page, show_heading
from geo.units import ancestors, communes_within
from geo.venues import LISTED, Narrowed

_PRINT = """<button class="phuqr-button phuqr-print">{label}</button>
<script>document.querySelector(".phuqr-print").addEventListener("click", () => window.print())</script>"""


def choose_commune(filters, atlas, text):
    """The code of the commune that the page is about; None before one is chosen."""
    codes = sorted(communes_within(atlas.units, filters.unit), key=lambda code: atlas.units[code].name)
    st.session_state.chosen_commune = filters.commune
    return st.selectbox(
        text("commune.choose"), codes, key="chosen_commune", placeholder=text("commune.none"),
        format_func=lambda code: atlas.units[code].name,
        on_change=lambda: st.session_state.update(commune=st.session_state.chosen_commune),
    )  # fmt: skip


def show_verdict(reader, held, filters, text):
    """Whether the commune lags, and why; and its rates week by week."""
    window, own = filters.window, filters.commune
    found = data.lagging(held.version, reader.scope, own, window.first, window.last, "commune", filters.group)
    st.html(f'<h3 class="phuqr-section">{escape(text("commune.verdict"))}</h3>')
    said = lagging_panels.laggards(found, [own], text) if lagging_panels.says(found, own, text) else None
    st.html(said or f"<p>{escape(text('commune.fine'))}</p>")
    weekly = data.weekly(held.version, reader.scope, own, window.last, "commune", filters.group)
    if weekly[["creation_rate", "activity_rate"]].notna().to_numpy().any():
        st.markdown(f"**{text('commune.trend')}**")
        st.altair_chart(charts.weekly_line(weekly, text), width="stretch")


def show_worklist(reader, held, filters, atlas, found, text):
    """The venues never scanned, then those that were not in the window."""
    if pd.isna(found.total["active"]):
        st.info(text("commune.unknown"))
        return
    asked = atlas.vintage, filters.commune, filters.window.first, filters.window.last
    lists, counts = [], {}
    for state in ("never", "silent"):
        rows, counts[state] = data.venues(
            held.version, reader.scope, *asked, Narrowed(None, filters.group, state), True
        )
        lists.append(rows)
    told = {state: text.number(count) for state, count in counts.items()}
    st.html(f'<h3 class="phuqr-section">{escape(text("commune.worklist", **told))}</h3>')
    rows = pd.concat([rows for rows in lists if len(rows)]) if any(map(len, lists)) else None
    if rows is None:
        st.info(text("commune.done"))
        return
    kinds = {code: names[text.language != "vi"] for code, names in data.kinds(held.version, reader.scope).items()}
    st.html(lagging_panels.worklist(rows, kinds, text))
    if max(counts.values()) > LISTED:
        st.caption(text("commune.cut", shown=text.number(LISTED)))


with page("commune") as (text, reader):
    held = data.holdings(reader.scope)
    heading = st.container()
    filters, atlas = choose_filters(reader, held, text)
    own = choose_commune(filters, atlas, text)
    if own is None:
        st.info(text("commune.none"))
    else:
        filters, window = replace(filters, commune=own), filters.window
        asked = window.first, window.last, filters.group
        found = data.coverage(held.version, reader.scope, own, *asked)
        with heading:
            show_heading("commune.title", held, atlas, found, text)
        above = [
            data.total(held.version, reader.scope, unit.code, *asked) for unit in list(ancestors(atlas.units, own))[1:]
        ]
        left, right = st.columns([1, 1], gap="medium")
        with left:
            st.html(panels.commune_panel(found.total, above, text))
            st.html(_PRINT.format(label=escape(text("commune.print"))), unsafe_allow_javascript=True)
        with right:
            show_verdict(reader, held, filters, text)
        show_worklist(reader, held, filters, atlas, found, text)
