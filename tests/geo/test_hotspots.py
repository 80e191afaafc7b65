"""Hotspots worked by hand: distinct F0 cases within days, what grades them, what was known when, and clusters in metres."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa

from geo import db
from geo.coverage import Window, read_coverage
from geo.hotspots import (
    SRIDS,
    add_news,
    choose_srid,
    rank,
    read_clusters,
    read_hotspots,
    read_timeline,
    share_by,
)
from geo.tracing_rules import set_rule

LAST = date(2021, 12, 8)
WINDOW = Window(date(2021, 11, 26), LAST)
TWO = [{"arrived_at": "2021-12-07 09:00"}, {"case_code": "C2", "arrived_at": "2021-12-08 09:00"}]


@pytest.fixture
def hotspots(seeing):
    """A function that gives the hotspots of a unit as rows by venue code."""

    def read(unit="42", window=WINDOW, known=None):
        with seeing() as connection:
            return read_hotspots(connection, unit, window, known).rows.set_index("venue_code", drop=False)

    return read


def cases(rows):
    return rows["cases"].to_dict()


def test_two_cases_within_seven_days_are_a_hotspot(tell, hotspots):
    tell(*TWO)
    rows = hotspots()
    assert cases(rows) == {"V1": 2}
    assert rows.loc["V1", ["name", "commune", "district", "visits", "shown", "days"]].tolist() == [
        "Trụ sở", "Thị trấn Đức Thọ", "Huyện Đức Thọ", 2, "proposed", 7,
    ]  # fmt: skip
    assert rows.loc["V1", "last_day"] == LAST


NONE = {
    "two visits of one case": [{"arrived_at": "2021-12-07 09:00"}, {"arrived_at": "2021-12-08 09:00"}],
    "a case and a contact": [TWO[0], TWO[1] | {"case_class": "F1"}],
    "eight days apart": [{"arrived_at": "2021-12-01 23:59"}, TWO[1]],
    "after the window": [TWO[0], {"case_code": "C2", "arrived_at": "2021-12-09 00:00"}],
    "at two venues": [TWO[0], TWO[1] | {"venue_code": "V2"}],
    "at a place that is no venue": [row | {"venue_code": "", "commune_code": "18229", "place": "Chợ"} for row in TWO],
}


@pytest.mark.parametrize("name", NONE)
def test_no_hotspot(tell, hotspots, name):
    tell(*NONE[name])
    assert cases(hotspots()) == {}


def test_the_first_day_of_the_seven_counts_and_so_do_scanned_visits(tell, hotspots):
    tell({"arrived_at": "2021-12-02 00:00", "source": "scanned"}, TWO[1])
    assert cases(hotspots()) == {"V1": 2}
    assert cases(hotspots(window=Window(LAST, date(2021, 12, 9)))) == {}


def test_hotspots_are_of_the_unit_asked_for(tell, hotspots):
    tell(*TWO, *(row | {"venue_code": "V11"} for row in TWO))
    assert {unit: list(hotspots(unit).index) for unit in ("42", "440", "18229", "18235", "449")} == {
        "42": ["V1", "V11"], "440": ["V1"], "18229": ["V1"], "18235": [], "449": ["V11"],
    }  # fmt: skip


def test_a_contact_that_becomes_a_case_makes_a_hotspot_of_where_it_was_before(tell, hotspots):
    before = tell(*(row | {"case_class": "F1"} for row in TWO)).run
    assert cases(hotspots()) == {}
    # A file that tells another visit of each, now as cases: both were at V1 all the same
    tell(*({"case_code": code, "venue_code": "V2", "arrived_at": "2021-11-30 08:00"} for code in ("C1", "C2")))
    assert cases(hotspots()) == {"V1": 2}
    assert cases(hotspots(known=before)) == {}, "as it was known then"
    tell({"case_code": "C2", "case_class": "F1", "venue_code": "V2", "arrived_at": "2021-11-30 08:00"})
    assert cases(hotspots()) == {}, "and taken back"


def test_a_file_that_tells_both_of_a_case_tells_that_it_is_one(tell, hotspots):
    rows = [*TWO, TWO[1] | {"case_class": "F1", "venue_code": "V2"}]
    tell(*rows)
    assert cases(hotspots()) == {"V1": 2}
    assert tell(*rows, {"case_code": "C9", "arrived_at": "2021-11-26 08:00"}).rows_changed == 1, "the rest is as it was"


def test_a_correction_keeps_what_was_known_before(tell, hotspots):
    runs = [tell(*(row | {"left_at": f"{row['arrived_at'][:11]}{hour}"} for row in TWO)).run for hour in ("10:00", "11:00", "12:00")]
    with db.engine().connect() as connection:
        kept = "SELECT load_run, until_run, count(*) FROM visit_history GROUP BY 1, 2 ORDER BY 1"
        assert connection.execute(sa.text(kept)).all() == [(runs[0], runs[1], 2), (runs[1], runs[2], 2)]
    for run, seen in ((runs[0] - 1, {}), (runs[0], {"V1": 2}), (runs[2], {"V1": 2})):
        assert cases(hotspots(known=run)) == seen


def test_only_visits_in_the_infectious_days_of_a_case_count_where_its_onset_is_told(tell, hotspots):
    # from two days before the onset to thirteen after it
    for first, second, found in (("2021-12-09", "", {"V1": 2}), ("2021-12-10", "", {}), ("2021-11-24", "2021-11-25", {"V1": 2}),
                                 ("2021-11-23", "2021-11-25", {})):  # fmt: skip
        tell(TWO[0] | {"onset_on": first, "source": "scanned"}, TWO[1] | {"onset_on": second})
        assert cases(hotspots()) == found, (first, second)
        with db.engine().begin() as connection:
            connection.execute(sa.text("DELETE FROM visit"))


def test_an_onset_told_with_one_visit_is_that_of_all_of_the_case(tell, hotspots):
    tell(*TWO)
    tell({"arrived_at": "2021-11-30 09:00", "venue_code": "V2", "onset_on": "2021-11-15"})
    assert cases(hotspots()) == {}


def test_rules_are_those_of_the_kind_the_province_and_the_day(tell, hotspots, health):
    tell(*TWO, *(row | {"venue_code": "V23"} for row in TWO))
    assert cases(hotspots()) == {"V1": 2, "V23": 2}
    set_rule(health(), "hotspot_cases", 3, date(2021, 12, 1), "Quyết định mẫu", kind="office")
    set_rule(health(), "hotspot_days", 1, date(2021, 12, 8), "Quyết định mẫu", kind="karaoke", province="42", valid_until=LAST)
    assert cases(hotspots()) == {}
    set_rule(health(), "hotspot_cases", 2, date(2021, 12, 2), "Quyết định của tỉnh", province="42")
    assert cases(hotspots()) == {"V1": 2}, "the province's goes before the country's for a kind"
    assert cases(hotspots(window=Window(LAST, date(2021, 12, 9)))) == {"V1": 2, "V23": 2}, "the day after"


def test_cases_that_met_and_the_scans_in_their_hours(tell, hotspots):
    tell({"arrived_at": "2021-11-27 08:50", "left_at": "2021-11-27 09:30"}, {"case_code": "C2", "arrived_at": "2021-11-27 09:30"},
         {"case_code": "C3", "arrived_at": "2021-11-27 10:01"}, {"case_code": "C3", "arrived_at": "2021-11-26 08:00"})  # fmt: skip
    row = hotspots(window=Window(date(2021, 11, 20), date(2021, 11, 27))).loc["V1"]
    # C1 leaves as C2 comes; C2 stays half an hour, C3 comes a minute later. Hours 8 and 9 of the 27th, 8 of the 26th, each once.
    assert row[["cases", "visits", "meetings", "exposed", "exposed_whole"]].tolist() == [3, 4, 1, 7 + 4, True]


def test_where_hours_are_not_known_nothing_is_said_of_how_many_were_exposed(tell, hotspots):
    window = Window(date(2021, 11, 20), date(2021, 12, 1))
    there = {"venue_code": "V6", "arrived_at": "2021-12-01 09:00"}
    tell(there, there | {"case_code": "C2"})
    row = hotspots(window=window).loc["V6"]
    assert row["exposed"] is not None and str(row["exposed"]) == "<NA>" and row["exposed_whole"] == False  # noqa: E712
    tell(there | {"arrived_at": "2021-11-25 09:00"})  # V6 was made on the 26th; scans of that day are loaded, none of V6
    row = hotspots(window=window).loc["V6"]
    assert (int(row["exposed"]), bool(row["exposed_whole"])) == (0, False)


def test_the_grade_is_told_by_four_points(tell, hotspots, health):
    old = [{"case_code": code, "arrived_at": "2021-12-03 09:00"} for code in ("C1", "C2", "C3")]
    tell(*old[:2])
    assert hotspots().loc["V1", ["points", "grade"]].tolist() == [0, 1]
    tell(*old)
    assert hotspots().loc["V1", ["points", "grade"]].tolist() == [1, 1], "three cases"
    tell(*TWO)
    assert hotspots().loc["V1", ["points", "grade"]].tolist() == [2, 2], "and recent"
    set_rule(health(), "grade_exposed", 0, date(2021, 12, 1), "Quyết định mẫu")
    assert hotspots().loc["V1", ["points", "grade"]].tolist() == [3, 3], "as many exposed as asked: none"
    set_rule(health(), "grade_kind", 1, date(2021, 12, 1), "Quyết định mẫu", kind="office")
    assert hotspots().loc["V1", ["points", "grade"]].tolist() == [4, 3]


def test_a_venue_without_a_point_lies_in_its_commune(tell, hotspots):
    tell(*TWO, *(row | {"venue_code": "V2"} for row in TWO))
    rows = hotspots()
    assert rows.loc["V1", ["lon", "lat", "located"]].tolist() == [105.55, 18.55, True]
    assert 105.5 < rows.loc["V2", "lon"] < 105.6 and 18.5 < rows.loc["V2", "lat"] < 18.6 and not rows.loc["V2", "located"]


def test_leaders_see_first_what_lies_in_communes_that_lag_then_to_watch_and_closed_ones_last(tell, seeing):
    tell(*(row | {"venue_code": code} for code in ("V1", "V7", "V11") for row in TWO), {"case_code": "C3", "arrived_at": "2021-12-08 10:00"})
    with seeing() as connection:
        coverage = read_coverage(connection, "42", WINDOW)
        found = read_hotspots(connection, "42", WINDOW, coverage=coverage)
        first = read_hotspots(connection, "42", WINDOW, coverage=coverage, most=2)
    # Of so few venues nothing is said: the gravest first, then by code
    assert found.rows[["venue_code", "activity", "scans_little", "cases"]].values.tolist() == [
        ["V1", "too few", False, 3], ["V11", "too few", False, 2], ["V7", "too few", False, 2],
    ]  # fmt: skip
    assert list(first.rows["venue_code"]) == ["V1", "V11"] and len(first.found) == 3
    verdicts = {"18229": "ok", "18235": "watch", "18754": "lagging"}
    ranked = rank(found.rows, coverage, verdicts)
    assert ranked[["venue_code", "activity", "scans_little"]].values.tolist() == [
        ["V11", "lagging", True], ["V7", "watch", True], ["V1", "ok", False],
    ]  # fmt: skip
    # Kỳ Trinh: 0 of 2; Quang Vĩnh: 1 of 5; Thị trấn Đức Thọ: 2 of 7
    assert ranked["activity_rate"].tolist() == pytest.approx([0, 0.2, 2 / 7])
    closed = found.rows["shown"].mask(found.rows["venue_code"] == "V11", "closed")
    assert rank(found.rows.assign(shown=closed), coverage, verdicts)["venue_code"].tolist() == ["V7", "V1", "V11"]
    assert rank(found.rows, coverage, {})["scans_little"].tolist() == [False] * 3, "no verdict, no scans loaded"


def test_what_is_new_is_told_beside_what_was_known(tell, seeing):
    before = tell(*TWO).run
    tell({"case_code": "C3", "arrived_at": "2021-12-08 10:00"}, *(row | {"venue_code": "V11"} for row in TWO))
    tell(*(row | {"venue_code": "V23"} for row in TWO[:1]))
    with seeing() as connection:
        now, then = (read_hotspots(connection, "42", WINDOW, known).rows for known in (None, before))
    assert add_news(now, then).set_index("venue_code")["news"].to_dict() == {"V1": "more", "V11": "new"}
    assert set(add_news(now, now)["news"]) == {""}


def test_shares_add_up_and_leave_closed_ones_out(tell, hotspots):
    tell(*(row | {"venue_code": code} for code in ("V1", "V3", "V11", "V7") for row in TWO))
    rows = hotspots()
    shares = share_by(rows.assign(shown=rows["shown"].mask(rows["venue_code"] == "V7", "closed")), "kind")
    assert shares[["code", "hotspots"]].values.tolist() == [["office", 2], ["market", 1]]
    assert shares["share"].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert share_by(rows, "district")[["code", "name", "hotspots"]].values.tolist() == [
        ["440", "Huyện Đức Thọ", 3], ["449", "Thị xã Kỳ Anh", 1],
    ]  # fmt: skip
    assert share_by(rows.iloc[:0], "commune").empty


def place(venue, x, y):
    with db.engine().begin() as connection:
        point = "UPDATE venue SET point = ST_Transform(ST_Translate(ST_Transform(ST_SetSRID(ST_Point(105.55, 18.55), 4326), 32648), :x, :y), 4326)"
        connection.execute(sa.text(f"{point} WHERE code = :venue"), {"venue": venue, "x": x, "y": y})


@pytest.fixture
def points():
    """A function that puts a venue so many metres east and north of V1; the points of before come back after the test."""
    with db.engine().connect() as connection:
        before = connection.execute(sa.text("SELECT code, point::text AS point FROM venue")).mappings().all()
    yield place
    with db.engine().begin() as connection:
        connection.execute(sa.text("UPDATE venue SET point = CAST(:point AS geometry) WHERE code = :code"), [dict(row) for row in before])


def test_clusters_are_of_exposed_venues_by_metres(tell, seeing, points):
    tell(*({"case_code": f"C{number}", "venue_code": code, "arrived_at": "2021-12-08 09:00"}
           for number, code in enumerate(("V1", "V2", "V3", "V4", "V5"))))  # fmt: skip
    for venue, x, y in (("V2", 490, 0), ("V3", 0, 490), ("V4", 0, 510 + 490), ("V5", -3000, 0), ("V6", 10, 10)):
        points(venue, x, y)
    with seeing() as connection:
        found = read_clusters(connection, "42", WINDOW)
        assert found[["venues", "cases"]].values.tolist() == [[3, 3]], "V4 is 510 m from V3; nobody was at V6"
        ids = "SELECT code FROM venue WHERE id = ANY (:ids)"
        assert set(connection.scalars(sa.text(ids), {"ids": found["venue_ids"][0]})) == {"V1", "V2", "V3"}
        points("V4", 0, 490 + 490)
        assert '"Polygon"' in found["outline"][0] and "105.55" in found["outline"][0]
    with seeing() as connection:
        assert read_clusters(connection, "42", WINDOW)["venues"].tolist() == [4]
        assert read_clusters(connection, "18235", WINDOW).empty


def test_a_cluster_is_as_wide_as_its_rule_says(tell, seeing, points, health):
    tell(*({"venue_code": code, "arrived_at": "2021-12-08 09:00"} for code in ("V1", "V2", "V3")))
    points("V2", 900, 0), points("V3", 0, 900)
    with seeing() as connection:
        assert read_clusters(connection, "42", WINDOW).empty
    set_rule(health(), "cluster_metres", 1000, LAST, "Quyết định mẫu")
    with seeing() as connection:
        assert read_clusters(connection, "42", WINDOW)[["venues", "cases"]].values.tolist() == [[3, 1]]


def test_metres_are_those_of_the_zone_that_a_province_lies_in():
    assert SRIDS == (3405, 3406)
    assert [choose_srid(west, east) for west, east in ((105.1, 106.5), (107.0, 108.2), (108.7, 109.5))] == [3405, 3405, 3406]


def test_the_timeline_of_a_venue_has_its_stays_and_the_hours_of_their_days(tell, seeing):
    tell({"arrived_at": "2021-11-26 23:30", "left_at": "2021-11-27 00:30"}, {"case_code": "C2", "case_class": "F1", "arrived_at": "2021-11-27 09:00"},
         {"case_code": "C3", "arrived_at": "2021-11-30 09:00"}, {"case_code": "C4", "venue_code": "V2", "arrived_at": "2021-11-27 09:00"})  # fmt: skip
    with seeing() as connection:
        number = connection.scalar(sa.text("SELECT id FROM venue WHERE code = 'V1'"))
        found = read_timeline(connection, "42", number, date(2021, 11, 27), date(2021, 11, 29))
    assert found.stays[["case_code", "case_class", "came", "went", "went_told"]].values.tolist() == [
        ["C1", "F0", datetime(2021, 11, 26, 23, 30), datetime(2021, 11, 27, 0, 30), True],
        ["C2", "F1", datetime(2021, 11, 27, 9), datetime(2021, 11, 27, 9, 30), False],
    ]
    assert found.days == [date(2021, 11, 27)]
    assert found.hours.values.tolist() == [[date(2021, 11, 27), 0, 3], [date(2021, 11, 27), 9, 7]]
