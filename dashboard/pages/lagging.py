"""Xã chậm: every unit's verdict with its interval, trend and weeks running, the funnel, and whether laggards lie together."""

from html import escape

import pandas as pd
import streamlit as st

from dashboard import charts, data, lagging_panels
from dashboard.frame import choose, choose_filters, page, show_heading
from geo.lagging import QUESTIONS, VERDICTS


def show_funnel(found, question, text):
    """The funnel of units that are judged by one parent."""
    numerator, denominator = QUESTIONS[question]
    rows = found.rows.join(found.counts[[numerator, denominator, f"{question}_rate"]])
    rows = rows[rows[question].isin(charts.VERDICTS)]
    if rows.empty or rows["parent_code"].nunique() > 1:
        return
    rate = rows[f"{question}_parent_rate"].iloc[0]
    units = pd.DataFrame({
        "name": rows["name"], "of": rows[denominator].astype(int), "rate": rows[f"{question}_rate"].astype(float),
        "verdict": rows[question],
        "said": [f"{text.percent(row[f'{question}_rate'])} ({text.number(row[numerator])}/{text.number(row[denominator])})"
                 for _, row in rows.iterrows()],
    })  # fmt: skip
    st.markdown(f"**{text('lagging.funnel', rate=text.percent(rate))}**")
    titles = {"of": text(denominator), "rate": text(f"{question}_rate")}
    st.altair_chart(charts.funnel(units, rate, titles, text), width="stretch")


def show_table(found, weekly, question, text):
    """All units, those that lag first; a line of the last report weeks in each row."""
    numerator, denominator = QUESTIONS[question]
    rate = f"{question}_rate"
    every = st.toggle(text("lagging.every"), key="every")
    rows = found.rows.join(found.counts[[numerator, denominator, rate]])
    order = rows[question].map({verdict: place for place, verdict in enumerate(VERDICTS)}).fillna(len(VERDICTS))
    rows = rows.assign(order=order).sort_values(["order", rate, "name"])
    if not every:
        rows = rows[rows[question].isin(["lagging", "watch"])]
    trends = weekly.dropna(subset=[rate]).groupby("code")[rate].agg(lambda rates: rates.astype(float).to_list())
    table = pd.DataFrame({
        "commune": rows["name"],
        "district_short": rows["parent_code"].map(found.parents),
        "lagging.verdict": [text("no_data") if verdict is None else text(f"verdict.{verdict}") for verdict in rows[question]],
        rate: [text.percent(value) for value in rows[rate]],
        "fraction": [f"{text.number(row[numerator])}/{text.number(row[denominator])}" for _, row in rows.iterrows()],
        "lagging.parent_rate": [text.percent(value) for value in rows[f"{question}_parent_rate"]],
        "lagging.weeks": rows[f"{question}_weeks"],
        "lagging.trend": [trends.get(code, []) for code in rows.index],
        "lagging.interval": [
            "–" if pd.isna(low) else f"{text.decimal(100 * low)}–{text.percent(high)}"
            for low, high in zip(rows[f"{question}_low"], rows[f"{question}_high"], strict=True)
        ],
    })  # fmt: skip
    st.markdown(f"**{text('lagging.table', count=text.number(len(table)))}**")
    titles = {name: text(name) for name in table if name != "fraction"} | {
        "fraction": f"{text(numerator)}/{text(denominator)}"
    }
    configured = {
        name: st.column_config.LineChartColumn(title, y_min=0, y_max=1, width="small") if name == "lagging.trend"
        else st.column_config.Column(title, pinned=name == "commune") for name, title in titles.items()
    }  # fmt: skip
    st.dataframe(
        table, column_config=configured, hide_index=True, height=min(640, 38 + 35 * max(1, len(table))), placeholder="–"
    )


with page("lagging") as (text, reader):
    held = data.holdings(reader.scope)
    heading = st.container()
    filters, atlas = choose_filters(reader, held, text)
    window = filters.window
    asked = window.first, window.last
    coverage = data.coverage(held.version, reader.scope, filters.unit, *asked, filters.group)
    with heading:
        show_heading("lagging.title", held, atlas, coverage, text)
    rates = [f"{question}_rate" for question in reversed(QUESTIONS)]
    question = choose("indicator", rates, text, "{}", "lagging.question", width="stretch").removesuffix("_rate")
    districts = atlas.units[filters.unit].level == 1 and any(unit.level == 2 for unit in atlas.units.values())
    by = choose("by", ["commune", "district"], text, "lagging.by.{}", "lagging.by") if districts else "commune"
    found = data.lagging(held.version, reader.scope, filters.unit, *asked, by, filters.group)
    st.html(lagging_panels.tallies(found, text))
    weekly = data.weekly(held.version, reader.scope, filters.unit, window.last, by, filters.group)
    show_table(found, weekly, question, text)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        judged_together = found
        if districts and by == "commune":
            judged_together = data.lagging(held.version, reader.scope, filters.unit, *asked, "district", filters.group)
        show_funnel(judged_together, question, text)
    with right:
        if atlas.units[filters.unit].level < 3:
            names = {code: unit.name for code, unit in atlas.units.items()}
            pattern = data.clusters(held.version, reader.scope, filters.unit, *asked, filters.group, question)
            st.html(lagging_panels.pattern(pattern, names, text))
        st.html(f'<p class="phuqr-rule">{escape(text("lagging.rule"))}</p>')
