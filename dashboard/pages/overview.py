"""Tổng quan: what changed since the window before, who lags and why, and how far the deadlines are."""

from dataclasses import replace
from datetime import timedelta
from html import escape
from urllib.parse import urlencode

import streamlit as st

from dashboard import charts, data, lagging_panels
from dashboard.day_page import address
from dashboard.frame import choose_filters, page, show_heading
from dashboard.map_panel import show_map
from geo.coverage import Window

NAMED = 9  # laggards that fit beside the rest
POSTERS = 200  # listed at most


def show_laggards(reader, held, filters, text):
    """The tallies, and the first of those that lag with their reasons."""
    window = filters.window
    asked = window.first, window.last, "commune", filters.group
    found = data.lagging(held.version, reader.scope, filters.unit, *asked)
    st.html(f'<h3 class="phuqr-section">{escape(text("overview.lagging"))}</h3>{lagging_panels.tallies(found, text)}')
    codes = lagging_panels.rank(found)
    if not codes:
        st.info(text("overview.none"))
        return

    def address(code):
        return f"/commune?{urlencode(replace(filters, commune=code).as_query())}"

    st.html(lagging_panels.laggards(found, codes[:NAMED], text, address))
    st.caption(text("overview.shown", shown=text.number(min(NAMED, len(codes))), count=text.number(len(codes))))
    link = f"/lagging?{urlencode(filters.as_query())}"
    st.html(f'<a class="phuqr-button" href="{escape(link)}" target="_self">{escape(text("overview.all"))}</a>')


def show_deadlines(reader, held, filters, atlas, text):
    """A clock and a line for each deadline of the unit."""
    st.html(f'<h3 class="phuqr-section">{escape(text("overview.deadlines"))}</h3>')
    due = [each for each in data.campaigns(reader.scope, filters.unit, atlas.units) if each.target]
    due = [each for each in due if filters.group in (None, each.obligation_group)]
    places = st.columns(max(1, len(due)))
    if not due:
        st.caption(text("overview.no_deadlines"))
    for place, each in zip(places, due, strict=False):
        clock = data.clock(held.version, reader.scope, filters.unit, each, filters.window.last)
        place.html(lagging_panels.clock(clock, text))
        if clock.obliged:
            asked = filters.unit, atlas.vintage, each.first_day, filters.window.last, each.obligation_group
            created = data.creation(held.version, reader.scope, *asked)
            place.altair_chart(charts.creation_line(created, clock.obliged, each, text), width="stretch")


def show_days(reader, held, filters, text):
    """Active venues and scans day by day, with their means of seven days."""
    rows = data.days(held.version, reader.scope, filters.unit, filters.window.first, filters.window.last, filters.group)
    st.html(f'<h3 class="phuqr-section">{escape(text("days.title"))}</h3>')
    if rows["scans"].isna().all():
        st.info(text("days.none"))
        return
    for place, name in zip(st.columns(2), ("active", "scans"), strict=True):
        titles = {"bar": text(f"days.{name}"), "mean": text("days.mean"), "count": text(f"days.{name}.count")}
        place.altair_chart(charts.daily(rows, name, titles, text), width="stretch")
    newest = rows[rows["scans"].notna()].iloc[-1]
    st.caption(text("days.newest", day=text.day(newest["day"]), active=text.number(newest["active"]), created=text.number(newest["created"]),
                    scans=text.number(newest["scans"]), people=text.number(newest["people"])))  # fmt: skip


def show_staff(reader, held, filters, text):
    """I10, where agencies returned it."""
    found = data.staff(held.version, reader.scope, filters.unit, filters.window.last)
    if found:
        st.html(lagging_panels.staff(found, text))


def show_old_posters(reader, held, filters, coverage, text):
    """The posters to be removed, where devices took their place."""
    if coverage.solution == "poster":
        return
    rows = data.old_posters(held.version, reader.scope, filters.unit, filters.window.last, filters.group)
    st.html(f'<h3 class="phuqr-section">{escape(text("posters.title"))}</h3>')
    st.caption(text("posters.said", count=text.number(len(rows)), day=text.day(filters.window.last)))
    if len(rows):
        kinds = {code: names[text.language != "vi"] for code, names in data.kinds(held.version, reader.scope).items()}
        st.html(lagging_panels.old_posters(rows.head(POSTERS), kinds, text))
        if len(rows) > POSTERS:
            st.caption(text("commune.cut", shown=text.number(POSTERS)))


with page("overview") as (text, reader):
    held = data.holdings(reader.scope)
    heading = st.container()
    filters, atlas = choose_filters(reader, held, text)
    window = filters.window
    length = window.last - window.first + timedelta(days=1)
    earlier = Window(window.first - length, window.last - length)
    coverage, before = (
        data.coverage(held.version, reader.scope, filters.unit, each.first, each.last, filters.group)
        for each in (window, earlier)
    )
    with heading:
        show_heading("overview.title", held, atlas, coverage, text)
    st.html(lagging_panels.changes(coverage.total, before.total, window, earlier, text))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        show_map(reader, held, filters, atlas, coverage, text, key="overview-map", height=420)
        show_deadlines(reader, held, filters, atlas, text)
        show_days(reader, held, filters, text)
    with right:
        show_laggards(reader, held, filters, text)
        show_staff(reader, held, filters, text)
    show_old_posters(reader, held, filters, coverage, text)
    still = address(text, unit=filters.unit, day=window.last.isoformat())
    st.html(f'<p class="phuqr-take"><a href="{escape(still)}" target="_self">{escape(text("day.link"))}</a></p>')
