"""A venue's day as a picture: when cases were there, over the scans of each hour."""

import altair as alt
import pandas as pd

HOURS = list(range(0, 25, 2))
BAR = 16  # pixels of a case's bar
AXIS = 64  # pixels of the hours below, which are part of a chart's height
CASE_COLOURS = {"F0": "#a61b1b", "F1": "#e8875c"}


def day_chart(stays, hours, day, text):
    """The chart of one day: bars lying down for the visits of that day, standing for its scans by the hour.

    stays, hours: as of geo.hotspots.Timeline. A visit over midnight is cut at the day's ends.
    """
    began = pd.Timestamp(day)
    today = stays[(stays["came"] < began + pd.Timedelta(days=1)) & (stays["went"] >= began)]
    bars = pd.DataFrame({
        "case": today["case_code"], "class": today["case_class"], "from": _clip(today["came"], began), "to": _clip(today["went"], began),
        "came": [text.moment(moment) for moment in _zoned(today["came"])], "went": [text.moment(moment) for moment in _zoned(today["went"])],
        "told": [text(f"hotspots.timeline.{'told' if told else 'guessed'}") for told in today["went_told"]],
    })  # fmt: skip
    bars["to"] = bars["to"].clip(lower=bars["from"] + 0.1)  # a visit of a minute is seen, too
    scanned = hours[(hours["day"] == day) & hours["hour"].notna()]
    columns = pd.DataFrame({"hour": scanned["hour"].astype(int), "scans": scanned["scans"].astype(int)}).assign(
        end=lambda rows: rows["hour"] + 1
    )
    axis = alt.Axis(values=HOURS, title=text("hotspots.timeline.hour"), grid=False, tickCount=len(HOURS))
    across = alt.Scale(domain=[0, 24], nice=False)
    scans = alt.Chart(columns).mark_bar(color="#9fd0d8").encode(
        x=alt.X("hour:Q", scale=across, axis=axis), x2="end:Q",
        y=alt.Y("scans:Q", axis=alt.Axis(title=text("hotspots.timeline.scans"), orient="right", tickMinStep=1, grid=False)),
        y2=alt.Y2Datum(0),
        tooltip=[alt.Tooltip("hour:Q", title=text("hotspots.timeline.hour")), alt.Tooltip("scans:Q", title=text("hotspots.timeline.scans"))],
    )  # fmt: skip
    visits = alt.Chart(bars).mark_bar(height=BAR, cornerRadius=3, opacity=0.9).encode(
        x=alt.X("from:Q", scale=across, axis=axis), x2="to:Q",
        y=alt.Y("case:N", title=None, axis=alt.Axis(labelLimit=160)),
        color=alt.Color("class:N", scale=alt.Scale(domain=list(CASE_COLOURS), range=list(CASE_COLOURS.values())), legend=None),
        strokeDash=alt.condition(alt.datum.told == text("hotspots.timeline.told"), alt.value([1, 0]), alt.value([4, 3])),
        stroke=alt.value("#14213d"),
        tooltip=[alt.Tooltip(f"{name}:N", title=text(f"hotspots.timeline.{name}")) for name in ("case", "class", "came", "went")],
    )  # fmt: skip
    height = AXIS + (BAR + 14) * max(1, bars["case"].nunique())
    if columns.empty:  # an axis of no scans would have numbers of its own
        return visits.properties(height=height)
    return alt.layer(scans, visits).resolve_scale(y="independent").properties(height=max(height, AXIS + 90))


def _clip(moments, began):
    """Hours since midnight, 0 to 24."""
    return ((moments - began) / pd.Timedelta(hours=1)).clip(0, 24)


def _zoned(moments):
    return moments.dt.tz_localize("Asia/Ho_Chi_Minh")


def week_chart(weeks, text):
    """The rate of visits without a scan by week, with its interval."""
    rows = weeks[weeks["declared"] > 0]
    table = pd.DataFrame({
        "week": [text.day(week) for week in rows["week"]], "rate": rows["rate"].astype(float), "low": rows["low"].astype(float),
        "high": rows["high"].astype(float), "declared": rows["declared"].astype(int),
    })  # fmt: skip
    base = alt.Chart(table).encode(
        x=alt.X("week:O", sort=None, title=text("gap.week"), axis=alt.Axis(labelAngle=0)),
        tooltip=[alt.Tooltip("week:O", title=text("gap.week")), alt.Tooltip("rate:Q", title=text("gap.rate"), format=".1%"),
                 alt.Tooltip("declared:Q", title=text("gap.declared"))],
    )  # fmt: skip
    scale = alt.Scale(domain=[0, 1])
    rate = alt.Axis(title=text("gap.rate"), format=".0%")
    line = base.mark_line(point=alt.OverlayMarkDef(size=60, filled=True, color="#7a1f3d"), color="#7a1f3d").encode(y=alt.Y("rate:Q", scale=scale, axis=rate))
    ends = base.mark_rule(color="#7a1f3d", opacity=0.5, strokeWidth=3).encode(y=alt.Y("low:Q", scale=scale, axis=rate), y2="high:Q")
    return (ends + line).properties(height=220)
