"""Text in TCVN3's and VNI's fonts inside workbooks: told from Unicode cell by cell, converted, and said so."""

import pytest

from loaders.fonts import FONTS, FontWords, convert
from loaders.reading import open_source

from .tables import encode, write_table
from .test_sheets import read_rows

COLUMNS = {
    "venue_code": (True, ("Mã địa điểm",)),
    "name": (True, ("Tên địa điểm",)),
    "commune": (True, ("Xã/phường/thị trấn",)),
    "households": (False, ("Số hộ",)),
}
TITLES = ["Mã địa điểm", "Tên địa điểm", "Xã/phường/thị trấn", "Số hộ"]
NAMES = [
    ("Quán cơm Hoa Sữa", "Đức Thọ"), ("Trường mầm non Hương Sen", "Hộ Độ"), ("Chợ Hộ", "Kỳ Lợi"), ("Cửa hàng “Bốn Mùa” 24h", "Quang Vĩnh"),
    ("Karaoke X", "Hòa Lạc"), ("Nhà văn hóa thôn Yên Bình – Đội 9", "Bùi La Nhân"),
]  # fmt: skip
LABELS = {"tcvn3": "TCVN3 (ABC)", "vni": "VNI"}
WORKBOOKS = ["rows.xlsx", "rows.xls", "rows.ods"]


def in_font(text, font):
    """The text as a workbook keeps it that was typed in that font."""
    return encode(text, font).decode("cp1252")


def make_rows(font, titles=True, names=True, rows=NAMES):
    cells = [(in_font(name, font), in_font(commune, font)) if names else (name, commune) for name, commune in rows]
    return [[in_font(title, font) if titles else title for title in TITLES]] + [
        [f"V{number}", *pair, "5"] for number, pair in enumerate(cells)
    ]


def names_of(source):
    return [(cells[1], cells[2]) for cells in read_rows(source).values()]


@pytest.mark.parametrize("name", WORKBOOKS)
@pytest.mark.parametrize("font", FONTS)
@pytest.mark.parametrize(("titles", "names"), [(True, True), (False, True), (True, False)])
def test_titles_and_cells_are_read_in_their_font(tmp_path, name, font, titles, names):
    source = open_source(write_table(tmp_path / name, make_rows(font, titles, names)), COLUMNS)
    assert source.titles == tuple(TITLES) and set(source.headers) == set(COLUMNS)
    assert names_of(source) == NAMES
    assert f"Chữ theo phông {LABELS[font]}, đã chuyển sang Unicode" in source.notes


@pytest.mark.parametrize("name", WORKBOOKS)
def test_unicode_stays_as_it_is_and_nothing_is_said(tmp_path, name):
    rows = [*NAMES, ("Café Möve", "Hà Lé"), ("Fès § 12", "Xã Thà"), ("Résidence Été", "à")]
    source = open_source(write_table(tmp_path / name, make_rows("vni", False, False, rows)), COLUMNS)
    assert names_of(source) == rows and source.notes == ()


@pytest.mark.parametrize("font", FONTS)
def test_rows_that_several_people_typed_are_each_read_in_their_own_way(tmp_path, font):
    rows = make_rows(font, False, True)
    rows += [["V9", "Quán Ốc Đảo", "Hà Lá", "1"], ["V10", "Nhà hàng Tứ Quý", "Hà Lá", "1"]]
    source = open_source(write_table(tmp_path / "rows.xlsx", rows), COLUMNS)
    assert names_of(source)[:6] == NAMES
    assert [name for name, _ in names_of(source)[6:]] == ["Quán Ốc Đảo", "Nhà hàng Tứ Quý"]


def test_a_cell_that_is_vietnamese_in_both_readings_goes_with_its_column():
    doubtful = in_font("Chợ Hộ", "tcvn3")
    assert doubtful == "Chî Hé" and convert("Hé", "tcvn3") == "Hé" and convert("Hé", "tcvn3", True) == "Hộ"
    words = FontWords()
    for text in ("§øc Thä", "Qu¸n C¬m", "Hé"):
        words.take(0, text)
    for text in ("Hé", "Thà", "Mà"):
        words.take(1, text)
    cells = words.recognise()
    assert cells.font == "tcvn3" and cells.read(["Hé", "Hé", "Hé"]) == ["Hộ", "Hé", "Hé"]


def test_few_words_tell_no_font():
    words = FontWords()
    words.take(0, "Qu¸n")
    assert words.recognise() is None and words.recognise("tcvn3").font == "tcvn3"


def test_titles_in_a_font_that_tell_of_persons_refuse_the_file(tmp_path):
    rows = make_rows("tcvn3", False)
    rows[0].append(in_font("Số điện thoại", "tcvn3"))
    with pytest.raises(Exception, match="có cột dữ liệu cá nhân"):
        open_source(write_table(tmp_path / "rows.xlsx", rows), COLUMNS)
