"""The register: counts by commune and group, each commune said by its code or by its names."""

from datetime import date

import pytest
import shapely

from geo.errors import BoundaryError, FileError
from loaders.boundaries import load_boundaries
from loaders.register import load_register

COUNTS = "SELECT commune_code, obligation_group, obliged FROM obligation"


@pytest.fixture
def load(write_csv):
    """A function that loads lines under a header of codes, or another one."""
    return lambda *lines, header="commune_code,obligation_group,obliged", **options: load_register(
        write_csv("\n".join([header, *lines]) + "\n"), **options
    )


def told(outcome):
    return outcome.findings[["row", "column", "rule", "refused"]].values.tolist()


@pytest.mark.parametrize(
    ("line", "column", "rule"),
    [
        ("99999,A,1", "commune_code", "unknown_code"),
        ("440,A,1", "commune_code", "unknown_code"),
        ("18235,B,1", "obligation_group", "unknown_group"),
        ("18235,,1", "obligation_group", "missing"),
        ("18235,A,", "obliged", "missing"),
        ("18235,A,-1", "obliged", "not_a_count"),
        ("18235,A,nhiều", "obliged", "not_a_count"),
        ("18235,A,1.5", "obliged", "not_a_count"),
        ("18229,a,3", "obligation_group", "duplicate"),
    ],
)
def test_rows_that_cannot_be_known_are_refused(units, load, read_rows, line, column, rule):
    outcome = load("18229,A,2", line)
    assert told(outcome) == [[3, column, rule, True]]
    assert (outcome.rows_in, outcome.rows_loaded, outcome.rows_refused) == (2, 1, 1)
    assert read_rows(COUNTS).values.tolist() == [["18229", "A", 2]]


def test_groups_are_known_in_either_case_and_none_is_a_count(units, load, read_rows):
    assert told(load("18229,a,0", "18229,C,7")) == []
    assert read_rows(COUNTS).values.tolist() == [["18229", "A", 0], ["18229", "C", 7]]


def test_names_say_where_as_well_as_codes(units, load, read_rows):
    header = "Xã/phường/thị trấn,Quận/huyện,Nhóm,Số địa điểm phải tạo"
    outcome = load("TT. Đức Thọ,Đức Thọ,A,2", "Kỳ Trinh,Đức Thọ,A,2", "Đức Thọ,H. Đức Thọ,A,3", header=header)
    assert told(outcome) == [[3, "Xã/phường/thị trấn", "unknown_commune", True], [4, "Nhóm", "duplicate", True]]
    assert read_rows(COUNTS).values.tolist() == [["18229", "A", 2]]


def test_a_code_that_a_sheet_keeps_as_a_number_is_not_given_its_zero_back(empty, write_units, write_xlsx, read_rows):
    box = shapely.box(105, 18, 105.1, 18.1)
    load_boundaries(write_units([("01234", "Xã Một", "034", "Huyện Một", "02", "Tỉnh Hai", box)]), date(2021, 11, 1))
    rows = [["Mã xã", "Nhóm", "Số địa điểm phải tạo"], [1234, "A", 5], ["01234", "C", 6]]
    outcome = load_register(write_xlsx({"S": rows}))
    assert told(outcome) == [[2, "Mã xã", "unknown_code", True]]
    assert read_rows(COUNTS).values.tolist() == [["01234", "C", 6]]


def test_a_later_file_restates_the_communes_it_holds(units, load, read_rows):
    load("18229,A,2", "18235,A,4")
    assert load("18229,A,3").rows_changed == 1
    assert read_rows(COUNTS).values.tolist() == [["18229", "A", 3], ["18235", "A", 4]]


def test_with_two_vintages_the_one_meant_is_asked_for(units, boundary_file, load, read_rows):
    load_boundaries(boundary_file, date(2025, 7, 1))
    with pytest.raises(FileError, match=r"nhiều bộ địa giới \(2021-11-01, 2025-07-01\); hãy ghi thêm --vintage"):
        load("18229,A,2")
    with pytest.raises(FileError, match="không có bộ địa giới nào từ ngày 2024-01-01"):
        load("18229,A,2", vintage=date(2024, 1, 1))
    load("18229,A,2", vintage=date(2025, 7, 1))
    assert read_rows("SELECT vintage FROM obligation")["vintage"].tolist() == [2]
    errors = read_rows("SELECT error FROM load_run WHERE kind = 'register' ORDER BY id")["error"]
    assert errors.notna().tolist() == [True, True, False]


def test_without_boundaries_the_user_is_told_to_load_them(empty, load):
    with pytest.raises(BoundaryError, match="no boundaries are loaded"):
        load("18229,A,2")


@pytest.mark.parametrize("header", ["obligation_group,obliged", "commune,obligation_group,obliged"])
def test_a_file_must_say_where(units, load, header):
    with pytest.raises(FileError, match="thiếu cột chỉ nơi chốn"):
        load(",".join("1" for _ in header.split(",")), header=header)
