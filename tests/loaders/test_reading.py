"""Files as offices send them: one table of text, or a refusal that says what to mend."""

from datetime import date, datetime

import pytest

from geo.errors import FileError
from loaders.reading import read_table
from loaders.scans import COLUMNS as SCAN_COLUMNS
from loaders.scans import load_scans
from loaders.venues import load_venues

COLUMNS = {
    "venue_code": (True, ("Mã địa điểm",)),
    "day": (True, ("Ngày", "Ngày quét")),
    "note": (False, ("Ghi chú",)),
}


@pytest.mark.parametrize(
    "header",
    [
        "Mã địa điểm,Ngày", "ma dia diem,ngay", "MA_DIA_DIEM,NGAY_QUET", "Ma Dia  Diem , Ngày Quét", "venue_code,day",
        "Venue code,DAY", "\ufeffMã địa điểm,Ngày", "Mã\u00a0địa điểm,\u200bNgày", '"Mã địa\nđiểm",Ngày',
    ],
)  # fmt: skip
def test_headers_are_known_by_any_spelling(write_csv, header):
    read = read_table(write_csv(f"{header}\nA,B\n"), COLUMNS)
    assert read.rows.to_dict("index") == {2: {"venue_code": "A", "day": "B", "note": ""}}
    assert list(read.headers) == ["venue_code", "day"]


def test_the_files_own_headers_and_unread_ones_are_told(write_csv):
    read = read_table(write_csv("NGÀY,Mã địa điểm,Khác,,\n1,2,3,,\n"), COLUMNS)
    assert read.headers == {"day": "NGÀY", "venue_code": "Mã địa điểm"}
    assert read.ignored == ("Khác",)
    assert len(read.sha256) == 64 and read.name == "rows.csv"


def test_rows_have_the_numbers_a_spreadsheet_gives_them(write_csv):
    # the second record spans two lines of the file, and is one row of a spreadsheet; blank rows count, and are no data
    text = 'venue_code,day,note\nA,1,\nB,2,"hai\ndòng"\n\n , ,\nC,3,\n'
    read = read_table(write_csv(text), COLUMNS)
    assert read.rows["venue_code"].to_dict() == {2: "A", 3: "B", 6: "C"}
    assert read.rows.loc[3, "note"] == "hai\ndòng"


def test_rows_of_a_sheet_have_its_numbers_too(write_xlsx):
    path = write_xlsx({"S": [["venue_code", "day"], ["A", "1"], [], ["", " "], ["B", "2"]]})
    assert read_table(path, COLUMNS).rows["venue_code"].to_dict() == {2: "A", 5: "B"}


def test_blanks_around_a_cell_are_dropped_and_those_within_are_kept(write_csv):
    read = read_table(write_csv("venue_code,day\n\u00a0 A  B\u200b ,\t1\u00a0\n"), COLUMNS)
    assert read.rows.loc[2, ["venue_code", "day"]].tolist() == ["A  B", "1"]


def test_cells_of_excel_say_what_they_show(write_xlsx):
    cells = ["01234", 1234, 12.5, date(2021, 11, 26), datetime(2021, 11, 26, 8, 30), 1234567890123456789]
    header = ["venue_code", *(f"x{number}" for number in range(len(cells) - 1)), "day"]
    path = write_xlsx({"S": [header, [*cells, "1"]]})
    columns = {name: (True, ()) for name in header}
    # a code stored as a number has lost its zero, and is not given another
    assert read_table(path, columns).rows.loc[2].tolist() == [
        "01234", "1234", "12.5", "2021-11-26", "2021-11-26T08:30:00", "1.234568e+18", "1",
    ]  # fmt: skip


def test_the_sheet_with_the_columns_is_read_wherever_it_stands(write_xlsx):
    sheets = {"Hướng dẫn": [["Cách ghi"], ["..."]], "Số liệu": [["venue_code", "day"], ["A", "1"]], "Trống": []}
    assert read_table(write_xlsx(sheets), COLUMNS).rows["venue_code"].tolist() == ["A"]


def test_two_sheets_with_the_columns_are_refused_and_not_chosen_between(write_xlsx):
    sheet = [["venue_code", "day"], ["A", "1"]]
    with pytest.raises(FileError, match=r"rows.xlsx: nhiều trang tính có các cột này \(Đức Thọ, Kỳ Anh\)"):
        read_table(write_xlsx({"Đức Thọ": sheet, "Kỳ Anh": sheet}), COLUMNS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("note\nx\n", r"rows.csv: thiếu cột venue_code \(Mã địa điểm\), day \(Ngày\); các cột đang có: note"),
        ("day,Ngày quét,venue_code\n1,2,3\n", r"hai cột cùng là day \(day, Ngày quét\)"),
        ("venue_code,day\nA,1\nB,2,3\n", "dòng 3 có nhiều ô hơn dòng tiêu đề"),
        ("venue_code;day\nA;1\n", r"cách nhau bằng dấu chấm phẩy; hãy lưu lại với dấu phẩy"),
        ("A,1\n", r"dòng đầu không có tiêu đề nào đã biết; cần các cột venue_code"),
        ('venue_code,day\n"A,1\n', r"CSV hỏng \(unexpected end of data\)"),
        ("venue_code,day\nA\0,1\n", "CSV hỏng"),
        ("", "tệp rỗng"),
        ("\ufeff", "tệp rỗng"),
    ],
)
def test_files_that_cannot_be_read_are_refused(write_csv, text, message):
    with pytest.raises(FileError, match=message):
        read_table(write_csv(text), COLUMNS)


def test_empty_cells_beyond_the_header_do_no_harm(write_csv):
    assert read_table(write_csv("venue_code,day\nA,1,,\n"), COLUMNS).rows.loc[2, "day"] == "1"


def test_a_first_row_of_data_is_not_repeated_in_the_message(write_csv):
    with pytest.raises(FileError) as caught:
        read_table(write_csv("Nguyễn Văn A,0912345678\n"), COLUMNS)
    assert "Nguyễn" not in str(caught.value) and "0912" not in str(caught.value)


def test_a_filled_cell_beside_the_header_of_a_sheet_is_refused(write_xlsx):
    with pytest.raises(FileError, match="dòng 2 có nhiều ô"):
        read_table(write_xlsx({"S": [["venue_code", "day"], ["A", "1", "lạc"]]}), COLUMNS)


def test_files_of_another_kind_are_refused(tmp_path, write_csv, write_xlsx):
    with pytest.raises(FileError, match=r"rows.ods: .*hãy lưu thành .csv hoặc .xlsx"):
        read_table(write_csv("x", "rows.ods"), COLUMNS)
    (tmp_path / "old.csv").write_bytes("Mã địa điểm,Ngày\n".encode("utf-16"))
    with pytest.raises(FileError, match="old.csv: không phải mã UTF-8"):
        read_table(tmp_path / "old.csv", COLUMNS)
    for broken in (b"no zip", b"", write_xlsx({"S": [["a"]]}, "whole.xlsx").read_bytes()[:2000]):
        (tmp_path / "broken.xlsx").write_bytes(broken)
        with pytest.raises(FileError, match="broken.xlsx: không phải tệp Excel đọc được"):
            read_table(tmp_path / "broken.xlsx", COLUMNS)
    with pytest.raises(FileError, match="rows.xlsx: tệp rỗng"):
        read_table(write_xlsx({"S": []}), COLUMNS)
    for missing in ("missing.csv", "missing.xlsx"):
        with pytest.raises(FileError, match=rf"{missing}: không mở được tệp \(No such file"):
            read_table(tmp_path / missing, COLUMNS)


PERSONAL = [
    "Số điện thoại", "so_dien_thoai", "ĐIỆN THOẠI LIÊN HỆ", "SĐT", "phone", "Phone_Number", "telephone", "Email",
    "CCCD", "Số CMND/CCCD", "Căn cước công dân", "Số định danh", "identity_number", "Họ và tên", "Họ tên chủ cơ sở",
    "Người đăng ký", "Tên người đăng ký", "registrant", "Registrant name", "Ngày sinh", "Năm sinh", "birth_date", "Date of birth",
    "Nội dung QR", "qr_payload", "QRPayload",
]  # fmt: skip


@pytest.mark.parametrize("title", PERSONAL)
def test_a_column_of_personal_data_refuses_the_file(write_csv, title):
    with pytest.raises(FileError, match="có cột dữ liệu cá nhân"):
        read_table(write_csv(f'venue_code,day,"{title}"\nA,1,x\n'), COLUMNS)


@pytest.mark.parametrize(
    "title", ["Số người", "Tên địa điểm", "Cơ quan chủ quản", "Ngày tạo", "Mã QR", "Mã định danh điểm", "Solution"]
)
def test_columns_of_venues_are_not_taken_for_personal(write_csv, title):
    assert read_table(write_csv(f"venue_code,day,{title}\nA,1,x\n"), COLUMNS).ignored == (title,)


def test_a_sheet_of_people_beside_the_data_refuses_the_file_too(write_xlsx):
    sheets = {"Số liệu": [["venue_code", "day"], ["A", "1"]], "Người": [["Tên", "Điện thoại"], ["B", "0912345678"]]}
    with pytest.raises(FileError, match=r"dữ liệu cá nhân \(Điện thoại\)"):
        read_table(write_xlsx(sheets), COLUMNS)


def test_of_a_refused_file_the_run_log_keeps_only_why(units, write_csv, read_rows):
    path = write_csv(
        "Mã địa điểm,Tên địa điểm,Loại hình,Mã xã,Ngày tạo,Số điện thoại\nV1,Quán,Quán cà phê,18229,2021-11-26,0912345678\n"
    )
    with pytest.raises(FileError, match="dữ liệu cá nhân"):
        load_venues(path)
    assert len(read_rows("venue")) == len(read_rows("load_finding")) == 0
    (run,) = read_rows("SELECT * FROM load_run WHERE kind = 'venues'").to_dict("records")
    assert run["file_name"] == "rows.csv" and len(run["sha256"]) == 64 and run["finished_at"] is not None
    assert run["error"] == "rows.csv: có cột dữ liệu cá nhân (Số điện thoại); hãy xóa các cột này rồi nạp lại"
    assert "0912345678" not in str(run)


def test_a_file_that_is_not_there_leaves_no_run(units, tmp_path, read_rows):
    with pytest.raises(FileError, match="không mở được"):
        load_scans(tmp_path / "missing.csv")
    assert len(read_rows("SELECT * FROM load_run WHERE kind = 'scans'")) == 0


def test_a_file_of_a_header_alone_holds_no_rows(write_csv):
    assert len(read_table(write_csv("venue_code,day,scans,people\n"), SCAN_COLUMNS).rows) == 0
