"""What a daily bulletin reads: the day, the seven days, communes without a scan, small enough to count by hand; and that it is kept."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from geo import db
from geo.accounts import add_account, operator_scope
from geo.audit import Actor, operator
from geo.coverage import Window
from geo.daily import DEFINITIONS, FIGURES, find_figures, read_bulletin
from geo.errors import ReportChangedError, ReportError, UnitError
from geo.reports import compare_issued, issue, list_reports, read_filed, read_issued, read_report_version
from geo.scope import NOTHING, Scope
from geo.weekly import read_report
from loaders.scans import load_scans

DAY = date(2021, 12, 16)
DAYS = [date(2021, 12, 3) + timedelta(days=n) for n in range(14)]
# V1 on all fourteen days; V2 on the first five of the second seven, V5 on the last four of these; V6 on one with no scan at all. Of before
# there are scans of 01/12 and 02/12 but none of 30/11, of V2 on 08/12 and of V10, in Quang Vĩnh, on 09/12.
TOLD = {"V1": (DAYS[:7], 4), "V1b": (DAYS[7:], 7), "V2": (DAYS[7:12], 3), "V5": (DAYS[10:], 2), "V6": (DAYS[7:8], 0)}
FILES = {"ban-tin.docx": b"PK\x03\x04 bulletin"}


@pytest.fixture(scope="module")
def fortnight(small_province, tmp_path_factory):
    path = tmp_path_factory.mktemp("fortnight") / "scans.csv"
    rows = [f"{venue[:2]},{day},{scans},{min(scans, 2)}" for venue, (days, scans) in TOLD.items() for day in days]
    path.write_text("\n".join(["venue_code,day,scans,people", *rows]), encoding="utf-8")
    assert load_scans(path).rows_refused == 0
    add_account(operator(), "duc-tho", "district", ["440"])
    return small_province


@pytest.fixture
def read(fortnight):
    def bulletin(unit="42", day=DAY, on=None, scope=None):
        with db.reading(scope or operator_scope()) as connection:
            return read_bulletin(connection, unit, day, on)

    return bulletin


def listed(rows, *names):
    return rows[[*names]].astype(object).where(rows[[*names]].notna(), None).values.tolist()


def test_the_day_of_a_province_and_of_its_districts(read):
    found = read()
    assert found.total[FIGURES].tolist() == [11, 0, 2, 2 / 11, 2, 2 / 11, 9, 4, 3]
    assert listed(found.rows, "code", "created", "active", "regular", "scans", "people", "no_scan_communes") == [
        ["440", 10, 2, 2, 9, 4, 1], ["449", 1, 0, 0, 0, 0, 2],
    ]  # fmt: skip
    assert (found.day, found.on, found.window, found.province.code) == (DAY, date(2021, 12, 17), Window(DAY, DAY), "42")
    assert found.rows["created"].sum() == found.total["created"] and len(found.days) == 14


def test_a_district_is_told_by_commune(read):
    found = read("440", date(2021, 12, 8))
    assert listed(found.rows, "code", "created", "new", "active") == [["18229", 4, 1, 2], ["18235", 5, 1, 0], ["18280", 0, 0, 0]]
    assert found.total["new"] == 2 and found.province.code == "42"


def test_means_of_seven_days_beside_the_seven_before(read):
    means = read().means
    now, before = 7 * 7 + 5 * 3 + 4 * 2, 7 * 4 + 7 + 9
    assert means.loc["scans"].tolist() == [pytest.approx(each) for each in (now / 7, before / 7, (now - before) / 7, (now - before) / before)]
    assert means.loc["people", "mean7"] == pytest.approx((14 + 10 + 8) / 7) and means.loc["people", "before"] == pytest.approx((14 + 6 + 9) / 7)
    assert means.loc["active", "mean7"] == pytest.approx((7 + 5 + 4) / 7) and means.loc["active", "before"] == pytest.approx((7 + 1 + 1) / 7)
    early = read(day=date(2021, 12, 9)).means
    assert early.loc["scans", "mean7"] == pytest.approx(before / 7) and early.loc["scans"].isna()[["before", "change", "share"]].all()


def test_communes_without_a_scan_and_for_how_many_days_running(read):
    found = read()
    assert listed(found.silent, "code", "parent_code", "created", "days") == [
        ["18280", "440", 0, 16], ["18754", "449", 1, 16], ["18757", "449", 0, 16],
    ], "up to 01/12: of 30/11 nothing is loaded, which is not zero"  # fmt: skip
    assert found.total["no_scan_communes"] == len(found.silent)
    days = {day: dict(listed(read(day=date(2021, 12, day)).silent, "code", "days")) for day in (9, 10, 11, 12, 13)}
    assert [days[day].get("18235") for day in (9, 10, 11, 12, 13)] == [None, 1, 2, 3, None]


def test_named_again_is_who_had_none_the_day_before_either(read):
    assert "18235" not in set(read(day=date(2021, 12, 10)).again["code"])
    assert set(read(day=date(2021, 12, 11)).again["code"]) == {"18235", "18280", "18754", "18757"}


def test_what_is_not_loaded_is_not_zero(read):
    found = read(day=date(2021, 11, 28))
    assert found.total["created"] == 5 and found.total.isna()[["active", "regular", "scans", "people"]].all()
    assert found.silent is None and found.means.isna().all(axis=None)
    figures = find_figures(found)
    assert figures["unit"]["active"] is None and figures["silent"] == {} and set(figures["unit"]) == set(DEFINITIONS["unit"])


def test_only_units_in_scope_are_told_of(read):
    office = Scope("district", ((1, "440"),))
    assert listed(read("440", scope=office).silent, "code") == [["18280"]]
    assert find_figures(read("440", scope=office)) == find_figures(read("440"))
    for unit in ("42", "449", "46"):
        with pytest.raises(UnitError, match=f"there is no unit {unit}"):
            read(unit, scope=office)
    with pytest.raises(UnitError):
        read("440", scope=NOTHING)
    with pytest.raises(ReportError, match="Xã Quang Vĩnh is a commune"):
        read("18235")
    with pytest.raises(ReportError, match="the day 16/12/2021 is not over on 16/12/2021; choose a later --on"):
        read(on=DAY)


def test_a_bulletin_is_kept_beside_a_report_of_the_same_day(read, tmp_path):
    actor = Actor("duc-tho", Scope("district", ((1, "440"),)), "10.0.0.1")
    found = read("440", scope=actor.scope)
    with db.reading(actor.scope) as connection:
        before = read_report_version(connection)
        weekly = read_report(connection, "440", Window(DAY, DAY), DAY + timedelta(days=1), False)
    first, report = issue(actor, found, FILES), issue(actor, weekly, FILES)
    second = issue(actor, found, FILES)
    with db.reading(actor.scope) as connection:
        assert read_report_version(connection) == second > report > first > before
        rows = list_reports(connection, "440").set_index("id")
        assert rows.loc[[first, report, second], "kind"].tolist() == ["daily", "weekly", "daily"]
        assert rows.loc[[first, report, second], "state"].tolist() == ["superseded", "issued", "issued"], "each kind for itself"
        assert rows.loc[second, "files"] == list(FILES)
        issued = read_issued(connection, second)
        assert (issued.kind, issued.files, issued.cases, issued.window) == ("daily", FILES, False, Window(DAY, DAY))
        assert issued.figures == find_figures(found) and compare_issued(connection, issued)[0].empty
        assert read_filed(connection, "440", DAY).rows["filed_at"].isna().all(), "a bulletin is no weekly report"
    late = tmp_path / "late.csv"
    late.write_text("venue_code,day,scans,people\nV2,2021-12-16,5,4\n", encoding="utf-8")
    load_scans(late)
    with db.reading(actor.scope) as connection:
        told = compare_issued(connection, read_issued(connection, second))[0].set_index("figure")
        assert read_issued(connection, second).files == FILES
    assert told.loc["unit/active"].tolist() == [2, 3, 1] and told.loc["units/18229/scans"].tolist() == [7, 12, 5]
    assert told.loc["means/scans/mean7", "difference"] == pytest.approx(5 / 7) and "silent/18280/days" not in told.index


def test_the_loads_behind_a_bulletin_are_those_of_its_days(read):
    with db.engine().connect() as connection:
        runs = dict(connection.execute(sa.text("SELECT id, kind FROM load_run")).all())
    assert {runs[run] for run in read("440").runs} == {"register", "venues", "scans"}
    assert read("440", date(2020, 1, 1)).runs == [run for run, kind in sorted(runs.items()) if kind == "register"]


def test_nothing_but_the_two_kinds_is_kept(read):
    found = replace(read("440"))
    object.__setattr__(found, "kind", "weekly")
    with pytest.raises(AttributeError):
        issue(operator(), found, FILES)  # the figures are those of its kind
    with db.engine().connect() as connection, pytest.raises(sa.exc.IntegrityError, match="report_kind_check"):
        connection.execute(sa.text(
            "SELECT keep_report('x', NULL, 'monthly', 1, '440', '2021-11-01', '2021-11-02', '2021-11-03', '{}', '{}', '{}', NULL, '{x}', '{x}')"
        ))  # fmt: skip


def test_a_file_that_was_changed_is_an_error_of_its_own(read):
    number = issue(operator(), read("449"), FILES)
    with db.engine().begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        connection.execute(sa.text("UPDATE report_file SET content = 'forged' WHERE report = :id"), {"id": number})
    with db.reading(operator_scope()) as connection, pytest.raises(ReportChangedError, match="is not as it was issued"):
        read_issued(connection, number)
