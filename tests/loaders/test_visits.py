"""Visits of traced cases: where and when, what is refused, and that a case's values are not told in the findings."""

from datetime import UTC, date, datetime, timedelta

import geopandas as gpd
import pandas as pd
import pytest

from loaders.aliases import load_aliases
from loaders.boundaries import load_boundaries
from loaders.venues import load_venues
from loaders.visits import load_visits

HEADER = ["case_code", "case_class", "venue_code", "commune_code", "place", "arrived_at", "left_at", "source"]
GOOD = {
    "case_code": "HT-1", "case_class": "F0", "venue_code": "V1", "arrived_at": "28/11/2021 09:19", "left_at": "28/11/2021 10:53",
    "source": "declared",
}  # fmt: skip
PLACE = {"venue_code": "", "commune_code": "18280", "place": "Đám cưới"}
STORED = """
    SELECT t.case_code, t.case_class, v.code, t.commune_code, t.place, t.arrived_at, t.left_at, t.source
    FROM visit t LEFT JOIN venue v ON v.id = t.venue_id
"""


@pytest.fixture
def load(write_records):
    """A function that loads rows, each a dictionary of what differs from GOOD."""
    return lambda *rows, header=HEADER, **options: load_visits(
        write_records(header, *({**GOOD, **row} for row in rows)), **options
    )


def told(outcome):
    return outcome.findings[["row", "column", "rule", "refused"]].values.tolist()


def local(text):
    """A moment of Vietnam as the database gives it."""
    return pd.Timestamp(text, tz="Asia/Ho_Chi_Minh")


def test_a_visit_is_at_a_venue_or_at_a_place_in_a_commune(town, load, read_rows):
    outcome = load({}, PLACE | {"case_code": "HT-2", "case_class": "f1", "left_at": "", "source": "Quét mã"})
    assert told(outcome) == [] and outcome.rows_changed == 2
    stored = read_rows(STORED).astype(object)
    assert stored.where(stored.notna(), None).values.tolist() == [
        ["HT-1", "F0", "V1", "18229", None, local("2021-11-28 09:19"), local("2021-11-28 10:53"), "declared"],
        ["HT-2", "F1", None, "18280", "Đám cưới", local("2021-11-28 09:19"), None, "scanned"],
    ]


@pytest.mark.parametrize(
    "text",
    ["2021-11-28T09:19:00+07:00", "2021-11-28T02:19:00Z", "28/11/2021 9:19", "09:19 28/11/2021", "2021-11-28 09:19:00"],
)
def test_moments_are_local_unless_they_say_otherwise(town, load, read_rows, text):
    assert told(load({"arrived_at": text})) == []
    assert read_rows(STORED)["arrived_at"].tolist() == [local("2021-11-28 09:19")]


FUTURE = "2099-01-01 08:00"


REFUSED = [
    ({"case_code": ""}, "case_code", "missing"),
    ({"case_class": ""}, "case_class", "unknown_class"),
    ({"case_class": "F2"}, "case_class", "unknown_class"),
    ({"source": ""}, "source", "unknown_source"),
    ({"source": "nghe nói"}, "source", "unknown_source"),
    ({"arrived_at": ""}, "arrived_at", "missing"),
    ({"arrived_at": "28/11/2021"}, "arrived_at", "no_time"),
    ({"arrived_at": "28/11/2021 24:00"}, "arrived_at", "not_a_moment"),
    ({"arrived_at": "31/11/2021 08:00"}, "arrived_at", "not_a_moment"),
    ({"arrived_at": "28/11/2012 09:19"}, "arrived_at", "early_date"),
    ({"arrived_at": FUTURE, "left_at": ""}, "arrived_at", "future_date"),
    ({"left_at": "28/11/2021"}, "left_at", "no_time"),
    ({"left_at": "lúc nào đó"}, "left_at", "not_a_moment"),
    ({"left_at": FUTURE}, "left_at", "future_date"),
    ({"left_at": "28/11/2021 09:18"}, "left_at", "left_before_arrived"),
    ({"venue_code": "V99"}, "venue_code", "unknown_venue"),
    (PLACE | {"place": ""}, "place", "nowhere"),
    (PLACE | {"commune_code": "99999"}, "commune_code", "unknown_code"),
]


def test_a_visit_is_refused_when_who_where_or_when_cannot_be_known(town, load, read_rows):
    outcome = load(*(row for row, _, _ in REFUSED), {"case_code": "HT-0"})
    assert told(outcome) == [[2 + place, column, rule, True] for place, (_, column, rule) in enumerate(REFUSED)]
    assert (outcome.rows_in, outcome.rows_loaded, outcome.rows_refused) == (len(REFUSED) + 1, 1, len(REFUSED))
    assert read_rows(STORED)["case_code"].tolist() == ["HT-0"]


NAMED = [
    "case_code",
    "case_class",
    "venue_code",
    "commune_code",
    "commune",
    "district",
    "arrived_at",
    "left_at",
    "source",
]


@pytest.mark.parametrize(
    "typed",
    [
        {}, {"commune_code": "18229"}, {"commune": "TT Đức Thọ", "district": "Đức Thọ"}, {"district": "H. Đức Thọ"},
        {"commune_code": "18229", "commune": "ĐỨC THỌ"}, {"commune": "Bến đò", "district": "Đức Thọ"},
    ],
)  # fmt: skip
def test_the_venues_own_commune_may_stand_beside_it(town, load, write_csv, typed):
    load_aliases(write_csv("alias,commune_code\nBến đò,18229\n", "alias.csv"))
    assert told(load(typed, header=NAMED)) == []


@pytest.mark.parametrize(
    ("typed", "column"),
    [
        ({"commune_code": "18235"}, "commune_code"),
        ({"commune_code": "99999"}, "commune_code"),
        ({"commune_code": "18229", "commune": "Quang Vĩnh"}, "commune_code"),
        ({"commune": "Quang Vĩnh", "district": "Đức Thọ"}, "commune"),
        ({"commune": "Đức Thọ", "district": "TX Kỳ Anh"}, "commune"),
        ({"district": "TX Kỳ Anh"}, "district"),
    ],
)
def test_another_commune_beside_a_venue_is_refused(town, load, read_rows, typed, column):
    outcome = load({"case_code": "HT-0"}, typed, header=NAMED)
    assert told(outcome) == [[3, column, "venue_elsewhere", True]]
    assert outcome.findings["remedy"][0] == "địa điểm này ở Thị trấn Đức Thọ; sửa mã địa điểm, hoặc sửa xã"
    assert read_rows(STORED)["case_code"].tolist() == ["HT-0"]


def test_a_commune_of_the_days_own_units_may_stand_beside_a_venue_of_older_ones(
    units, small_files, boundary_file, tmp_path, load
):
    load_venues(small_files["venues"])
    frame = gpd.read_file(boundary_file)
    frame["commune_name"] = frame["commune_name"].replace({"Thị trấn Đức Thọ": "Xã Tùng Ảnh"})
    frame.to_file(tmp_path / "later.gpkg", layer="communes")
    load_boundaries(tmp_path / "later.gpkg", date(2021, 12, 9))
    later = {"arrived_at": "10/12/2021 09:00", "left_at": "", "district": "Đức Thọ"}
    outcome = load(
        later | {"commune": "Tùng Ảnh"}, later | {"commune": "Đức Thọ", "case_code": "HT-2"},
        later | {"commune": "Không Có", "case_code": "HT-3"}, {"commune": "Tùng Ảnh", "district": "Đức Thọ"}, header=NAMED,
    )  # fmt: skip
    assert told(outcome) == [[4, "commune", "venue_elsewhere", True], [5, "commune", "venue_elsewhere", True]]


def test_of_a_column_with_the_month_first_no_moment_is_guessed(town, load):
    outcome = load({"arrived_at": "11/28/2021 09:19"}, {"arrived_at": "11/12/2021 09:19"}, {"case_code": "HT-2"})
    assert told(outcome)[:1] == [[2, "arrived_at", "not_a_moment", True]]
    alone = load({"arrived_at": "11/28/2021 09:19"}, {"arrived_at": "11/12/2021 09:19"})
    assert told(alone) == [[2, "arrived_at", "not_a_moment", True], [3, "arrived_at", "month_first", True]]


def test_a_visit_may_be_over_at_once_and_be_told_once(town, load, read_rows):
    outcome = load({"left_at": "28/11/2021 09:19"}, {"case_class": "F1"}, {"venue_code": "V2"}, PLACE, PLACE)
    assert told(outcome) == [[3, "arrived_at", "duplicate", True], [6, "arrived_at", "duplicate", True]]
    assert len(read_rows("visit")) == 3


def test_the_same_visits_again_are_no_others(town, load, read_rows):
    load({}, PLACE | {"left_at": ""})
    before = read_rows("visit")
    outcome = load({}, PLACE | {"left_at": ""}, {"venue_code": "V99"})
    assert (outcome.rows_loaded, outcome.rows_changed) == (2, 0)
    assert read_rows("visit").equals(before)
    outcome = load(PLACE | {"left_at": "28/11/2021 12:00", "case_class": "F1"})
    assert outcome.rows_changed == 1
    (changed,) = read_rows("SELECT * FROM visit WHERE place IS NOT NULL").to_dict("records")
    assert (changed["case_class"], changed["left_at"]) == ("F1", local("2021-11-28 12:00"))


def test_a_departure_that_a_later_file_does_not_tell_stays(town, load, read_rows):
    load({})
    outcome = load({}, header=[column for column in HEADER if column != "left_at"])
    assert outcome.rows_changed == 0
    assert read_rows(STORED)["left_at"].tolist() == [local("2021-11-28 10:53")]


def test_what_is_told_of_a_refused_visit_holds_no_value_of_a_case(town, load, read_rows):
    outcome = load({}, {"case_code": "HT-2", "left_at": "28/11/2021 01:00"}, PLACE | {"commune_code": "nhà HT-3"})
    found = read_rows(f"SELECT row, value, commune_code FROM load_finding WHERE load_run = {outcome.run}").astype(
        object
    )
    assert found.where(found.notna(), None).values.tolist() == [[3, None, "18229"], [4, None, None]]


def test_a_place_is_in_a_commune_of_the_local_day(units, boundary_file, tmp_path, load, read_rows):
    frame = gpd.read_file(boundary_file)
    frame["commune_name"] = frame["commune_name"].replace({"Xã Hòa Lạc": "Xã Tân Lạc"})
    frame.to_file(tmp_path / "later.gpkg", layer="communes")
    load_boundaries(tmp_path / "later.gpkg", date(2021, 12, 1))
    header = ["commune" if column == "commune_code" else column for column in HEADER] + ["district"]
    place = {"venue_code": "", "place": "Chợ", "district": "Đức Thọ", "left_at": ""}
    midnight = datetime(2021, 11, 30, 17, tzinfo=UTC)
    outcome = load(
        place | {"commune": "Hòa Lạc", "arrived_at": (midnight - timedelta(minutes=1)).isoformat()},
        place | {"commune": "Hòa Lạc", "arrived_at": midnight.isoformat()},
        place | {"commune": "Tân Lạc", "arrived_at": midnight.isoformat()},
        header=header,
    )
    assert told(outcome) == [[3, "commune", "unknown_commune", True]]
    assert read_rows("SELECT v.valid_from FROM visit t JOIN boundary_vintage v ON v.id = t.vintage")[
        "valid_from"
    ].tolist() == [date(2021, 11, 1), date(2021, 12, 1)]
