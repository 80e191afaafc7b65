"""`phuqr load` with its options: what is loaded, what is said and where, and with which exit code."""

import json

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from geo import db
from geo.schema import metadata
from loaders.reading import CHUNK

HEADER = "commune_code,population,households"
GOOD, BAD = f"{HEADER}\n18229,7904,2101\n18235,5000,\n", f"{HEADER}\n18280,100,101\n18754,200,20\n"
STORED = "SELECT commune_code, population FROM population"


@pytest.fixture
def all_rows():
    """A function that gives the rows of every table, as text, and the months of scans."""

    def read():
        with db.engine().connect() as connection:
            held = {
                name: sorted(connection.scalars(sa.text(f"SELECT t::text FROM {name} t"))) for name in metadata.tables
            }
            months = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'scan_day'::regclass"
            return held | {"months": sorted(connection.scalars(sa.text(months)))}

    return read


@pytest.fixture
def said_anywhere(all_rows):
    """A function that gives all that a run has left: its output, the log, the findings, the audit, and the rows."""
    return lambda ran: "\n".join([ran.out, ran.err, *(row for rows in all_rows().values() for row in rows)])


def test_files_are_loaded_one_after_the_other_in_the_order_given(town, phuqr, write_csv, read_rows):
    paths = write_csv(GOOD, "b.csv"), write_csv(GOOD.replace("7904", "8000"), "a.csv")
    ran = phuqr("load", "population", *paths)
    assert (ran.code, ran.err) == (0, "")
    assert [line.split(":")[0] for line in ran.out.splitlines()] == ["b.csv", "a.csv", "Số đã biết thay đổi"]
    assert read_rows(STORED)["population"].tolist() == [8000, 5000]


def test_a_folder_stands_for_its_files_by_name(town, phuqr, write_csv, write_xlsx, read_rows, tmp_path):
    write_csv(GOOD, "b.csv")
    write_xlsx({"Trang": [HEADER.split(","), ["18229", 8000, 2000]]}, "a.xlsx")
    for other in ("notes.md", ".c.csv", "~$a.xlsx"):
        write_csv("nothing", other)
    ran = phuqr("load", "population", tmp_path, tmp_path / "b.csv")
    assert ran.code == 0 and [line.split(":")[0] for line in ran.out.splitlines()][:2] == ["a.xlsx", "b.csv"]
    assert read_rows(STORED)["population"].tolist() == [7904, 5000]


def test_the_first_file_that_is_refused_ends_it_and_those_before_it_stay(town, phuqr, write_csv, read_rows):
    paths = write_csv(GOOD, "1.csv"), write_csv(BAD, "2.csv"), write_csv(f"{HEADER}\n18757,1,1\n", "3.csv")
    ran = phuqr("load", "population", *paths)
    assert ran.code == 1 and ran.err.startswith("phuqr: 2.csv: 1/2 dòng bị từ chối (50,0 %), quá mức 5,0 %")
    assert "3.csv" not in ran.out + ran.err
    assert read_rows(STORED)["commune_code"].tolist() == ["18229", "18235"]


@pytest.mark.parametrize(("most", "loaded"), [("0", 0), ("49.9", 0), ("50", 1), ("100", 1)])
def test_the_limit_of_refused_rows_is_the_users(town, phuqr, write_csv, read_rows, most, loaded):
    ran = phuqr("load", "population", write_csv(BAD), "--max-refused", most)
    assert ran.code == 1 - loaded
    assert len(read_rows(STORED)) == loaded


@pytest.mark.parametrize("words", [("--max-refused", "101"), ("--max-refused", "-1"), ("--vintage", "01/11/2021"), ()])
def test_wrong_usage_is_exit_2(town, phuqr, write_csv, words):
    ran = phuqr("load", "population", *([write_csv(GOOD)] if words else []), *words)
    assert (ran.code, ran.out) == (2, "")


def test_for_machines_each_file_is_one_object(town, phuqr, write_csv, read_rows):
    paths = write_csv(GOOD, "1.csv"), write_csv(BAD, "2.csv"), write_csv("xã,dân\n1,2\n", "3.csv")
    ran = phuqr("load", "population", *paths, "--json", "--max-refused", "50")
    good, bad, unread = map(json.loads, ran.out.splitlines())
    assert ran.code == 1 and ran.err == f"phuqr: {unread['error']}\n"
    counts = "rows_in", "rows_loaded", "rows_refused", "rows_changed", "error"
    assert [[told[name] for name in counts] for told in (good, bad)] == [[2, 2, 0, 2, None], [2, 1, 1, 1, None]]
    (found,) = bad["findings"]
    assert {name: found[name] for name in ("row", "column", "value", "rule", "refused")} == {
        "row": 2, "column": "households", "value": "101", "rule": "households_above_population", "refused": True,
    }  # fmt: skip
    assert bad["communes"] == [
        {"vintage": good["communes"][0]["vintage"], "commune_code": code, "loaded": loaded, "refused": 1 - loaded, "warned": 0}
        for code, loaded in (("18280", 0), ("18754", 1))
    ]  # fmt: skip
    assert (unread["kind"], unread["file"]) == ("population", "3.csv") and "thiếu cột" in unread["error"]
    runs = read_rows("SELECT id, error FROM load_run WHERE kind = 'population' ORDER BY id")
    assert runs["id"].tolist()[:2] == [good["run"], bad["run"]] and runs["error"].tolist()[2] == unread["error"]


def test_a_file_above_the_limit_is_an_object_with_its_findings_too(town, phuqr, write_csv):
    ran = phuqr("load", "population", write_csv(BAD), "--json")
    told = json.loads(ran.out)
    assert ran.code == 1 and told["error"] in ran.err
    assert (told["rows_loaded"], told["rows_refused"], len(told["findings"])) == (0, 1, 1)


def test_refused_rows_are_written_to_be_mended_and_loaded(town, phuqr, write_csv, read_rows, tmp_path):
    out = tmp_path / "sửa.xlsx"
    ran = phuqr("load", "population", write_csv(BAD), "--findings", out)
    assert ran.code == 1 and len(read_rows(STORED)) == 0
    rows = CalamineWorkbook.from_path(out).get_sheet_by_name("Từ chối").to_python()
    assert rows[0][:3] == HEADER.split(",") and rows[1][:3] == ["18280", "100", "101"] and len(rows) == 2
    phuqr("load", "population", write_csv(BAD), "--max-refused", "50")
    ran = phuqr("load", "population", out, "--map", write_csv('[values.households]\n"101" = "10"\n', "sửa.toml"))
    assert ran.code == 0 and read_rows(STORED)["commune_code"].tolist() == ["18280", "18754"]


def test_findings_of_several_files_are_numbered_and_of_none_not_written(town, phuqr, write_csv, tmp_path):
    paths = write_csv(GOOD, "1.csv"), write_csv(BAD, "2.csv")
    phuqr("load", "population", *paths, "--findings", tmp_path / "sửa.xlsx", "--max-refused", "50")
    assert [path.name for path in tmp_path.glob("*.xlsx")] == ["sửa-2.xlsx"]


@pytest.mark.parametrize(
    ("out", "said"), [("rows.xlsx", "là chính tệp cần nạp"), ("sửa.csv", "đuôi .xlsx"), ("không/có.xlsx", "thư mục")]
)
def test_findings_that_cannot_be_written_are_told_before_anything_is_loaded(
    town, phuqr, write_xlsx, all_rows, tmp_path, out, said
):
    file, before = write_xlsx({"Trang": [row.split(",") for row in BAD.splitlines()]}), all_rows()
    ran = phuqr("load", "population", file, "--findings", tmp_path / out, "--max-refused", "50")
    assert (ran.code, ran.out) == (1, "") and said in ran.err
    assert all_rows() == before and CalamineWorkbook.from_path(file).sheet_names == ["Trang"]


def test_a_map_names_the_files_own_headers_and_values(town, phuqr, write_csv, read_rows):
    file = write_csv("đơn vị,nhân khẩu\nxã 1,100\nxã 2,200\n")
    words = (
        '[columns]\n"đơn vị" = "commune_code"\n"nhân khẩu" = "population"\n[values.commune_code]\n"Xã 1" = "18229"\n'
    )
    ran = phuqr("load", "population", file, "--map", write_csv(words, "m.toml"), "--max-refused", "50")
    assert ran.code == 0 and read_rows(STORED).values.tolist() == [["18229", 100]]
    # read by another map it is another load
    more = write_csv(words + '"Xã 2" = "18235"\n', "more.toml")
    assert "2 nạp" in phuqr("load", "population", file, "--map", more).out
    assert "đã nạp" in phuqr("load", "population", file, "--map", more).out
    ran = phuqr("load", "population", file, "--map", write_csv("[columns]\n1 = 2\n", "bad.toml"))
    assert ran.code == 1 and ran.err.startswith("phuqr: bad.toml:")


DRY = {
    "venues": "venue_code,name,kind,commune_code,created_on\nN0,khác,?,18757,2021-11-01\nN1,a,cafe,1,\nN2,a,cafe,18229,2021-11-02\n",
    "scans": "venue_code,day,scans,people\nV1,2021-12-10,9,9\nV2,2022-03-01,5,5\nV99,2021-12-10,1,1\n",
    "visits": "case_code,case_class,venue_code,arrived_at,source\nHT-1,F0,V1,2021-12-10 09:00,declared\nHT-1,F0,V1,2021-12-10,declared\n",
    "inspections": "venue_code,inspected_on,outcome\nV1,2021-12-10,đạt\nV1,2021-12-10,tốt\n",
    "population": GOOD + "1,2,3\n",
    "staff": "organisation,commune_code,returned_on,staff,installed\nKho bạc,18229,2021-12-01,9,5\nThuế,18229,2021-12-01,5,9\n",
    "assessments": "organisation,commune_code,assessed_on,points,supervisors,system,entrants,scanned\nKho bạc,18229,2021-12-01,1,1,khác,9,5\n"
    "Thuế,18229,2021-12-01,1,1,khác,5,9\n",
    "aliases": "alias,commune_code\nVùng ven,18229\nVùng ven,18235\n",
    "register": "commune_code,obligation_group,obliged\n18229,A,5\n18229,X,5\n",
}


@pytest.mark.parametrize("kind", DRY)
def test_a_dry_run_tells_what_would_be_and_changes_nothing(town, phuqr, write_csv, all_rows, kind):
    phuqr("load", "scans", write_csv("venue_code,day,scans,people\nV1,2021-12-10,5,3\n", "before.csv"))
    file, before = write_csv(DRY[kind]), all_rows()
    ran = phuqr("load", kind, file, "--dry-run", "--max-refused", "50")
    assert ran.code == 0 and "(kiểm tra thử, chưa nạp gì)" in ran.out and "từ chối (" in ran.out
    refused = phuqr("load", kind, file, "--dry-run", "--max-refused", "0", "--json")
    assert refused.code == 1 and json.loads(refused.out)["run"] is None
    assert phuqr("load", kind, write_csv("x,y\n1,2\n", "unread.csv"), "--dry-run").code == 1
    assert all_rows() == before
    said = ran.out.replace("kiểm tra thử, chưa nạp gì", "lần nạp")
    loaded = phuqr("load", kind, file, "--max-refused", "50")
    assert loaded.out.splitlines()[0].startswith(said.splitlines()[0].split(" (lần nạp")[0])
    assert loaded.out.splitlines()[1:] == said.splitlines()[1:] and all_rows() != before


def test_what_is_refused_for_personal_data_is_repeated_nowhere(
    town, phuqr, write_csv, said_anywhere, read_rows, tmp_path
):
    lines = [f"N{row},Quán {row},cafe,18229,2021-11-26" for row in range(CHUNK)]
    person = "Quán bà Xuân 0912345678"
    file = write_csv("\n".join([VENUE_HEADER, ",,,,", *lines, f"N{CHUNK},{person},cafe,18229,2021-11-26", ""]))
    for options in ((), ("--json",), ("--dry-run",), ("--findings", tmp_path / "sửa.xlsx")):
        ran = phuqr("load", "venues", file, *options)
        assert ran.code == 1 and f"rows.csv: cột name có số điện thoại (dòng {CHUNK + 3}); hãy xóa" in ran.err
        left = said_anywhere(ran)
        assert not any(word in left for word in ("0912345678", "Xuân", "N0", "Quán 1"))
    assert list(tmp_path.glob("*.xlsx")) == []
    logged = read_rows("SELECT error, rows_in FROM load_run WHERE error LIKE '%hãy xóa dữ liệu cá nhân%'")
    assert logged["rows_in"].tolist() == [0, 0, 0], "one for each, but for the dry run"


VENUE_HEADER = "venue_code,name,kind,commune_code,created_on"


@pytest.mark.parametrize(
    "lines",
    [
        (f"{VENUE_HEADER},Số điện thoại", "N1,Quán,cafe,18229,2021-11-26,0912345678"),
        (f"{VENUE_HEADER},Ghi chú", "N1,Quán,cafe,18229,2021-11-26,gọi 0912345678"),
        (f"{VENUE_HEADER},Mã khác", "N1,Quán,cafe,18229,2021-11-26,042085001234|0912345678|Tên|02031985|Nam"),
        ("0912345678,Quán,cafe,18229,2021-11-26", "N1,Quán,cafe,18229,2021-11-26"),
    ],
)
def test_a_person_in_a_header_or_a_column_not_read_is_repeated_nowhere(town, phuqr, write_csv, said_anywhere, lines):
    ran = phuqr("load", "venues", write_csv("\n".join([*lines, ""])), "--json")
    assert ran.code == 1 and "0912345678" not in said_anywhere(ran)
