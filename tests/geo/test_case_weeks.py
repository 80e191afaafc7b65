"""What every role may know of cases: counts of communes and weeks, without the small ones, and nothing by taking answers apart."""

from datetime import date, timedelta
from itertools import combinations_with_replacement

import pandas as pd
import pytest
import sqlalchemy as sa

from geo import db
from geo.accounts import everything
from geo.case_weeks import read_case_weeks
from geo.coverage import Window
from geo.errors import UnitError
from geo.scope import NOTHING, ROLES, Scope

# Weeks from 22/11, 29/11 and 06/12
WINDOW = Window(date(2021, 11, 22), date(2021, 12, 12))
DUC_THO, QUANG_VINH, HOA_LAC, KY_TRINH, KY_LOI = "18229", "18235", "18280", "18754", "18757"


def visits(commune, cases, day="2021-12-07", first=1, **more):
    """One visit each of so many cases in a commune."""
    return [
        {"case_code": f"{commune}-{number}", "venue_code": "", "commune_code": commune, "place": "Chợ", "arrived_at": f"{day} 09:00", **more}
        for number in range(first, first + cases)
    ]  # fmt: skip


def scope_of(role, *codes):
    with db.gating() as connection:
        ((vintage, _), *_) = everything(connection)
    return Scope(role, tuple((vintage, code) for code in codes))


def ask(unit="42", window=WINDOW, role="district", codes=("42",)):
    with db.reading(scope_of(role, *codes)) as connection:
        return read_case_weeks(connection, unit, window)


def shown(weeks):
    """(week, code) -> cases, "< 3" for one or two, of the rows that are not 0."""
    return {
        (row["week"].isoformat(), row["code"]): "< 3" if pd.isna(row["cases"]) else int(row["cases"])
        for _, row in weeks.rows.iterrows() if pd.isna(row["cases"]) or row["cases"]
    }  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_counts_are_of_communes_and_weeks_and_small_ones_are_left_out(tell, role):
    tell(*visits(DUC_THO, 3), *visits(QUANG_VINH, 2), *visits(HOA_LAC, 1, case_class="F1"), *visits(KY_TRINH, 5, "2021-11-28"),
         *visits(DUC_THO, 1, "2021-12-12"))  # fmt: skip
    found = ask(role=role)
    assert shown(found) == {
        ("2021-12-06", DUC_THO): 3, ("2021-12-06", QUANG_VINH): "< 3", ("2021-12-06", HOA_LAC): "< 3", ("2021-11-22", KY_TRINH): 5,
    }  # fmt: skip
    assert len(found.rows) == 3 * 5
    sums = found.sums.set_index(["week", "code"])
    assert sums.loc[(date(2021, 12, 6), "440"), ["low", "high"]].tolist() == [5, 7], "what 3, one or two, and one or two add up to"
    assert sums.loc[(date(2021, 12, 6), "42"), ["low", "high"]].tolist() == [5, 7]
    assert sums.loc[(date(2021, 11, 22), "449"), ["low", "high"]].tolist() == [5, 5]


def test_a_case_is_counted_once_in_its_commune_and_week_however_often_it_came(tell):
    tell(*visits(DUC_THO, 2), *visits(DUC_THO, 2, "2021-12-08"), *visits(DUC_THO, 2, "2021-12-09"))
    assert shown(ask()) == {("2021-12-06", DUC_THO): "< 3"}


def test_weeks_are_whole_and_over(tell):
    today = db.today()
    monday = today - timedelta(today.weekday())
    tell(*visits(DUC_THO, 3, (monday - timedelta(1)).isoformat()), *visits(DUC_THO, 4, monday.isoformat()))
    found = ask(window=Window(monday - timedelta(30), today + timedelta(30)))
    assert shown(found) == {((monday - timedelta(7)).isoformat(), DUC_THO): 3}
    week = monday - timedelta(7)
    for first, last in ((week + timedelta(1), today), (week, week + timedelta(5)), (week + timedelta(2), week + timedelta(3))):
        assert shown(ask(window=Window(first, last))) == {}


def test_a_reader_knows_of_communes_in_scope_only(tell):
    tell(*visits(DUC_THO, 3), *visits(KY_LOI, 4))
    assert shown(ask("440", codes=("440",))) == {("2021-12-06", DUC_THO): 3}
    assert len(ask(QUANG_VINH, role="commune", codes=(QUANG_VINH,)).rows) == 3
    with pytest.raises(UnitError):
        ask("42", codes=("440",))
    everywhere = sa.text("SELECT DISTINCT commune_code FROM read_case_weeks(1, '2021-11-22', '2021-12-12')")
    for scope, seen in ((scope_of("district", "449"), {KY_TRINH, KY_LOI}), (NOTHING, set()), (scope_of("admin", "46"), {"19750"})):
        with db.reading(scope) as connection:
            assert set(connection.scalars(everywhere)) == seen


def test_where_no_visits_are_loaded_there_are_no_counts_rather_than_zeros(tell):
    found = ask()
    assert found.rows.empty and found.sums.empty


def every_answer(role, codes):
    """All that a role can get: each unit and each pair of days, rows and sums as they are shown, and what its tables let it read."""
    days = [date(2021, 11, 20) + timedelta(day) for day in range(0, 26, 6)] + [WINDOW.first, WINDOW.last]
    answers = []
    for unit in ("42", "440", DUC_THO, QUANG_VINH):
        for first, last in combinations_with_replacement(sorted(days), 2):
            try:
                found = ask(unit, Window(first, last), role, codes)
            except UnitError:
                continue
            answers.append((unit, first, last, found.rows.to_csv(), found.sums.to_csv()))
    with db.reading(scope_of(role, *codes)) as connection:
        for first, last in combinations_with_replacement(sorted(days), 2):
            asked = {"vintage": 1, "first": first, "last": last}
            answers.append(connection.execute(db.statement("read_case_weeks"), asked).all())
        for table in ("visit", "visit_history", "case_week", "gap_week", "hotspot_review", "rectification"):
            answers.append(connection.execute(sa.text(f"SELECT * FROM {table}")).all())
        answers.append(connection.execute(sa.text("SELECT * FROM judge_visits(1, '42', '2021-11-01', '2021-12-31')")).all())
    return answers


# In every week Đức Thọ has one commune of few cases beside others; each world differs by one case there
WORLD = [*visits(DUC_THO, 4), *visits(HOA_LAC, 3), *visits(KY_TRINH, 7), *visits(DUC_THO, 3, "2021-11-24"), *visits(KY_LOI, 1, "2021-11-30")]


@pytest.mark.parametrize(("role", "codes"), [("district", ("440",)), ("commune", (QUANG_VINH,)), ("admin", ("42",))])
def test_no_answers_taken_from_each_other_tell_one_case_from_two(tell, role, codes):
    tell(*WORLD, *visits(QUANG_VINH, 1))
    one = every_answer(role, codes)
    tell(*visits(QUANG_VINH, 2))
    two = every_answer(role, codes)
    assert len(one) > 30
    assert one == two, "the worlds cannot be told apart, whatever is asked and however it is combined"
    tell(*visits(QUANG_VINH, 3))
    assert every_answer(role, codes) != one, "three can be told from fewer: the answers do depend on what is loaded"


def test_every_sum_shown_is_worked_out_from_what_is_shown(tell):
    tell(*WORLD, *visits(QUANG_VINH, 2))
    found = ask()
    for (week, code), sums in found.sums.set_index(["week", "code"])[["low", "high"]].iterrows():
        here = found.rows[(found.rows["week"] == week) & ((found.rows["parent_code"] == code) | (code == "42"))]
        few = here["cases"].isna().sum()
        assert (sums["low"], sums["high"]) == (here["cases"].sum() + few, here["cases"].sum() + 2 * few)


@pytest.mark.parametrize("role", ["district", "commune", "data", "admin", "operator", "nobody"])
def test_asking_for_cases_all_the_same_gives_none(tell, health, role):
    from geo.audit import reading_cases

    tell(*WORLD)
    with reading_cases(health(role=role), "a test") as connection:
        for table in ("visit", "visit_history", "gap_week", "case_week"):
            assert connection.execute(sa.text(f"SELECT * FROM {table}")).all() == []
