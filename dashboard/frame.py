"""What every page has: its settings, language and filters, the banner, the heading, and errors as notices."""

import logging
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from dashboard import data, panels, state
from dashboard.text import LANGUAGES, Text
from geo.db import today
from geo.errors import BoundaryError, DatabaseError, PhuqrError, UnitError, WindowError
from geo.units import communes_within

_STYLE = Path(__file__).parent / "static" / "phuqr.css"
_NOTICES = {
    BoundaryError: "error.empty",
    DatabaseError: "error.database",
    WindowError: "error.window",
    UnitError: "error.choice",
}


@contextmanager
def page(name):
    """Set the page up and show, instead of a traceback, what went wrong; yields the texts of the reader's language."""
    language = state.read_language(st.query_params) if state.address_changed() else st.session_state.language
    text = Text(language)
    st.set_page_config(page_title=f"{text(name)} – phuqr", layout="wide")
    st.html(_STYLE)
    try:
        yield text
    except PhuqrError as error:
        logging.getLogger("phuqr").warning("%s", error)
        st.error(text(_NOTICES.get(type(error), "error.database")))
    st.html(f'<script>document.documentElement.lang = "{language}"</script>', unsafe_allow_javascript=True)


def choose_filters(held, text):
    """The row of filters; returns the Filters as they now stand and the units in force at the window's end."""
    opened = state.address_changed()
    asked = st.query_params if opened else state.from_widgets().as_query()
    window = state.read_window(asked, held.scans_until or today())
    atlas = data.atlas(held.version, window.last)
    # What was chosen is read as an address is: the units of another window's end may be others
    filters, fell_back = state.read_filters(asked, window, default_unit(held, atlas), held.groups, atlas)
    if opened or fell_back:
        state.to_widgets(filters)
    if fell_back:
        st.warning(text("error.choice"))
    province = atlas.province(filters.unit).code
    provinces = [code for code, unit in atlas.units.items() if unit.level == 1]
    districts = [code for code, unit in atlas.units.items() if (unit.level, unit.parent_code) == (2, province)]
    where, when, group, language = st.container(key="filters").columns([4, 3, 3, 2], gap="small")
    if len(provinces) > 1:
        above, where = where.columns(2)
        st.session_state.province = province
        above.selectbox(
            text("province"), provinces, key="province", format_func=lambda code: atlas.units[code].name,
            on_change=lambda: st.session_state.update(unit=st.session_state.province, commune=None),
        )  # fmt: skip

    def keep_panel_inside():
        if st.session_state.commune not in communes_within(atlas.units, st.session_state.unit):
            st.session_state.commune = None

    where.selectbox(
        text("district"), [province, *districts], key="unit", on_change=keep_panel_inside,
        format_func=lambda code: text("whole_province") if code == province else atlas.units[code].name,
    )  # fmt: skip
    first, last = state.CALENDAR
    when.date_input(text("window"), key="days", min_value=first, max_value=last, format="DD/MM/YYYY")
    group.selectbox(text("group"), [state.ALL, *held.groups], key="group", format_func=text.group)
    language.selectbox(
        text("language"), list(LANGUAGES), key="language", format_func=LANGUAGES.get,
        on_change=lambda: state.to_widgets(state.from_widgets()),
    )  # fmt: skip
    state.write_address(filters)
    return filters, atlas


def default_unit(held, atlas):
    """The province to open with: the one whose venues were loaded first, or the first of the list."""
    if held.first_commune in atlas.units:
        return atlas.province(held.first_commune).code
    return next(iter(atlas.units))


def show_heading(name, held, atlas, found, text):
    """The banner that says what the figures are not, and the page's heading with unit, window and as-of."""
    said = [text("banner_invented")] * held.invented + [text("banner_sketched")] * atlas.vintage.sketched
    if said:
        st.html(panels.banner(said))
    lines = [text.window(found.window), text("as_of", when=text.moment(held.as_of))]
    if found.scans_until and found.scans_until < found.window.last:
        lines.append(text("scans_short", day=text.day(found.scans_until)))
    st.html(panels.header(text(name), found.unit.name, lines))
