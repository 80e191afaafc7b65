"""Pieces of HTML: the figures that were given, and no tag that came from a file."""

import re
from datetime import date
from html.parser import HTMLParser

import pandas as pd

from dashboard import panels
from dashboard.text import Text
from geo.coverage import COUNTS, RATES, Window, add_rates

VI = Text("vi")
WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))
NASTY = "<img src=x onerror=alert(1)>\"' onmouseover='alert(2) </section><script>alert(3)</script>"
TAGS = {"section", "h1", "h2", "h3", "header", "p", "div", "span", "table", "tr", "th", "td", "small", "b", "dl", "dt",
        "dd", "ul", "li", "i"}  # fmt: skip


def row_of(name="Xã Quang Vĩnh", code="18235", **counts):
    given = dict.fromkeys(COUNTS, 0) | {
        "obliged": 3483, "created_obliged": 2123, "created": 2123, "new": 1904, "active": 634, "cohort": 570,
        "never_scanned": 1489, "scans": 12345,
    } | counts  # fmt: skip
    frame = pd.DataFrame([{"code": code, "name": name, **given}]).astype(dict.fromkeys(COUNTS, "Int64"))
    return add_rates(frame).iloc[0]


def shown(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html).replace("\u00a0", " ")).strip()


class Tags(HTMLParser):
    """The tags and the names of attributes that a browser would see."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes = set(), set()
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}


def test_figures_are_those_of_the_letter():
    html = panels.figures(row_of(), WINDOW, VI)
    assert html.count('class="phuqr-card"') == len(RATES)
    assert "Tỷ lệ hoạt động điểm mới 29,9 % 570 hoạt động / 1.904 tạo mới" in shown(html)
    assert "Tỷ lệ tạo mã 61,0 % 2.123 đã tạo / 3.483 phải tạo" in shown(html)
    assert "phuqr-note" not in html


def test_no_data_is_never_a_percent():
    unknown = panels.figures(row_of(active=None, cohort=None, obliged=0), WINDOW, VI)
    assert shown(unknown).count("chưa có số liệu") == 3
    assert "%" not in shown(unknown)


def test_more_created_than_registered_is_flagged_in_figures_and_panel():
    above = row_of(created_obliged=3500)
    for html in (panels.figures(above, WINDOW, VI), panels.commune_panel(above, [row_of()], VI)):
        assert "100,5 %" in shown(html)
        assert html.count("phuqr-note") == 1 and VI("above_register") in html
    exactly = row_of(created_obliged=3483)
    assert "phuqr-note" not in panels.commune_panel(exactly, [exactly], VI)


def test_a_panel_has_the_communes_figures_beside_those_it_lies_in():
    district, province = row_of("Huyện Đức Thọ"), row_of("Tỉnh Hà Tĩnh", active=0)
    html = panels.commune_panel(row_of(active=12, created=99), [district, province], VI)
    text = shown(html)
    assert text.startswith("Xã Quang Vĩnh Huyện Đức Thọ, Tỉnh Hà Tĩnh · Mã 18235")
    assert (
        "Tỷ lệ hoạt động 12 hoạt động / 99 đã tạo 12,1 % Huyện Đức Thọ: 29,9 % (634/2.123) Tỉnh Hà Tĩnh: 0,0 % (0/2.123)"
        in text
    )
    assert "Lượt quét 12.345" in text and "Chưa từng quét 1.489" in text


def test_texts_from_files_stay_texts():
    nasty = row_of(NASTY, NASTY)
    pieces = [
        panels.banner([NASTY]),
        panels.header(NASTY, NASTY, [NASTY]),
        panels.legend(NASTY, [(NASTY, NASTY, 1)], VI),
        panels.commune_panel(nasty, [nasty], VI),
    ]
    for html in pieces:
        assert Tags(html).tags <= TAGS
        assert Tags(html).attributes <= {"class", "id", "role", "style"}
        assert "&lt;img src=x" in html
