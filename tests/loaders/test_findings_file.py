"""The file of refused rows: as they came, marked, never a formula, and read again by the headers it came with."""

import zipfile
from xml.etree import ElementTree

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from geo.errors import FileError
from loaders.findings_file import ADDED_TITLES, write_findings
from loaders.headers import map_headers

TITLES = ("Mã địa điểm", "Ngày", "", "Số lượt quét")
FINDINGS = ["row", "column", "value", "rule", "refused", "reason", "remedy"]


def make_rows(*records, index=None):
    return pd.DataFrame(records, columns=TITLES, index=index or range(2, 2 + len(records)), dtype="str")


def make_table(*records):
    return pd.DataFrame(records, columns=FINDINGS)


def read_sheets(path):
    book = CalamineWorkbook.from_path(path)
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def read_styles(path):
    """(number format, whether filled) of each written cell of the first sheet, and of each column's empty cells."""
    with zipfile.ZipFile(path) as book:
        sheet, styles = (
            ElementTree.fromstring(book.read(f"xl/{name}.xml")) for name in ("worksheets/sheet1", "styles")
        )
    own = {each.get("numFmtId"): each.get("formatCode") for each in styles.iterfind(".//{*}numFmt")}
    forms = [
        (
            {"0": "General", "49": "@"}.get(form.get("numFmtId")) or own[form.get("numFmtId")],
            int(form.get("fillId")) > 1,
        )
        for form in styles.find("{*}cellXfs")
    ]
    cells = {cell.get("r"): forms[int(cell.get("s", 0))] for cell in sheet.iterfind(".//{*}c")}
    return cells, [forms[int(column.get("style", 0))] for column in sheet.iterfind(".//{*}col")]


def test_refused_rows_are_as_they_came_with_all_that_is_wrong(tmp_path):
    rows = make_rows(("00123", "32/11/2021", "x", "1.904"), ("V2", "", "", "5"), index=[7, 9])
    table = make_table(
        (7, "Ngày", "32/11/2021", "not_a_date", True, "không phải ngày có thật", "ghi ngày"),
        (7, "Số lượt quét", "1.904", "not_a_count", True, "không phải số đếm", "ghi số"),
        (8, "Loại hình", "Lạ", "unknown_kind", False, "loại hình chưa biết", "chọn một loại hình"),
        (9, "Ngày", "", "missing", True, "ô để trống", "điền giá trị"),
    )
    write_findings(tmp_path / "sua.xlsx", TITLES, rows, table)
    sheets = read_sheets(tmp_path / "sua.xlsx")
    assert sheets == {
        "Từ chối": [
            [*TITLES, *ADDED_TITLES],
            ["00123", "32/11/2021", "x", "1.904", "7", "Ngày: không phải ngày có thật; Số lượt quét: không phải số đếm", "ghi ngày; ghi số"],
            ["V2", "", "", "5", "9", "Ngày: ô để trống", "điền giá trị"],
        ],
        "Cảnh báo": [
            ["Dòng", "Cột", "Giá trị", "Lý do", "Cách sửa"],
            ["8", "Loại hình", "Lạ", "loại hình chưa biết", "chọn một loại hình"],
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+84",
        "-5",
        "@SUM(A1)",
        "{=1}",
        "00123",
        "1e5",
        "http://vi-du.vn",
        "a\nb",
        "\x07",
        "<b>&",
        "26/11/2021",
        "true",
        "_x0041_",
    ],
)
def test_every_cell_is_text_and_none_a_formula_or_a_link(tmp_path, cell):
    path = tmp_path / "sua.xlsx"
    table = make_table((2, "Ngày", cell, "not_a_date", True, "=sai", "@ghi"), (3, "Ngày", cell, "r", False, "=a", "-b"))
    write_findings(path, TITLES, make_rows((cell, cell, cell, "=2")), table)
    sheets = read_sheets(path)
    assert sheets["Từ chối"][1] == [cell, cell, cell, "=2", "2", "Ngày: =sai", "@ghi"]
    assert sheets["Cảnh báo"][1] == ["3", "Ngày", cell, "=a", "-b"]
    with zipfile.ZipFile(path) as book:
        text = "".join(book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/"))
    assert "<f>" not in text and "hyperlink" not in text


def test_faulty_cells_are_coloured_and_every_cell_is_text(tmp_path):
    table = make_table((2, "Ngày", "", "missing", True, "ô để trống", "điền"))
    write_findings(tmp_path / "sua.xlsx", TITLES, make_rows(("V1", "", "", "5"), ("V2", "x", "", "")), table)
    cells, columns = read_styles(tmp_path / "sua.xlsx")
    assert [place for place, (_, filled) in cells.items() if filled] == ["B2"]
    assert {form for form, _ in (*cells.values(), *columns)} == {"@"} and len(columns) >= 2


def test_the_file_is_read_by_the_headers_it_came_with(tmp_path):
    columns = {"venue_code": (True, ("Mã địa điểm",)), "day": (True, ("Ngày",)), "scans": (False, ("Số lượt quét",))}
    table = make_table((2, "Ngày", "", "missing", True, "ô để trống", "điền"))
    write_findings(tmp_path / "sua.xlsx", TITLES, make_rows(("V1", "", "", "5")), table)
    sheets = read_sheets(tmp_path / "sua.xlsx")
    again = sheets["Từ chối"][0]
    assert map_headers(again, columns, "sua.xlsx") == {
        "venue_code": "Mã địa điểm",
        "day": "Ngày",
        "scans": "Số lượt quét",
    }
    with pytest.raises(FileError):
        map_headers(sheets["Cảnh báo"][0], columns, "sua.xlsx")
    # a second round of mending does not add the titles twice
    rows = pd.DataFrame([sheets["Từ chối"][1]], columns=again, index=[2], dtype="str")
    write_findings(tmp_path / "sua2.xlsx", tuple(again), rows, table)
    assert read_sheets(tmp_path / "sua2.xlsx")["Từ chối"][0] == again


def test_what_does_not_fit_on_a_sheet_is_told(tmp_path):
    rows = make_rows(*((f"V{number}", "", "", "") for number in range(5)))
    table = make_table(
        *((row, "Ngày", "", "missing", True, "ô để trống", "điền") for row in rows.index),
        *((9, "Ngày", "", "r", False, "a", "b"),) * 2,
    )
    write_findings(tmp_path / "sua.xlsx", TITLES, rows, table, limit=3)
    sheets = read_sheets(tmp_path / "sua.xlsx")
    assert list(sheets) == ["Từ chối", "Cảnh báo", "Ghi chú"]
    assert [row[0] for row in sheets["Từ chối"]] == ["Mã địa điểm", "V0", "V1", "V2"]
    assert len(sheets["Ghi chú"]) == 1 and "chỉ ghi 3 dòng đầu trong 5 dòng" in sheets["Ghi chú"][0][0]


def test_a_file_without_findings_has_its_headers(tmp_path):
    write_findings(tmp_path / "sua.xlsx", TITLES, make_rows(), make_table())
    assert [len(rows) for rows in read_sheets(tmp_path / "sua.xlsx").values()] == [1, 1]


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(FileError, match="sua.csv: .*đuôi .xlsx"):
        write_findings(tmp_path / "sua.csv", TITLES, make_rows(), make_table())
    with pytest.raises(FileError, match="không ghi được tệp"):
        write_findings(tmp_path / "khong" / "sua.xlsx", TITLES, make_rows(), make_table())
