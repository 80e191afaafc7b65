"""Issued reports: kept as they were, seen in scope only, written through one function only; restatements and who filed."""

import re
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from geo import db, reports
from geo.accounts import add_account, operator_scope, set_disabled
from geo.audit import Actor, operator
from geo.coverage import Window
from geo.errors import DatabaseError, ReportError, UnitError
from geo.reports import compare_issued, is_purged, issue, list_reports, read_filed, read_issued
from geo.retention import purge_visits
from geo.schema import GATE, LOADER, VIEWER
from geo.scope import NOTHING, ROLES, Scope
from geo.weekly import read_report
from loaders.scans import load_scans
from loaders.visits import load_visits

WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))
ON = date(2021, 12, 9)
FILES = {"thu.docx": b"PK\x03\x04 letter", "phu-luc.xlsx": b"PK\x03\x04 appendix\x00"}
VISITS = "case_code,case_class,venue_code,arrived_at,source\nCA-1,F0,V1,2021-12-08 09:00,declared\nCA-2,F0,V1,2021-12-08 09:00,declared\n"


@pytest.fixture(scope="module")
def accounts(small_province, tmp_path_factory):
    """An account per role for the province, a leader and a district for Đức Thọ, a district for Kỳ Anh; name -> Actor."""
    path = tmp_path_factory.mktemp("told") / "visits.csv"
    path.write_text(VISITS, encoding="utf-8")
    assert load_visits(path).rows_refused == 0
    made = {}
    for name, role, unit in [*((role, role, "42") for role in ROLES), ("duc-tho", "district", "440"), ("ky-anh", "district", "449"),
                             ("duc-tho-leader", "leader", "440"), ("quang-vinh", "commune", "18235")]:  # fmt: skip
        add_account(operator(), name, role, [unit])
        made[name] = Actor(name, Scope(role, ((1, unit),)), "10.0.0.1")
    return made


def read(unit="440", cases=False, window=WINDOW, on=ON):
    with db.reading(Scope("leader", operator_scope().units), cases=cases) as connection:
        return read_report(connection, unit, window, on, cases)


@contextmanager
def seeing(actor, cases=False):
    with db.reading(actor.scope, cases=cases) as connection:
        yield connection


def numbers(actor, unit="42", cases=False):
    with seeing(actor, cases) as connection:
        return list(list_reports(connection, unit)["id"])


def owner(statement, **parameters):
    with db.engine().connect() as connection:
        return connection.execute(sa.text(statement), parameters).all()


def test_a_report_is_handed_out_as_it_was_issued(accounts):
    found = read()
    number = issue(accounts["duc-tho"], found, FILES)
    with seeing(accounts["duc-tho"]) as connection:
        issued = read_issued(connection, number)
    assert issued.files == FILES and (issued.unit_code, issued.unit_name, issued.window) == ("440", "Huyện Đức Thọ", WINDOW)
    assert (issued.on_day, issued.state, issued.issued_by, issued.cases) == (ON, "issued", "duc-tho", False)
    assert issued.figures["unit"]["new"] == 7 and issued.load_runs == found.runs
    ((defined, as_of),) = owner("SELECT definitions, as_of FROM report WHERE id = :id", id=number)
    assert defined["unit"]["cohort_rate"] == "I4c = cohort / new" and as_of == found.holdings.as_of
    ((account, event, detail, address),) = owner("SELECT account, event, detail, address FROM audit ORDER BY id DESC LIMIT 1")
    assert (account, event, address) == ("duc-tho", "report_issued", "10.0.0.1")
    assert detail == f"report {number}: 440, 2021-11-26 to 2021-12-08"


def test_a_report_of_the_same_window_supersedes_the_one_before_and_both_stay(accounts):
    first = issue(accounts["duc-tho"], read(), FILES)
    second = issue(operator(), read(), {"thu.docx": b"mended"})
    other = issue(accounts["duc-tho"], read(window=Window(date(2021, 12, 2), date(2021, 12, 8))), FILES)
    with_cases = issue(accounts["leader"], read(cases=True), FILES)
    states = dict(owner("SELECT id, state FROM report"))
    assert [states[number] for number in (first, second, other, with_cases)] == ["superseded", "issued", "issued", "issued"]
    assert owner("SELECT supersedes FROM report WHERE id = ANY (:ids) ORDER BY id", ids=[second, other]) == [(first,), (None,)]
    with seeing(accounts["duc-tho"]) as connection:
        assert read_issued(connection, first).files == FILES and read_issued(connection, second).files == {"thu.docx": b"mended"}
        assert read_issued(connection, second).issued_by == operator().name


def test_only_who_has_the_whole_unit_in_scope_sees_a_report(accounts):
    district, province = issue(operator(), read(), FILES), issue(operator(), read("42"), FILES)
    seen = {name: {district, province} & set(numbers(actor)) for name, actor in accounts.items()}
    both = dict.fromkeys(ROLES, {district, province})
    assert seen == both | {"duc-tho": {district}, "duc-tho-leader": {district}, "ky-anh": set(), "quang-vinh": set()}
    for name in ("ky-anh", "quang-vinh"):
        with seeing(accounts[name]) as connection:
            for table, count in (("report", 0), ("report_file", 0)):
                assert connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) == count
            with pytest.raises(ReportError, match=f"there is no report {district}; see: phuqr report list"):
                read_issued(connection, district)
            with pytest.raises(ReportError, match="there is no report 999999"):
                read_issued(connection, 999999)
    with seeing(accounts["duc-tho"]) as connection:
        files = connection.scalars(sa.text("SELECT DISTINCT report FROM report_file")).all()
        assert district in files and province not in files
    with db.reading(NOTHING) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM report")) == 0


def test_a_report_that_tells_of_cases_is_seen_by_who_sees_these(accounts):
    number = issue(accounts["duc-tho-leader"], read(cases=True), FILES)
    for name, actor in accounts.items():
        sees = actor.scope.role in ("leader", "health")
        assert (number in numbers(actor, cases=True)) == sees, name
        assert number not in numbers(actor), f"{name}: only on record"
        with seeing(actor, cases=True) as connection:
            files = connection.scalar(sa.text("SELECT count(*) FROM report_file WHERE report = :id"), {"id": number})
        assert files == (2 if sees else 0), name


def test_postgresql_asks_by_itself_who_may_issue(accounts):
    before = owner("SELECT count(*) FROM report")
    for name, unit in (("ky-anh", "440"), ("duc-tho", "42"), ("quang-vinh", "440")):
        forged = Actor(name, Scope("leader", ((1, "42"),)))
        with pytest.raises(DatabaseError, match="this account issues no reports of that unit"):
            issue(forged, read(unit), FILES)
    for name in ("duc-tho", "district", "data", "admin"):
        with pytest.raises(DatabaseError, match="this account issues no reports that tell of cases"):
            issue(accounts[name], read(cases=True), FILES)
    set_disabled(operator(), "ky-anh")
    for name in ("ky-anh", "nobody"):
        with pytest.raises(DatabaseError, match="issues no reports of that unit"):
            issue(Actor(name, Scope("district", ((1, "449"),))), read("449"), FILES)
    set_disabled(operator(), "ky-anh", disabled=False)
    with pytest.raises(ReportError, match="at least one file"):
        issue(operator(), read(), {})
    for name in ("../x.docx", "/etc/x", "..", "a/b", ""):
        with pytest.raises(sa.exc.IntegrityError, match="report_file_name_check"):
            issue(operator(), read(), {name: b"x"})
    commune = read()
    with pytest.raises(DatabaseError, match="no such district or province"):
        issue(operator(), replace(commune, unit=commune.unit._replace(code="18235")), FILES)
    assert owner("SELECT count(*) FROM report") == before


CALL = "('duc-tho', NULL, 'weekly', 1, '440', '2021-11-01', '2021-11-02', '2021-11-03', '{}', '{}', '{}', NULL, '{x}', '{x}')"


def test_nobody_writes_or_changes_reports_past_the_functions(accounts):
    number = issue(accounts["duc-tho"], read(), FILES)
    for role in (VIEWER, LOADER, GATE, None):
        for table, column in (("report", "figures = '{}'"), ("report", "state = 'issued'"), ("report_file", "content = ''")):
            for statement in (f"UPDATE {table} SET {column}", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
                with db.engine(role).connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied|kept as they are"):
                    connection.execute(sa.text(statement))
    both = "UPDATE report SET state = 'superseded', issued_by = 'x' WHERE id = :id"
    with db.engine().connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="kept as they are"):
        connection.execute(sa.text(both), {"id": number})
    for role, function in ((VIEWER, "issue_report"), (VIEWER, "keep_report"), (GATE, "keep_report"), (LOADER, "issue_report")):
        with db.engine(role).connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            connection.execute(sa.text(f"SELECT {function}{CALL}"))
    for role in (VIEWER, LOADER, GATE):
        with db.engine(role).connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            connection.execute(sa.text("INSERT INTO report_file VALUES (1, 'x', 'x', 'x')"))
    for table in ("report", "report_file"):
        with db.engine(GATE).connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            connection.execute(sa.text(f"SELECT * FROM {table}"))


def test_a_file_that_is_not_as_it_was_is_not_handed_out(accounts):
    number = issue(accounts["duc-tho"], read(), FILES)
    with db.engine().begin() as connection:  # as who owns the server could
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        connection.execute(sa.text("UPDATE report_file SET content = 'forged' WHERE report = :id AND name = 'thu.docx'"), {"id": number})
    with seeing(accounts["duc-tho"]) as connection, pytest.raises(ReportError, match=f"thu.docx of report {number} is not as it was issued"):
        read_issued(connection, number)


def test_a_restatement_is_shown_as_a_difference_and_changes_nothing(accounts, tmp_path):
    number = issue(accounts["leader"], read(cases=True), FILES)
    with seeing(accounts["leader"], cases=True) as connection:
        issued = read_issued(connection, number)
        assert compare_issued(connection, issued)[0].empty
    late = tmp_path / "late.csv"
    late.write_text("Mã địa điểm,Ngày,Số lượt quét,Số người\nV3,2021-12-08,6,5\nV1,2021-11-27,12,8\n", encoding="utf-8")
    load_scans(late)
    with seeing(accounts["leader"], cases=True) as connection:
        rows, now = compare_issued(connection, read_issued(connection, number))
        assert read_issued(connection, number).files == FILES
    told = rows.set_index("figure")
    assert told.loc["unit/active"].tolist() == [3, 4, 1] and told.loc["unit/scans"].tolist() == [26, 34, 8]
    assert told.loc["days/2021-12-08/scans", "difference"] == 6 and "unit/created" not in told.index
    assert set(now.runs) - set(issued.load_runs) and not is_purged(now)


def test_what_was_purged_is_no_restatement(accounts):
    number = issue(accounts["leader"], read(cases=True), FILES)
    purge_visits(operator(), date(2021, 12, 8) + timedelta(29))
    with seeing(accounts["leader"], cases=True) as connection:
        issued = read_issued(connection, number)
        rows, now = compare_issued(connection, issued)
    assert issued.figures["gap"]["declared"] == 2 and is_purged(now) and rows.empty


def test_who_has_filed_and_who_is_late(accounts):
    today = db.today()
    due = today + timedelta((3 - today.weekday()) % 7)  # the next Thursday, be it today
    week = Window(due - timedelta(7), due - timedelta(1))
    longer = Window(week.first - timedelta(3), week.last)

    def filed(actor, unit="42", on=due, day=today):
        with seeing(actor) as connection:
            return read_filed(connection, unit, on, day)

    assert filed(accounts["leader"]).rows["state"].tolist() == ["open", "open"]
    assert filed(accounts["leader"], day=due + timedelta(1)).rows["state"].tolist() == ["missing", "missing"]
    issue(accounts["duc-tho-leader"], read("440", cases=True, window=longer, on=due), FILES)
    issue(operator(), read("449", window=Window(week.first + timedelta(1), week.last), on=due), FILES)  # not the whole week
    found = filed(accounts["leader"])
    assert (found.week, found.due, found.total) == (week, due, {"on_time": 1, "due": 2, "rate": 0.5})
    assert found.rows[["code", "state"]].values.tolist() == [["440", "on time"], ["449", "open"]]
    assert filed(accounts["duc-tho"], "440").rows["state"].tolist() == ["on time"], "with cases, which it may not read"
    assert filed(accounts["ky-anh"], "449").rows["state"].tolist() == ["open"]
    past = filed(accounts["leader"], on=ON)
    assert past.rows["state"].tolist() == ["late", "missing"] and past.due == ON and past.total["rate"] == 0
    with seeing(accounts["ky-anh"]) as connection:
        with pytest.raises(UnitError, match="there is no unit 440"):
            read_filed(connection, "440", due)
        assert connection.execute(reports._FILINGS, {"vintage": 1, "first": week.first, "last": week.last}).all() == []
    with seeing(accounts["quang-vinh"]) as connection, pytest.raises(ReportError, match=re.escape("Xã Quang Vĩnh is a commune")):
        read_filed(connection, "18235", due)


def test_the_first_report_of_a_week_says_when_it_was_filed(accounts):
    first = issue(operator(), read(), FILES)
    issue(operator(), read(), FILES)
    ((earliest,),) = owner("SELECT min(issued_at) FROM report WHERE unit_code = '440' AND last_day = '2021-12-08' AND first_day <= '2021-12-02'")
    assert owner("SELECT issued_at >= :at FROM report WHERE id = :id", at=earliest, id=first) == [(True,)]
    with seeing(accounts["duc-tho"]) as connection:
        at = read_filed(connection, "440", ON).rows["filed_at"].iloc[0]
    assert at == earliest.replace(microsecond=0)
