"""Text files in any delimiter, character set and quoting: the same rows, or a refusal that says what to mend."""

import csv
import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from geo.errors import FileError
from loaders import frames, texts
from loaders.reading import open_source

from .tables import encode, write_table

COLUMNS = {
    "venue_code": (True, ("Mã địa điểm",)),
    "name": (True, ("Tên địa điểm",)),
    "scans": (False, ("Số lượt quét",)),
}
ROWS = [
    ["Mã địa điểm", "Tên địa điểm", "Số lượt quét"],
    ["V1", "Chợ Đức Thọ, xã Quang Vĩnh", "12"],
    ["V2", 'Quán "Bến đò"; số 5', "1,5"],
    ["V3", "Trường tiểu học\nthị trấn", "0"],
]
TABLE = {number: row for number, row in enumerate(ROWS[1:], start=2)}


def read_rows(path, columns=COLUMNS):
    """The rows of a file by their numbers."""
    found = pd.concat(list(open_source(path, columns).chunks()))
    return {row: list(cells) for row, cells in zip(found.index, found.to_numpy(), strict=True)}


@pytest.fixture
def write(tmp_path):
    def write_bytes(data, name="rows.csv"):
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return write_bytes


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv", "rows.CSV"])
@pytest.mark.parametrize(("delimiter", "told"), [(",", "phẩy"), (";", "chấm phẩy"), ("\t", "tab"), ("|", "gạch đứng")])
def test_every_delimiter_gives_the_same_rows(tmp_path, name, delimiter, told):
    path = write_table(tmp_path / name, ROWS, delimiter=delimiter)
    assert read_rows(path) == TABLE
    usual = "\t" if name.endswith("tsv") else ","
    notes = () if delimiter == usual else (f"Các cột cách nhau bằng dấu {told}",)
    assert open_source(path, COLUMNS).notes == notes


def test_two_delimiters_that_fit_as_well_are_not_chosen_between(write):
    with pytest.raises(FileError, match="rows.csv: không rõ các cột cách nhau bằng dấu phẩy hay dấu chấm phẩy"):
        open_source(write("venue_code,name\nvenue_code;name\n"), COLUMNS)


def test_of_two_delimiters_the_one_that_the_rows_have_is_taken(write):
    path = write("venue_code,name\nvenue_code;name\nA;1\nB;2\n")
    assert read_rows(path) == {3: ["A", "1"], 4: ["B", "2"]}


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8", None), ("utf-8-sig", None), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16"),
        ("cp1258", "windows-1258"), ("tcvn3", r"TCVN3 (ABC)"), ("vni", "VNI"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_character_set_gives_the_same_rows(tmp_path, encoding, note, end):
    path = write_table(tmp_path / "rows.csv", ROWS, encoding, quoting=csv.QUOTE_ALL, lineterminator=end)
    assert read_rows(path) == TABLE
    assert open_source(path, COLUMNS).notes == ((f"Mã chữ {note}, đã chuyển sang Unicode",) if note else ())


@pytest.mark.parametrize("text", ["a,b\nA,1\n", '"a","b"\n"A","1"\n'])
def test_the_mark_that_opens_a_file_is_no_part_of_it(write, text):
    path, columns = write(text.encode("utf-8-sig")), {"a": (True, ()), "b": (True, ())}
    assert open_source(path, columns).titles == ("a", "b") and read_rows(path, columns) == {2: ["A", "1"]}


@pytest.mark.parametrize("encoding", ["utf-16-le", "cp1258", "tcvn3", "vni"])
def test_a_character_on_the_edge_of_a_block_is_not_cut(tmp_path, monkeypatch, encoding):
    path = write_table(tmp_path / "rows.csv", ROWS * 3, encoding)
    for size in range(60, 80):
        monkeypatch.setattr(texts, "_BLOCK", size)
        found = read_rows(path)
        assert [found[row] for row in (2, 3, 4)] == ROWS[1:] and found[5] == ROWS[0] and len(found) == 11


def test_text_in_unicode_is_kept_as_it_stands(write):
    decomposed = "Cho\u031b\u0323 Đư\u0301c, 🏪 中文 ½ \u2028x"
    for data in (
        f'venue_code,name\nA,"{decomposed}"\n'.encode(),
        f'venue_code,name\nA,"{decomposed}"\n'.encode("utf-16"),
    ):
        assert read_rows(write(data)) == {2: ["A", decomposed]}


def test_converted_text_is_composed(tmp_path):
    path = write_table(tmp_path / "rows.csv", ROWS, "cp1258")
    assert read_rows(path)[2][1] == "Chợ Đức Thọ, xã Quang Vĩnh"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            "Mã địa điểm,Tên địa điểm\nV1,Chợ\nV2,".encode() + b"Qu\xe1n\n",
            "rows.csv: dòng 3 có ký tự hỏng, không đúng mã UTF-8",
        ),
        ("Mã địa điểm,Tên địa điểm\nV1,Chợ\nV2,Chợ".encode()[:-1], "dòng 3 có ký tự hỏng"),
        (b"venue_code,name\nV1,M\xfcller\n", r"không rõ mã chữ \(dòng 2 .* lưu lại thành CSV UTF-8"),
        (b"venue_code,name\nV1," + encode("trấn", "tcvn3"), r"không rõ mã chữ \(dòng 2"),
        (encode("venue_code,name\nV1,thị trấn Đức Thọ ở xã ấy", "tcvn3") + b"\x8f\n", "không thuộc mã chữ TCVN3"),
        (b"venue_code,name\nA,1\nB\0,1\n", "CSV hỏng .dòng 3 có ký tự rỗng"),
        ("venue_code,name\nA\0,1\n".encode("utf-16"), "ký tự rỗng"),
        ("venue_code,name\nA,1\n".encode("utf-16") + b"x", "không thuộc mã chữ UTF-16"),
        (b'venue_code,name\nA,1\nB,"x"y\n', "CSV hỏng ở dòng 3"),
        (b'venue_code,name\nA,1\nB,"x\nC,2\n', "CSV hỏng ở dòng 3"),
        (b"venue_code,name\nA,1\nB,2,3\n", "dòng 3 có nhiều ô hơn dòng tiêu đề"),
        (b"venue_code,name,,\nA,1\n\nB,2,,3\n", "dòng 4 có nhiều ô hơn dòng tiêu đề"),
        (b"venue_code,name,,\nA,1,,\nB,2,,3\n", "dòng 3 có nhiều ô hơn dòng tiêu đề"),
        (b"", "tệp rỗng"),
        (b"\n \n,,\n", "tệp rỗng"),
        ("\ufeff", "tệp rỗng"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read_are_refused(write, data, message):
    with pytest.raises(FileError, match=message):
        read_rows(write(data))


def test_short_rows_are_filled_up_and_empty_cells_beyond_the_titles_do_no_harm(write):
    assert read_rows(write("venue_code,name,scans\nA\nB,1,2,,\nC,1,2\n")) == {
        2: ["A", "", ""], 3: ["B", "1", "2"], 4: ["C", "1", "2"],
    }  # fmt: skip


def test_a_record_is_a_row_and_blank_lines_count(write):
    text = 'venue_code,name\nA,1\nB,"hai\ndòng"\n\n , \nC,3\n'
    assert read_rows(write(text)) == {2: ["A", "1"], 3: ["B", "hai\ndòng"], 6: ["C", "3"]}


@pytest.mark.parametrize("above", ["SỞ THÔNG TIN\n", "SỞ,\nDanh sách điểm,,,\n\n", "sep=;\n", '"hai\ndòng"\n'])
def test_titles_are_found_below_other_lines(write, above):
    rows = len(list(csv.reader(io.StringIO(above))))
    path = write(f"{above}venue_code,name\nA,1\n")
    assert read_rows(path) == {rows + 2: ["A", "1"]}
    assert f"Tiêu đề ở dòng {rows + 1}, các dòng trên được bỏ qua" in open_source(path, COLUMNS).notes


def test_titles_in_two_lines_are_joined(write):
    columns = COLUMNS | {"lon": (False, ("Kinh độ",)), "lat": (False, ("Vĩ độ",))}
    path = write("venue_code,name,Tọa độ,\n,,Kinh độ,Vĩ độ\nA,1,105,18\n")
    source = open_source(path, columns)
    assert source.headers == {"venue_code": "venue_code", "name": "name", "lon": "Kinh độ", "lat": "Vĩ độ"}
    assert read_rows(path, columns) == {3: ["A", "1", "105", "18"]}


def test_blanks_and_marks_of_no_width_around_a_cell_are_dropped(write):
    text = "venue_code,name\n\u00a0\u200b A  B\u200b \ufeff,\t1\u00a0\u2060\u3000\n"
    assert read_rows(write(text)) == {2: ["A  B", "1"]}


def test_the_size_is_the_number_of_lines_below_the_titles(write):
    assert open_source(write("venue_code,name\nA,1\nB,2"), COLUMNS).size == 2
    assert open_source(write("venue_code,name\n"), COLUMNS).size == 0
    assert list(open_source(write("venue_code,name"), COLUMNS).chunks()) == []


def test_rows_come_in_chunks_numbered_on_and_again_at_each_call(write, monkeypatch):
    monkeypatch.setattr(frames, "CHUNK", 4)
    monkeypatch.setattr(texts, "CHUNK", 4)
    lines = "".join(f"A{number},x\n" for number in range(10))
    for ragged in ("", "Z\n"):
        source = open_source(write(f"venue_code,name\n{lines}{ragged}"), COLUMNS)
        for _ in range(2):
            chunks = list(source.chunks())
            assert [len(chunk) for chunk in chunks] == [4, 4, 3 if ragged else 2]
            assert list(pd.concat(chunks).index) == list(range(2, 13 if ragged else 12))
        assert all(str(kind) == "str" for kind in chunks[0].dtypes)


cells = st.text(st.sampled_from('aĐ ,;"\n\r\t\u200b'), max_size=4)


@st.composite
def csv_text(draw):
    """Text of a csv as programs write it, and as they do not."""
    written = io.StringIO()
    writer = csv.writer(
        written,
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    )
    writer.writerow(["venue_code", "name", "scans"])
    for row in draw(st.lists(st.lists(cells, min_size=3, max_size=3) | st.lists(cells, max_size=4), max_size=8)):
        writer.writerow(row)
    text = written.getvalue()
    for _ in range(draw(st.integers(0, 2))):  # a quote, a blank line or a delimiter put somewhere
        place = draw(st.integers(26, max(len(text), 26)))
        text = text[:place] + draw(st.sampled_from(['"', '""', "\n", ",", '"\n'])) + text[place:]
    return text


@given(text=csv_text(), block=st.integers(16, 64))
@example(text='venue_code,name,scans\n"a,"b,c\n', block=20)
@example(text='venue_code,name,scans\n"a""b",c,d\n', block=20)
@example(text='venue_code,name,scans\n""x,c,d\n', block=64)
@example(text='venue_code,name,scans\na",b,"c"\n"d",e,f', block=20)
def test_both_ways_of_reading_give_the_same(tmp_path_factory, text, block):
    path = tmp_path_factory.getbasetemp() / "both.csv"
    path.write_bytes(text.encode())
    assert read_or_refuse(path, block, fast=True) == read_or_refuse(path, block, fast=False)


def read_or_refuse(path, block, fast):
    """The rows, or the message; fast: through pyarrow as far as it goes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "CHUNK", 3)
        patch.setattr(texts, "CHUNK", 3)
        patch.setattr(texts, "_BLOCK", block)
        if not fast:
            patch.setattr(texts._Quotes, "finish", lambda self: frozenset())
        try:
            return read_rows(path)
        except FileError as error:
            return str(error)
        except ValueError as error:
            assert "No objects to concatenate" in str(error)
            return {}


@pytest.mark.parametrize(
    ("text", "fast"),
    [
        ('a,b\n"x","y"\n', True), ('"a","b"', True), ('a,b\n"x ""y"" z",1\n', True), ("a,b\n", True),
        ('a,b\nx"y,1\n', False), ('a,b\n"x"y,1\n', False), ('a,b\n"x,1\n', False), ('a,b\n"x","y";1\n', False),
        ('a,b\n"","x\n"\r\n', True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("block", [1, 2, 3, 100])
def test_quotes_that_both_ways_read_alike_are_known(text, fast, block):
    quotes = texts._Quotes()
    for start in range(0, len(text), block):
        quotes.look(text.encode()[start : start + block])
    assert ("," in quotes.finish()) == fast


def test_half_a_million_rows_are_read_in_little_time_and_memory(tmp_path):
    numbers = np.arange(500_000).astype(str)
    frame = pd.DataFrame(
        {"venue_code": "HT-" + pd.Series(numbers), "name": "Chợ " + pd.Series(numbers), "scans": numbers}
    )
    frame.to_csv(tmp_path / "rows.csv", index=False)
    before, most, rows = pa.total_allocated_bytes(), 0, 0
    for chunk in open_source(tmp_path / "rows.csv", COLUMNS).chunks():
        rows += len(chunk)
        most = max(most, pa.total_allocated_bytes() - before)
    assert rows == 500_000
    assert most < 150e6
