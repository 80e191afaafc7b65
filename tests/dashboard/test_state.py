"""The page's address: what it asks for, what falls back, and that filters come back from it as they were."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from dashboard.map_view import View
from dashboard.state import CALENDAR, PARAMETERS, Filters, read_filters, read_language, read_window
from geo.coverage import RATES, Window
from geo.units import WHOLE, Atlas, Unit, Vintage

UNITS = [("42", 1, None), ("46", 1, None), ("440", 2, "42"), ("449", 2, "42"), ("18235", 3, "440")]
ATLAS = Atlas(
    Vintage(1, date(2021, 11, 1), "", None, False, 1),
    {code: Unit(code, level, f"unit {code}", parent, int(code), True) for code, level, parent in UNITS},
)
LAST = date(2021, 12, 8)
WINDOW = Window(date(2021, 11, 26), LAST)
DAYS = {"from": "2021-11-26", "to": "2021-12-08"}


def read(query):
    return read_filters(query, read_window(query, LAST), "42", ["A", "C"], ATLAS)


def test_an_empty_address_is_the_province_over_the_last_thirteen_days():
    assert read({}) == (Filters("42", WINDOW), False)


def test_an_address_is_read_as_it_was_written():
    filters = Filters("440", Window(date(2021, 12, 1), LAST), "creation_rate", "C", "18235", "en")
    assert filters.as_query() == {
        "unit": "440", "from": "2021-12-01", "to": "2021-12-08", "indicator": "creation_rate", "group": "C",
        "commune": "18235", "lang": "en",
    }  # fmt: skip
    assert read(filters.as_query()) == (filters, False)
    assert set(Filters("42", WINDOW).as_query()) == {"unit", "from", "to", "indicator", "lang"}


def test_what_is_chosen_on_the_map_is_a_part_of_the_address():
    view = View(
        "venues", "natural", True, "cafe", "health", "silent", "V 1/ñ", date(2021, 11, 1), date(2021, 11, 13), date(2025, 7, 1)
    )
    filters = Filters("440", WINDOW, commune="18235", view=view)
    assert {name: filters.as_query()[name] for name in ("layer", "near", "department", "venue", "beside_from", "drawn")} == {
        "layer": "venues", "near": "1", "department": "health", "venue": "V 1/ñ", "beside_from": "2021-11-01",
        "drawn": "2025-07-01",
    }  # fmt: skip
    assert read(filters.as_query()) == (filters, False)
    assert view.beside == Window(date(2021, 11, 1), date(2021, 11, 13)) and View().beside is None


@pytest.mark.parametrize(
    "query",
    [{"layer": "all"}, {"breaks": "1"}, {"near": "1"}, {"near": "yes", "commune": "18235"}, {"kind": "<b>"}, {"department": "<b>"}, {"state": "new"},
     {"venue": "a\nb"}, {"venue": "x" * 65}, {"beside_from": "2021-11-01"}, {"beside_from": "2021-11-02", "beside_to": "2021-11-01"},
     {"drawn": "today"}],
)  # fmt: skip
def test_what_the_map_cannot_show_falls_back_and_is_told(query):
    filters, fell_back = read(query)
    assert filters.view == View() and fell_back


def test_all_in_scope_is_a_unit_where_there_is_more_than_one():
    assert read({"unit": WHOLE, "commune": "18235"}) == (Filters(WHOLE, WINDOW, commune="18235"), False)
    one = Atlas(ATLAS.vintage, {code: unit for code, unit in ATLAS.units.items() if code != "46"})
    assert read_filters({"unit": WHOLE}, WINDOW, "42", [], one) == (Filters("42", WINDOW), True)


@pytest.mark.parametrize(
    "query",
    [{"unit": "zzz"}, {"unit": "18235"}, {"unit": ""}, {"commune": "440"}, {"commune": "<script>alert(1)</script>"},
     {"group": "B"}, {"indicator": "rate"}, {"lang": "fr"}, {"from": "yesterday"}, {"from": "2021-12-01"},
     {"from": "2021-12-08", "to": "2021-11-26"}, {"from": "2021-02-30", "to": "2021-03-01"},
     {"from": "0001-01-01", "to": "9999-12-31"}, {"from": "2021-12-01", "to": "9999-12-31"}],
)  # fmt: skip
def test_what_is_unusable_falls_back_and_is_told(query):
    assert read(query) == (Filters("42", WINDOW), True)


def test_the_rest_of_an_address_stands_where_one_part_falls_back():
    filters, fell_back = read(DAYS | {"unit": "440", "commune": "nowhere", "group": "A"})
    assert (filters, fell_back) == (Filters("440", WINDOW, group="A"), True)


def test_parameters_that_are_not_ours_are_no_fault():
    assert read({"utm_source": "mail"}) == (Filters("42", WINDOW), False)


def test_the_language_is_one_of_ours():
    assert [read_language(query) for query in ({}, {"lang": "en"}, {"lang": "VI"}, {"lang": ""})] == [
        "vi",
        "en",
        "vi",
        "vi",
    ]


@given(st.dictionaries(st.sampled_from(PARAMETERS), st.text() | st.sampled_from(["440", "18235", "A", *DAYS.values()])))
def test_any_address_gives_filters_that_their_own_address_gives_again(query):
    filters, _ = read(query)
    assert (filters.unit == WHOLE or ATLAS.units[filters.unit].level < 3) and filters.indicator in RATES
    assert CALENDAR[0] <= filters.window.first <= filters.window.last <= CALENDAR[1]
    assert read(filters.as_query()) == (filters, False)


@pytest.mark.parametrize("table_first", [True, False])
def test_a_choice_elsewhere_overrules_what_the_table_still_shows(table_first):
    def choose():
        import streamlit as st

        from dashboard import state

        heard = [lambda: state.take_row("commune", None), lambda: state.overrule_table("commune")]
        for hear in heard if st.session_state.table_first else heard[::-1]:
            hear()
        st.session_state.stood = st.session_state.commune
        state.hear_table("commune")
        state.take_row("commune", "18244")

    page = AppTest.from_function(choose)
    page.session_state["commune"], page.session_state["table_first"] = "18235", table_first
    page.run()
    assert not page.exception
    assert (page.session_state.stood, page.session_state.commune) == ("18235", "18244")
