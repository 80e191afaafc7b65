"""Scans per venue and day: what is refused, and a later file that restates an earlier one."""

from datetime import date

import pytest

from loaders.scans import load_scans
from loaders.venues import load_venues

VENUES = """venue_code,name,kind,commune_code,created_on
V1,Một,office,18229,2021-11-26
V2,Hai,office,18229,2021-11-26
"""
COUNTS = "SELECT v.code, s.day, s.scans, s.people FROM scan_day s JOIN venue v ON v.id = s.venue_id"


@pytest.fixture
def load(units, write_csv):
    """A function that loads lines of venue, day, scans and people."""
    load_venues(write_csv(VENUES, "venues.csv"))
    return lambda *lines: load_scans(write_csv("\n".join(["venue_code,day,scans,people", *lines]) + "\n"))


def told(outcome):
    return outcome.findings[["row", "column", "rule", "refused"]].values.tolist()


@pytest.mark.parametrize(
    ("line", "column", "rule"),
    [
        (",2021-11-27,5,3", "venue_code", "missing"),
        ("V3,2021-11-27,5,3", "venue_code", "unknown_venue"),
        ("v1,2021-11-27,5,3", "venue_code", "unknown_venue"),
        ("V1,,5,3", "day", "missing"),
        ("V1,31/11/2021,5,3", "day", "not_a_date"),
        ("V1,now,5,3", "day", "not_a_date"),
        ("V1,0021-11-27,5,3", "day", "not_a_date"),
        ("V1,2099-01-01,5,3", "day", "future_date"),
        ("V1,2021-11-27,,3", "scans", "missing"),
        ("V1,2021-11-27,-5,3", "scans", "not_a_count"),
        ("V1,2021-11-27,5.5,3", "scans", "not_a_count"),
        ("V1,2021-11-27,1e3,3", "scans", "not_a_count"),
        ("V1,2021-11-27,１２,3", "scans", "not_a_count"),
        ("V1,2021-11-27,9999999999,3", "scans", "not_a_count"),
        ("V1,2021-11-27,5,nan", "people", "not_a_count"),
        ("V1,2021-11-27,5,6", "people", "people_above_scans"),
    ],
)
def test_rows_that_cannot_be_true_are_refused(load, read_rows, line, column, rule):
    outcome = load("V2,2021-11-27,43200,3", line)
    assert told(outcome) == [[3, column, rule, True]]
    assert (outcome.rows_in, outcome.rows_loaded, outcome.rows_refused) == (2, 1, 1)
    assert read_rows(COUNTS)[["code", "scans"]].values.tolist() == [["V2", 43200]]


def test_the_second_row_of_a_venue_and_day_is_refused(load, read_rows):
    outcome = load("V1,2021-11-27,5,3", "V1,27/11/2021,6,3", "V1,2021-11-28,7,3", "V2,2021-11-27,8,3")
    assert told(outcome) == [[3, "day", "duplicate", True]]
    assert read_rows(COUNTS)["scans"].tolist() == [5, 7, 8]


def test_a_later_file_restates_the_days_it_holds(load, read_rows):
    load("V1,2021-11-27,5,3", "V1,2021-11-28,5,3", "V2,2021-11-27,5,3")
    outcome = load("V1,2021-11-27,9,4", "V1,2021-11-28,5,3", "V1,2021-11-29,0,0")
    assert outcome.rows_changed == 2
    assert read_rows(COUNTS).values.tolist() == [
        ["V1", date(2021, 11, 27), 9, 4], ["V1", date(2021, 11, 28), 5, 3], ["V1", date(2021, 11, 29), 0, 0],
        ["V2", date(2021, 11, 27), 5, 3],
    ]  # fmt: skip
    # the row that was only said again still names the run that wrote it
    runs = read_rows("SELECT v.code, s.day, s.load_run AS run FROM scan_day s JOIN venue v ON v.id = s.venue_id")
    assert (runs["run"] - runs["run"].min()).tolist() == [1, 0, 1, 0]


def test_scans_before_the_code_was_created_are_kept_and_flagged(load, read_rows):
    outcome = load("V1,2021-11-25,5,3", "V2,2021-11-25,0,0", "V2,2021-11-26,5,3")
    assert told(outcome) == [[2, "day", "before_creation", False]]
    assert outcome.warnings == 1 and len(read_rows(COUNTS)) == 3


def test_every_month_gets_its_partition(load, read_rows):
    load("V1,2021-11-30,5,3", "V1,2021-12-01,5,3", "V1,2022-02-28,5,3", "V3,2022-05-01,5,3")
    held = read_rows("SELECT tableoid::regclass::text AS month, day FROM scan_day")
    assert held["month"].tolist() == ["scan_day_2021_11", "scan_day_2021_12", "scan_day_2022_02"]
    months = read_rows(
        "SELECT inhrelid::regclass::text AS month FROM pg_inherits WHERE inhparent = 'scan_day'::regclass"
    )
    assert len(months) == 3  # none for the row refused


def test_files_without_a_good_row_change_nothing(load, read_rows):
    assert load().rows_in == 0
    outcome = load("V3,2021-11-27,5,3", "V4,2021-11-25,5,3")
    assert (outcome.rows_refused, outcome.rows_changed) == (2, 0)
    assert len(read_rows(COUNTS)) == 0


def test_a_code_is_data_and_never_a_statement(load):
    codes = ["'); DROP TABLE scan_day; --", "{V1}", "V1|V2", "%s", ":code", "\\"]
    outcome = load(*(f'"{code}",2021-11-27,5,3' for code in codes))
    assert outcome.findings["rule"].tolist() == ["unknown_venue"] * len(codes)
    assert outcome.findings["value"].tolist() == codes


def test_the_days_of_a_sheet_are_days(load, write_xlsx, read_rows):
    rows = [["Mã địa điểm", "Ngày", "Số lượt quét", "Số người"], ["V1", date(2021, 11, 27), 5, 3.0]]
    assert told(load_scans(write_xlsx({"S": rows}))) == []
    assert read_rows(COUNTS).values.tolist() == [["V1", date(2021, 11, 27), 5, 3]]


def test_scans_go_with_a_venue_that_moves(load, write_csv, read_rows):
    load("V1,2021-11-28,5,5", "V2,2021-11-28,5,5")
    load_venues(write_csv(VENUES.replace("Một,office,18229", "Một,office,18754"), "moved.csv"))
    seen = read_rows("SELECT v.code, s.unit, v.unit AS wanted FROM scan_day s JOIN venue v ON v.id = s.venue_id")
    assert list(seen["code"]) == ["V1", "V2"]
    assert list(seen["unit"]) == list(seen["wanted"]) and seen["unit"].nunique() == 2
