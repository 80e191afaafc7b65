"""The daily bulletin as a letter and a workbook: opened again as an office opens them, and held against the figures."""

import io
import zipfile
from dataclasses import replace
from datetime import date, datetime

import pandas as pd
import pytest
from docx import Document
from python_calamine import CalamineWorkbook

from dashboard.bulletin_letter import group_silent, say_results, write_bulletin
from dashboard.bulletin_sheet import write_bulletin_sheet
from dashboard.report_files import make_bulletin
from dashboard.text import Text
from geo import db
from geo.accounts import operator_scope
from geo.audit import Actor, operator
from geo.daily import read_bulletin
from loaders.demo import load_sample

VI = Text("vi")
DAY = date(2021, 12, 8)
NASTY = '=HYPERLINK("//x";"y")\x01 {name} <w:p/> &'
CLEAN = '=HYPERLINK("//x";"y") {name} <w:p/> &'


@pytest.fixture(scope="module")
def province(database):
    load_sample()
    with db.reading(operator_scope()) as connection:
        return read_bulletin(connection, "42", DAY)


def words(bulletin, text=VI):
    document = Document(io.BytesIO(write_bulletin(bulletin, None, text)))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(line.text for line in document.paragraphs), *cells]).replace("\u00a0", " ")


def sheets(bulletin):
    book = CalamineWorkbook.from_filelike(io.BytesIO(write_bulletin_sheet(bulletin, VI)))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def silenced(bulletin):
    """The bulletin with three communes without a scan, two of them for some days."""
    rows = [("18229", "Thị trấn Đức Thọ", "440", 80, 1), ("18235", "Xã Quang Vĩnh", "440", 97, 3), ("18754", "Phường Kỳ Trinh", "449", 0, 2)]
    return replace(bulletin, silent=pd.DataFrame(rows, columns=["code", "name", "parent_code", "created", "days"]))


def test_the_letter_has_its_form_its_figures_and_their_definitions(province):
    said = words(province)
    total = province.total
    for line in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "Hà Tĩnh, ngày 09 tháng 12 năm 2021", "BẢN TIN HẰNG NGÀY",
                 "ngày 08/12/2021", "Nơi nhận:"):  # fmt: skip
        assert line in said, line
    assert f"có {VI.number(total['active'])}/{VI.number(total['created'])} địa điểm có lượt quét" in said
    assert f"Có {VI.number(total['regular'])} địa điểm quét thường xuyên trong 7 ngày, từ ngày 02/12/2021 đến ngày 08/12/2021" in said
    assert f"Số lượt quét trong ngày: {VI.number(total['scans'])}. Trung bình 7 ngày: {VI.decimal(province.means.loc['scans', 'mean7'])} lượt/ngày" in said
    assert "ít nhất 5 của 7 ngày, từ 02/12/2021 đến 08/12/2021" in said and said.count(VI("banner_invented")) == 2
    assert all(name in said for name in province.rows["name"]) and len(province.rows) == 13
    assert "F0" not in said


def test_sections_in_both_languages(province):
    for text in (VI, Text("en")):
        document = Document(io.BytesIO(write_bulletin(province, None, text)))
        assert [line.text for line in document.paragraphs if line.style.name == "Heading 1"] == [
            f"{place}. {text(f'bulletin.{name}')}" for place, name in enumerate(("results", "units", "silent", "again"), start=1)
        ]


def test_communes_without_a_scan_by_district_and_those_named_again(province):
    found = silenced(province)
    said = words(found)
    assert "Trong ngày 08/12/2021 có 3 xã, phường, thị trấn không có lượt quét nào (I6)." in said
    table = next(table for table in Document(io.BytesIO(write_bulletin(found, None, VI))).tables if table.cell(0, 0).text == "Thuộc")
    assert [[cell.text for cell in row.cells] for row in table.rows[1:]] == [
        ["Huyện Đức Thọ", "2", "Thị trấn Đức Thọ, Xã Quang Vĩnh"], ["Thị xã Kỳ Anh", "1", "Phường Kỳ Trinh (chưa có địa điểm tạo mã)"],
    ]  # fmt: skip
    assert "2 xã, phường, thị trấn đã bị nêu tên trong bản tin của ngày hôm trước" in said
    assert "- Huyện Đức Thọ: Xã Quang Vĩnh (3 ngày liên tiếp)." in said
    assert "- Thị xã Kỳ Anh: Phường Kỳ Trinh (2 ngày liên tiếp; chưa có địa điểm tạo mã)." in said
    none = words(replace(found, silent=found.silent.iloc[:0]))
    assert "tất cả các xã, phường, thị trấn đều có lượt quét" in none and "Không có xã, phường, thị trấn nào bị nêu tên từ hai ngày" in none


@pytest.mark.parametrize(("before", "said"), [(50, "tăng 50,0 so với trung bình 7 ngày trước đó là 50,0 (tăng 100,0 %)"),
                                             (200, "giảm 100,0 so với trung bình 7 ngày trước đó là 200,0 (giảm 50,0 %)"),
                                             (100, "không đổi so với trung bình 7 ngày trước đó (100,0)"),
                                             (0, "tăng 100,0 so với trung bình 7 ngày trước đó là 0,0."),
                                             (None, "chưa có đủ số liệu của 7 ngày trước đó để so sánh")])  # fmt: skip
def test_changes_say_by_how_much_of_what(province, before, said):
    means = province.means.copy()
    change = pd.NA if before is None else 100 - before
    means.loc["scans"] = [100, pd.NA if before is None else before, change, change / before if before else pd.NA]
    assert said in " ".join(say_results(replace(province, means=means), VI)).replace("\u00a0", " ")


def test_no_data_is_not_zero(province):
    with db.reading(operator_scope()) as connection:
        later = read_bulletin(connection, "42", date(2022, 3, 1))
    said = words(later)
    assert "Lượt quét ngày 01/03/2022 trên địa bàn tỉnh Hà Tĩnh: chưa có số liệu." in said and "chưa biết xã nào không có lượt quét" in said
    assert "có 0 xã" not in said and "0/" not in said and "Xã không có lượt quét" not in sheets(later)
    assert next(row for row in sheets(later)["Tổng hợp"] if row[0] == "Lượt quét (I7)")[1] == ""


def test_numbers_are_numbers_and_names_from_files_texts(province):
    found = silenced(province)
    found.silent.loc[0, "name"] = NASTY
    told = sheets(found)
    assert list(told) == ["Tổng hợp", "Theo đơn vị", "Xã không có lượt quét", "Theo ngày", "Định nghĩa"]
    rows = {row[0]: row for row in told["Tổng hợp"] if row[0]}
    assert rows["Địa điểm có lượt quét (I4d)"][1] == province.total["active"]
    assert rows["Lượt người (I7)"][1:6] == [pytest.approx(float(each)) for each in (province.total["people"], *province.means.loc["people"])]
    days = [row for row in told["Theo ngày"] if isinstance(row[0], date)]
    assert len(days) == 14 and days[-1][0] == DAY
    silent = {row[0]: row[1:] for row in told["Xã không có lượt quét"]}
    assert silent["18229"][:4] == [CLEAN, "Huyện Đức Thọ", 80, 1] and silent["18235"][3] == 3
    with zipfile.ZipFile(io.BytesIO(write_bulletin_sheet(found, VI))) as book:
        assert "<f>" not in "".join(book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/"))
    assert CLEAN in words(found)
    assert group_silent(found, found.silent, VI)[0][1] == 2


def test_the_same_data_give_the_same_bytes(province, monkeypatch):
    import time

    made = []
    for moment in (1.6e9, 1.8e9):
        monkeypatch.setattr(time, "time", lambda moment=moment: moment)
        made.append(make_bulletin(Actor(operator().name, operator_scope()), "440", DAY, VI)[1])
    assert made[0] == made[1] and list(made[0]) == ["ban-tin_440_2021-12-08.docx", "ban-tin_440_2021-12-08.xlsx"]
    letter = Document(io.BytesIO(made[0]["ban-tin_440_2021-12-08.docx"]))
    assert letter.core_properties.created.replace(tzinfo=None) == datetime(2021, 12, 9) and len(letter.inline_shapes) == 1
