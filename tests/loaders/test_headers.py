"""Titles of a file told apart in any spelling; all that is wrong with them said at once, with what to write instead."""

import pandas as pd
import pytest

from geo.errors import FileError
from loaders.findings_file import ADDED_TITLES
from loaders.headers import map_headers, read_mapping

COLUMNS = {
    "venue_code": (True, ("Mã địa điểm", "Mã điểm")),
    "day": (True, ("Ngày", "Ngày quét")),
    "scans": (True, ("Số lượt quét",)),
    "lon": (False, ("Kinh độ",)),
    "kind": (False, ("Loại hình",)),
}
HEADER = ["Mã địa điểm", "Ngày", "Số lượt quét"]


@pytest.fixture
def mapping(tmp_path):
    """A function that writes a --map file and reads it."""

    def read(text, encoding="utf-8"):
        path = tmp_path / "tinh.toml"
        path.write_bytes(text.encode(encoding))
        return read_mapping(path)

    return read


def refusal(header, mapping=None):
    with pytest.raises(FileError) as caught:
        map_headers(header, COLUMNS, "rows.csv", mapping)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "title",
    [
        "Số lượt quét", "so luot quet", "SO_LUOT_QUET", "Số lượt\nquét", "Số lượt quét\n(lượt)", "Số lượt quét [1]", "Số.lượt.quét",
        " Số  lượt quét * ", "scans", "SCANS", "Số lươ\u0323t quét", "SốLượtQuét", "(4) Số lượt quét:",
    ],
)  # fmt: skip
def test_a_title_is_known_in_any_spelling(title):
    assert map_headers(["Ngày", title, "Mã điểm"], COLUMNS, "rows.csv") == {
        "day": "Ngày",
        "scans": title,
        "venue_code": "Mã điểm",
    }


def test_the_order_is_the_files_and_units_in_brackets_do_not_matter():
    header = ["Kinh độ (WGS84)", "Khác", "", *reversed(HEADER), ""]
    assert list(map_headers(header, COLUMNS, "rows.csv").items()) == [
        ("lon", "Kinh độ (WGS84)"), ("scans", "Số lượt quét"), ("day", "Ngày"), ("venue_code", "Mã địa điểm"),
    ]  # fmt: skip


def test_all_that_is_wrong_is_told_at_once_with_what_to_write():
    assert refusal(["Mã điểm", "venue_code", "Ngày tháng quét", "Ghi chú"]) == (
        "rows.csv: hai cột cùng là venue_code (“Mã điểm”, “venue_code”); thiếu cột day (Ngày): có phải “Ngày tháng quét”?; "
        "thiếu cột scans (Số lượt quét); các cột chưa biết: “Ngày tháng quét”, “Ghi chú”; "
        'hãy đổi tên cột, hoặc nạp với --map và một tệp có dòng [columns] rồi dòng "Ngày tháng quét" = "day", '
        'dòng "tiêu đề trong tệp" = "scans"'
    )


def test_the_lines_that_a_refusal_gives_mend_it(mapping):
    header = ["Mã điểm", 'Ngày "tháng"\nquét', "Số lượt quét"]
    message = refusal(header)
    (line,) = message.split("rồi dòng ")[1].split(", dòng ")
    assert map_headers(header, COLUMNS, "rows.csv", mapping(f"[columns]\n{line}"))["day"] == header[1]


def test_two_titles_for_one_column_are_refused_also_if_only_brackets_tell_them_apart():
    message = refusal([*HEADER, "Kinh độ", "Kinh độ (VN-2000)"])
    assert "hai cột cùng là lon (“Kinh độ”, “Kinh độ (VN-2000)”)" in message and "thiếu" not in message
    assert "hai cột cùng là day" in refusal([*HEADER, "Ngày"])


def test_a_first_row_of_data_is_not_repeated():
    message = refusal(["Lê Thị Ví Dụ", "12/9/1990", "Ngày tháng quét"])
    assert message.startswith(
        "rows.csv: dòng đầu không có tiêu đề nào đã biết; cần các cột venue_code (Mã địa điểm), day (Ngày)"
    )
    assert not any(cell in message for cell in ("Ví Dụ", "1990", "tháng"))


def test_an_unknown_title_that_looks_like_a_persons_is_not_repeated():
    message = refusal(["Ngày", "0912345678", "a@vi-du.vn", "Khác"])
    assert "“Khác”" in message and "0912" not in message and "a@" not in message


def test_titles_of_a_findings_file_are_never_unknown():
    assert "chưa biết: “Khác”;" in refusal(["Mã điểm", "Khác", *ADDED_TITLES])
    assert map_headers([*HEADER, *ADDED_TITLES], COLUMNS, "rows.xlsx").keys() == {"venue_code", "day", "scans"}


def test_of_many_unknown_titles_only_some_are_told():
    message = refusal(["Ngày", *(f"Cột {number}" for number in range(30))])
    assert "“Cột 19” và 10 cột nữa" in message and "Cột 20" not in message


def test_a_mapping_names_titles_and_goes_before_known_forms(mapping):
    told = mapping('[columns]\n"Tên cơ sở SXKD" = "venue_code"\n"ngay nhap" = "day"\n')
    header = ["Tên cơ sở SXKD", "Ngày", "Ngày nhập", "Số lượt quét"]
    assert map_headers(header, COLUMNS, "rows.csv", told) == {
        "venue_code": "Tên cơ sở SXKD", "day": "Ngày nhập", "scans": "Số lượt quét",
    }  # fmt: skip


def test_a_mapping_tells_two_titles_apart_where_it_is_exact(mapping):
    assert map_headers([*HEADER, "NGÀY"], COLUMNS, "rows.csv", mapping('[columns]\n"NGÀY" = "day"\n'))["day"] == "NGÀY"


def test_all_that_does_not_fit_of_a_mapping_is_told(mapping):
    told = mapping('[columns]\n"Tên cơ sở" = "name"\n"Ngày" = "dayy"\n[values.kindd]\n"a" = "b"\n')
    message = refusal(HEADER, told)
    for part in (
        "tệp tinh.toml nhắc cột lạ “name”; các cột là venue_code, day", "nhắc cột lạ “dayy”: có phải day?",
        "nhắc cột lạ “kindd”: có phải kind?", "nhắc tiêu đề “Tên cơ sở” mà tệp này không có",
    ):  # fmt: skip
        assert part in message
    assert "hai cột cùng là day" in refusal([*HEADER, "Hôm"], mapping('[columns]\n"Ngày" = "day"\n"Hôm" = "day"\n'))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[columns\n", "tệp --map không đúng cú pháp TOML"),
        ('[columns]\n"a" = "b"\n"a" = "c"\n', "không đúng cú pháp TOML"),
        ('[column]\n"a" = "b"\n', r"mục lạ “column”; hãy chỉ dùng các mục \[columns\]"),
        ('[columns]\n"a" = 1\n', r"mục \[columns\] không phải các dòng"),
        ('columns = "a"\n', r"mục \[columns\] không phải"),
        ('[values]\n"a" = "b"\n', r"mục \[values\] không phải"),
    ],
)
def test_broken_mappings_are_refused(mapping, text, message):
    with pytest.raises(FileError, match=f"tinh.toml: .*{message}"):
        mapping(text)


def test_mappings_that_cannot_be_read_are_refused(tmp_path, mapping):
    with pytest.raises(FileError, match="khong-co.toml: không mở được tệp"):
        read_mapping(tmp_path / "khong-co.toml")
    with pytest.raises(FileError, match="không phải mã UTF-8"):
        mapping('[columns]\n"Tên" = "day"\n', "utf-16")
    assert mapping('[columns]\r\n"Tên" = "day"\r\n', "utf-8-sig").columns == {"Tên": "day"}


def test_values_are_put_in_place_of_the_files_own(mapping):
    text = '[values.kind]\n"Tạp hóa" = "Cửa hàng thiết yếu"\n"" = "Khác"\n[values.day]\n"hôm nay" = "2021-11-26"\n'
    told = mapping(text)
    rows = pd.DataFrame(
        {"kind": ["TẠP HOÁ", "tạp  hóa", "Tạp hoa", "", "Chợ"], "scans": "Tạp hóa"}, index=range(2, 7), dtype="str"
    )
    mended = told.apply_values(rows)
    assert mended["kind"].tolist() == ["Cửa hàng thiết yếu", "Cửa hàng thiết yếu", "Tạp hoa", "Khác", "Chợ"]
    assert mended["scans"].tolist() == ["Tạp hóa"] * 5 and list(mended.index) == [2, 3, 4, 5, 6]
    assert mended.dtypes.equals(rows.dtypes) and rows.loc[2, "kind"] == "TẠP HOÁ"
    assert told.text == text
