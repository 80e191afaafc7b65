"""phuqr hotspots, gap, cases, visits purge and rules: as typed, for every role, and on record."""

import csv
import io
import json
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

import phuqr
from geo import db
from geo.accounts import add_account
from geo.audit import operator
from geo.errors import PhuqrError, TracingError
from geo.scope import ROLES
from loaders.visits import load_visits

WINDOW = ["--from", "2021-11-22", "--to", "2021-12-12"]
SEATS = {"district": "440", "commune": "18235"}
VISITS = """case_code,case_class,venue_code,commune_code,place,arrived_at,source
CA-1,F0,V1,,,2021-12-08 09:00,declared
CA-2,F0,V1,,,2021-12-08 10:00,declared
CA-3,F1,,18280,Đám cưới,2021-12-08 09:00,declared
CA-4,F1,V6,,,2021-12-01 09:00,declared
CB-1,F0,V8,,,2021-12-08 09:00,declared
CB-2,F0,V8,,,2021-12-08 09:00,declared
CB-3,F0,V8,,,2021-12-08 09:00,declared
"""


@pytest.fixture(scope="module")
def told(small_province, tmp_path_factory):
    path = tmp_path_factory.mktemp("told") / "visits.csv"
    path.write_text(VISITS, encoding="utf-8")
    assert load_visits(path).rows_refused == 0
    for role in ROLES:
        add_account(operator(), role, role, [SEATS.get(role, "42")])
    return small_province


@pytest.fixture
def typed(told):
    """A function that runs the command in this process and gives what it printed; the error where it fails."""

    def run(*words):
        done = CliRunner().invoke(phuqr.build(), [str(word) for word in words])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.stdout

    return run


def looks():
    with db.engine().connect() as connection:
        query = "SELECT account, detail FROM audit WHERE event = 'case_view' ORDER BY id"
        return [tuple(row) for row in connection.execute(sa.text(query))]


def test_hotspots_as_json_csv_and_table(typed):
    before = len(looks())
    found = json.loads(typed("hotspots", "--unit", "42", *WINDOW, "--format", "json"))
    assert {name: found[name] for name in ("unit", "from", "to", "days_from", "invented")} == {
        "unit": "42", "from": "2021-11-22", "to": "2021-12-12", "days_from": "2021-12-06", "invented": False,
    }  # fmt: skip
    assert [(row["venue_code"], row["cases"], row["state"]) for row in found["rows"]] == [("V8", 3, "proposed"), ("V1", 2, "proposed")]
    assert set(found["definitions"]) <= set(found["rows"][0]) and found["rows"][0]["exposed"] == 0
    rows = list(csv.DictReader(io.StringIO(typed("hotspots", "--unit", "440", *WINDOW, "--format", "csv"))))
    assert [row["venue_code"] for row in rows] == ["V8", "V1"] and rows[0]["scans_little"] == "false"
    assert "V8" in typed("hotspots", "--unit", "42", *WINDOW)
    shares = json.loads(typed("hotspots", "--unit", "42", *WINDOW, "--by", "kind", "--format", "json"))["rows"]
    assert shares == [{"code": "business", "name": "business", "hotspots": 1, "share": 0.5}, {"code": "office", "name": "office", "hotspots": 1, "share": 0.5}]
    assert looks()[before:][:2] == [(operator().name, "hotspots of 42, 2021-12-12"), (operator().name, "hotspots of 440, 2021-12-12")]


def test_the_gap_as_json_with_its_total_by_whatever_it_is_asked(typed):
    for by in ("commune", "district", "province", "kind", "department", "agency"):
        found = json.loads(typed("gap", "--unit", "42", *WINDOW, "--by", by, "--format", "json"))
        counts = {name: found["total"][name] for name in ("a", "b", "c", "covered", "declared", "unknown")}
        assert counts == {"a": 1, "b": 5, "c": 0, "covered": 1, "declared": 7, "unknown": 0}
        assert found["visits_known"] is True and found["purged_until"] is None
        rows = found["rows"]
        if by == "department":
            assert [(row["code"], row["name"], row["declared"]) for row in rows] == [
                ("information", "Sở Thông tin và Truyền thông", 6), ("none", "không nêu địa điểm", 1),
            ]  # fmt: skip
    assert [row["agency"] for row in rows] == ["Cơ sở 8", "Trụ sở"] and rows[0]["codes"] == ["V8"] and rows[0]["last_day"] == "2021-12-08"
    district = json.loads(typed("gap", "--unit", "440", *WINDOW, "--by", "district", "--format", "json"))["rows"]
    assert district == [{"code": "440", "name": "Huyện Đức Thọ", "a": 1, "b": 5, "c": 0, "covered": 1, "declared": 7, "unknown": 0,
                         "rate": 0.857143, "low": 0.486872, "high": 0.97432}]  # fmt: skip
    lines = typed("gap", "--unit", "440", *WINDOW, "--format", "csv").splitlines()
    assert lines[0] == "code,name,a,b,c,covered,declared,unknown,rate,low,high" and len(lines) == 4
    assert "rate: I11 = (a + b + c) / declared" in typed("gap", "--unit", "440", *WINDOW)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("command", ["hotspots", "gap"])
def test_cases_are_told_to_health_and_leaders_only_and_on_record(typed, role, command):
    before = len(looks())
    words = [command, "--as", role, "--unit", SEATS.get(role, "42"), *WINDOW, "--format", "json"]
    if role in ("health", "leader"):
        assert json.loads(typed(*words))["rows"]
        assert looks()[before][0] == operator().name and looks()[before][1].endswith(f", as {role}")
    else:
        with pytest.raises(TracingError, match=f"the role {role} sees no traced cases; .*phuqr cases"):
            typed(*words)
        assert len(looks()) == before


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_told_weekly_counts_without_the_small_ones(typed, role):
    unit = SEATS.get(role, "42")
    found = json.loads(typed("cases", "--as", role, "--unit", unit, *WINDOW, "--format", "json"))
    counts = {row["code"]: row["cases"] for row in found["rows"] if row["week"] == "2021-12-06"}
    whole = {"18229": "< 3", "18235": 3, "18280": "< 3", "18754": 0, "18757": 0}
    assert counts == {code: count for code, count in whole.items() if unit == "42" or code == unit or (unit == "440" and code < "18700")}
    assert set(found["rows"][0]) == {"week", "code", "name", "parent_code", "cases"} and "total" not in found
    assert "< 3" in typed("cases", "--as", role, "--unit", unit, *WINDOW) or role == "commune"


@pytest.mark.parametrize("command", ["hotspots", "gap", "cases"])
def test_a_unit_out_of_scope_is_none(typed, command):
    with pytest.raises(PhuqrError, match="there is no unit 46"):
        typed(command, "--as", "health", "--unit", "46", *WINDOW)


def test_rules_are_listed_and_set_from_a_day_on(typed):
    assert typed("rules", "set", "hotspot_cases", "3", "--from", "2030-01-01", "--kind", "office", "--decision", "QĐ 1") == "hotspot_cases = 3 cases từ 01/01/2030\n"
    rules = json.loads(typed("rules", "list", "--format", "json"))
    assert {"rule": "hotspot_cases", "province": None, "kind": "office", "value": 3, "unit": "cases", "valid_from": "2030-01-01",
            "valid_until": None, "decision": "QĐ 1"} in rules  # fmt: skip
    assert "hotspot_cases" in typed("rules", "list") and len(typed("rules", "list", "--format", "csv").splitlines()) == len(rules) + 1
    with pytest.raises(TracingError, match="there is no rule x"):
        typed("rules", "set", "x", "3", "--from", "2030-01-01", "--decision", "QĐ 1")


def test_the_purge_is_told_and_leaves_the_weekly_counts(typed):
    before = typed("cases", "--unit", "42", *WINDOW, "--format", "csv")
    on = date(2021, 12, 8) + timedelta(29)
    assert typed("visits", "purge", "--on", on) == (
        "42: 7 lượt đến trước hết ngày 08/12/2021 đã xóa\n46: 0 lượt đến trước hết ngày 08/12/2021 đã xóa\n"
    )
    assert typed("cases", "--unit", "42", *WINDOW, "--format", "csv") == before
    found = json.loads(typed("gap", "--unit", "42", *WINDOW, "--format", "json"))
    assert (found["total"]["declared"], found["total"]["rate"], found["purged_until"]) == (0, None, "2021-12-08")
    typed("visits", "purge")
