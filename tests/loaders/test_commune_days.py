"""Scans known per commune and day only: what is stored and refused, apart from those of venues, and said anew."""

from datetime import date, timedelta

import pytest

from geo.errors import FileError
from loaders.scans import load_scans

HEADER = ["commune_code", "commune", "district", "day", "venues_with_scans", "scans", "people"]
GOOD = {"commune_code": "18229", "day": "28/11/2021", "venues_with_scans": "2", "scans": "1.904", "people": "1.500"}
STORED = "SELECT commune_code, day, venues_with_scans, scans, people FROM commune_scan_day"


@pytest.fixture
def load(write_records):
    """A function that loads rows, each a dictionary of what differs from GOOD."""
    return lambda *rows, header=HEADER: load_scans(write_records(header, *({**GOOD, **row} for row in rows)))


def told(outcome):
    return outcome.findings[["row", "column", "rule", "refused"]].values.tolist()


def test_days_of_communes_are_stored_apart_from_those_of_venues(town, load, read_rows):
    named = {"commune_code": "", "commune": "Kỳ Lợi", "district": "TX Kỳ Anh"}
    outcome = load({}, {"day": "2021-11-29", "venues_with_scans": "0", "scans": "0", "people": "0"}, named)
    assert told(outcome) == [] and outcome.rows_changed == 3
    day = date(2021, 11, 28)
    assert read_rows(STORED).values.tolist() == [
        ["18229", day, 2, 1904, 1500], ["18229", day + timedelta(1), 0, 0, 0], ["18757", day, 2, 1904, 1500],
    ]  # fmt: skip
    assert len(read_rows("scan_day")) == 0


REFUSED = [
    ({"commune_code": "99999"}, "commune_code", "unknown_code"),
    ({"commune_code": "", "commune": "Không Có", "district": "Đức Thọ"}, "commune", "unknown_commune"),
    ({"day": ""}, "day", "missing"),
    ({"day": "28.11.2021 lúc 9 giờ"}, "day", "not_a_date"),
    ({"day": "28/11/2019"}, "day", "early_date"),
    ({"day": "2099-01-01"}, "day", "future_date"),
    ({"day": "01/12/2021", "venues_with_scans": ""}, "venues_with_scans", "missing"),
    ({"day": "02/12/2021", "venues_with_scans": "-1"}, "venues_with_scans", "not_a_count"),
    ({"day": "03/12/2021", "venues_with_scans": "1.905"}, "venues_with_scans", "venues_above_scans"),
    ({"day": "04/12/2021", "scans": ""}, "scans", "missing"),
    ({"day": "05/12/2021", "people": "1.905"}, "people", "people_above_scans"),
    ({"day": "06/12/2021", "people": "?"}, "people", "not_a_count"),
    ({"day": "2021-11-28"}, "day", "duplicate"),
]


def test_a_day_that_cannot_be_true_is_refused(town, load, read_rows):
    outcome = load({}, *(row for row, _, _ in REFUSED))
    assert told(outcome) == [[3 + place, column, rule, True] for place, (_, column, rule) in enumerate(REFUSED)]
    assert (outcome.rows_in, outcome.rows_refused) == (len(REFUSED) + 1, len(REFUSED))
    assert len(read_rows(STORED)) == 1


def test_a_newer_export_restates_its_days_and_leaves_the_others(town, load, read_rows):
    load({}, {"day": "2021-11-29"}, {"commune_code": "18235"})
    outcome = load({"scans": "2.000"}, {"commune_code": "18235"}, {"commune_code": "18280"})
    assert outcome.rows_changed == 2
    assert read_rows(STORED)[["commune_code", "scans"]].values.tolist() == [
        ["18229", 2000], ["18229", 1904], ["18235", 1904], ["18280", 1904],
    ]  # fmt: skip
    again = load({"commune_code": "18280"}, {"commune_code": "18235"})
    assert (again.rows_loaded, again.rows_changed) == (2, 0)


def test_what_a_newer_export_changes_is_on_record(town, load, read_rows):
    load({}, {"commune_code": "18235"})
    outcome = load({"venues_with_scans": "1", "scans": "2.000"}, {"commune_code": "18235"})
    assert read_rows("SELECT measure, commune_code, day, before, after FROM restatement").values.tolist() == [
        ["active", "18229", date(2021, 11, 28), 2, 1],
        ["scans", "18229", date(2021, 11, 28), 1904, 2000],
    ]
    assert outcome.restated.values.tolist() == [["active", 1, 2, 1], ["scans", 1, 1904, 2000]]


@pytest.mark.parametrize("absent", [{"people"}, {"venues_with_scans"}, {"scans"}, {"day"}])
def test_a_file_must_say_what_it_counts(town, load, absent):
    with pytest.raises(FileError, match="thiếu cột"):
        load({}, header=[column for column in HEADER if column not in absent])
