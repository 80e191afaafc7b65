"""A person's number in a cell that was to hold a code, a count or a day: the row is refused, the number repeated nowhere."""

import json

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from loaders.personal import HIDDEN, hide_persons

TELEPHONE, IDENTITY = "0912 345 678", "042185001234"
HEADER = "Mã địa điểm,Ngày,Số lượt quét,Số người"


@pytest.fixture
def scans(write_csv):
    """A file of eight good rows, and four with a number of a person in a cell of each column."""
    good = [f"V1,2021-12-{day:02},5,3" for day in range(1, 9)]
    bad = [
        f"{TELEPHONE},2021-12-10,5,3",
        f"V1,{TELEPHONE},5,3",
        f"V1,2021-12-11,{IDENTITY},3",
        f"V1,2021-12-12,5,{TELEPHONE}",
    ]
    return write_csv("\n".join([HEADER, *good, *bad]) + "\n")


def test_it_is_told_by_its_row_and_column_alone(town, scans, phuqr, tmp_path, read_rows):
    out = tmp_path / "out.xlsx"
    words = "load", "scans", scans, "--max-refused", "50", "--findings", out
    asked = phuqr(*words, "--dry-run", "--json")
    ran = phuqr(*words)
    told = json.loads(asked.out)["findings"]
    assert [(each["row"], each["column"], each["value"]) for each in told] == [
        (10, "Mã địa điểm", HIDDEN), (11, "Ngày", HIDDEN), (12, "Số lượt quét", HIDDEN), (13, "Số người", HIDDEN),
    ]  # fmt: skip
    kept = read_rows(
        'SELECT row, "column", value, rule FROM load_finding WHERE load_run = (SELECT max(id) FROM load_run)'
    )
    book = CalamineWorkbook.from_path(out)
    cells = str([book.get_sheet_by_name(name).to_python() for name in book.sheet_names])
    logged = read_rows("SELECT detail FROM audit").to_string() + read_rows("SELECT * FROM load_run").to_string()
    for shown in (asked.out, asked.err, ran.out, ran.err, kept.to_string(), cells, logged):
        assert TELEPHONE not in shown and IDENTITY not in shown
    assert kept["value"].tolist() == [HIDDEN] * 4 and ran.out.count(HIDDEN) == 4
    assert cells.count(HIDDEN) == 4 and "2021-12-12" in cells


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("lon", TELEPHONE), ("lat", IDENTITY), ("created_on", TELEPHONE), ("closed_on", "183456789"), ("commune_code", IDENTITY),
        ("commune_code", "042185001234|183456789|Tên"),
    ],
)  # fmt: skip
def test_so_it_is_in_a_list_of_venues(town, write_records, phuqr, column, value):
    good = {
        "name": "Quán",
        "kind": "cafe",
        "commune_code": "18229",
        "created_on": "2021-12-01",
        "lon": "105.55",
        "lat": "18.55",
    }
    rows = [{**good, "venue_code": f"N{n}"} for n in range(5)]
    rows[2][column] = value
    path = write_records(["venue_code", *good, "closed_on"], *rows)
    ran = phuqr("load", "venues", path, "--max-refused", "50", "--json")
    assert value not in ran.out + ran.err
    assert column == "lat" or HIDDEN in ran.out or "mã QR cá nhân" in ran.err, ran  # a number so large is abroad


def test_the_codes_of_a_system_that_counts_so_are_shown():
    codes = pd.Series([f"0912{number:06d}" for number in range(20)], dtype="str")
    assert hide_persons(codes[:2], codes).tolist() == codes[:2].tolist()
    mixed = pd.Series([*codes[:4], "V1", "V2", "V3", "V4", "V5", ""], dtype="str")
    assert hide_persons(mixed[:5], mixed).tolist() == [HIDDEN] * 4 + ["V1"]
    assert hide_persons(pd.Series(["1.904", "43201", "", "11/26/2021"], dtype="str")).tolist() == [
        "1.904", "43201", "", "11/26/2021",
    ]  # fmt: skip
