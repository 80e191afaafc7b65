"""phuqr load boundaries and load unit-changes with their options, and phuqr units diff, as they are typed."""

import csv
import json
import warnings

import pytest
import shapely
from typer.testing import CliRunner

import phuqr as command
from geo.errors import AccountError, BoundaryError, FileError

OLD, NEW = "2019-01-01", "2020-06-01"
PLACE = ("440", "Huyện Đức Thọ", "42", "Tỉnh Hà Tĩnh")
CHANGES = """from_code,from_name,from_district,from_province,to_code,to_name,to_district_code,to_district,to_province_code,to_province
,Xã Đức Quang,Đức Thọ,Hà Tĩnh,18235,Xã Quang Vĩnh,440,Huyện Đức Thọ,42,Tỉnh Hà Tĩnh
,Xã Đức Vĩnh,Đức Thọ,Hà Tĩnh,18235,Xã Quang Vĩnh,440,Huyện Đức Thọ,42,Tỉnh Hà Tĩnh
,Xã Tân Hương,Đức Thọ,Hà Tĩnh,18301,Xã Tân Hương,440,Huyện Đức Thọ,42,Tỉnh Hà Tĩnh
"""


def square(place, width=1):
    return shapely.box(105.5 + place / 10, 18, 105.5 + (place + width) / 10, 18.1)


BEFORE = [
    ("18232", "Xã Đức Quang", *PLACE, square(0)), ("18235", "Xã Đức Vĩnh", *PLACE, square(1)),
    ("18301", "Xã Tân Hương", *PLACE, square(2)),
]  # fmt: skip
AFTER = [("18235", "Xã Quang Vĩnh", *PLACE, square(0, 2)), ("18301", "Xã Tân Hương", *PLACE, square(2))]


@pytest.fixture
def phuqr():
    """A function that runs the command with these words; gives what it printed, and raises what it could not do."""

    def run(*words):
        done = CliRunner().invoke(command.build(), [str(word) for word in words])
        if done.exception:
            raise done.exception
        return done.stdout

    return run


@pytest.fixture
def vintages(empty, phuqr, write_units):
    for units, day in ((BEFORE, OLD), (AFTER, NEW)):
        assert "0 từ chối" in phuqr("load", "boundaries", write_units(units, f"{day}.gpkg"), "--vintage", day)


def test_a_file_without_a_coordinate_system_is_loaded_with_srid(empty, phuqr, write_units):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # geopandas tells of the lack as it writes
        path = write_units(BEFORE, crs=None)
    with pytest.raises(FileError, match=r"thiếu .prj.*--srid 9209"):
        phuqr("load", "boundaries", path, "--vintage", OLD)
    told = phuqr("load", "boundaries", path, "--vintage", OLD, "--srid", 4326)
    assert "3 dòng = 3 nạp" in told and "đọc theo --srid 4326 (WGS 84)" in told
    assert "chính tệp này đã nạp" in phuqr("load", "boundaries", path, "--vintage", OLD, "--srid", 4326)


def test_older_units_are_dissolved_and_both_files_may_have_maps(empty, phuqr, write_units, write_csv, read_rows):
    bare = [
        (None, name.removeprefix("Xã ").replace(" ", ""), None, "ĐứcThọ", None, "HàTĩnh", shape)
        for _, name, *_, shape in BEFORE
    ]
    path, changes = write_units(bare), write_csv(CHANGES.replace("from_name", "Đơn vị trước đây"), "changes.csv")
    words = "load", "boundaries", path, "--vintage", NEW, "--crosswalk", changes
    with pytest.raises(FileError, match="changes.csv: .*thiếu cột from_name"):
        phuqr(*words)
    crosswalk_map = write_csv('[columns]\n"Đơn vị trước đây" = "from_name"\n', "changes.toml")
    own_map = write_csv('[values.commune_name]\n"TânHương" = "Tân Hương"\n', "units.toml")
    options = "--crosswalk-map", crosswalk_map, "--map", own_map, "--source", "Sở TN&MT", "--licence", "nội bộ"
    assert "3 dòng = 3 nạp" in phuqr(*words, *options, "--dry-run")
    assert read_rows("admin_unit").empty
    outcome = json.loads(phuqr(*words, *options, "--json"))
    assert (outcome["rows_loaded"], outcome["rows_changed"]) == (3, 4)
    assert read_rows("SELECT code FROM admin_unit WHERE level = 3")["code"].tolist() == ["18235", "18301"]
    assert read_rows("SELECT source, licence FROM boundary_vintage").values.tolist() == [["Sở TN&MT", "nội bộ"]]
    settings = read_rows("SELECT settings FROM load_run WHERE error IS NULL")["settings"].item()
    assert settings.keys() == {"vintage", "source", "licence", "crosswalk", "map", "crosswalk_map"}


def test_refused_communes_are_written_to_be_mended(empty, phuqr, write_units, tmp_path):
    rows = [*BEFORE[:2], ("183", *BEFORE[2][1:])]
    words = "load", "boundaries", write_units(rows), "--vintage", OLD, "--findings", tmp_path / "sửa.xlsx"
    with pytest.raises(FileError, match=r"1/3 dòng bị từ chối \(33,3 %\), quá mức 5,0 %"):
        phuqr(*words)
    assert "từ chối (bad_code)" in phuqr(*words, "--max-refused", 40)
    assert (tmp_path / "sửa.xlsx").stat().st_size


def test_unit_changes_are_loaded_between_the_vintages_named(vintages, phuqr, write_csv, read_rows):
    path = write_csv(CHANGES)
    with pytest.raises(FileError, match="rows.csv: .*hãy thêm cột from_vintage, to_vintage, hoặc ghi --from và --to"):
        phuqr("load", "unit-changes", path)
    words = "load", "unit-changes", path, "--from", OLD, "--to", NEW
    assert "3 dòng = 3 nạp + 0 từ chối; 3 mới hoặc thay đổi" in phuqr(*words)
    assert "chính tệp này đã nạp" in phuqr(*words)
    rows = read_rows("SELECT from_code, to_code, share FROM unit_change").values.tolist()
    assert rows == [["18232", "18235", 1.0], ["18235", "18235", 1.0], ["18301", "18301", 1.0]]
    with pytest.raises(AccountError, match="nobody"):
        phuqr(*words, "--as", "nobody")


def test_a_diff_tells_what_changed_and_how_many_there_were(vintages, phuqr):
    table = phuqr("units", "diff", OLD, NEW)
    assert "01/01/2019 → 01/06/2020" in table and table.endswith("Tỉnh Hà Tĩnh: 3 → 2\n")
    assert "merged: 2; went into a unit that others went into too" in table
    assert "Xã Đức Quang" in table and "Xã Tân Hương" not in table
    found = json.loads(phuqr("units", "diff", OLD, NEW, "--format", "json"), parse_constant=pytest.fail)
    assert (found["from"], found["to"], found["changes"]) == (OLD, NEW, {"merged": 2, "reused_code": 1, "unchanged": 1})
    assert found["provinces"] == [{"code": "42", "name": "Tỉnh Hà Tĩnh", "before": 3, "after": 2}]
    assert [row["change"] for row in found["rows"]] == ["merged", "merged", "reused_code"]
    assert found["rows"][0]["estimated"] is True and found["changes"].keys() <= found["definitions"].keys()
    lines = list(csv.DictReader(phuqr("units", "diff", OLD, NEW, "--format", "csv", "--all").splitlines()))
    assert [(line["change"], line["from_code"], line["to_code"], line["estimated"]) for line in lines] == [
        ("merged", "18232", "18235", "true"), ("merged", "18235", "18235", "true"), ("reused_code", "18235", "18235", "true"),
        ("unchanged", "18301", "18301", "false"),
    ]  # fmt: skip


def test_a_diff_of_what_is_not_loaded_or_backwards_says_so(vintages, phuqr):
    with pytest.raises(BoundaryError, match="no boundaries begin on 2021-11-01; loaded are: 2019-01-01, 2020-06-01"):
        phuqr("units", "diff", OLD, "2021-11-01")
    with pytest.raises(BoundaryError, match="2019-01-01 is not after 2020-06-01"):
        phuqr("units", "diff", NEW, OLD)
