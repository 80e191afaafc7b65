"""Verdicts beside the parent's rate, by hand and by properties."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from geo import db
from geo.accounts import add_account, find_scope, operator_scope
from geo.audit import operator
from geo.coverage import Window
from geo.errors import UnitError
from geo.lagging import FEWEST, adjust, judge, read_lagging, report_week, report_weeks

WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))


def verdicts(*counts):
    numerator, denominator = (pd.Series(of, dtype="Int64") for of in zip(*counts, strict=True))
    return judge(numerator, denominator)


def test_fewer_than_ten_are_too_few_and_ten_are_judged():
    found = verdicts((0, 9), (0, 10), (60, 100))
    assert list(found["verdict"]) == ["too few", "lagging", "ok"]
    assert found["p"].isna().tolist() == [True, False, False]


def test_behind_by_more_than_chance_but_not_among_many_is_to_be_watched():
    # 6 of 34 beside 30 %: the interval ends at 33 %; 4 of 34 at 27 %, whose tail of 1.2 % does not stand out among 20 units
    many = verdicts((4, 34), *[(30, 97)] * 19)
    few = verdicts((4, 34), (300, 970))
    assert many["verdict"][0] == "watch" and many["p"][0] > 0.05
    assert few["verdict"][0] == "lagging" and few["p"][0] < 0.05


def test_the_adjustment_counts_the_judged_units_only():
    alone, among = verdicts((4, 34), (300, 970)), verdicts((4, 34), (300, 970), *[(0, 0)] * 5)
    assert among["p"][0] == pytest.approx(alone["p"][0])
    assert among["verdict"].tolist()[2:] == [None] * 5  # no denominator: nothing to judge


def test_what_is_not_known_is_not_judged():
    found = verdicts((None, 50), (20, None), (5, 50), (45, 50))
    assert found["verdict"].tolist() == [None, None, "lagging", "ok"]
    assert found["parent_rate"].tolist() == [0.5] * 4


def test_more_created_than_registered_counts_as_all():
    found = verdicts((150, 100), (80, 100), (60, 100))
    assert found["verdict"].tolist() == ["ok", "lagging", "lagging"]
    assert found.loc[0, ["low", "high"]].tolist() == pytest.approx([0.963, 1.0], abs=1e-3)
    assert found["parent_rate"][0] == pytest.approx(290 / 300)


units = st.lists(
    st.integers(0, 400).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))), min_size=1, max_size=30
)


@given(units, st.randoms())
def test_verdicts_do_not_change_when_units_are_reordered(counts, random):
    found = verdicts(*counts)
    order = [*range(len(counts))]
    random.shuffle(order)
    again = verdicts(*(counts[place] for place in order))
    again.index = order
    pd.testing.assert_frame_equal(again.sort_index(), found)


@given(units)
def test_a_verdict_holds_what_it_says(counts):
    found = verdicts(*counts)
    for (active, of), row in zip(counts, found.itertuples(), strict=True):
        if of == 0:
            assert row.verdict is None
        elif of < FEWEST:
            assert row.verdict == "too few"
        else:
            assert 0 <= row.low <= active / of <= row.high <= 1
            behind = row.high < row.parent_rate
            assert row.verdict == ("ok" if not behind else "lagging" if row.p <= 0.05 else "watch")


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3)), min_size=1, max_size=60))
def test_the_adjustment_is_that_of_the_statistics_library_group_by_group(told):
    p, group = (np.array(each) for each in zip(*told, strict=True))
    found = adjust(p, group)
    for each in np.unique(group):
        assert found[group == each] == pytest.approx(false_discovery_control(p[group == each]), abs=1e-12)


def test_units_of_several_parents_are_judged_each_among_its_own():
    numerator, denominator = pd.Series([4, 300, 9, 50], dtype="Int64"), pd.Series([34, 970, 30, 60], dtype="Int64")
    found = judge(numerator, denominator, pd.Series(["440", "440", "449", "449"]))
    assert list(found["verdict"]) == ["lagging", "ok", "lagging", "ok"]
    assert list(found["parent_rate"]) == pytest.approx([304 / 1004] * 2 + [59 / 90] * 2)
    alone = judge(numerator[2:], denominator[2:])
    assert list(found["p"][2:]) == pytest.approx(list(alone["p"]))


def test_report_weeks_run_from_thursday_to_wednesday():
    for day in (date(2021, 12, 2), date(2021, 12, 5), date(2021, 12, 8)):
        assert report_week(day) == Window(date(2021, 12, 2), date(2021, 12, 8))
    assert next(report_weeks(date(2021, 12, 8))).last == date(2021, 12, 8)
    weeks = report_weeks(date(2021, 12, 7))  # a week that has not ended is no report week yet
    assert [next(weeks).last for _ in range(2)] == [date(2021, 12, 1), date(2021, 11, 24)]


def lagging(unit, window=WINDOW, scope=None, **options):
    with db.reading(scope or operator_scope()) as connection:
        return read_lagging(connection, unit, window, **options)


def test_weeks_running_are_those_up_to_the_last_that_has_ended(three_weeks):
    rows = lagging("440").rows
    assert rows["activity"].to_dict() == {"18229": "ok", "18235": "lagging", "18280": "too few"}
    assert rows["creation"].to_dict() == {"18229": "ok", "18235": "ok", "18280": "lagging"}
    assert rows["activity_weeks"].to_dict() == {"18229": 0, "18235": 2, "18280": 0}
    # Since the week of 01/11, when all was created: those that ended on 03, 10, 17, 24/11, 01 and 08/12
    assert rows["creation_weeks"].to_dict() == {"18229": 0, "18235": 0, "18280": 6}
    assert lagging("440", Window(date(2021, 11, 26), date(2021, 12, 7))).rows["activity_weeks"]["18235"] == 1


def test_weeks_without_scans_count_communes_with_venues_only(three_weeks):
    rows = lagging("440").rows
    assert rows["weeks_without_scans"].to_dict() == {"18229": 0, "18235": 2, "18280": 3}
    assert lagging("449").rows["weeks_without_scans"].to_dict() == {"18754": 3, "18757": 0}, "Kỳ Lợi has none to scan"


def test_a_commune_is_judged_alike_by_itself_and_in_its_district(three_weeks):
    whole, alone = lagging("440"), lagging("18235")
    columns = [column for column in whole.rows if column != "name"]
    assert alone.rows[columns].iloc[0].to_dict() == pytest.approx(
        whole.rows.loc["18235", columns].to_dict(), nan_ok=True
    )
    assert alone.parents == {"440": "Huyện Đức Thọ"}


def test_districts_are_judged_by_their_province_and_provinces_by_nothing(three_weeks):
    found = lagging("42", by="district")
    assert found.rows["activity"].to_dict() == {"440": "ok", "449": "lagging"}
    with pytest.raises(UnitError, match="a province is part of nothing"):
        lagging("42", by="province")


def test_an_account_of_one_commune_learns_its_verdict_and_no_row_of_another(three_weeks):
    add_account(operator(), "quang-vinh", "commune", ["18235"])
    own = find_scope("quang-vinh")
    mine, whole = lagging("18235", scope=own), lagging("440")
    assert list(mine.rows.index) == ["18235"]
    assert mine.rows.loc["18235", "activity_p"] == pytest.approx(whole.rows.loc["18235", "activity_p"])
    assert mine.rows.loc["18235", "activity_weeks"] == 2
    with pytest.raises(UnitError):
        lagging("440", scope=own)
    # What it is judged among is told for its own commune only, and without codes
    peers = "SELECT * FROM read_peers(:vintage, :unit, :peer, '2021-11-26', '2021-12-08', NULL, NULL, false, 7)"
    asked = {"vintage": mine.coverage.vintage.id, "unit": "440", "peer": "18235"}
    with db.reading(own) as connection:
        told = connection.execute(sa.text(peers), asked)
        assert "code" not in told.keys() and "name" not in told.keys() and len(told.all()) == 2
        for other in (
            {"peer": "18229"},
            {"unit": "449", "peer": "18754"},
            {"unit": "42", "peer": "440"},
            {"unit": "42"},
        ):
            assert connection.execute(sa.text(peers), asked | other).all() == []
