"""What the reader has chosen, kept in the page's address, so that a link shows the same figures to another."""

from dataclasses import dataclass, fields, replace
from datetime import date, timedelta

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard import map_view
from dashboard.map_view import View, read_view
from dashboard.words import LANGUAGES
from geo.coverage import RATES, Window
from geo.errors import WindowError
from geo.units import WHOLE, communes_within

# As many days as Đức Thọ's letter reports on, 26/11 to 08/12/2021.
DEFAULT_DAYS = 13
ALL = "all"  # the group widget's choice of no group: an empty choice would show a hint instead
# The days that the calendar offers; it would end ten years from today by itself.
CALENDAR = date(2020, 1, 1), date(2099, 12, 31)


_OWN = "unit", "from", "to", "indicator", "group", "commune", "lang", "by", "every"
# Of these nothing comes only from a browser that has not been told yet what is chosen, as after a run cut short.
_NEVER_EMPTY = "indicator", "map-layer"
BY = "commune", "district", "department", "kind"
PARAMETERS = _OWN + map_view.PARAMETERS
_BEFORE = 20  # addresses of before that are known again


@dataclass(frozen=True)
class Filters:
    """The choices that decide what is shown.

    unit: code of a province or district, of a commune that is all there is in scope, or WHOLE where more than one unit is; commune:
    of the open panel, inside the unit. by: one of BY, what the rows of a page are, None: as it opens. every: also rows that are not
    behind. view: what else is chosen on the map.
    """

    unit: str
    window: Window
    indicator: str = "activity_rate"
    group: str | None = None
    commune: str | None = None
    language: str = "vi"
    by: str | None = None
    every: bool = False
    view: View = View()

    def as_query(self):
        """The address's parameters; what is not chosen is left out."""
        first, last = self.window.first.isoformat(), self.window.last.isoformat()
        values = self.unit, first, last, self.indicator, self.group, self.commune, self.language, self.by
        values += ("1" if self.every else None,)
        own = {name: value for name, value in zip(_OWN, values, strict=True) if value is not None}
        return own | self.view.as_query()


def read_language(query):
    """The language that the address asks for; Vietnamese where it is none of ours."""
    return query.get("lang") if query.get("lang") in LANGUAGES else "vi"


def read_window(query, last):
    """The window that the address asks for; DEFAULT_DAYS up to `last` where it asks for none that the calendar has."""
    try:
        window = Window(date.fromisoformat(query["from"]), date.fromisoformat(query["to"]))
        if CALENDAR[0] <= window.first and window.last <= CALENDAR[1]:
            return window
    except (KeyError, ValueError, WindowError):
        pass
    return Window(last - timedelta(days=DEFAULT_DAYS - 1), last)


def read_filters(query, window, unit, groups, atlas):
    """Filters from the address's parameters; what is missing or unusable falls back.

    window: of read_window; unit: the code to fall back to; groups: those of the register; atlas: the units in force.
    Returns the filters, and whether something that the address asked for fell back.
    """
    units, asked, commune = atlas.units, query.get("unit"), query.get("commune")
    usable = asked in units and units[asked].in_scope and (units[asked].level < 3 or asked in atlas.tops())
    usable = usable or (asked == WHOLE and len(atlas.tops()) > 1)
    filters = Filters(
        unit=asked if usable else unit,
        window=window,
        indicator=query["indicator"] if query.get("indicator") in RATES else Filters.indicator,
        group=query["group"] if query.get("group") in groups else None,
        language=read_language(query),
        by=query["by"] if query.get("by") in BY else None,
        every=query.get("every") == "1",
    )
    if filters.unit != WHOLE and units[filters.unit].level == 3:
        filters = replace(filters, commune=filters.unit)
    elif commune in communes_within(units, filters.unit):
        filters = replace(filters, commune=commune)
    filters = replace(filters, view=read_view(query, filters.commune))
    used = map_view.DEFAULTS | filters.as_query()
    return filters, any(used.get(name) != query[name] for name in PARAMETERS if name in query)


def _widgets(filters):
    return {
        "unit": filters.unit, "days": (filters.window.first, filters.window.last), "indicator": filters.indicator,
        "group": filters.group or ALL, "language": filters.language, "by": filters.by, "every": filters.every,
    } | {f"map-{field.name}": getattr(filters.view, field.name) for field in fields(View)}  # fmt: skip


def to_widgets(filters):
    """Put filters into the widgets' state: when the page opens, and when the reader goes to another address or language.

    The browser tells a choice by its label: one in the language of before would be no choice any more.
    """
    st.session_state.update(_widgets(filters), commune=filters.commune)


def from_widgets():
    """The filters as the widgets stand; a window of which only the first day is chosen yet is the one before."""
    chosen = st.session_state
    if "written" in chosen:  # Streamlit forgets the widgets that a run did not come to, because of an error
        for name, value in _widgets(chosen.written).items():
            chosen.setdefault(name, value)
            if name in _NEVER_EMPTY and chosen[name] is None:
                chosen[name] = value
                mark_whole(False)
    window = Window(*chosen.days) if len(chosen.days) == 2 else chosen.written.window
    group = None if chosen.group == ALL else chosen.group
    view = View(**{field.name: chosen.get(f"map-{field.name}", field.default) for field in fields(View)})
    view = replace(view, near=view.near and chosen.commune is not None)
    by, every = chosen.get("by"), chosen.get("every", False)
    return Filters(chosen.unit, window, chosen.indicator, group, chosen.commune, chosen.language, by, every, view)


def address_changed():
    """Whether the address decides: the page just opened, or the reader went to another address than the one written.

    A choice just made decides instead, and so does what is shown: what the browser says comes with an address of before while the
    next is still on its way to it. Only who goes back in its history means that one.
    """
    if "written" not in st.session_state:
        return True
    asked, written = st.query_params.to_dict(), st.session_state.written
    if from_widgets() != written or asked == written.as_query():
        return False
    return get_script_run_ctx().is_history_navigation or asked not in st.session_state.get("before", ())


def go_on_opening(**chosen):
    """Keep what was chosen on the map of a page that has read no more than its address yet, for when it reads it once more.

    chosen: parameters of the address; None for one to be left out.
    """
    st.session_state.go = st.session_state.get("go", {}) | chosen


def read_address():
    """The page's address as a query, and over it what was chosen before the page could write it there."""
    asked = st.query_params.to_dict() | st.session_state.get("go", {})
    return {name: value for name, value in asked.items() if value is not None}


def tick_row(name, key, codes, chosen):
    """Tick the row of what is chosen in a table that is about to be drawn, and give its callback, which takes another row.

    name: where the session keeps the choice. key: the table's. codes: those of its rows. chosen: one of them, or something else.
    """
    ticked = [codes.index(chosen)] if chosen in codes else []

    def take():
        rows = st.session_state[key].selection.rows
        if rows != ticked:  # else the browser says no more than what it was told, perhaps beside a choice elsewhere
            take_row(name, codes[rows[0]] if rows else None)

    st.session_state[key] = {"selection": {"rows": ticked}}
    hear_table(name)
    return take


def take_row(name, chosen):
    """Choose what a table's row stands for, or none; for callbacks.

    A choice made elsewhere comes with what the table shows in the browser, which may not have been told of the last one yet: the
    table has its say only where no such choice comes with it, whichever is heard first.
    """
    if f"{name} elsewhere" not in st.session_state:
        st.session_state.update({f"{name} before row": st.session_state.get(name), name: chosen})


def overrule_table(name):
    """Begin a choice that is made elsewhere than in the table, as take_row has it; for callbacks."""
    st.session_state[f"{name} elsewhere"] = True
    if f"{name} before row" in st.session_state:
        st.session_state[name] = st.session_state.pop(f"{name} before row")


def hear_table(name):
    """Let the table have its say again, now that the browser is told which row is chosen."""
    for kept in ("elsewhere", "before row"):
        st.session_state.pop(f"{name} {kept}", None)


def mark_whole(whole=True):
    """Keep whether a run of the page came to its end, or another choice cut it short."""
    st.session_state["page-is-whole"] = whole


def was_whole():
    """Whether the last run came to its end: of one that did not the browser may have been told nothing."""
    return st.session_state.get("page-is-whole", False)


def write_address(filters):
    """Put the filters into the page's address."""
    st.session_state.pop("go", None)
    before = st.session_state.get("written", filters)
    st.session_state.written = filters
    # Also where the address already reads so, after a choice: one written before may be on its way to the browser
    asked = st.query_params.to_dict()
    if filters != before or asked != filters.as_query():
        st.session_state.before = [*st.session_state.get("before", []), asked, before.as_query()][-_BEFORE:]
        st.query_params.from_dict(filters.as_query())
