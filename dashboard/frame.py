"""What every page has: its reader, settings, language and filters, the banner, the heading, and errors as notices."""

import logging
from contextlib import contextmanager
from dataclasses import replace
from html import escape
from itertools import islice
from pathlib import Path

import streamlit as st

from dashboard import data, panels, state
from dashboard.navigation import PAGES
from dashboard.text import Text
from dashboard.words import LANGUAGES
from geo.db import today
from geo.errors import (
    AccountError,
    BoundaryError,
    DatabaseError,
    InspectionError,
    PhuqrError,
    ReportChangedError,
    ReportError,
    TracingError,
    UnitError,
    WindowError,
)
from geo.lagging import report_week, report_weeks
from geo.units import WHOLE, communes_within

_STYLE = Path(__file__).parent / "static" / "phuqr.css"
_NOTICES = {
    BoundaryError: "error.empty",
    DatabaseError: "error.database",
    WindowError: "error.window",
    UnitError: "error.choice",
    AccountError: "error.account",
    TracingError: "error.tracing",
    InspectionError: "error.inspection",
    ReportError: "error.report",
    ReportChangedError: "error.report_changed",
}


def open_pages(role):
    """The pages that a role may open, by path, as Streamlit takes them; others do not exist for it. None: every page."""
    return {
        path: st.Page(page.file, title=Text("vi")(page.title), url_path=path, default=path == "")
        for path, page in PAGES.items()
        if role is None or role in page.roles
    }


@contextmanager
def page(path):
    """Set the page up and show, instead of a traceback, what went wrong; yields the reader's texts and its Actor."""
    language = state.read_language(st.query_params) if state.address_changed() else st.session_state.language
    text = Text(language)
    st.set_page_config(page_title=f"{text(PAGES[path].title)} – phuqr", layout="wide")
    st.html(_STYLE)
    st.html(f'<script>document.documentElement.lang = "{language}"</script>', unsafe_allow_javascript=True)
    try:
        reader = data.reader()
        if reader is None or reader.scope.role not in PAGES[path].roles:
            _send_to_sign_in(text)
        _forget_another(reader)
        show_account(reader, text)
        yield text, reader
        state.mark_whole()
    except PhuqrError as error:
        logging.getLogger("phuqr").warning("%s", error)
        st.error(text(_NOTICES.get(type(error), "error.database")))
        st.stop()  # there may be no reader to yield


def _send_to_sign_in(text):
    """End the run: the session does not stand any more, whatever the browser still shows."""
    st.session_state.clear()
    st.warning(text("error.signed_out"))
    address = f"/sign-in?said=ended&lang={text.language}"
    st.html(
        f'<a class="phuqr-button" href="{address}" target="_self">{escape(text("sign_in"))}</a>'
        f'<script>location.assign("{address}")</script>',
        unsafe_allow_javascript=True,
    )
    st.stop()


def _forget_another(reader):
    """A browser that comes back as somebody else finds nothing of who was there before."""
    if st.session_state.get("reader", reader.name) != reader.name:
        st.session_state.clear()
    st.session_state.reader = reader.name


def show_account(reader, text):
    """A line with the pages that the reader may open, who it is, and the way out."""
    line = st.container(key="account", horizontal=True, vertical_alignment="center")
    pages = open_pages(reader.scope.role)
    if len(pages) > 1:
        left = st.session_state.written.as_query() if "written" in st.session_state else {}
        for path, opened in pages.items():
            query = {**(left if PAGES[path].filtered else {}), "lang": text.language}
            line.page_link(opened, label=text(PAGES[path].title), query_params=query)
    who, role = escape(reader.name), escape(text(f"role.{reader.scope.role}"))
    line.html(
        f'<form class="phuqr-account" method="post" action="/sign-out?lang={text.language}" target="_self">'
        f"<span><b>{who}</b> · {role}</span>"
        f'<a href="/password?lang={text.language}" target="_self">{escape(text("password.change"))}</a>'
        f"<button>{escape(text('sign_out'))}</button></form>"
    )


def find_filters(reader, held, text, whole=False):
    """The Filters as address and widgets now say, the units in force at the window's end, whether the widgets have to be told, and
    whether something that was asked for fell back.

    whole: the page can show all in scope at once; another opens on one of the units that make it up.
    """
    opened = state.address_changed()
    asked = state.read_address() if opened else state.from_widgets().as_query()
    window = state.read_window(asked, held.scans_until or today())
    atlas = data.atlas(held.version, reader.scope, window.last)
    if not atlas.tops():
        st.info(text("error.no_scope"))
        st.stop()
    # What was chosen is read as an address is: the units of another window's end may be others
    filters, fell_back = state.read_filters(asked, window, default_unit(held, atlas), held.groups, atlas)
    narrowed = filters.unit == WHOLE and not whole
    if narrowed:
        filters = replace(filters, unit=default_unit(held, atlas))
    return filters, atlas, opened or fell_back or narrowed, fell_back


def choose_filters(reader, held, text, whole=False, groups=True):
    """The row of filters; returns the Filters as they now stand and the units in force at the window's end.

    whole: as find_filters has it. groups: the page's figures differ by obligation group; else the choice of one stays as it was, out of sight.
    """
    filters, atlas, to_tell, fell_back = find_filters(reader, held, text, whole)
    tops = atlas.tops()
    if to_tell or not state.was_whole():
        state.to_widgets(filters)
    state.mark_whole(False)
    if fell_back:
        st.warning(text("error.choice"))
    top = WHOLE if filters.unit == WHOLE else atlas.top(filters.unit).code
    districts = [code for code, unit in atlas.units.items() if (unit.level, unit.parent_code) == (2, top)]
    where, period, when, *group, language = st.container(key="filters").columns([4, 3, 3, *[3] * groups, 2], gap="small")
    if len(tops) > 1:
        above, where = where.columns(2) if districts else (where, None)
        st.session_state.top = top
        above.selectbox(
            text("area"), [WHOLE] * whole + tops, key="top", format_func=lambda code: text("whole") if code == WHOLE else atlas.units[code].name,
            on_change=lambda: st.session_state.update(unit=st.session_state.top, commune=None),
        )  # fmt: skip

    def keep_panel_inside():
        if st.session_state.commune not in communes_within(atlas.units, st.session_state.unit):
            st.session_state.commune = None

    if where:
        where.selectbox(
            text("district") if districts else text("area"), [top, *districts], key="unit", on_change=keep_panel_inside,
            format_func=lambda code: text("whole_province") if atlas.units[code].level == 1 else atlas.units[code].name,
        )  # fmt: skip
    choose_period(period, list_periods(reader, held, filters, atlas, text), filters.window, text)
    first, last = state.CALENDAR
    when.date_input(text("window"), key="days", min_value=first, max_value=last, format="DD/MM/YYYY")
    for column in group:
        column.selectbox(text("group"), [state.ALL, *held.groups], key="group", format_func=text.group)
    language.selectbox(
        text("language"), list(LANGUAGES), key="language", format_func=LANGUAGES.get,
        on_change=lambda: state.to_widgets(state.from_widgets()),
    )  # fmt: skip
    state.write_address(filters)
    return filters, atlas


def choose(key, options, text, words, label, **layout):
    """One of a few options, which stands in the address; the first where what is chosen there is none of them.

    words: the key of an option's text, with its name for {}.
    """
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0]
    return st.segmented_control(
        text(label), options, key=key, required=True, format_func=lambda option: text(words.format(option)), **layout
    )


def list_periods(reader, held, filters, atlas, text):
    """Windows that have a name, by it: the report week of the last scans and those before it, and those of campaigns."""
    weeks = islice(report_weeks(report_week(held.scans_until).last), 5) if held.scans_until else ()
    named = {text("period.week", first=text.day(week.first), last=text.day(week.last)): week for week in weeks}
    campaigns = data.campaigns(reader.scope, None if filters.unit == WHOLE else filters.unit, atlas.units)
    return named | {each.name: each.window for each in campaigns if each.window and each.target is None}


def choose_period(place, periods, window, text):
    """A list of named windows beside the calendar, which shows the days of the one that is chosen."""
    names = {shown: name for name, shown in periods.items()}
    st.session_state.period = names.get(window, "")

    def take_period():
        chosen = periods.get(st.session_state.period)
        if chosen:
            st.session_state.days = chosen.first, chosen.last

    place.selectbox(
        text("period"), ["", *periods], key="period", on_change=take_period,
        format_func=lambda name: name or text("period.days"),
    )  # fmt: skip


def default_unit(held, atlas):
    """The unit to open with: the largest in scope around the venue that was loaded first, or the first of the list."""
    if held.first_commune in atlas.units:
        return atlas.top(held.first_commune).code
    return atlas.tops()[0]


def show_heading(name, held, atlas, found, text):
    """The banner that says what the figures are not, and the page's heading with unit, window and as-of."""
    said = [text("banner_invented")] * held.invented + [text("banner_sketched")] * atlas.vintage.sketched
    if said:
        st.html(panels.banner(said))
    lines = [text.window(found.window), text("as_of", when=text.moment(held.as_of))]
    if found.scans_until and found.scans_until < found.window.last:
        lines.append(text("scans_short", day=text.day(found.scans_until)))
    st.html(panels.header(text(name), found.unit.name or text("whole"), lines))
