"""Điểm nóng: where cases met and what was not scanned, for who may see cases; for the others how many were in each commune and week."""

import streamlit as st

from dashboard import data
from dashboard.case_parts import show_case_weeks
from dashboard.frame import choose_filters, page, show_heading
from dashboard.gap_parts import show_gap
from dashboard.spot_parts import read_view, show_cards, show_news, show_spots
from geo.tracing import CASE_ROLES

with page("hotspots") as (text, reader):
    held = data.holdings(reader.scope)
    heading = st.container()
    filters, atlas = choose_filters(reader, held, text, groups=False)
    asked = filters.unit, filters.window.first, filters.window.last
    coverage = data.coverage(held.version, reader.scope, *asked, None)
    with heading:
        show_heading("hotspots.title", held, atlas, coverage, text)
    if reader.scope.role not in CASE_ROLES:
        show_case_weeks(reader, held, filters, atlas, text)
    else:
        view = read_view(reader, held, filters, atlas)
        show_news(view, text)
        show_cards(view, text)
        parts = ["spots", "gap"]
        part = st.segmented_control(
            text("hotspots.section"), parts, default=parts[0], key="tracing-part", required=True, width="stretch",
            format_func=lambda part: text(f"hotspots.section.{part}"), label_visibility="collapsed",
        )  # fmt: skip
        if part == "gap":
            show_gap(view, atlas, text)
        else:
            show_spots(view, coverage, atlas, text)
