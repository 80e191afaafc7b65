"""The part of the page of hotspots on visits without a scan: why, where and of what kind, by week, and the agencies to rectify."""

import pandas as pd
import streamlit as st

from dashboard import data, tracing_panels
from dashboard.data_panels import plain, section
from dashboard.spot_parts import decide, show_told
from dashboard.timeline import week_chart
from geo.decisions import rectify
from geo.schema_tracing import RECTIFICATION_STATES
from geo.tracing import KINDS, NO_VENUE

LISTED = 300  # agencies on the list
TITLES = {"district": "district_short", "commune": "commune", "kind": "hotspots.kind", "department": "sectors.name.department"}


def show_gap(view, atlas, text):
    """The gap by its kinds, then the tables beside the weeks, then the agencies."""
    total = view.gap.total
    st.html(section(text("gap.title")) + tracing_panels.kind_cards(total, text))
    if total["unknown"]:
        st.caption(text("gap.unknown.help", count=text.number(total["unknown"])))
    if view.gap.purged_until and view.gap.purged_until >= view.window.first:
        st.caption(text("gap.purged", day=text.day(view.gap.purged_until)))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        show_rates(view, text)
    with right:
        st.html(section(text("gap.weeks")))
        if view.weeks["declared"].any():
            st.altair_chart(week_chart(view.weeks, text), width="stretch", key="gap-weeks")
    show_agencies(view, atlas, text)


def show_rates(view, text):
    """The gap by units or kinds of venue, the highest rate first, with its interval."""
    bys = list(view.gaps)
    by = st.segmented_control(
        text("gap.by"), bys, default=bys[0], key="gap-by", required=True, format_func=lambda by: text(f"gap.by.{by}")
    )
    rows = view.gaps[by].rows
    rows = rows[rows["declared"] > 0].sort_values(["rate", "declared"], ascending=False)
    named = rows["name"]
    if by in ("kind", "department"):
        named = (named if text.language == "vi" else rows["name_en"]).mask(rows["code"] == NO_VENUE, text("gap.none"))
    table = pd.DataFrame({
        "name": named, "gap.rate": rows["rate"],
        "gap.interval": [f"{text.percent(low)} – {text.percent(high)}" for low, high in zip(rows["low"], rows["high"], strict=True)],
        "gap.declared": rows["declared"], **{f"gap.{kind}": rows[kind] for kind in KINDS},
    })  # fmt: skip
    titles = {name: text(TITLES[by] if name == "name" else name) for name in table}
    forms = {"gap.rate": text.percent, "gap.declared": text.number, **{f"gap.{kind}": text.number for kind in KINDS}}
    st.dataframe(
        table.style.set_uuid("gap").format(forms), hide_index=True, height=min(420, 38 + 35 * max(1, len(table))),
        placeholder=text("no_data"),
        column_config={
            name: st.column_config.Column(title, pinned=name == "name", width=230 if name == "name" else None)
            for name, title in titles.items()
        },
    )  # fmt: skip


def show_agencies(view, atlas, text):
    """The agencies to rectify, those that are open first; a row that is ticked takes what became of it."""
    agencies = view.agencies.head(LISTED)
    st.markdown(f"**{text('gap.agencies', count=text.number(len(view.agencies)))}**")
    if agencies.empty:
        st.caption(text("gap.agencies.none"))
        return
    st.caption(text("gap.agencies.help"))
    table = pd.DataFrame({
        "gap.agency": agencies["agency"],
        "commune": [", ".join(atlas.units[code].name for code in sorted(codes)) for codes in agencies["communes"]],
        "gap.venues": agencies["venues"].str.len(),
        "gap.missed": agencies["missed"],
        **{f"gap.{kind}": agencies[kind] for kind in ("a", "b", "c")},
        "gap.last": [text.day(day) for day in agencies["last_day"]],
        "gap.state": [text(f"gap.state.{state}") for state in agencies["state"]],
        "gap.note": agencies["note"].fillna(""),
    })  # fmt: skip
    key = f"agencies-{st.session_state.get('decisions', 0)}"  # a new one once an answer was noted: no other agency is ticked then
    ticked = st.dataframe(
        table, key=key, hide_index=True, height=min(420, 38 + 35 * len(table)), on_select="rerun", selection_mode="single-row",
        column_config={name: st.column_config.Column(text(name), pinned=name == "gap.agency") for name in table},
    ).selection.rows  # fmt: skip
    if ticked and ticked[0] < len(agencies):
        show_rectifying(view, agencies.iloc[ticked[0]], text)
    show_told(text)


def show_rectifying(view, agency, text):
    """The form by which an answer of an agency is noted, over those noted before."""
    st.markdown(f"#### {text('gap.rectify', agency=plain(agency['agency']))}")
    key = agency["codes"][0]
    with st.form(f"rectify-{key}", clear_on_submit=True):
        note = st.text_area(text("gap.rectify.note"), max_chars=500, key=f"note-{key}")
        buttons = st.container(horizontal=True)
        asked = [
            state for state in (*RECTIFICATION_STATES[1:], RECTIFICATION_STATES[0])
            if state != agency["state"] and buttons.form_submit_button(text(f"gap.rectify.{state}"), key=f"{state}-{key}")
        ]  # fmt: skip
    past = data.answers(*view.asked, tuple(agency["venues"]))
    if len(past):
        st.html(section(text("hotspots.history")) + tracing_panels.history(past, text))
    if asked:
        decide(text, lambda: rectify(view.reader, agency["venues"], asked[0], note, view.held.version))
