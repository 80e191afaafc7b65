"""The tracing gap, worked by hand: which visits found no scan, and why; and what is asked of whom."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from geo import db
from geo.agencies import read_agencies
from geo.coverage import Window
from geo.errors import TracingError, UnitError
from geo.scope import ROLES, Scope
from geo.tracing import BY, COUNTS, NO_VENUE, read_gap, read_gap_weeks, refuse_cases
from geo.tracing_rules import set_rule

from .conftest import WINDOW

JUDGED = "SELECT case_code, gap FROM judge_visits((SELECT min(id) FROM boundary_vintage), '42', '2021-11-01', '2021-12-31')"


@pytest.fixture
def judged(tell, seeing):
    """A function that tells visits and gives the gap of each case's."""

    def judge(*rows):
        tell(*rows)
        with seeing() as connection:
            return dict(connection.execute(sa.text(JUDGED)).all())

    return judge


# What differs from a visit to V1 by C1, and the gap that comes of it
WORKED = {
    "in the hour of a scan": ({"arrived_at": "2021-11-27 09:10", "left_at": "2021-11-27 09:20"}, "covered"),
    "up to the hour of a scan": ({"arrived_at": "2021-11-27 07:10", "left_at": "2021-11-27 09:00"}, "covered"),
    "until the minute before it": ({"arrived_at": "2021-11-27 07:10", "left_at": "2021-11-27 08:59"}, "c"),
    "after the hour of a scan": ({"arrived_at": "2021-11-27 10:00", "left_at": "2021-11-27 11:00"}, "c"),
    "hours that are not known": ({"venue_code": "V6", "arrived_at": "2021-12-01 03:00", "left_at": "2021-12-01 03:05"}, "covered"),
    "no scan on the day": ({"venue_code": "V5", "arrived_at": "2021-12-01 09:00", "left_at": "2021-12-01 10:00"}, "b"),
    "a row of no scans": ({"venue_code": "V4", "arrived_at": "2021-12-08 09:00", "left_at": "2021-12-08 10:00"}, "b"),
    "over midnight, a scan after it": ({"arrived_at": "2021-11-26 23:30", "left_at": "2021-11-27 00:30"}, "covered"),
    "until midnight": ({"arrived_at": "2021-11-26 23:30", "left_at": "2021-11-26 23:59"}, "c"),
    "over midnight into a day without scans": (
        {"venue_code": "V2", "arrived_at": "2021-11-26 23:30", "left_at": "2021-11-27 00:30"}, "c"),
    "over midnight, no scan on the day of arrival": ({"arrived_at": "2021-11-25 23:30", "left_at": "2021-11-26 09:00"}, "b"),
    "over midnight into hours that are not known": (
        {"venue_code": "V2", "arrived_at": "2021-12-08 23:30", "left_at": "2021-12-09 00:30"}, "covered"),
    "the day the code was created": ({"venue_code": "V3", "arrived_at": "2021-12-08 00:10", "left_at": "2021-12-08 01:00"}, "b"),
    "the day before the code was created": ({"venue_code": "V3", "arrived_at": "2021-12-07 23:10", "left_at": "2021-12-07 23:50"}, "a"),
    "the last day of a venue that closed": ({"venue_code": "V20", "arrived_at": "2021-12-01 09:00", "left_at": "2021-12-01 10:00"}, "b"),
    "after a venue closed": ({"venue_code": "V20", "arrived_at": "2021-12-08 09:00", "left_at": "2021-12-08 10:00"}, "a"),
    "a place that is no venue": (
        {"venue_code": "", "commune_code": "18280", "place": "Đám cưới", "arrived_at": "2021-11-28 09:00"}, "a"),
    "a day of which no scans are loaded": ({"arrived_at": "2021-11-28 09:00", "left_at": "2021-11-28 10:00"}, None),
    # An office's usual stay is 30 minutes
    "no departure, the usual stay": ({"arrived_at": "2021-11-27 08:31"}, "covered"),
    "no departure, the usual stay ends before": ({"arrived_at": "2021-11-27 08:29"}, "c"),
    "no departure, the end of the day": ({"arrived_at": "2021-11-26 23:50"}, "c"),
}  # fmt: skip


@pytest.mark.parametrize("name", WORKED)
def test_a_visit_is_judged_as_by_hand(judged, name):
    told, wanted = WORKED[name]
    assert judged(told) == {"C1": wanted}


def test_a_visit_without_departure_ends_with_the_next_arrival_of_the_case_also_out_of_scope(tell, seeing):
    tell({"arrived_at": "2021-11-27 08:40"}, {"case_code": "C2", "arrived_at": "2021-11-27 08:41"})
    # V11 lies in the other district; C2's own next arrival is at the same moment, which is no next
    tell({"arrived_at": "2021-11-27 08:55", "venue_code": "V11"}, {"case_code": "C2", "arrived_at": "2021-11-27 08:41", "venue_code": "V11"})
    with seeing("440") as connection:
        assert dict(connection.execute(sa.text(JUDGED)).all()) == {"C1": "c", "C2": "covered"}


def test_a_departure_told_later_takes_the_place_of_the_usual_stay_and_back(tell, seeing):
    for left, wanted in (("", "c"), ("2021-11-27 09:30", "covered"), ("", "c")):
        tell({"arrived_at": "2021-11-27 08:00", "left_at": left})
        with seeing() as connection:
            assert dict(connection.execute(sa.text(JUDGED)).all()) == {"C1": wanted}


def test_the_usual_stay_is_that_of_its_day_and_kind(judged, health):
    set_rule(health(), "stay_minutes", 45, date(2021, 11, 27), "Công văn mẫu", kind="office", province="42")
    set_rule(health(), "stay_minutes", 1, date(2021, 11, 28), "Công văn mẫu", kind="office")
    assert judged({"arrived_at": "2021-11-27 08:20"}) == {"C1": "covered"}


def test_scanned_visits_are_no_part_of_the_gap_and_no_visit_is_counted_twice(judged):
    told = {"arrived_at": "2021-11-27 09:10", "left_at": "2021-11-27 09:20"}
    assert judged(told | {"source": "scanned"}, told | {"case_code": "C2", "case_class": "F1"}) == {"C2": "covered"}


VISITS = [
    {"arrived_at": "2021-11-27 09:10"},  # covered, Thị trấn Đức Thọ
    {"arrived_at": "2021-11-27 12:00", "case_code": "C2", "case_class": "F1"},  # c
    {"arrived_at": "2021-12-01 09:00", "venue_code": "V21"},  # b
    {"arrived_at": "2021-12-08 09:00", "venue_code": "V22"},  # b, Phường Kỳ Trinh
    {"arrived_at": "2021-12-08 11:00", "venue_code": "", "commune_code": "18280", "place": "Chợ"},  # a, Hòa Lạc
    {"arrived_at": "2021-11-28 09:00"},  # no scans of that day are loaded
]


def counts(rows):
    return {row["code"]: tuple(int(row[name]) for name in COUNTS) for _, row in rows.iterrows()}


def test_the_gap_is_told_by_commune_district_province_kind_and_department(tell, seeing):
    tell(*VISITS)
    with seeing() as connection:
        gaps = {by: read_gap(connection, "42", WINDOW, by) for by in BY}
    nothing = (0, 0, 0, 0, 0, 0)
    assert counts(gaps["commune"].rows) == {
        "18229": (0, 1, 1, 1, 3, 1), "18235": nothing, "18280": (1, 0, 0, 0, 1, 0), "18754": (0, 1, 0, 0, 1, 0), "18757": nothing,
    }  # fmt: skip
    assert counts(gaps["district"].rows) == {"440": (1, 1, 1, 1, 4, 1), "449": (0, 1, 0, 0, 1, 0)}
    assert counts(gaps["kind"].rows) == {"office": (0, 0, 1, 1, 2, 1), "shop": (0, 2, 0, 0, 2, 0), NO_VENUE: (1, 0, 0, 0, 1, 0)}
    assert gaps["kind"].rows["name"].tolist()[:2] == ["Cửa hàng thiết yếu", "Trụ sở làm việc"]
    # No department of its own answers for offices or shops
    assert counts(gaps["department"].rows) == {"information": (0, 2, 1, 1, 4, 1), NO_VENUE: (1, 0, 0, 0, 1, 0)}
    assert gaps["department"].rows["name_en"].tolist()[0] == "Department of Information and Communications"
    assert gaps["department"].rows["rate"].tolist() == pytest.approx([3 / 4, 1])
    for gap in gaps.values():
        assert counts(gap.rows.iloc[:0].combine_first(gap.total.to_frame().T)) == {"42": (1, 2, 1, 1, 5, 1)}
        assert gap.visits_known and gap.purged_until is None
    rows = gaps["commune"].rows.set_index("code")
    assert rows.loc["18229", "rate"] == pytest.approx(2 / 3)
    assert (round(rows.loc["18229", "low"], 3), round(rows.loc["18229", "high"], 3)) == (0.208, 0.939)
    assert rows.loc["18235", ["rate", "low", "high"]].isna().all(), "nothing declared is no rate"


def test_the_gap_of_a_unit_is_of_its_window_and_of_what_lies_in_it(tell, seeing):
    tell(*VISITS)
    with seeing() as connection:
        assert counts(read_gap(connection, "449", WINDOW, "commune").rows) == {"18754": (0, 1, 0, 0, 1, 0), "18757": (0,) * 6}
        day = Window(date(2021, 11, 27), date(2021, 11, 27))
        assert int(read_gap(connection, "440", day).total["declared"]) == 2
        assert list(read_gap(connection, "18229", WINDOW).rows["code"]) == ["18229"]
        with pytest.raises(UnitError, match="lies inside a district"):
            read_gap(connection, "18229", WINDOW, "district")


def test_weeks_add_up_to_the_gap(tell, seeing):
    tell(*VISITS)
    with seeing() as connection:
        weeks = read_gap_weeks(connection, "42", WINDOW)
    assert weeks["week"].tolist() == [date(2021, 11, 22), date(2021, 11, 29), date(2021, 12, 6)]
    assert weeks[["a", "b", "c", "covered", "unknown"]].values.tolist() == [[0, 0, 1, 1, 1], [0, 1, 0, 0, 0], [1, 1, 0, 0, 0]]


def test_agencies_are_organisations_over_their_venues_or_venues_by_themselves(tell, seeing):
    tell(*VISITS)
    with seeing() as connection:
        agencies = read_agencies(connection, "42", WINDOW)
        within = read_agencies(connection, "440", WINDOW)
    told = ["agency", "told", "codes", "communes", "b", "c", "covered", "missed", "last_day", "state"]
    assert agencies[told].values.tolist() == [
        ["Công ty Hoa Sen", True, ["V21", "V22"], {"18229", "18754"}, 2, 0, 0, 2, date(2021, 12, 8), "open"],
        ["Trụ sở", False, ["V1"], {"18229"}, 0, 1, 1, 1, date(2021, 11, 27), "open"],
    ]
    assert within["codes"].tolist() == [["V21"], ["V1"]]


def test_where_no_visits_are_loaded_that_is_told_and_no_rate(tell, seeing):
    with seeing() as connection:
        gap = read_gap(connection, "42", WINDOW)
        assert read_agencies(connection, "42", WINDOW).empty and read_gap_weeks(connection, "42", WINDOW).empty
    assert not gap.visits_known
    assert gap.rows["rate"].isna().all() and int(gap.total["declared"]) == 0


@pytest.mark.parametrize("role", [*ROLES, "operator", "nobody"])
def test_only_health_and_leaders_ask_for_cases(role):
    if role in ("health", "leader"):
        refuse_cases(Scope(role))
    else:
        with pytest.raises(TracingError, match="phuqr cases"):
            refuse_cases(Scope(role))


def test_the_visits_of_one_district_are_judged_alike_whoever_sees_more(tell, seeing):
    tell(*VISITS)
    with seeing() as connection:
        whole = read_gap(connection, "440", WINDOW).rows
    with seeing("440") as connection:
        assert read_gap(connection, "440", WINDOW).rows.equals(whole)
        with pytest.raises(UnitError):
            read_gap(connection, "449", WINDOW)


def test_days_with_scans_are_told_of_provinces_that_a_reader_knows(traced_province):
    asked = sa.text("SELECT * FROM read_scan_days(1, :province, '2021-11-20', '2021-12-31')")
    known = [date(2021, 11, 25) + timedelta(day) for day in (0, 1, 2, 6, 13, 14)]
    for scope, days in ((Scope("commune", ((1, "18235"),)), known), (Scope("commune", ((1, "19750"),)), []), (Scope("nobody"), [])):
        with db.reading(scope) as connection:
            assert connection.scalars(asked, {"province": "42"}).all() == days
