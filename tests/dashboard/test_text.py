"""Words and numbers as a Vietnamese reader writes them, and the same texts in English."""

import string
from datetime import UTC, date, datetime

import pandas as pd
import pytest

from dashboard.text import Text
from dashboard.words import LANGUAGES, TEXTS
from geo.coverage import COUNTS, RATES, Window

VI, EN = Text("vi"), Text("en")
WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts_with_the_same_places():
    assert TEXTS.keys() == LANGUAGES.keys()
    assert TEXTS["vi"].keys() == TEXTS["en"].keys()
    for key, text in TEXTS["vi"].items():
        assert text.strip() and TEXTS["en"][key].strip(), key
        assert fields(text) == fields(TEXTS["en"][key]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_count_and_rate_has_a_name_and_every_rate_a_definition(language):
    text = Text(language)
    names = [text(name) for name in [*COUNTS, *RATES]]
    assert len(set(names)) == len(names)
    for rate in RATES:
        assert "08/12/2021" in text.definition(rate, WINDOW)


@pytest.mark.parametrize(
    ("rate", "vi", "en"),
    [(570 / 1904, "29,9\u00a0%", "29.9%"), (0, "0,0\u00a0%", "0.0%"), (1.25, "125,0\u00a0%", "125.0%"),
     (12.5, "1.250,0\u00a0%", "1,250.0%"), (None, "chưa có số liệu", "no data"), (pd.NA, "chưa có số liệu", "no data"),
     (float("nan"), "chưa có số liệu", "no data")],
)  # fmt: skip
def test_percent(rate, vi, en):
    assert (VI.percent(rate), EN.percent(rate)) == (vi, en)


@pytest.mark.parametrize(
    ("count", "vi", "en"),
    [(0, "0", "0"), (1904, "1.904", "1,904"), (1234567, "1.234.567", "1,234,567"), (None, "–", "–"),
     (pd.NA, "–", "–")],
)  # fmt: skip
def test_number(count, vi, en):
    assert (VI.number(count), EN.number(count)) == (vi, en)


def test_whole_percents_have_no_comma():
    assert (VI.percent(0.3, decimals=0), EN.percent(1.0, decimals=0)) == ("30\u00a0%", "100%")


def test_days_and_moments_are_vietnamese_in_both_languages():
    assert VI.day(date(2021, 12, 8)) == EN.day(date(2021, 12, 8)) == "08/12/2021"
    assert VI.moment(datetime(2021, 12, 8, 17, 30, tzinfo=UTC)) == "09/12/2021 00:30"
    assert VI.moment(None) == "chưa có số liệu"


def test_a_window_counts_both_its_ends():
    assert VI.window(WINDOW) == "26/11/2021 – 08/12/2021 (13 ngày)"
    assert EN.window(Window(WINDOW.last, WINDOW.last)) == "08/12/2021 – 08/12/2021 (1 days)"


def test_a_rate_stands_with_what_it_was_divided_from():
    row = {"cohort": 570, "new": 1904}
    assert VI.rate(row, "cohort_rate", "cohort", "new") == "570 hoạt động / 1.904 tạo mới"
    assert EN.rate({"active": pd.NA, "created": 4}, "activity_rate", "active", "created") == "– active / 4 created"


def test_a_group_without_a_name_is_its_code():
    assert (VI.group("A"), VI.group("B"), VI.group("all")) == ("A – cơ quan, đơn vị", "B", "Tất cả")


def test_what_has_not_reached_all_is_not_rounded_up_to_it():
    assert [VI.percent(rate) for rate in (2499 / 2500, 1.0, 1.25)] == ["99,9\u00a0%", "100,0\u00a0%", "125,0\u00a0%"]
