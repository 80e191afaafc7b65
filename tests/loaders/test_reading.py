"""Files as offices send them: opened by their suffix as one table of text, or refused with what to mend."""

import hashlib
from datetime import date

import pandas as pd
import pytest

from geo.errors import FileError
from loaders.headers import read_mapping
from loaders.reading import expand_paths, file_sha256, open_source

from .tables import write_table

COLUMNS = {
    "venue_code": (True, ("Mã địa điểm",)),
    "day": (True, ("Ngày", "Ngày quét")),
    "note": (False, ("Ghi chú",)),
}
FILES = [("rows.csv", "utf-8"), ("rows.tsv", "tcvn3"), ("rows.xlsx", None), ("rows.xls", None), ("rows.ods", None)]


def read_rows(source):
    """The known cells of an opened file by row and canonical column."""
    found = pd.concat(list(source.chunks()))
    return found[list(source.headers.values())].set_axis(list(source.headers), axis=1).to_dict("index")


@pytest.fixture
def write_rows(tmp_path):
    def write(rows, name="rows.csv", **options):
        return write_table(tmp_path / name, rows, **options)

    return write


@pytest.mark.parametrize(
    "header",
    [
        ["Mã địa điểm", "Ngày"], ["ma dia diem", "ngay"], ["MA_DIA_DIEM", "NGAY_QUET"], ["Ma Dia  Diem ", " Ngày Quét"],
        ["Venue code", "DAY"], ["\ufeffMã địa điểm", "Ngày"], ["Mã\u00a0địa điểm", "\u200bNgày"],
        ["Mã địa\nđiểm", "Ngày"],
    ],
)  # fmt: skip
def test_headers_are_known_by_any_spelling(write_rows, header):
    source = open_source(write_rows([header, ["A", "B"]]), COLUMNS)
    assert read_rows(source) == {2: {"venue_code": "A", "day": "B"}}


@pytest.mark.parametrize(("name", "encoding"), FILES)
def test_a_file_is_told_whole_whatever_it_is_written_in(write_rows, name, encoding):
    rows = [["Ngày", "Mã địa điểm", "Khác"], [date(2021, 11, 26), "V1", "chợ"], ["27/11/2021", "V2", None]]
    path = write_rows(rows, name, **({"encoding": encoding} if encoding else {}))
    source = open_source(path, COLUMNS)
    assert (source.name, source.sha256) == (name, hashlib.sha256(path.read_bytes()).hexdigest())
    assert source.titles == ("Ngày", "Mã địa điểm", "Khác")
    assert source.headers == {"day": "Ngày", "venue_code": "Mã địa điểm"}
    assert source.ignored == ("Khác",)
    assert (source.size, source.decimals) == (2, {})
    for _ in range(2):
        assert read_rows(source) == {
            2: {"day": "2021-11-26", "venue_code": "V1"},
            3: {"day": "27/11/2021", "venue_code": "V2"},
        }


@pytest.mark.parametrize(("name", "encoding"), FILES)
def test_what_is_missing_is_told_of_the_row_that_names_most(write_rows, name, encoding):
    rows = [["Danh sách điểm"], ["Mã điểm gì", "Ghi chú", "Ngày"], ["A", "1", "2"]]
    path = write_rows(rows, name, **({"encoding": encoding} if encoding else {}))
    with pytest.raises(FileError, match=rf"{name}: .*thiếu cột venue_code.*Mã điểm gì"):
        open_source(path, COLUMNS)


def test_two_titles_of_one_column_are_told(write_rows):
    with pytest.raises(FileError, match=r"hai cột cùng là day"):
        open_source(write_rows([["day", "Ngày quét", "venue_code"], ["1", "2", "3"]]), COLUMNS)


def test_a_first_row_of_data_is_not_repeated_in_the_message(write_rows):
    with pytest.raises(FileError, match="không có tiêu đề nào đã biết; cần các cột venue_code") as caught:
        open_source(write_rows([["Trần Thị Mẫu", "0912345678"]]), COLUMNS)
    assert "Mẫu" not in str(caught.value) and "0912" not in str(caught.value)


def test_titles_are_looked_for_in_the_first_thirty_rows_only(write_rows):
    rows = [["venue_code", "day"], ["A", "1"]]
    assert read_rows(open_source(write_rows([["x"]] * 29 + rows), COLUMNS)) == {31: {"venue_code": "A", "day": "1"}}
    with pytest.raises(FileError, match="không có tiêu đề nào đã biết"):
        open_source(write_rows([["x"]] * 30 + rows), COLUMNS)


@pytest.mark.parametrize("name", ["rows.csv", "rows.xlsx"])
def test_titles_of_its_own_are_known_by_a_mapping(tmp_path, write_rows, name):
    (tmp_path / "map.toml").write_text('[columns]\n"Điểm" = "venue_code"\n"Hôm" = "day"\n', encoding="utf-8")
    mapping = read_mapping(tmp_path / "map.toml")
    path = write_rows([["Danh sách", None], ["Điểm", "Hôm"], ["A", "1"]], name)
    assert read_rows(open_source(path, COLUMNS, mapping)) == {3: {"venue_code": "A", "day": "1"}}
    path = write_rows([["Danh sách", "x"], ["Điểm", "Hom nay"], ["A", "1"]], name)
    with pytest.raises(FileError, match="Hôm"):
        open_source(path, COLUMNS, mapping)


@pytest.mark.parametrize(("name", "encoding"), FILES)
@pytest.mark.parametrize("title", ["Số điện thoại", "Họ và tên", "Ngày sinh"])
def test_a_column_of_people_refuses_the_file(write_rows, name, encoding, title):
    rows = [["Danh sách"], ["Mã địa điểm", "Ngày", title], ["A", "1", "bí mật"]]
    with pytest.raises(FileError, match=title) as caught:
        open_source(write_rows(rows, name, **({"encoding": encoding} if encoding else {})), COLUMNS)
    assert "bí mật" not in str(caught.value)


def test_a_group_of_titles_about_people_refuses_the_file(write_rows):
    for below in ("A1", "Ghi chú"):
        rows = [["Mã địa điểm", "Ngày", "Người đăng ký", None], [None, None, below, "B1"], ["V1", "1", "x", "y"]]
        with pytest.raises(FileError, match="Người đăng ký"):
            open_source(write_rows(rows, "rows.xlsx"), COLUMNS)


def test_files_of_another_kind_and_files_that_are_not_there_are_refused(tmp_path):
    (tmp_path / "rows.docx").write_text("x")
    with pytest.raises(FileError, match=r"rows.docx: .*hãy lưu thành .csv, .tsv, .xlsx, .xls hoặc .ods"):
        open_source(tmp_path / "rows.docx", COLUMNS)
    for missing in ("missing.csv", "missing.xlsx"):
        with pytest.raises(FileError, match=rf"{missing}: không mở được tệp \(No such file"):
            open_source(tmp_path / missing, COLUMNS)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(FileError, match=r"folder.csv: không mở được tệp \(Is a directory"):
        open_source(str(tmp_path / "folder.csv"), COLUMNS)


def test_a_folder_stands_for_its_files_in_order(tmp_path):
    for name in ("b.csv", "a.XLSX", "c.txt", ".hidden.csv", "~$a.xlsx"):
        (tmp_path / name).write_text("x")
    (tmp_path / "sub.csv").mkdir()
    a, b, c = (tmp_path / name for name in ("a.XLSX", "b.csv", "c.txt"))
    assert expand_paths(tmp_path) == [a, b]
    assert expand_paths(str(tmp_path), (".txt",)) == [c]
    assert expand_paths([b, tmp_path, str(c)]) == [b, a, c]
    assert expand_paths(tmp_path / "missing.csv") == [tmp_path / "missing.csv"]
    for empty in (tmp_path / "sub.csv", [a, tmp_path / "sub.csv"]):
        with pytest.raises(FileError, match=r"sub.csv: thư mục không có tệp .csv, .tsv"):
            expand_paths(empty)


def test_a_file_is_known_by_its_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert file_sha256(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()
