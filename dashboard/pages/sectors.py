"""Theo ngành: the rates by responsible department or by kind of venue, and what agencies declare of themselves."""

from html import escape

import pandas as pd
import streamlit as st

from dashboard import assessment_panels, charts, data
from dashboard.frame import choose, choose_filters, page, show_heading
from dashboard.legend import FEWEST
from geo.assessments import GROUP
from geo.coverage import RATES
from geo.units import LEVELS


def show_bars(found, rate, by, text):
    """The bars of those rows that have the rate."""
    numerator, denominator = RATES[rate]
    rows = found.rows[found.rows[rate].notna()]
    if rows.empty:
        st.info(text("no_data"))
        return
    names = rows["name"] if text.language == "vi" else rows["name_en"]
    said = [
        f"{text.percent(row[rate])} ({text.number(row[numerator])}/{text.number(row[denominator])})"
        for _, row in rows.iterrows()
    ]
    shown = pd.DataFrame(
        {"name": names, "rate": rows[rate].astype(float), "said": said, "few": rows[denominator] < FEWEST}
    )
    st.markdown(
        f"**{text('sectors.chart', rate=text(rate), unit=found.unit.name, total=text.percent(found.total[rate]))}**"
    )
    titles = {"name": text(f"sectors.name.{by}"), "rate": text(rate)}
    st.altair_chart(charts.bars(shown, float(found.total[rate]), titles, text), width="stretch")
    if shown["few"].any():
        st.caption(text("sectors.few", fewest=FEWEST))


def show_table(found, rate, by, text):
    """All counts and rates, the lowest of the chosen rate first."""
    counts = ["created", "new", "active", "never_scanned", "silent", "scans", "people", "obliged", "created_obliged"]
    held = found.rows[(found.rows[["created", "obliged"]].fillna(0) > 0).any(axis=1)]
    rows = held.sort_values([rate, "name"], na_position="last")
    table = pd.DataFrame({"name": rows["name"] if text.language == "vi" else rows["name_en"]})
    for column in (rate, *(other for other in RATES if other != rate)):
        table[column] = [text.percent(value) for value in rows[column]]
    for column in counts:
        table[column] = [text.number(value) for value in rows[column]]
    titles = {column: text(f"sectors.name.{by}" if column == "name" else column) for column in table}
    configured = {name: st.column_config.Column(title, pinned=name == "name") for name, title in titles.items()}
    st.dataframe(table, column_config=configured, hide_index=True, height=38 + 35 * max(1, len(table)), placeholder="–")


def show_assessments(reader, held, filters, atlas, text):
    """What agencies declare of themselves, where the register names any or any has answered."""
    wide = atlas.units[filters.unit].level == LEVELS["province"]
    found = data.assessments(held.version, reader.scope, filters.unit, filters.window.first, filters.window.last, "district" if wide else "commune")
    if found.agencies.empty:
        return
    st.html(f'<h3 class="phuqr-section">{escape(text("assess.title"))}</h3>{assessment_panels.summary(found, text)}')
    left, right = st.columns([2, 3], gap="medium")
    left.html(assessment_panels.by_unit(found, text))
    right.html(assessment_panels.agencies(found, text))


with page("sectors") as (text, reader):
    held = data.holdings(reader.scope)
    heading = st.container()
    filters, atlas = choose_filters(reader, held, text)
    window = filters.window
    by = choose("by", ["department", "kind"], text, "sectors.by.{}", "sectors.by")
    found = data.coverage(held.version, reader.scope, filters.unit, window.first, window.last, filters.group, by)
    with heading:
        show_heading("sectors.title", held, atlas, found, text)
    rate = choose(
        "indicator", ["activity_rate", "creation_rate", "cohort_rate"], text, "{}", "sectors.indicator", width="stretch"
    )
    if found.rows["created"].fillna(0).sum() == 0:
        st.info(text("sectors.none"))
    else:
        show_bars(found, rate, by, text)
        show_table(found, rate, by, text)
        st.caption(text.definition(rate, window))
    if filters.group in (None, GROUP):
        show_assessments(reader, held, filters, atlas, text)
