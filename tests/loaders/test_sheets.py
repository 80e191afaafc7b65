"""Workbooks, xlsx, xls and ods: which sheet and which row of titles, what typed cells say, and what is refused."""

import io
import zipfile
from datetime import date, datetime, time

import pandas as pd
import pytest
import xlsxwriter
import xlwt
from xlwt.CompoundDoc import XlsDoc

from geo.errors import FileError
from loaders.reading import open_source

from .tables import write_sheets, write_table

COLUMNS = {
    "venue_code": (True, ("Mã địa điểm",)),
    "day": (True, ("Ngày",)),
    "lon": (False, ("Kinh độ",)),
    "lat": (False, ("Vĩ độ",)),
}
WORKBOOKS = ["rows.xlsx", "rows.xls", "rows.ods"]
ROWS = [
    ["Mã địa điểm", "Ngày", "Kinh độ", "Vĩ độ"],
    ["V1", date(2021, 11, 26), 105.55, 18],
    ["V2", date(2021, 11, 27), None, None],
    [],
    [" \u200b", None, None, None],
    ["V3", "28/11/2021", "105,6", "18.5"],
]
TABLE = {
    2: ["V1", "2021-11-26", "105.55", "18"],
    3: ["V2", "2021-11-27", "", ""],
    6: ["V3", "28/11/2021", "105,6", "18.5"],
}


def read_rows(source):
    """The rows of an opened file by their numbers."""
    found = pd.concat(list(source.chunks()))
    assert list(found.columns) == list(source.titles) and {str(kind) for kind in found.dtypes} == {"str"}
    return {row: list(cells) for row, cells in zip(found.index, found.to_numpy(), strict=True)}


@pytest.fixture(params=WORKBOOKS)
def path(request, tmp_path):
    return tmp_path / request.param


def test_every_kind_of_workbook_gives_the_same_rows(path):
    source = open_source(write_table(path, ROWS), COLUMNS)
    assert read_rows(source) == read_rows(source) == TABLE
    assert source.headers == {"venue_code": "Mã địa điểm", "day": "Ngày", "lon": "Kinh độ", "lat": "Vĩ độ"}
    assert source.decimals == {"Kinh độ": "."}
    assert source.size == 5 and source.notes == () and len(source.sha256) == 64


def test_typed_cells_say_what_they_show(path):
    cells = ["01234", 1234, 12.5, 1e16, 999999999999999, True, False, datetime(2021, 11, 26, 8, 30), time(8, 30), "x"]
    names = [f"c{number}" for number in range(len(cells))]
    columns = {name: (True, ()) for name in names}
    # a code stored as a number has lost its zero, and is not given another
    assert read_rows(open_source(write_table(path, [names, cells]), columns))[2] == [
        "01234", "1234", "12.5", "1.000000e+16", "999999999999999", "TRUE", "FALSE", "2021-11-26T08:30:00", "08:30:00",
        "x",
    ]  # fmt: skip


def test_midnight_is_a_day_and_parts_of_a_second_are_dropped(tmp_path):
    moments = [
        datetime(2021, 11, 26),
        datetime(2021, 11, 26, 8, 29, 59, 999_900),
        datetime(2021, 11, 25, 23, 59, 59, 999_900),
    ]
    rows = [["venue_code", "day"], *(["A", moment] for moment in moments)]
    found = read_rows(open_source(write_table(tmp_path / "rows.xlsx", rows), COLUMNS))
    assert [row[1] for row in found.values()] == ["2021-11-26", "2021-11-26T08:30:00", "2021-11-26"]


def test_titles_are_found_below_others_and_from_another_column_on(path):
    above = [[], [None, "SỞ THÔNG TIN VÀ TRUYỀN THÔNG"], [], [None, "Danh sách", None, "Mẫu 2"]]
    source = open_source(write_table(path, [*above, *([None, *row] for row in ROWS)]), COLUMNS)
    assert source.titles == ("", *ROWS[0])
    assert read_rows(source) == {number + 4: ["", *row] for number, row in TABLE.items()}
    assert source.notes == ("Tiêu đề ở dòng 5, các dòng trên được bỏ qua",) and source.size == 5


def test_numbers_above_the_titles_say_nothing_of_the_columns(path):
    rows = [["Mã địa điểm", "Ngày", "Vĩ độ"], ["V1", "1", "18,5"]]
    assert open_source(write_table(path, [[1.5, 2.5, 3.5], *rows]), COLUMNS).decimals == {}


def test_titles_merged_over_two_rows_are_joined(path):
    above = [["Mã địa điểm", "Ngày", "Tọa độ"], [None, None, "Kinh độ", "Vĩ độ"]]
    source = open_source(write_table(path, [["Danh sách"], *above, *ROWS[1:]]), COLUMNS)
    assert source.headers == {"venue_code": "Mã địa điểm", "day": "Ngày", "lon": "Kinh độ", "lat": "Vĩ độ"}
    assert read_rows(source) == {number + 2: row for number, row in TABLE.items()}


def test_cells_that_excel_has_merged_are_no_hindrance(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "rows.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.merge_range("A1:D1", "DANH SÁCH")
        sheet.merge_range("A2:A3", "Mã địa điểm")
        sheet.merge_range("B2:C2", "Thời gian")
        sheet.write_row("B3", ["Ngày", "Giờ"])
        sheet.merge_range("D2:D3", "Vĩ độ")
        sheet.write_row("A4", ["V1", "26/11/2021", "8", 18.5])
    source = open_source(tmp_path / "rows.xlsx", COLUMNS)
    assert source.titles == ("Mã địa điểm", "Ngày", "Giờ", "Vĩ độ")
    assert read_rows(source) == {4: ["V1", "26/11/2021", "8", "18.5"]}


def test_a_first_row_of_data_with_an_empty_cell_is_not_joined_to_the_titles(path):
    rows = [["Mã địa điểm", "Ngày", "Vĩ độ"], ["", "", "Kinh độ nào"], ["V1", "1", "18"]]
    assert open_source(write_table(path, rows), COLUMNS).titles == ("Mã địa điểm", "Ngày", "Vĩ độ")


def test_titles_that_repeat_are_told_apart(path):
    rows = [["Mã địa điểm", "Ngày", "Ghi chú", "Ghi chú", None, None, "x"], ["V1", "1", "a", "b", "c", "d", "e"]]
    source = open_source(write_table(path, rows), COLUMNS)
    assert source.titles == ("Mã địa điểm", "Ngày", "Ghi chú", "Ghi chú (2)", "", "(2)", "x")
    assert source.ignored == ("Ghi chú", "Ghi chú (2)", "(2)", "x")


def test_the_sheet_with_the_columns_is_read_wherever_it_stands(path):
    sheets = {"Hướng dẫn": [["Cột", "Cách ghi"], ["Ngày", "..."]], "Số liệu": ROWS, "Cảnh báo": [["x"]], "Trống": []}
    source = open_source(write_sheets(path, sheets), COLUMNS)
    assert read_rows(source) == TABLE
    assert source.notes == ("Đọc trang tính “Số liệu”, bỏ qua 2 trang khác",)


def test_two_sheets_with_the_columns_are_refused_and_not_chosen_between(path):
    with pytest.raises(FileError, match=r"nhiều trang tính có các cột này \(Đức Thọ, Kỳ Anh\); hãy giữ một trang"):
        open_source(write_sheets(path, {"Đức Thọ": ROWS, "Kỳ Anh": ROWS}), COLUMNS)


@pytest.mark.parametrize("word", ["Tổng cộng", "CỘNG:", "Tổng số", "tổng"])
def test_a_row_of_totals_at_the_bottom_is_left_out_and_told(path, word):
    rows = [*ROWS, [None, word, 12, 3.5], ["Người lập biểu"]]
    source = open_source(write_table(path, rows), COLUMNS)
    assert read_rows(source) == TABLE | {8: ["Người lập biểu", "", "", ""]}
    assert source.notes == ("Bỏ dòng 7: dòng tổng",)


@pytest.mark.parametrize(
    "rows",
    [
        [*ROWS[:2], ["Tổng cộng", None, 1, 2], *ROWS[1:2]],
        [*ROWS, ["Cộng", "Chợ", 1, 2]],
        [*ROWS, ["Cộng Hòa", None, 1, 2]],
    ],
)
def test_other_rows_are_not_taken_for_totals(path, rows):
    source = open_source(write_table(path, rows), COLUMNS)
    assert source.notes == () and any(row[0].startswith(("Tổng", "Cộng")) for row in read_rows(source).values())


def test_a_filled_cell_beside_the_titles_is_refused(path):
    source = open_source(write_table(path, [*ROWS, ["V4", "1", "", "", "lạc"]]), COLUMNS)
    with pytest.raises(FileError, match="dòng 7 có nhiều ô hơn dòng tiêu đề"):
        read_rows(source)


def test_errors_of_formulas_keep_their_text_in_xlsx(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "rows.xlsx") as book:
        book.add_worksheet("Khác").write_formula("B2", "=1/0", None, "#DIV/0!")
        sheet = book.add_worksheet("Số liệu")
        sheet.write_row("B3", ["Mã địa điểm", "Ngày"])
        sheet.write_row("B4", ["V1", "1"])
        sheet.write("B5", "V2")
        sheet.write_formula("C5", "=NA()", None, "#N/A")
    found = read_rows(open_source(tmp_path / "rows.xlsx", COLUMNS))
    assert found == {4: ["", "V1", "1"], 5: ["", "V2", "#N/A"]}


def test_errors_of_formulas_refuse_an_xls_and_an_ods(tmp_path):
    book = xlwt.Workbook()
    sheet = book.add_sheet("S")
    for place, title in enumerate(["venue_code", "day"]):
        sheet.write(0, place, title)
    sheet.write(1, 0, "V1")
    sheet.row(1).set_cell_error(1, 0x2A)
    book.save(str(tmp_path / "rows.xls"))
    write_table(tmp_path / "whole.ods", [["venue_code", "day"], ["V1", "#N/A"]])
    _replace_part(
        tmp_path / "whole.ods", tmp_path / "rows.ods", "content.xml",
        b'value-type="string"><text:p>#N/A', b'value-type="string" calcext:value-type="error"><text:p>#N/A',
    )  # fmt: skip
    for name in ("rows.xls", "rows.ods"):
        with pytest.raises(FileError, match=rf"{name}: có ô lỗi công thức .*lưu thành .xlsx"):
            open_source(tmp_path / name, COLUMNS)
    assert read_rows(open_source(tmp_path / "whole.ods", COLUMNS)) == {2: ["V1", "#N/A"]}


def test_workbooks_with_a_password_are_refused(tmp_path):
    stream = XlsDoc()
    stream.save(str(tmp_path / "rows.xlsx"), b"x" * 5000)
    data = (tmp_path / "rows.xlsx").read_bytes()
    entry = "Workbook".encode("utf-16-le").ljust(64, b"\0") + (18).to_bytes(2, "little")
    assert entry in data
    named = "EncryptedPackage".encode("utf-16-le").ljust(64, b"\0") + (34).to_bytes(2, "little")
    (tmp_path / "rows.xlsx").write_bytes(data.replace(entry, named))
    write_table(tmp_path / "whole.ods", ROWS)
    _replace_part(
        tmp_path / "whole.ods", tmp_path / "rows.ods", "META-INF/manifest.xml",
        b'full-path="content.xml" manifest:media-type="text/xml"/>',
        b'full-path="content.xml"><manifest:encryption-data/></manifest:file-entry>',
    )  # fmt: skip
    for name in ("rows.xlsx", "rows.ods"):
        with pytest.raises(FileError, match=f"{name}: tệp đặt mật khẩu; hãy bỏ mật khẩu"):
            open_source(tmp_path / name, COLUMNS)


def test_what_is_no_workbook_is_refused(path):
    whole = write_table(path, ROWS).read_bytes()
    for broken in (b"no workbook", b"", b"<html><table><tr><td>x</td></tr></table></html>", whole[: len(whole) // 2]):
        path.write_bytes(broken)
        with pytest.raises(FileError, match=f"{path.name}: không phải tệp bảng tính đọc được"):
            open_source(path, COLUMNS)


def test_a_broken_part_of_a_workbook_is_refused(tmp_path):
    data = write_table(tmp_path / "rows.ods", ROWS).read_bytes()
    place = data.rindex(b"content.xml")
    (tmp_path / "rows.ods").write_bytes(data[:place] + b"cantent.xml" + data[place + 11 :])
    with pytest.raises(FileError, match="rows.ods: không phải tệp bảng tính đọc được"):
        open_source(tmp_path / "rows.ods", COLUMNS)


def test_a_workbook_under_the_suffix_of_another_is_read(tmp_path):
    write_table(tmp_path / "rows.xlsx", ROWS).rename(tmp_path / "rows.xls")
    assert read_rows(open_source(tmp_path / "rows.xls", COLUMNS)) == TABLE


def test_an_empty_workbook_is_refused(path):
    with pytest.raises(FileError, match="tệp rỗng"):
        open_source(write_table(path, []), COLUMNS)


def test_people_in_a_sheet_beside_the_data_refuse_the_file(path):
    sheets = {"Số liệu": ROWS, "Người": [["Danh sách"], ["Tên", "Điện thoại"], ["B", "0912345678"]]}
    with pytest.raises(FileError, match="Điện thoại") as caught:
        open_source(write_sheets(path, sheets), COLUMNS)
    assert "0912345678" not in str(caught.value)


def _replace_part(path, other, part, *pairs):
    """Copy a zip file with bytes in one of its parts replaced."""
    copied = io.BytesIO()
    with zipfile.ZipFile(path) as parts, zipfile.ZipFile(copied, "w") as out:
        for name in parts.namelist():
            data = parts.read(name)
            if name == part:
                for old, new in zip(pairs[::2], pairs[1::2], strict=True):
                    assert old in data, data
                    data = data.replace(old, new)
            out.writestr(name, data)
    other.write_bytes(copied.getvalue())
