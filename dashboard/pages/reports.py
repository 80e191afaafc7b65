"""Báo cáo: the weekly report and the daily bulletin of a district or province, made, issued, taken away again; and who has filed."""

import streamlit as st

from dashboard import data, panels
from dashboard.frame import page
from dashboard.report_parts import choose_unit, show_daily, show_weekly
from geo import db

PARTS = ("weekly", "daily")

with page("reports") as (text, reader):
    held = data.holdings(reader.scope)
    if held.invented:
        st.html(panels.banner([text("banner_invented")]))
    st.html(panels.header(text("reports.title"), "", [text("as_of", when=text.moment(held.as_of))]))
    atlas = data.atlas(held.version, reader.scope, held.scans_until or db.today())
    asked = st.query_params.get("part")
    part = st.segmented_control(
        text("reports.part"), PARTS, default=asked if asked in PARTS else PARTS[0], key="report-part", required=True, width="stretch",
        format_func=lambda part: text(f"reports.part.{part}"), label_visibility="collapsed",
    )  # fmt: skip
    st.query_params["part"] = part
    unit = choose_unit(atlas, held, text)
    if unit and part == "daily":
        show_daily(reader, held, unit, text)
    elif unit:
        show_weekly(reader, held, atlas, unit, text)
