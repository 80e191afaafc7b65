"""Scans that only the whole file, or another one, shows to be doubtful: kept, and flagged on every row concerned."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from geo.accounts import add_account, find_scope
from geo.audit import Actor, operator
from loaders import writing
from loaders.scan_rules import Outliers
from loaders.scans import load_scans

DAYS, HOURS = ["venue_code", "day", "scans", "people"], ["venue_code", "day", "hour", "scans", "people"]
COMMUNES = ["commune_code", "day", "venues_with_scans", "scans", "people", "total_scans"]
DAY = date(2021, 11, 28)


@pytest.fixture
def load(town, write_records):
    """A function that loads records under a header; `town` has V1 and V2 in 18229, V11 in 18754."""
    return lambda header, *records, **options: load_scans(write_records(header, *records), **options)


def told(outcome):
    return outcome.findings[["row", "column", "value", "rule", "refused"]].values.tolist()


def spread(count, **more):
    """Records of V1 on so many days with 20 to 39 scans."""
    return [
        {"venue_code": "V1", "day": DAY + np.timedelta64(n, "D").item(), "scans": 20 + n % 20, "people": 5, **more}
        for n in range(count)
    ]


def test_a_count_that_stands_out_of_its_file_is_flagged(load, read_rows):
    records = spread(40)
    records[7]["scans"] = 390
    outcome = load(DAYS, *records)
    assert told(outcome) == [[9, "scans", "390", "outlier", False]]
    assert (outcome.rows_loaded, outcome.warnings) == (40, 1) and outcome.communes["warned"].tolist() == [1]
    assert read_rows("scan_day")["scans"].max() == 390
    kept = read_rows(
        "SELECT row, rule, refused, commune_code FROM load_finding WHERE load_run > (SELECT max(load_run) FROM venue)"
    )
    assert kept.values.tolist() == [[9, "outlier", False, "18229"]]


def test_of_few_rows_none_stands_out(load):
    records = spread(29)
    records[7]["scans"] = 390
    assert told(load(DAYS, *records)) == []


def test_low_counts_and_those_of_refused_rows_do_not_stand_out(load):
    records = spread(60)
    records[3]["scans"], records[4]["day"], records[4]["scans"] = 5, "2099-01-01", 5000
    assert [found[3] for found in told(load(DAYS, *records))] == ["future_date"]


def test_what_stands_out_does_not_depend_on_where_the_chunks_end(load, monkeypatch):
    records = spread(90)
    for place in (2, 50, 88):
        records[place]["scans"] = 4000
    found = told(load(DAYS, *records, dry_run=True))
    monkeypatch.setattr("loaders.texts.CHUNK", 7)
    assert found == told(load(DAYS, *records, dry_run=True)) and [row for row, *_ in found] == [4, 52, 90]


def test_of_rows_out_of_an_accounts_scope_nothing_is_flagged(load):
    add_account(operator(), "duc_tho", "data", ["440"])
    records = spread(40)
    records[7] |= {"venue_code": "V11", "scans": 390}
    outcome = load(DAYS, *records, actor=Actor("duc_tho", find_scope("duc_tho")))
    assert told(outcome) == [[9, "venue_code", "V11", "outside_scope", True]]


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ([10] * 40 + [11], [11]),  # nearly all alike: by the mean distance
        ([10] * 40, []),
        (list(range(1, 60)) + [336], []),
        (list(range(1, 60)) + [420], [420]),
    ],
)
def test_the_limit_is_that_of_the_modified_z_score(counts, found):
    outliers = Outliers()
    outliers.take(pd.DataFrame({"scans": counts, "unit": 1}))
    warnings = outliers.find({})
    assert ([] if warnings is None else warnings["value"].astype(int).tolist()) == found


def test_more_than_a_place_can_take_in_is_flagged(load):
    record = {"venue_code": "V1", "day": DAY, "scans": 43_200, "people": 1}
    outcome = load(DAYS, record, {**record, "day": "2021-11-29", "scans": 43_201})
    assert told(outcome) == [[3, "scans", "43201", "above_capacity", False]] and outcome.rows_loaded == 2
    outcome = load(HOURS, {**record, "hour": 9, "scans": 1800}, {**record, "hour": 10, "scans": 1801})
    assert [found for found in told(outcome) if found[3] == "above_capacity"] == [
        [3, "scans", "1801", "above_capacity", False]
    ]
    record |= {"commune_code": "18229", "venues_with_scans": 2, "scans": 86_400}
    outcome = load(COMMUNES[:-1], record, {**record, "day": "2021-11-29", "scans": 86_401})
    assert told(outcome) == [[3, "scans", "86401", "above_capacity", False]]


def test_hours_that_add_up_to_more_than_their_day_are_flagged_whichever_comes_first(load, read_rows):
    day = {"venue_code": "V1", "day": DAY, "scans": 20, "people": 9}
    hours = [
        {**day, "hour": 9, "scans": 12},
        {**day, "hour": 10, "scans": 8, "people": ""},
        {**day, "venue_code": "V11", "hour": 9},
    ]
    load(DAYS, day, {**day, "venue_code": "V11", "scans": 50})
    assert told(load(HOURS, *hours)) == []
    outcome = load(HOURS, {**hours[0], "hour": 11, "scans": 1, "people": 1}, hours[2])
    assert told(outcome) == [[2, "scans", "1", "hours_above_day", False]] and outcome.rows_loaded == 2
    outcome = load(DAYS, {**day, "scans": 21}, {**day, "venue_code": "V11", "scans": 19})
    assert told(outcome) == [[3, "scans", "19", "hours_above_day", False]] and outcome.rows_changed == 2


def test_every_hour_of_such_a_day_is_flagged_once(load):
    load(DAYS, {"venue_code": "V1", "day": DAY, "scans": 20, "people": 9})
    hours = [{"venue_code": "V1", "day": DAY, "hour": hour, "scans": 10} for hour in (9, 10, 11)]
    other = {"venue_code": "V1", "day": "2021-11-29", "hour": 9, "scans": 99}
    outcome = load(HOURS, *hours, other, {**hours[0], "hour": 24})
    assert told(outcome) == [
        *([row, "scans", "10", "hours_above_day", False] for row in (2, 3, 4)),
        [6, "hour", "24", "not_an_hour", True],
    ]
    assert outcome.communes[["loaded", "refused", "warned"]].values.tolist() == [[4, 1, 3]]


def test_hours_before_the_code_was_created_are_flagged(load):
    hour = {"venue_code": "V2", "day": "2021-11-25", "hour": 9, "scans": 1}  # created on 26/11
    outcome = load(HOURS, hour, {**hour, "hour": 10, "scans": 0}, {**hour, "day": "2021-11-26"})
    assert told(outcome) == [[2, "day", "2021-11-25", "before_creation", False]] and outcome.rows_loaded == 3


def test_more_venues_with_scans_than_were_created_by_that_day_are_flagged(load):
    record = {"commune_code": "18229", "day": "25/11/2021", "venues_with_scans": 1, "scans": 9, "people": 5}
    outcome = load(
        COMMUNES[:-1], record, {**record, "venues_with_scans": 2}, {**record, "day": "26/11/2021", "venues_with_scans": 2},
        {**record, "day": "2021-12-08", "venues_with_scans": 5}, {**record, "commune_code": "18280", "venues_with_scans": 9},
        max_refused=1,
    )  # fmt: skip
    assert told(outcome) == [
        [3, "day", "25/11/2021", "duplicate", True],
        [5, "venues_with_scans", "5", "above_created", False],  # four by then; of 18280 no venue is known at all
    ]


def test_cumulative_totals_hold_their_days_and_never_fall(load, read_rows):
    record = {"commune_code": "18229", "venues_with_scans": 1, "people": 1}
    days = [
        ("03/12/2021", 5, 24),
        ("01/12/2021", 9, 10),
        ("02/12/2021", 5, 25),
        ("04/12/2021", 31, 30),
        ("05/12/2021", 1, ""),
    ]
    rows = [{**record, "day": day, "scans": scans, "total_scans": total} for day, scans, total in days]
    other = {**rows[0], "commune_code": "18235", "day": "06/12/2021", "scans": 1, "total_scans": 1}
    outcome = load(COMMUNES, *rows, other)
    assert told(outcome) == [
        [2, "total_scans", "24", "total_falls", False],
        [5, "scans", "31", "above_total", True],
    ]
    assert len(read_rows("commune_scan_day")) == 5


def test_what_newer_hours_change_is_on_record(load, read_rows):
    hour = {"venue_code": "V1", "day": DAY, "hour": 9, "scans": 12, "people": 7}
    load(HOURS, hour, {**hour, "hour": 10}, {**hour, "venue_code": "V11", "people": ""})
    outcome = load(
        HOURS, {**hour, "scans": 20}, {**hour, "venue_code": "V2"}, {**hour, "venue_code": "V11", "people": ""}
    )
    restated = read_rows("SELECT measure, commune_code, day, before, after FROM restatement")
    assert restated.values.tolist() == [["hour_people", "18229", DAY, 14, 21], ["hour_scans", "18229", DAY, 24, 44]]
    assert outcome.restated.values.tolist() == [["hour_people", 1, 14, 21], ["hour_scans", 1, 24, 44]]


def test_signs_that_a_later_chunk_contradicts_refuse_the_file(load, read_rows, monkeypatch):
    records = spread(8)
    records[1]["scans"], records[6]["scans"] = "1.904", "1,904"
    outcome = load(DAYS, *records, max_refused=1)
    assert [found[:2] + found[3:] for found in told(outcome)] == [[row, "scans", "mixed_signs", True] for row in (3, 8)]
    monkeypatch.setattr("loaders.texts.CHUNK", 3)
    with pytest.raises(writing.FileError, match="cột scans khi dùng dấu chấm, khi dùng dấu phẩy.*ghi số liền"):
        load(DAYS, *records, {**records[0], "day": "2021-11-20"}, max_refused=1)
    assert len(read_rows("SELECT * FROM scan_day WHERE scans >= 1904")) == 0
