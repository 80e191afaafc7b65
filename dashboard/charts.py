"""Charts that are read in grey as well: rates against numbers of venues, and creation against its deadline."""

import altair as alt
import numpy as np
import pandas as pd

from geo.intervals import funnel_limits

INK, QUIET, LINE = "#14213d", "#8290a2", "#0f5f7a"
# By shape and by shade, so that neither grey nor colour-blindness takes it away.
VERDICTS = {"lagging": ("triangle-down", "#0f2b46"), "watch": ("diamond", "#c46a00"), "ok": ("circle", "#9fd0d8")}
_LOCALES = {
    "vi": {
        "number": {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", " ₫"], "percent": " %"},
        "time": {
            "dateTime": "%d/%m/%Y %H:%M", "date": "%d/%m/%Y", "time": "%H:%M", "periods": ["SA", "CH"],
            "days": ["Chủ Nhật", "Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy"],
            "shortDays": ["CN", "T2", "T3", "T4", "T5", "T6", "T7"],
            "months": [f"Tháng {month}" for month in range(1, 13)],
            "shortMonths": [f"Th{month}" for month in range(1, 13)],
        },
    },
}  # fmt: skip


def styled(chart, text):
    """A chart with the fonts of the pages, and with numbers and dates as the reader's language writes them."""
    locale = {"locale": _LOCALES[text.language]} if text.language in _LOCALES else {}
    font = "system-ui, 'Noto Sans', 'Segoe UI', Roboto, Arial, sans-serif"
    return chart.configure(font=font, **locale).configure_view(stroke=None).configure_axis(
        labelColor=INK, titleColor=INK, gridColor="#e2e8ef", domainColor=QUIET, titleFontWeight="normal"
    )  # fmt: skip


def funnel(units, rate, titles, text):
    """Each unit's rate over its number of venues, within the limits of chance around one rate.

    units: frame of name, of (denominator), rate (fraction), verdict, said (the tooltip's fraction). rate: that of all together.
    titles: of the axes: of, rate. The dashed limits hold 95 % of units that differ by chance only, the others 99.8 %.
    """
    most = max(int(units["of"].max()), 10)
    of = np.unique(np.geomspace(5, most * 1.05, 80).round(1))
    limits = pd.concat([
        pd.DataFrame({"of": of, "rate": side, "limit": level, "side": f"{level} {place}"})
        for level in (0.95, 0.998)
        for place, side in enumerate(funnel_limits(rate, of, level))
    ])  # fmt: skip
    x = alt.X("of:Q", title=titles["of"], scale=alt.Scale(zero=True, nice=True), axis=alt.Axis(format=",.0f"))
    y = alt.Y("rate:Q", title=titles["rate"], axis=alt.Axis(format=".0%"), scale=alt.Scale(domainMin=0))
    dash = alt.StrokeDash("limit:N", scale=alt.Scale(domain=[0.95, 0.998], range=[[5, 3], [1, 0]]), legend=None)
    lines = alt.Chart(limits).mark_line(color=QUIET, strokeWidth=1.2).encode(x, y, detail="side:N", strokeDash=dash)
    middle = alt.Chart(pd.DataFrame({"rate": [rate]})).mark_rule(color=INK, strokeWidth=1.4).encode(y="rate:Q")
    labels = [text(f"verdict.{verdict}") for verdict in VERDICTS]
    shown = units.assign(verdict=[text(f"verdict.{verdict}") for verdict in units["verdict"]])
    points = alt.Chart(shown).mark_point(filled=True, size=75, opacity=0.95, stroke=INK, strokeWidth=0.6).encode(
        x, y,
        shape=alt.Shape("verdict:N", title=None, scale=alt.Scale(domain=labels, range=[shape for shape, _ in VERDICTS.values()]),
                        legend=alt.Legend(orient="bottom", columns=2)),
        color=alt.Color("verdict:N", title=None, scale=alt.Scale(domain=labels, range=[colour for _, colour in VERDICTS.values()])),
        tooltip=[alt.Tooltip("name:N", title=text("commune")), alt.Tooltip("said:N", title=titles["rate"]),
                 alt.Tooltip("verdict:N", title=text("lagging.verdict"))],
    )  # fmt: skip
    return styled(alt.layer(lines, middle, points).properties(height=320), text)


def creation_line(created, obliged, campaign, text):
    """The share of the register created, day by day, over the straight line to a campaign's target on its last day in time.

    created: frame of day and created (cumulative); obliged: of the register.
    """
    told = pd.DataFrame({"day": pd.to_datetime(created["day"]), "rate": created["created"] / obliged})
    told["line"] = text("chart.creation")
    first, last = told["day"].iloc[0], pd.Timestamp(campaign.last_day)
    wanted = pd.DataFrame(
        {"day": [first, last], "rate": [told["rate"].iloc[0], campaign.target], "line": text("chart.straight")}
    )
    x = alt.X("day:T", title=None, axis=alt.Axis(format="%d/%m", tickCount=6))
    y = alt.Y(
        "rate:Q",
        title=None,
        axis=alt.Axis(format=".0%"),
        scale=alt.Scale(domain=[0, max(1.0, float(told["rate"].max()))]),
    )
    dash = alt.StrokeDash(
        "line:N", title=None, scale=alt.Scale(domain=[text("chart.creation"), text("chart.straight")], range=[[1, 0], [5, 3]]),
        legend=alt.Legend(orient="bottom", labelLimit=320),
    )  # fmt: skip
    tips = [
        alt.Tooltip("day:T", format="%d/%m/%Y", title=text("chart.day")),
        alt.Tooltip("rate:Q", format=".1%", title=text("creation_rate")),
    ]
    lines = alt.Chart(pd.concat([told, wanted] if last > first else [told])).mark_line(color=LINE, strokeWidth=2)
    due = alt.Chart(pd.DataFrame({"day": [last]})).mark_rule(color=INK, strokeDash=[2, 2]).encode(x="day:T")
    return styled(alt.layer(lines.encode(x, y, strokeDash=dash, tooltip=tips), due).properties(height=180), text)


def bars(rows, total, titles, text):
    """A bar for each row, the lowest first, and a line at the rate of all together.

    rows: frame of name, rate (fraction), said (rate and fraction as text), few (too few to compare: pale). total: a fraction. titles: name, rate.
    """
    rows = rows.sort_values("rate")
    rows["label"] = rows["name"] + "\n" + rows["said"]  # beside a bar the figure would be cut on a telephone
    axis = alt.Axis(labelExpr=r"split(datum.label, '\n')", labelLimit=260)
    order = alt.Y("label:N", sort=list(rows["label"]), title=None, axis=axis)
    x = alt.X(
        "rate:Q",
        title=titles["rate"],
        axis=alt.Axis(format=".0%", tickCount=5),
        scale=alt.Scale(domain=[0, max(1.0, float(rows["rate"].max()))]),
    )
    shade = alt.condition("datum.few", alt.value("#cfd8e3"), alt.value(LINE))
    tips = [alt.Tooltip(f"{field}:N", title=titles[name]) for field, name in (("name", "name"), ("said", "rate"))]
    drawn = alt.Chart(rows).mark_bar(height=16).encode(x, order, color=shade, tooltip=tips)
    line = alt.Chart(pd.DataFrame({"rate": [total]})).mark_rule(color=INK, strokeWidth=1.4).encode(x="rate:Q")
    return styled(alt.layer(drawn, line).properties(height=36 * len(rows) + 75), text)


def daily(rows, name, titles, text):
    """Bars of a count by day with the line of its means of seven days; rows: as geo.trends.read_trend gives them.

    name: "active", "scans" or "people". titles: bar, mean, count.
    """
    told = pd.DataFrame({"day": pd.to_datetime(rows["day"])})
    for column, source in (("count", name), ("mean", f"{name}_mean7")):
        told[column] = rows[source].astype("Float64").to_numpy("f8", na_value=np.nan)
    x = alt.X("yearmonthdate(day):T", title=None, bandPosition=0.5, axis=alt.Axis(format="%d/%m", tickCount=7, grid=False))
    tips = [
        alt.Tooltip("day:T", format="%d/%m/%Y", title=text("chart.day")), alt.Tooltip("count:Q", format=",.0f", title=titles["bar"]),
        alt.Tooltip("mean:Q", format=",.1f", title=titles["mean"]),
    ]  # fmt: skip
    kinds = alt.Color(
        "of:N", title=None, scale=alt.Scale(domain=[titles["bar"], titles["mean"]], range=["#a9cdd6", INK]),
        legend=alt.Legend(orient="bottom", labelLimit=320),
    )  # fmt: skip
    y = {"title": titles["count"], "axis": alt.Axis(format=",.0f", tickCount=4, titleFontSize=11)}
    drawn = alt.Chart(told.dropna(subset=["count"]).assign(of=titles["bar"])).mark_bar(width={"band": 0.8}).encode(
        x, alt.Y("count:Q", **y), kinds, tooltip=tips
    )
    line = alt.Chart(told.dropna(subset=["mean"]).assign(of=titles["mean"])).mark_line(strokeWidth=2).encode(
        x, alt.Y("mean:Q", **y), kinds, tooltip=tips
    )
    return styled(alt.layer(drawn, line).properties(height=200), text)


def weekly_line(weekly, text):
    """Both rates of one unit by report week; weekly: as geo.lagging.read_weekly gives it."""
    told = weekly.melt(["code", "week"], ["creation_rate", "activity_rate"], "question", "rate").dropna(subset=["rate"])
    told = told.assign(
        week=pd.to_datetime(told["week"]),
        rate=told["rate"].astype(float),
        question=[text(name) for name in told["question"]],
    )
    names = [text("creation_rate"), text("activity_rate")]
    encoded = alt.Chart(told[["week", "rate", "question"]]).mark_line(color=LINE, point=alt.OverlayMarkDef(color=LINE)).encode(
        alt.X("week:T", title=text("chart.week"), axis=alt.Axis(format="%d/%m", values=sorted(told["week"].unique()))),
        alt.Y("rate:Q", title=None, axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, max(1.0, told["rate"].max())])),
        strokeDash=alt.StrokeDash("question:N", title=None, scale=alt.Scale(domain=names, range=[[5, 3], [1, 0]]),
                                  legend=alt.Legend(orient="bottom", labelLimit=320)),
        tooltip=[alt.Tooltip("week:T", format="%d/%m/%Y", title=text("chart.week")), alt.Tooltip("question:N", title=text("indicator")),
                 alt.Tooltip("rate:Q", format=".1%", title="%")],
    )  # fmt: skip
    return styled(encoded.properties(height=240), text)
