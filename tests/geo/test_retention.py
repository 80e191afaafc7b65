"""Visits are removed when their time is over, corrections with them; counts by week stay, and the removal is on record."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from geo import db
from geo.audit import operator
from geo.case_weeks import read_case_weeks
from geo.coverage import Window
from geo.errors import TracingError
from geo.retention import purge_visits
from geo.scope import Scope
from geo.tracing import read_gap, read_gap_weeks
from geo.tracing_rules import list_rules, read_rule, set_rule

from .conftest import WINDOW

LAST = date(2021, 11, 28)  # a Sunday, to which the visits of 28 days ago belong on the day after ON
ON = LAST + timedelta(29)
VISITS = [
    {"arrived_at": "2021-11-22 09:00"},
    {"arrived_at": "2021-11-27 09:10", "case_code": "C2"},
    {"arrived_at": "2021-11-28 23:59", "case_code": "C3"},
    {"arrived_at": "2021-11-29 00:00", "case_code": "C4", "venue_code": "", "commune_code": "18280", "place": "Chợ"},
    {"arrived_at": "2021-12-01 09:00", "venue_code": "V11"},
]


def left():
    with db.engine().connect() as connection:
        return connection.scalars(sa.text("SELECT to_char(arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'DD HH24:MI') FROM visit ORDER BY 1")).all()


def recorded():
    with db.engine().connect() as connection:
        query = "SELECT account, detail FROM audit WHERE event = 'visits_purged' ORDER BY id"
        return [tuple(row) for row in connection.execute(sa.text(query))]


def weeks(seeing, unit="42"):
    with seeing() as connection:
        gap = read_gap_weeks(connection, unit, WINDOW)
    return {row["week"].isoformat(): [int(row[name]) for name in ("a", "b", "c", "covered", "unknown")] for _, row in gap.iterrows()}


def cases():
    with db.reading(Scope("district", ((1, "42"),))) as connection:
        rows = read_case_weeks(connection, "42", Window(date(2021, 11, 22), date(2021, 12, 5))).rows
    return rows[rows["cases"].isna() | (rows["cases"] > 0)].astype(str).values.tolist()


def test_visits_are_kept_for_28_days_and_counts_for_good(tell, seeing):
    tell(*VISITS)
    before, told = weeks(seeing), cases()
    assert before == {"2021-11-22": [0, 0, 0, 1, 2], "2021-11-29": [1, 1, 0, 0, 0]}
    count = len(recorded())
    assert [(purge.province, purge.last_day, purge.visits) for purge in purge_visits(operator(), ON - timedelta(1))] == [
        ("42", date(2021, 11, 27), 2), ("46", date(2021, 11, 27), 0),
    ]  # fmt: skip
    assert left() == ["28 23:59", "29 00:00", "01 09:00"][::-1][:1] + ["28 23:59", "29 00:00"]
    assert (weeks(seeing), cases()) == (before, told)
    purge_visits(operator(), ON)
    assert left() == ["01 09:00", "29 00:00"]
    assert (weeks(seeing), cases()) == (before, told)
    assert [detail for _, detail in recorded()[count:]] == [
        "42: < 3 visits until 2021-11-27", "46: 0 visits until 2021-11-27", "42: < 3 visits until 2021-11-28", "46: 0 visits until 2021-11-28",
    ]  # fmt: skip
    assert {account for account, _ in recorded()[count:]} == {operator().name}


def test_a_week_counted_before_its_first_visits_went_is_not_counted_again(tell, seeing):
    tell(*VISITS)
    for day in (-8, -6, -1, 0, 1, 2, 3, 8, 59):
        purge_visits(operator(), ON + timedelta(day))
    assert left() == []
    assert weeks(seeing) == {"2021-11-22": [0, 0, 0, 1, 2], "2021-11-29": [1, 1, 0, 0, 0]}
    assert weeks(seeing, "449") == {"2021-11-29": [0, 1, 0, 0, 0]}
    with seeing() as connection:
        gap = read_gap(connection, "42", WINDOW)
        assert (int(gap.total["declared"]), gap.visits_known) == (0, True)
        assert gap.purged_until == ON + timedelta(59 - 29)


def test_what_visits_were_told_as_before_goes_with_them(tell):
    tell(VISITS[0] | {"left_at": "2021-11-22 09:30"}, VISITS[4] | {"left_at": "2021-12-01 09:30"})
    tell(VISITS[0] | {"left_at": "2021-11-22 10:30"}, VISITS[4] | {"left_at": "2021-12-01 10:30"})
    purge_visits(operator(), ON)
    with db.engine().connect() as connection:
        assert connection.scalars(sa.text("SELECT arrived_at::date FROM visit_history")).all() == [date(2021, 12, 1)]


def test_a_file_of_days_that_were_purged_brings_nothing_back(tell):
    tell(*VISITS)
    purge_visits(operator(), ON)
    outcome = tell(*VISITS, VISITS[2] | {"venue_code": "", "commune_code": "18280", "place": "Chợ"})
    assert outcome.findings[["row", "column", "rule", "refused"]].values.tolist() == [
        [row, "arrived_at", "past_retention", True] for row in (2, 3, 4, 7)
    ]
    assert (outcome.rows_loaded, left()) == (2, ["01 09:00", "29 00:00"])


def test_a_province_may_keep_visits_for_another_time(tell, health):
    tell(*VISITS)
    set_rule(health(), "keep_days", 40, date(2021, 12, 1), "Quyết định của tỉnh", province="42")
    assert [purge.visits for purge in purge_visits(operator(), ON)] == [0, 0]
    set_rule(health(), "keep_days", 20, date(2021, 12, 2), "Quyết định của tỉnh", province="42")
    assert [purge.visits for purge in purge_visits(operator(), ON)] == [5, 0]


def test_a_purge_that_fails_removes_and_counts_nothing(tell, monkeypatch):
    tell(*VISITS)
    count = len(recorded())

    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr("geo.retention.record", fail)
    with pytest.raises(RuntimeError):
        purge_visits(operator(), ON)
    assert len(left()) == 5 and len(recorded()) == count
    with db.engine().connect() as connection:
        assert connection.scalar(sa.text("SELECT (SELECT count(*) FROM visit_purge) + (SELECT count(*) FROM case_week)")) == 0


RULES = [
    ({"rule": "hotspots"}, "there is no rule hotspots; the rules are hotspot_cases"),
    ({"value": 0}, "hotspot_cases cannot be 0"),
    ({"value": -1, "rule": "grade_kind"}, "grade_kind cannot be -1"),
    ({"decision": " "}, "needs the decision"),
    ({"kind": "pub"}, "no kind of venue pub; the kinds are apartment"),
    ({"province": "440"}, "no province 440"),
    ({"valid_until": date(2021, 11, 30)}, "before it begins"),
]


@pytest.mark.parametrize(("change", "said"), RULES)
def test_a_rule_that_cannot_be_is_refused(tell, health, change, said):
    rule = {"rule": "hotspot_cases", "value": 3, "valid_from": date(2021, 12, 1), "decision": "Quyết định mẫu"}
    with pytest.raises(TracingError, match=said):
        set_rule(health(), **rule | change)


def test_a_rule_is_set_once_a_day_by_a_decision_that_is_on_record(tell, health):
    def value(day, **place):
        with db.reading(health().scope) as connection:
            return read_rule(connection, "hotspot_cases", place.get("province", "42"), day, place.get("kind"))

    set_rule(health(), "hotspot_cases", 3, date(2021, 12, 1), "Công văn số 1")
    with pytest.raises(TracingError, match="was set from 01/12/2021 on before"):
        set_rule(health(), "hotspot_cases", 4, date(2021, 12, 1), "Công văn số 2")
    assert [value(day) for day in (date(2021, 11, 30), date(2021, 12, 1), date(2022, 12, 1))] == [2, 3, 3]
    with db.reading(health().scope) as connection:
        rules = list_rules(connection)
        with pytest.raises(TracingError, match="no rule keep_days holds on 31/12/2019; type: phuqr rules set keep_days"):
            read_rule(connection, "keep_days", "42", date(2019, 12, 31))
    assert rules[rules["rule"] == "hotspot_cases"][["value", "decision"]].values.tolist()[1] == [3, "Công văn số 1"]
    assert rules["decision"].str.len().min() > 10, "each tells who decided"
    with db.engine().connect() as connection:
        last = "SELECT account, detail FROM audit WHERE event = 'tracing_rule' ORDER BY id DESC LIMIT 1"
        assert connection.execute(sa.text(last)).one() == ("a-health", "hotspot_cases = 3 from 2021-12-01: Công văn số 1")
