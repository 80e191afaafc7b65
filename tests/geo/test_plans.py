"""Plans, worklists, results and progress of an inspection campaign, on the small province, counted by hand."""

from contextlib import suppress
from datetime import date, timedelta

import pandas as pd
import pytest
import sqlalchemy as sa

from geo import db
from geo.accounts import add_account, find_scope, operator_scope, set_disabled
from geo.audit import Actor, operator, reading_cases
from geo.campaign import add_campaign, list_campaigns, remove_campaign
from geo.coverage import Window
from geo.errors import CampaignError, DatabaseError, InspectionError, UnitError
from geo.plans import (
    DEFINITIONS,
    add_exposed,
    choose_day,
    enter,
    find_campaign,
    list_corrected,
    narrow,
    plan,
    rank,
    read_exposed,
    read_ladder,
    read_progress,
    read_worklist,
)
from geo.schema import GATE, VIEWER
from geo.scope import NOTHING, Scope
from geo.tracing import find_place
from geo.weekly import find_figures, read_report
from loaders.inspections import load_inspections
from loaders.visits import load_visits

DAY = date(2021, 12, 12)
GOOD = {
    "inspected_on": date(2021, 12, 7), "outcome": "passed", "posted": True, "supervised": True, "minutes": 45, "head_count": 40, "scanned": 30,
    "note": "mã dán ở cửa",
}  # fmt: skip
ACCOUNTS = {"duc-tho": ("district", "440"), "ky-anh": ("district", "449"), "quang-vinh": ("commune", "18235"), "duc-tho-2": ("district", "440"),
            "so-lieu": ("data", "42"), "lanh-dao": ("leader", "42"), "y-te": ("health", "42"), "quan-tri": ("admin", "42")}  # fmt: skip


@pytest.fixture(scope="module")
def accounts(small_province):
    for name, (role, unit) in ACCOUNTS.items():
        add_account(operator(), name, role, [unit])
    return {name: Actor(name, find_scope(name), "10.0.0.1") for name in ACCOUNTS}


@pytest.fixture
def campaign(accounts):
    """A peak week of Hà Tĩnh; what is planned and found in it is gone after the test."""
    with db.loading() as connection:
        number = add_campaign(
            connection, name="Tuần cao điểm", unit_code="42", obligation_group=None, first_day=date(2021, 12, 6), due_on=date(2021, 12, 13),
            strict=True, target=None, decree=None, kinds=["business", "cafe", "market"],
        )  # fmt: skip
    with db.reading(operator_scope()) as connection:
        yield next(each for each in list_campaigns(connection) if each.id == number)
    with suppress(CampaignError), db.loading() as connection:
        remove_campaign(connection, number)
    with db.engine().begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))  # what was found is never removed otherwise
        for table in ("inspection_history", "inspection", "visit"):
            connection.execute(sa.text(f"DELETE FROM {table}"))


@pytest.fixture
def planned(campaign, accounts):
    """V5 and V7 for one team of Đức Thọ, V8 and V9 for another."""
    with db.reading(accounts["duc-tho"].scope) as connection:
        plan(accounts["duc-tho"], connection, campaign, "440", DAY, ["Đội 1", "Đội 2"], 2)
    return campaign


def worklist(campaign, unit="440", scope=None, **options):
    with db.reading(scope or operator_scope()) as connection:
        return read_worklist(connection, campaign, unit, DAY, **options)


def progress(campaign, unit="440", by="commune", day=DAY, scope=None):
    with db.reading(scope or operator_scope()) as connection:
        return read_progress(connection, campaign, unit, day, by)


def rows_of(query, **values):
    with db.engine().connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query), values)]


def test_the_reasons_and_the_order_are_those_counted_by_hand(campaign):
    found = worklist(campaign, "42", planned=False)
    assert found.until == date(2021, 12, 9), "the last day with scans: what came later is not known, and no silence"
    reasons = {row["code"]: row["reasons"] for row in found.rows.to_dict("records")}
    new, silent = ["never", "uninspected"], ["silent", "uninspected"]
    assert reasons == {
        "V11": ["never", "crowded", "uninspected"], "V2": ["uninspected"], "V5": silent, "V6": silent, "V7": new, "V8": new, "V9": new,
        "V10": ["uninspected"],
    }  # fmt: skip
    # Quang Vĩnh has eleven reasons, the ward's market three, the town's café one; the longest without a scan first: V7 is of yesterday
    assert found.rows["code"].tolist() == ["V8", "V9", "V7", "V5", "V6", "V10", "V11", "V2"]
    assert dict(zip(found.rows["code"], found.rows["quiet_days"].fillna(-1), strict=True))["V5"] == 14
    assert set(worklist(campaign, "42", planned=False, kinds=["cafe"]).rows["code"]) == {"V2"}
    with db.reading(operator_scope()) as connection:  # on the day before, the café's last scan is seven days ago, V10 not there yet
        early = read_worklist(connection, campaign, "440", date(2021, 12, 3), planned=False)
    reasons = {row["code"]: row["reasons"] for row in early.rows.to_dict("records")}
    assert reasons["V2"] == silent and "V10" not in reasons and reasons["V6"] == ["uninspected"]


def test_the_number_of_reasons_comes_before_what_they_are():
    rows = pd.DataFrame({
        "code": ["A", "B", "C", "D"], "commune_code": ["1", "1", "1", "2"], "waits": [30, 9, 10, 90],
        "reasons": [["never", "uninspected"], ["silent", "crowded", "uninspected"], ["never", "uninspected"], ["never", "crowded", "uninspected"]],
    })  # fmt: skip
    assert rank(rows)["code"].tolist() == ["B", "A", "C", "D"]


def test_a_plan_takes_the_riskiest_and_keeps_communes_together(planned):
    rows = worklist(planned).rows
    assert dict(zip(rows["code"], rows["team"], strict=True)) == {"V5": "Đội 1", "V7": "Đội 1", "V8": "Đội 2", "V9": "Đội 2"}
    assert narrow(worklist(planned), "Đội 2").rows["code"].tolist() == ["V8", "V9"]
    with pytest.raises(InspectionError, match="teams are: Đội 1, Đội 2"):
        narrow(worklist(planned), "Đội 3")
    (account, detail, address), *_ = rows_of("SELECT account, detail, address FROM audit WHERE event = 'inspection_planned' ORDER BY id DESC")
    assert (account, address) == ("duc-tho", "10.0.0.1") and detail == f"campaign {planned.id}: 4 venues for Đội 1, Đội 2"


def test_a_team_is_planned_anew_until_it_has_begun(planned, accounts):
    def again(each, team="Đội 1", **more):
        with db.reading(accounts["duc-tho"].scope) as connection:
            return plan(accounts["duc-tho"], connection, planned, "440", DAY, [team], each, **more)

    assert set(again(3)["code"]) == {"V5", "V6", "V7"}, "its own two are free again, the other team's are not"
    assert set(again(None, codes=["V2"])["code"]) == {"V2"} and len(worklist(planned).rows) == 6
    with pytest.raises(InspectionError, match="no open venue V11, V8 that is not planned"):
        again(None, codes=["V11", "V8"])
    enter(accounts["duc-tho"], planned, "V6", **GOOD)
    with pytest.raises(InspectionError, match="has begun to inspect"):
        again(1)
    assert len(worklist(planned).rows) == 6
    again(None, codes=["V10"])
    assert len(worklist(planned).rows) == 7


def test_what_cannot_be_planned_is_said(planned, accounts):
    def wrong(teams, each=1, who="duc-tho", unit="440", **more):
        with db.reading(accounts[who].scope) as connection:
            plan(accounts[who], connection, planned, unit, DAY, teams, each, **more)

    for teams, said in (([], "a name of its own"), (["A", "A"], "a name of its own"), ([" "], "a name of its own"), (["x" * 81], "80 characters"),
                        (["Tổ 0912 345 678"], "without telephone")):  # fmt: skip
        with pytest.raises(InspectionError, match=said):
            wrong(teams)
    with pytest.raises(InspectionError, match="1 or more"):
        wrong(["Đội 3"], None)
    with pytest.raises(InspectionError, match="no open venue of these kinds"):
        wrong(["Đội 3"], kinds=["karaoke"])
    with pytest.raises(InspectionError, match="one --team"):
        wrong(["Đội 3", "Đội 4"], None, codes=["V2"])
    with pytest.raises(UnitError):
        wrong(["Đội 3"], unit="449")
    for who, unit in (("y-te", "440"), ("quan-tri", "440"), ("quang-vinh", "18235")):
        with pytest.raises(DatabaseError, match="plans no inspections"):
            wrong(["Đội 3"], who=who, unit=unit, kinds=["cafe", "business"])


def test_postgresql_asks_where_an_account_plans(planned, accounts):
    units = dict(rows_of("SELECT code, id FROM admin_unit WHERE code IN ('440', '449', '42')"))
    venues = dict(rows_of("SELECT code, id FROM venue"))
    elsewhere = rows_of("SELECT id FROM campaign WHERE unit_code = '46' AND first_day IS NOT NULL")[0][0]
    call = sa.text("SELECT plan_inspections('ky-anh', NULL, :campaign, :unit, CAST(:venues AS integer[]), CAST(:teams AS text[]), false)")
    for campaign, unit, venue in ((planned.id, "440", "V11"), (planned.id, "42", "V11"), (planned.id, "449", "V2"), (elsewhere, "449", "V11"), (0, "449", "V11")):
        asked = {"campaign": campaign, "unit": units[unit], "venues": [venues[venue]], "teams": ["Đội"]}
        with db.engine(GATE).connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="plans no inspections there"):
            connection.execute(call, asked)
    good = {"campaign": planned.id, "unit": units["449"], "venues": [venues["V11"]], "teams": ["Đội"]}
    with db.engine(GATE).connect() as connection:  # rolled back
        assert connection.scalar(call, good) == 1
        with pytest.raises(sa.exc.IntegrityError, match="planned already"):
            connection.execute(call, good)


def test_two_districts_may_name_a_team_alike(planned, accounts):
    with db.reading(accounts["ky-anh"].scope) as connection:
        assert plan(accounts["ky-anh"], connection, planned, "449", DAY, ["Đội 1"], 5)["code"].tolist() == ["V11"]
    rows = worklist(planned, "42").rows
    assert sorted(rows.loc[rows["team"] == "Đội 1", "code"]) == ["V11", "V5", "V7"]
    found = progress(planned, "42", "team").rows
    assert found[["code", "planned"]].values.tolist() == [["440 Đội 1", 2], ["440 Đội 2", 2], ["449 Đội 1", 1]]


def test_progress_is_counted_over_what_is_planned(planned, accounts):
    assert progress(planned).total[["planned", "inspected"]].tolist() == [4, 0]
    enter(accounts["duc-tho"], planned, "V5", **GOOD)
    enter(accounts["quang-vinh"], planned, "V7", **GOOD | {"outcome": "reminded", "posted": False, "head_count": 60, "scanned": 20})
    enter(accounts["so-lieu"], planned, "V8", **GOOD | {"outcome": "sanction", "posted": False, "minutes": None, "head_count": None, "scanned": None, "note": ""})
    total = progress(planned).total
    counts = {"planned": 4, "inspected": 3, "passed": 1, "reminded": 1, "suspend": 0, "sanction": 1, "posted": 1, "not_looked": 0,
              "head_count": 100, "scanned": 50}  # fmt: skip
    assert {name: total[name] for name in counts} == counts and set(total.index) == {"code", "name", *DEFINITIONS}
    assert (total["rate"], round(total["posted_rate"], 4), total["scanned_rate"]) == (0.75, 0.3333, 0.5)
    assert (round(total["scanned_low"], 3), round(total["scanned_high"], 3)) == (0.404, 0.596)
    rows = progress(planned, "42", "district").rows.set_index("code")
    assert rows.loc["440", "planned"] == 4 and rows.loc["449", ["planned", "inspected", "rate", "posted_rate", "scanned_rate"]].isna().all()
    teams = progress(planned, by="team").rows.set_index("name")
    assert teams.loc["Đội 1", "rate"] == 1.0 and teams.loc["Đội 2", "rate"] == 0.5
    assert progress(planned, day=date(2021, 12, 6)).total["inspected"] == 0, "what was found on the 7th was not yet"
    with pytest.raises(InspectionError, match="lies inside a district"):
        progress(planned, "18235", "district")


def test_posting_that_nobody_looked_at_is_no_faulty_posting(planned, tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("venue_code,inspected_on,outcome,campaign\nV5,2021-12-08,đạt,\nV7,2021-12-08,đạt,Đợt khác\nV8,2021-12-05,đạt,\n", encoding="utf-8")
    assert load_inspections(path).rows_refused == 0
    total = progress(planned).total
    # of another campaign, and of before this one: neither counts; I8 has no numerator that is known
    assert (total["inspected"], total["not_looked"]) == (1, 1) and total[["posted_rate", "scanned_rate"]].isna().all()


def test_a_correction_keeps_what_was_there_before(planned, accounts):
    enter(accounts["quang-vinh"], planned, "V5", **GOOD)
    ((number, first),) = rows_of("SELECT id, load_run FROM inspection")
    again = GOOD | {"outcome": "reminded", "scanned": 12, "note": "dán lại"}
    second = enter(accounts["duc-tho"], planned, "V5", **again)  # of the same day
    third = enter(accounts["duc-tho"], planned, "V5", **again | {"inspected_on": date(2021, 12, 8)}, correcting=number)
    assert rows_of("SELECT id, inspected_on, outcome, scanned, note, load_run FROM inspection") == [
        (number, date(2021, 12, 8), "reminded", 12, "dán lại", third)
    ]
    kept = "SELECT inspected_on, outcome, scanned, note, load_run, until_run FROM inspection_history ORDER BY until_run"
    assert rows_of(kept) == [
        (date(2021, 12, 7), "passed", 30, "mã dán ở cửa", first, second), (date(2021, 12, 7), "reminded", 12, "dán lại", second, third)
    ]
    with db.reading(accounts["quang-vinh"].scope) as connection:
        assert list_corrected(connection, number)["outcome"].tolist() == ["reminded", "passed"]
    with db.reading(accounts["ky-anh"].scope) as connection:
        assert list_corrected(connection, number).empty
    told = rows_of("SELECT account, detail FROM audit WHERE event = 'inspection_entered' ORDER BY id DESC LIMIT 1")
    assert told == [("duc-tho", f"load {third}, campaign {planned.id}: V5, 2021-12-08, reminded")]
    assert rows_of("SELECT loaded_by, rows_in, rows_loaded FROM load_run WHERE id = :run", run=third) == [("duc-tho", 1, 1)]
    enter(accounts["duc-tho"], planned, "V5", **GOOD)
    with pytest.raises(InspectionError, match="has a result of that day"):
        enter(accounts["duc-tho"], planned, "V5", **GOOD, correcting=number)


def test_a_correction_from_a_file_is_kept_too(planned, accounts, tmp_path):
    enter(accounts["duc-tho"], planned, "V5", **GOOD)
    path = tmp_path / "results.csv"
    path.write_text("venue_code,inspected_on,campaign,outcome\nV5,2021-12-07,Tuần cao điểm,nhắc nhở\n", encoding="utf-8")
    assert load_inspections(path).rows_changed == 1
    assert rows_of("SELECT outcome, scanned FROM inspection") == [("reminded", 30)]
    assert rows_of("SELECT outcome, scanned FROM inspection_history") == [("passed", 30)]


WRONG = {
    "outcome": ({"outcome": "fine"}, "an outcome is one of"),
    "posting unknown": ({"posted": None}, "say whether"),
    "half a count": ({"scanned": None}, "all three or none"),
    "a short count": ({"minutes": 20}, "30 to 60 minutes"),
    "more scanned": ({"scanned": 41}, "no more people are scanned"),
    "a telephone": ({"note": "gọi 0912 345 678"}, "no telephone"),
    "an identity number": ({"note": "CCCD 042090001234"}, "no telephone"),
    "a long note": ({"note": "x" * 501}, "500 characters"),
}


@pytest.mark.parametrize("why", WRONG)
def test_a_result_that_cannot_be_is_one_sentence(planned, accounts, why):
    change, said = WRONG[why]
    with pytest.raises(InspectionError, match=said):
        enter(accounts["duc-tho"], planned, "V5", **GOOD | change)
    assert rows_of("SELECT FROM inspection") == []


@pytest.mark.parametrize("who", ["ky-anh", "lanh-dao", "y-te", "quan-tri", "nobody"])
def test_who_may_not_enters_nothing(planned, accounts, who):
    actor = accounts.get(who) or Actor(who, Scope("district", accounts["duc-tho"].scope.units))
    with pytest.raises(DatabaseError, match="the database refuses"):
        enter(actor, planned, "V5", **GOOD)
    assert rows_of("SELECT FROM inspection") == []


def test_postgresql_asks_what_is_entered_by_itself(planned, accounts):
    own = accounts["duc-tho-2"]
    for venue, change in (("V2", {}), ("V99", {}), ("V5", {"inspected_on": date(2021, 12, 5)}), ("V5", {"inspected_on": date(2021, 12, 13)})):
        with pytest.raises(DatabaseError, match="no such venue in the plan"):
            enter(own, planned, venue, **GOOD | change)
    call = ("SELECT enter_inspection('duc-tho', NULL, :campaign, 'V5', '2021-12-07', 'passed', {posted}, true, {minutes}, {heads}, {scanned}, {note}, {correcting})")  # fmt: skip
    good = {"posted": "true", "minutes": "30", "heads": "10", "scanned": "5", "note": "NULL", "correcting": "NULL"}
    for change in ({"posted": "NULL"}, {"minutes": "20"}, {"minutes": "NULL"}, {"heads": "NULL"}, {"scanned": "11"}, {"note": "'0912 345 678'"},
                   {"note": f"'{'x' * 501}'"}, {"correcting": "1000000"}):  # fmt: skip
        with pytest.raises(sa.exc.DBAPIError), db.engine(GATE).begin() as connection:
            connection.execute(sa.text(call.format(**good | change)), {"campaign": planned.id})
    set_disabled(operator(), "duc-tho-2")
    with pytest.raises(DatabaseError, match="enters no inspections"):
        enter(own, planned, "V5", **GOOD)
    assert rows_of("SELECT FROM inspection") == []


def test_a_day_to_come_is_no_day_of_an_inspection(campaign, accounts):
    own, today = accounts["duc-tho"], db.today()
    with db.loading() as connection:
        number = add_campaign(
            connection, name="Đợt đang diễn ra", unit_code="440", obligation_group=None, first_day=today, due_on=today + timedelta(days=3), strict=False,
            target=None, decree=None, kinds=None,
        )  # fmt: skip
    with db.reading(own.scope) as connection:
        running = find_campaign(connection, find_place(connection, "440", today), number)
        plan(own, connection, running, "440", today, ["Đội 1"], 1, codes=["V2"])
    with pytest.raises(DatabaseError, match="not of that day"):
        enter(own, running, "V2", **GOOD | {"inspected_on": today + timedelta(days=1)})
    enter(own, running, "V2", **GOOD | {"inspected_on": today})
    with db.loading() as connection:
        remove_campaign(connection, number)


def test_the_dashboards_roles_write_nothing_past_the_functions(planned, accounts):
    enter(accounts["duc-tho"], planned, "V5", **GOOD)
    for role in (VIEWER, GATE):
        for statement in (
            "UPDATE inspection SET outcome = 'passed'", "DELETE FROM inspection", "DELETE FROM inspection_plan", "UPDATE inspection_plan SET team = 'x'",
            "INSERT INTO inspection_plan (campaign, venue_id, unit, team, planned_by) VALUES (1, 1, 1, 'x', 'x')", "DELETE FROM inspection_history",
            "SELECT keep_plan('x', NULL, 1, 1, '{1}', '{x}', true)", "INSERT INTO load_run (kind, file_name, sha256, loaded_by) VALUES ('x', 'x', 'x', 'x')",
        ):  # fmt: skip
            with db.engine(role).connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
                connection.execute(sa.text(statement))
    with db.engine(VIEWER).connect() as connection:
        for call in ("enter_inspection('duc-tho', NULL, 1, 'V5', '2021-12-07', 'passed', true, true, 30, 1, 1, NULL, NULL)",
                     "plan_inspections('duc-tho', NULL, 1, 1, '{1}', '{x}', true)"):  # fmt: skip
            with connection.begin(), pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
                connection.execute(sa.text(f"SELECT {call}"))
    for statement in ("DELETE FROM inspection_history", "UPDATE inspection_history SET outcome = 'passed'", "DELETE FROM inspection_plan"):
        with pytest.raises(DatabaseError, match="permission denied"), db.loading() as connection:  # nor do those of files
            connection.execute(sa.text(statement))


def test_plans_are_seen_by_scope(planned, accounts):
    for name, count in (("duc-tho", 4), ("quang-vinh", 4), ("ky-anh", 0), ("lanh-dao", 4)):
        with db.reading(accounts[name].scope) as connection:
            assert connection.scalar(sa.text("SELECT count(*) FROM inspection_plan")) == count, name
    with db.reading(NOTHING) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM inspection_plan")) == 0
    with pytest.raises(UnitError):
        worklist(planned, "440", accounts["ky-anh"].scope)


@pytest.fixture
def visited(planned, tmp_path):
    """Two F0 cases at V9, of which neither was scanned, and one at V10, which is not planned."""
    rows = [("CA-1", "V9", "09"), ("CA-2", "V9", "10"), ("CA-1", "V10", "15")]
    path = tmp_path / "visits.csv"
    said = [f"{case},F0,{venue},2021-12-08 {hour}:00,declared" for case, venue, hour in rows]
    path.write_text("\n".join(["case_code,case_class,venue_code,arrived_at,source", *said]), encoding="utf-8")

    def load():
        assert load_visits(path).rows_refused == 0

    return load


def test_cases_come_in_by_one_way_only_and_the_other_order_does_not_tell_of_them(planned, accounts, visited):
    before = {unit: worklist(planned, unit).rows for unit in ("440", "42")}
    free = worklist(planned, planned=False).rows["code"].tolist()
    visited()
    for unit, rows in before.items():
        for scope in (accounts["lanh-dao"].scope, accounts["y-te"].scope):
            now = worklist(planned, unit, scope).rows
            assert now["code"].tolist() == rows["code"].tolist() and now["reasons"].tolist() == rows["reasons"].tolist()
    assert worklist(planned, planned=False).rows["code"].tolist() == free, "nor does a plan, whose choice all may see"
    with reading_cases(accounts["y-te"], "a test") as connection:
        exposed = read_exposed(connection, "440", DAY)
    # V10 was created on the day after: no QR code there on that day, so a visit without a scan; one case makes no hotspot
    found = add_exposed(worklist(planned), exposed)
    rows = found.rows.set_index("code")
    assert found.exposed and found.rows["code"].tolist() == ["V9", "V8", "V7", "V5"]
    assert rows.loc["V9", "reasons"] == ["hotspot", "gap", "never", "uninspected"] and rows.loc["V9", "missed"] == 2
    assert rows.loc["V8", "reasons"] == ["never", "uninspected"] and rows.loc["V8", "missed"] == 0
    with reading_cases(accounts["duc-tho"], "a test") as connection:  # a role that sees no cases is told of none
        assert read_exposed(connection, "440", DAY).empty


def test_the_ladder_is_what_teams_concluded_and_no_step_comes_by_itself(planned, accounts):
    days = [date(2021, 12, day) for day in (6, 7, 8, 9, 10)]
    for day, outcome in zip(days, ["reminded", "passed", "reminded", "reminded", "reminded"], strict=True):
        enter(accounts["duc-tho"], planned, "V5", **GOOD | {"inspected_on": day, "outcome": outcome})

    def ladder(code=None, day=DAY, scope=None):
        with db.reading(scope or operator_scope()) as connection:
            return read_ladder(connection, "440", day, code)

    assert ladder()["step"].tolist() == ["first", "second", "third", "again"], "four reminders are no proposal"
    assert ladder(day=date(2021, 12, 8))["step"].tolist() == ["first", "second"]
    enter(accounts["duc-tho"], planned, "V5", **GOOD | {"inspected_on": date(2021, 12, 11), "outcome": "suspend"})
    enter(accounts["duc-tho"], planned, "V7", **GOOD | {"outcome": "sanction"})
    enter(accounts["duc-tho"], planned, "V8", **GOOD | {"outcome": "reminded"})
    assert ladder("V8")["step"].tolist() == ladder().query("venue_code == 'V8'")["step"].tolist() == ["first"], "each venue has a ladder of its own"
    assert ladder("V5")["step"].tolist()[-1] == "proposal" and ladder("V7")["step"].tolist() == ["proposal"]
    assert ladder()[["venue_code", "commune"]].drop_duplicates().values.tolist() == [[code, "Xã Quang Vĩnh"] for code in ("V5", "V7", "V8")]
    with pytest.raises(UnitError):
        ladder(scope=accounts["ky-anh"].scope)


def test_a_weekly_report_says_how_far_the_plan_is(planned, accounts):
    enter(accounts["duc-tho"], planned, "V5", **GOOD)
    for unit, count in (("440", 4), ("42", 4), ("449", None)):
        with db.reading(operator_scope()) as connection:
            weekly = read_report(connection, unit, Window(date(2021, 12, 2), date(2021, 12, 8)), date(2021, 12, 9), False)
        told = find_figures(weekly)["plans"]
        assert told == {} if count is None else (told["Tuần cao điểm"]["planned"], told["Tuần cao điểm"]["rate"]) == (4, 0.25)
    with db.reading(operator_scope()) as connection:
        earlier = read_report(connection, "440", Window(date(2021, 11, 26), date(2021, 12, 5)), date(2021, 12, 9), False)
    assert earlier.plans == [], "the campaign had not begun"


def test_the_campaign_is_found_by_name_or_number_and_its_day_lies_in_it(planned):
    with db.reading(operator_scope()) as connection:
        place = find_place(connection, "440", DAY)
        assert find_campaign(connection, place, "Tuần cao điểm") == find_campaign(connection, place, planned.id) == planned
        with pytest.raises(InspectionError, match="has no campaign 'x' with a first day; it has 'Đợt rà soát 26/11–08/12', 'Tuần cao điểm'"):
            find_campaign(connection, place, "x")
    assert [choose_day(planned, day) for day in (date(2021, 12, 1), date(2021, 12, 8), date(2022, 1, 1))] == [date(2021, 12, 6), date(2021, 12, 8), DAY]


def test_a_campaign_takes_its_plan_along_and_leaves_the_results(accounts, planned):
    enter(accounts["duc-tho"], planned, "V5", **GOOD)
    with db.loading() as connection:
        remove_campaign(connection, planned.id)
    assert rows_of("SELECT count(*) FROM inspection_plan") == [(0,)] and rows_of("SELECT count(*) FROM inspection") == [(1,)]
