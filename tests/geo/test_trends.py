"""Days, means of seven days and the window before (I4d, I7), of scans small enough to count by hand."""

from datetime import date, timedelta

import pytest

from geo import db
from geo.accounts import operator_scope
from geo.coverage import COUNTS, Window, read_coverage
from geo.trends import read_change, read_day, read_trend
from loaders.scans import load_scans

WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))
WEEK = [date(2021, 12, 10) + timedelta(days=n) for n in range(7)]
# V1 on all seven days, V2 on the first five, V5 on the last four, V6 on one with no scan at all
DAILY = {"V1": (WEEK, 7), "V2": (WEEK[:5], 3), "V5": (WEEK[3:], 2), "V6": (WEEK[:1], 0)}


@pytest.fixture(scope="module")
def week(small_province, tmp_path_factory):
    """The small province with a week of scans more."""
    path = tmp_path_factory.mktemp("week") / "week.csv"
    rows = [f"{venue},{day},{scans},{min(scans, 2)}" for venue, (days, scans) in DAILY.items() for day in days]
    path.write_text("\n".join(["venue_code,day,scans,people", *rows]), encoding="utf-8")
    load_scans(path)
    return small_province


def read(function, *args, **options):
    with db.reading(operator_scope()) as connection:
        return function(connection, *args, **options)


def listed(rows, names):
    return rows[names].astype(object).where(rows[names].notna(), None).values.tolist()


def test_a_trend_has_each_day_and_knows_those_without_data(week):
    trend = read(read_trend, "42", WINDOW).set_index("day")
    names = ["created", "new", "active", "scans", "people"]
    assert len(trend) == 13
    assert listed(trend.loc[[date(2021, 11, 26), date(2021, 11, 27), date(2021, 11, 28), date(2021, 12, 2)]], names) == [
        [4, 2, 1, 5, 5], [4, 0, 1, 10, 8], [5, 1, None, None, None], [8, 0, 0, 0, 0],
    ]  # fmt: skip
    whole = read(read_coverage, "42", WINDOW).total
    assert (trend["new"].sum(), trend["scans"].sum(), trend["people"].sum()) == (whole["new"], whole["scans"], whole["people"])
    assert trend["scans_mean7"].isna().all()


def test_means_are_those_of_seven_days_that_are_known(week):
    trend = read(read_trend, "42", Window(date(2021, 12, 15), date(2021, 12, 16)))
    # of the seven days up to 15/12 the first, 09/12, has V10's 9 scans
    assert listed(trend, ["active", "active_mean7", "scans_mean7"]) == [
        [2, pytest.approx((1 + 2 + 2 + 2 + 3 + 3 + 2) / 7), pytest.approx((9 + 6 * 7 + 5 * 3 + 3 * 2) / 7)],
        [2, pytest.approx((2 + 2 + 2 + 3 + 3 + 2 + 2) / 7), pytest.approx((7 * 7 + 5 * 3 + 4 * 2) / 7)],
    ]


def test_a_trend_of_a_kind_is_of_its_venues_only(week):
    trend = read(read_trend, "42", Window(WEEK[0], WEEK[-1]), kind="office")
    assert listed(trend, ["created", "active", "scans"]) == [[2, 1, 7]] * 7


def test_regular_is_a_scan_on_five_of_seven_days(week):
    day = read(read_day, "42", WEEK[-1])
    rows = day.rows.set_index("code")
    assert listed(rows.loc[["18229", "18235", "18754"]], ["created", "active", "regular"]) == [[4, 1, 2], [6, 1, 0], [1, 0, 0]]
    assert day.total[["created", "active", "regular", "regular_rate"]].tolist() == [11, 2, 2, 2 / 11]
    assert listed(read(read_day, "42", WEEK[-1], by="district").rows, ["code", "active"]) == [["440", 2], ["449", 0]]
    assert read(read_day, "42", WEEK[-1], kind="office").total[["created", "active", "regular"]].tolist() == [2, 1, 1]


def test_what_is_not_known_of_the_seven_days_is_not_zero(week):
    day = read(read_day, "42", WEEK[2]).total
    assert day["active"] == 2 and day.isna()["regular"]
    assert read(read_day, "42", date(2021, 11, 28)).total.isna()["active"]
    assert read(read_day, "46", WEEK[-1]).total.isna()[["created", "active", "regular"]].all()


def test_the_change_is_on_the_window_of_as_many_days_before(week):
    change = read(read_change, "42", Window(WEEK[0], WEEK[-1]), by="district")
    assert (change.before.window.first, change.before.window.last) == (date(2021, 12, 3), date(2021, 12, 9))
    now, before = change.now.total, change.before.total
    for count in ("created", "new", "active", "scans", "people", "never_scanned"):
        assert change.total[count] == now[count] - before[count]
    assert change.total["scans"] == 72 - 16 and change.total["activity_rate"] == pytest.approx(3 / 11 - 2 / 11)
    assert change.rows["code"].tolist() == ["440", "449"] and change.rows["scans"].tolist() == [72 - 16, 0]
    unknown = read(read_change, "42", Window(date(2021, 11, 20), date(2021, 11, 26)))
    assert unknown.total.isna()["scans"] and unknown.total["created"] == 4


def test_a_scan_before_midnight_and_one_after_fall_on_their_own_days(week, tmp_path):
    path = tmp_path / "midnight.csv"
    path.write_text(
        "Mã địa điểm,Ngày,Số lượt quét,Số người\nV11,31/12/2021 23:59,1,1\nV11,01/01/2022 00:01,2,2\n", encoding="utf-8"
    )
    load_scans(path)
    trend = read(read_trend, "449", Window(date(2021, 12, 31), date(2022, 1, 1)))
    assert listed(trend, ["active", "scans"]) == [[1, 1], [1, 2]]
    for day, scans in ((date(2021, 12, 31), 1), (date(2022, 1, 1), 2)):
        total = read(read_coverage, "449", Window(day, day)).total
        assert (total["active"], total["scans"]) == (1, scans)
    assert set(COUNTS) <= set(total.index)
