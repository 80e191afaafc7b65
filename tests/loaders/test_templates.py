"""Templates: the headers that a loader takes, an example that reads as it stands, and a word on every column."""

import re
import zipfile
from datetime import date, datetime
from xml.etree import ElementTree

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from geo.errors import FileError
from loaders.headers import map_headers
from loaders.personal import PersonalWatch, refuse_personal_headers
from loaders.reading import open_source
from loaders.template_cli import TEMPLATES, list_columns
from loaders.templates import COLUMNS, write_template

CANONICAL = """
venue_code name kind organisation commune_code commune district province address lon lat created_on closed_on solution day
scans total_scans people hour venues_with_scans obligation_group obliged case_code case_class place arrived_at left_at source onset_on inspected_on
campaign outcome posted minutes head_count scanned supervisor note population households returned_on staff installed from_vintage from_code to_vintage to_code
share decree alias level commune_name commune_kind district_code district_name province_code province_name from_name
from_district from_province_code from_province to_name to_district_code to_district to_province_code to_province estimated
assessed_on points supervisors system entrants
"""
TEMPLATE = {
    "venue_code": (True, ("Mã địa điểm", "Mã điểm")),
    "kind": (True, ("Loại hình",)),
    "created_on": (True, ("Ngày tạo",)),
    "lon": (False, ("Kinh độ",)),
    "arrived_at": (False, ("Lúc đến",)),
    "solution": (False, ()),
}
KINDS = ("Quán cà phê", "Cơ sở sản xuất, kinh doanh")


@pytest.fixture
def path(tmp_path):
    write_template(tmp_path / "mau.xlsx", "Địa điểm", TEMPLATE, {"kind": KINDS})
    return tmp_path / "mau.xlsx"


def read_sheets(path):
    book = CalamineWorkbook.from_path(path)
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def read_styles(path):
    """(number format, colour) of each written cell of the first sheet, and of each column's empty cells."""
    with zipfile.ZipFile(path) as book:
        sheet, styles = (
            ElementTree.fromstring(book.read(f"xl/{name}.xml")) for name in ("worksheets/sheet1", "styles")
        )
    own = {each.get("numFmtId"): each.get("formatCode") for each in styles.iterfind(".//{*}numFmt")}
    fills = [fill.find(".//{*}fgColor") for fill in styles.find("{*}fills")]
    forms = [
        (
            {"0": "General", "49": "@"}.get(form.get("numFmtId")) or own[form.get("numFmtId")],
            getattr(fills[int(form.get("fillId"))], "attrib", {}).get("rgb"),
        )
        for form in styles.find("{*}cellXfs")
    ]
    cells = {cell.get("r"): forms[int(cell.get("s", 0))] for cell in sheet.iterfind(".//{*}c")}
    return cells, [forms[int(column.get("style", 0))] for column in sheet.iterfind(".//{*}col")]


def test_every_canonical_column_has_its_meaning():
    assert set(COLUMNS) == set(CANONICAL.split())


def test_the_form_has_the_headers_and_an_example_of_the_right_kind(path):
    header, example = read_sheets(path)["Địa điểm"]
    assert header == ["Mã địa điểm", "Loại hình", "Ngày tạo", "Kinh độ", "Lúc đến", "solution"]
    assert example == [
        "VIDU-0001",
        "Quán cà phê",
        date(2021, 11, 26),
        105.59,
        datetime(2021, 11, 28, 9, 15),
        "Mã QR dán",
    ]
    assert map_headers(header, TEMPLATE, "mau.xlsx") == dict(zip(TEMPLATE, header))


@pytest.mark.parametrize("kind", TEMPLATES)
def test_every_template_is_written_and_read_by_its_loader(tmp_path, kind):
    path, title, columns = tmp_path / "mau.xlsx", TEMPLATES[kind][0], list_columns(kind)
    write_template(path, title, columns)
    source = open_source(path, columns)
    assert list(source.headers) == list(columns)
    (example,) = source.rows.to_dict("records")
    assert {column for column, cell in example.items() if cell == ""} <= {"to_district_code", "to_district"}


def test_the_guide_has_a_row_for_each_column_and_is_no_table_to_load(path):
    guide = read_sheets(path)["Hướng dẫn"]
    assert guide[0] == ["Cột", "Tên chuẩn", "Bắt buộc", "Ý nghĩa", "Giá trị cho phép", "Ví dụ"]
    rows = {row[1]: row for row in guide[1 : len(TEMPLATE) + 1]}
    assert rows["created_on"] == ["Ngày tạo", "created_on", "có", COLUMNS["created_on"].meaning, "", "26/11/2021"]
    assert rows["kind"][4] == "Quán cà phê; Cơ sở sản xuất, kinh doanh" and rows["lon"][2] == ""
    assert rows["solution"][4] == "Mã QR dán; Thiết bị" and rows["arrived_at"][5] == "28/11/2021 09:15"
    for sheet in ("Hướng dẫn", "Danh mục"):
        for row in read_sheets(path)[sheet]:
            with pytest.raises(FileError):
                map_headers([str(cell) for cell in row], TEMPLATE, "mau.xlsx")


def test_allowed_values_are_offered_from_their_own_sheet(path):
    assert read_sheets(path)["Danh mục"] == [
        ["Danh mục: Loại hình", "Danh mục: solution"], ["Quán cà phê", "Mã QR dán"], ["Cơ sở sản xuất, kinh doanh", "Thiết bị"],
    ]  # fmt: skip
    with zipfile.ZipFile(path) as book:
        text = book.read("xl/worksheets/sheet1.xml").decode()
    rules = re.findall(
        r'<dataValidation type="list" errorStyle="warning".*?sqref="(\w+):\w+".*?<formula1>(.*?)</formula1>', text
    )
    assert rules == [("B2", "'Danh mục'!$A$2:$A$3"), ("F2", "'Danh mục'!$B$2:$B$3")]
    assert '<pane ySplit="1"' in text


def test_codes_are_text_columns_and_days_are_day_columns(path):
    cells, columns = read_styles(path)
    wanted = ["@", "@", "dd/mm/yyyy", "General", "dd/mm/yyyy hh:mm", "@"]
    assert [form for form, _ in columns] == wanted
    assert [cells[f"{letter}2"][0] for letter in "ABCDEF"] == wanted
    assert [cells[f"{letter}1"][1] for letter in "ABCDEF"] == ["FFF8CBAD"] * 3 + ["FFE7E6E6"] * 3


def test_examples_hold_nothing_of_persons():
    columns = {column: (True, ()) for column in COLUMNS}
    refuse_personal_headers(columns, "mau.xlsx")
    chunk = pd.DataFrame({column: [str(known.example)] for column, known in COLUMNS.items()}, dtype="str")
    PersonalWatch("mau.xlsx", {column: column for column in columns}).look(chunk)


def test_examples_are_among_the_values_allowed():
    assert [column for column, known in COLUMNS.items() if known.allowed and known.example not in known.allowed] == []


def test_a_template_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(FileError, match="mau.csv: .*đuôi .xlsx"):
        write_template(tmp_path / "mau.csv", "Địa điểm", TEMPLATE)
    with pytest.raises(FileError, match="không ghi được tệp"):
        write_template(tmp_path / "khong" / "mau.xlsx", "Địa điểm", TEMPLATE)
