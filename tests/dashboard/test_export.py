"""The spreadsheet, opened again: every commune and the total, as numbers, with what they are."""

import io
import zipfile
from datetime import date

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from dashboard.export import coverage_workbook
from dashboard.text import Text
from geo import db
from geo.accounts import operator_scope
from geo.coverage import COUNTS, RATES, Window, read_coverage

WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))
NAMES = {"42": "Tỉnh Hà Tĩnh", "440": "Huyện Đức Thọ", "449": "Thị xã Kỳ Anh"}


@pytest.fixture
def coverage(small_province):
    with db.reading(operator_scope()) as connection:
        return read_coverage(connection, "42", WINDOW)


def cells(coverage, language="vi"):
    text = Text(language)
    file = coverage_workbook(coverage, NAMES, text.group("all"), text)
    (sheet,) = CalamineWorkbook.from_filelike(io.BytesIO(file)).sheet_names
    return CalamineWorkbook.from_filelike(io.BytesIO(file)).get_sheet_by_name(sheet).to_python()


def table(rows):
    (top,) = [place for place, row in enumerate(rows) if row[0] in ("Mã", "Code")]
    return rows[top], {row[0]: row for row in rows[top + 1 :]}


def test_rows_are_the_communes_and_the_total(coverage):
    head, rows = table(cells(coverage))
    assert head == [Text("vi")(name) for name in ["code", "commune", "district_short", *COUNTS, *RATES]]
    assert list(rows) == [*coverage.rows["code"], "42"]
    assert rows["18229"] == [
        "18229",
        "Thị trấn Đức Thọ",
        "Huyện Đức Thọ",
        4,
        3,
        4,
        3,
        2,
        1,
        2,
        22,
        19,
        0.75,
        0.5,
        1 / 3,
    ]
    assert rows["42"][:7] == ["42", "Cộng", "", 8, 8, 10, 8]


def test_what_is_not_known_is_empty_and_not_zero(coverage):
    head, rows = table(cells(coverage))
    ward = dict(zip(head, rows["18754"], strict=True))
    assert (ward["Phải tạo"], ward["Tỷ lệ tạo mã"], ward["Hoạt động"], ward["Tỷ lệ hoạt động"]) == ("", "", 0, 0)


def test_the_sheet_says_what_its_figures_are(coverage):
    rows = cells(coverage)
    facts = {row[0]: row[2] for row in rows[1:] if row[0] and row[2]}
    text = Text("vi")
    assert rows[0][0] == "Bản đồ phủ QR – Tỉnh Hà Tĩnh"
    assert facts["Thời gian"] == "26/11/2021 – 08/12/2021 (13 ngày)"
    assert facts["Nhóm"] == "Tất cả"
    assert facts["Số liệu cập nhật lúc"] == text.moment(coverage.holdings.as_of)
    assert [facts[text(rate)] for rate in RATES] == [text.definition(rate, WINDOW) for rate in RATES]
    assert "Lưu ý" not in facts


def test_invented_figures_say_so(coverage):
    object.__setattr__(coverage.holdings, "invented", True)
    object.__setattr__(coverage.vintage, "sketched", True)
    said = [row[2] for row in cells(coverage) if row[0] == "Lưu ý"]
    assert said == [Text("vi")("banner_invented"), Text("vi")("banner_sketched")]


def test_english(coverage):
    head, rows = table(cells(coverage, "en"))
    assert head[:4] == ["Code", "Commune", "District", "Obliged"]
    assert rows["42"][1] == "Total"


def test_a_name_does_not_become_a_formula(coverage):
    coverage.rows.loc[0, "name"] = '=HYPERLINK("//x";"y")'
    coverage.rows.loc[1, "name"] = "//nowhere"
    assert table(cells(coverage))[1]["18229"][1] == '=HYPERLINK("//x";"y")'
    assert table(cells(coverage))[1]["18235"][1] == "//nowhere"


def test_a_column_of_nulls_only(coverage):
    coverage.rows["active"] = pd.array([pd.NA] * len(coverage.rows), dtype="Int64")
    head, rows = table(cells(coverage))
    assert {row[head.index("Hoạt động")] for code, row in rows.items() if code != "42"} == {""}


def test_more_than_the_register_stands_in_red(coverage):
    with zipfile.ZipFile(io.BytesIO(coverage_workbook(coverage, {}, "", Text("vi")))) as book:
        assert 'formatCode="[Red][&gt;1]0.0%;0.0%"' in book.read("xl/styles.xml").decode()
