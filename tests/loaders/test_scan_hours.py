"""Scans per venue and hour: what is stored and refused, and what a newer export says anew."""

from datetime import date

import pytest

from loaders.scans import load_scans
from loaders.venues import load_venues

HEADER = ["venue_code", "day", "hour", "scans", "people"]
GOOD = {"venue_code": "V1", "day": "28/11/2021", "hour": "9", "scans": "12", "people": "7"}
STORED = "SELECT v.code, h.day, h.hour, h.scans, h.people FROM scan_hour h JOIN venue v ON v.id = h.venue_id"


@pytest.fixture
def load(write_records):
    """A function that loads rows, each a dictionary of what differs from GOOD."""
    return lambda *rows, header=HEADER: load_scans(write_records(header, *({**GOOD, **row} for row in rows)))


@pytest.fixture
def stored(read_rows):
    return lambda: read_rows(STORED).astype(object).where(lambda rows: rows.notna(), None).values.tolist()


def told(outcome):
    return outcome.findings[["row", "column", "rule", "refused"]].values.tolist()


def test_hours_are_stored_apart_from_days(town, load, stored, read_rows):
    outcome = load({}, {"hour": "0", "scans": "1", "people": ""}, {"hour": "23"}, {"venue_code": "V2", "hour": "09"})
    assert told(outcome) == [] and outcome.rows_changed == 4
    day = date(2021, 11, 28)
    assert stored() == [["V1", day, 0, 1, None], ["V1", day, 9, 12, 7], ["V1", day, 23, 12, 7], ["V2", day, 9, 12, 7]]
    assert len(read_rows("scan_day")) == 0


REFUSED = [
    ({"venue_code": ""}, "venue_code", "missing"),
    ({"venue_code": "V99"}, "venue_code", "unknown_venue"),
    ({"day": ""}, "day", "missing"),
    ({"day": "31/11/2021"}, "day", "not_a_date"),
    ({"day": "28/11/2019"}, "day", "early_date"),
    ({"day": "2099-01-01"}, "day", "future_date"),
    ({"hour": ""}, "hour", "missing"),
    ({"hour": "24"}, "hour", "not_an_hour"),
    ({"hour": "-1"}, "hour", "not_a_count"),
    ({"hour": "9h"}, "hour", "not_a_count"),
    ({"hour": "10", "scans": ""}, "scans", "missing"),
    ({"hour": "11", "scans": "nhiều"}, "scans", "not_a_count"),
    ({"hour": "12", "people": "?"}, "people", "not_a_count"),
    ({"hour": "13", "people": "13"}, "people", "people_above_scans"),
    ({"hour": "09"}, "hour", "duplicate"),
]


def test_an_hour_that_cannot_be_true_is_refused(town, load, stored):
    outcome = load({}, *(row for row, _, _ in REFUSED))
    assert told(outcome) == [[3 + place, column, rule, True] for place, (_, column, rule) in enumerate(REFUSED)]
    assert (outcome.rows_in, outcome.rows_refused) == (len(REFUSED) + 1, len(REFUSED))
    assert len(stored()) == 1


def test_one_hour_of_each_venue_and_day_is_one_row(town, load, stored):
    outcome = load(
        {}, {"hour": "10"}, {"day": "2021-11-29"}, {"venue_code": "V2"}, {"day": "2021-11-28", "scans": "99"}
    )
    assert told(outcome) == [[6, "hour", "duplicate", True]]
    assert [row[3] for row in stored()] == [12] * 4


def test_a_newer_export_restates_its_hours_and_leaves_the_others(town, load, stored):
    load({}, {"hour": "10"})
    outcome = load({"scans": "20", "people": "18"}, {"hour": "11"})
    assert outcome.rows_changed == 2
    assert [row[2:] for row in stored()] == [[9, 20, 18], [10, 12, 7], [11, 12, 7]]
    again = load({"hour": "11"}, {"scans": "20", "people": "18"})
    assert (again.rows_loaded, again.rows_changed) == (2, 0)


def test_people_need_not_be_told(town, load, stored):
    assert told(load({}, header=HEADER[:-1])) == []
    assert stored() == [["V1", date(2021, 11, 28), 9, 12, None]]


def test_hours_lie_in_the_commune_of_their_venue_also_after_it_moves(town, load, read_rows, write_records):
    units = "SELECT v.code, h.unit = v.unit AS same, u.code AS commune FROM scan_hour h JOIN venue v ON v.id = h.venue_id JOIN admin_unit u ON u.id = h.unit"
    load({}, {"venue_code": "V11"})
    assert read_rows(units).values.tolist() == [["V1", True, "18229"], ["V11", True, "18754"]]
    header = ["venue_code", "name", "kind", "commune_code", "created_on"]
    venue = dict(zip(header, ("V1", "Trụ sở", "Trụ sở làm việc", "18235", "20/11/2021"), strict=True))
    try:
        assert load_venues(write_records(header, venue, name="venues.csv")).rows_changed == 1
        assert read_rows(units).values.tolist() == [["V1", True, "18235"], ["V11", True, "18754"]]
    finally:
        load_venues(write_records(header, venue | {"commune_code": "18229"}, name="venues.csv"))
