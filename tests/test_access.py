"""Every page and every command, for every role: units in scope are shown, those out of it do not exist."""

import re
from contextlib import nullcontext
from datetime import date

import pytest
import streamlit as st
import typer
from docx import Document
from python_calamine import CalamineWorkbook
from sqlalchemy.exc import NoResultFound
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

import phuqr
from dashboard import data
from dashboard.navigation import PAGES
from geo import db
from geo.accounts import add_account, everything
from geo.audit import Actor, operator
from geo.errors import PhuqrError, UnitError
from geo.schema import VIEWER
from geo.scope import NOTHING, ROLES, Scope

SEATS = {role: "42" for role in ROLES} | {"district": "440", "commune": "18235"}
INSIDE = {"42": {"Thị trấn Đức Thọ", "Xã Quang Vĩnh", "Xã Hòa Lạc", "Phường Kỳ Trinh", "Xã Kỳ Lợi"}}
INSIDE |= {"440": {"Thị trấn Đức Thọ", "Xã Quang Vĩnh", "Xã Hòa Lạc"}, "18235": {"Xã Quang Vĩnh"}}
ITSELF = {"42": "Tỉnh Hà Tĩnh", "440": "Huyện Đức Thọ", "449": "Thị xã Kỳ Anh"}  # units that are no communes, by their codes
ELSEWHERE = "Phường Phú Thuận"  # in another province, which no account here sees
# What a page of some roles shows to them and to nobody else: names of accounts, of files
OWN_WORD = {"accounts": "leader", "audit": "leader", "data": "venues.csv", "reports": "Huyện Đức Thọ"}
DAYS = {"from": "2021-11-26", "to": "2021-12-08"}

# Commands that read as an account does, and those of who has the address of the database, which its logins keep from it.
READING = {"assessments", "daily", "indicators", "lagging"}
OF_CASES = {"cases", "gap", "hotspots"}
REPORTING = {"report daily", "report diff", "report filed", "report get", "report issue", "report list", "report weekly"}
SENDING = {"report send", "report sendings"}  # of issued reports that are seen: see test_sending.py
PAGE = {"report page"}  # see test_day_command.py
INSPECTING = {"inspection ladder", "inspection plan", "inspection progress", "inspection worklist"}
OPERATING = {
    "bench", "campaign add", "campaign list", "campaign remove", "db down", "db migrate", "db rebuild",
    "db status", "db up", "demo", "load aliases", "load assessments", "load boundaries",
    "load inspections", "load population", "load register", "load scans", "load staff", "load unit-changes", "load venues", "load visits", "serve",
    "report recipients add", "report recipients list", "report recipients remove",
    "rules list", "rules set", "solution list", "solution remove", "solution set", "template", "units diff", "user add", "user disable", "user list", "user password", "user scope", "visits purge",
}  # fmt: skip
# Of these those that write, as a login that may only read would type them.
WRITING = [
    ["db", "migrate"], ["db", "rebuild"], ["demo"], ["load", "register", "{register}"], ["load", "venues", "{venues}"],
    ["load", "scans", "{scans}"], ["load", "boundaries", "{boundaries}", "--vintage", "2021-11-01"],
    ["campaign", "add", "Đợt", "--unit", "42", "--due", "2021-12-20", "--target", "1"], ["campaign", "remove", "1"],
    ["user", "add", "more", "--role", "leader", "--unit", "42"], ["user", "list"], ["user", "password", "leader"],
    ["user", "disable", "leader"], ["user", "scope", "leader", "--unit", "440"], ["serve", "--port", "8599"],
    ["solution", "set", "42", "device", "--from", "2021-12-06", "--decree", "x"],
    ["solution", "remove", "46", "--from", "2021-12-06"], ["visits", "purge"], ["rules", "set", "keep_days", "1", "--from", "2021-12-01", "--decision", "x"],
    ["inspection", "plan", "--campaign", "4", "--unit", "46", "--team", "Đội 1", "--each", "1"],
    ["report", "issue", "--unit", "440", "--on", "2021-12-09", "--out", "/nonexistent"],
    ["report", "daily", "--unit", "440", "--day", "2021-12-08", "--issue", "--out", "/nonexistent"],
    ["report", "recipients", "add", "a@example.vn", "--unit", "440"], ["report", "recipients", "remove", "a@example.vn", "--unit", "440"],
    ["report", "recipients", "list"],
]  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_cached():
    st.cache_data.clear()
    yield
    st.cache_data.clear()


@pytest.fixture(scope="module")
def seated(small_province):
    """The small province with an account per role, named by it."""
    for role, unit in SEATS.items():
        add_account(operator(), role, role, [unit])
    return small_province


@pytest.fixture
def open_page(seated, monkeypatch):
    """A function that gives a page as a role sees it."""

    def opened(path, role, **query):
        with db.gating() as connection:
            ((vintage, _), *_) = everything(connection)
        reader = Actor(role, Scope(role, ((vintage, SEATS[role]),)), "127.0.0.1") if role else None
        monkeypatch.setattr(data, "reader", lambda: reader)
        page = AppTest.from_file(PAGES["" if path is None else path].file, default_timeout=30)
        for name, text in query.items():
            page.query_params[name] = text
        page.run()
        assert not page.exception, [error.value for error in page.exception]
        return page

    return opened


def words(page):
    """Everything that a page shows, as one text."""
    bodies = [element.proto.body for element in page.get("html") if not element.proto.body.startswith("<style")]
    tables = [table.value.to_csv() for table in page.dataframe]
    options = [str(option) for box in [*page.selectbox, *page.multiselect] for option in box.options]
    markdown = [element.value for kind in (page.markdown, page.caption, page.code) for element in kind]
    return " ".join([*bodies, *tables, *options, *markdown])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("unit", ["42", "440", "449", "18235", "18754", "46", "x'; --"])
def test_the_map_shows_communes_in_scope_only(open_page, role, unit):
    shown = words(open_page("", role, unit=unit, commune=unit, **DAYS))
    allowed = INSIDE[SEATS[role]]
    for name in (INSIDE["42"] - allowed) | {ELSEWHERE}:
        assert name not in shown, name
    assert any(name in shown for name in allowed)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("unit", ["440", "18754", "46"])
@pytest.mark.parametrize("path", [path for path, page in PAGES.items() if page.filtered and path])
def test_no_page_of_figures_names_a_commune_out_of_scope(open_page, path, role, unit):
    shown = words(open_page(path, role, unit=unit, **DAYS))
    for name in (INSIDE["42"] - INSIDE[SEATS[role]]) | {ELSEWHERE}:
        assert name not in shown, name


@pytest.mark.parametrize("role", ["district", "commune"])
def test_a_unit_out_of_scope_is_answered_as_one_that_does_not_exist(open_page, role):
    answers = [
        words(open_page("", role, unit=unit, commune=commune, **DAYS))
        for unit, commune in (("449", "18754"), ("42", "18757"), ("999", "99999"))
    ]
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("role", ROLES)
def test_the_parents_rates_are_there_to_compare_with(open_page, role):
    shown = words(open_page("", role, unit="440", commune="18235", **DAYS))
    assert "Huyện Đức Thọ: 33,3\u00a0% (3/9)" in shown
    assert "Tỉnh Hà Tĩnh: 30,0\u00a0% (3/10)" in shown


@pytest.mark.parametrize("path", [path for path, page in PAGES.items() if page.roles != ROLES])
@pytest.mark.parametrize("role", ROLES)
def test_a_page_of_some_roles_shows_nothing_to_the_others(open_page, path, role):
    shown = open_page(path, role)
    if role in PAGES[path].roles:
        assert OWN_WORD[path] in words(shown)
    else:
        assert OWN_WORD[path] not in words(shown)
        assert [warning.value for warning in shown.warning] == ["Phiên làm việc đã kết thúc. Hãy đăng nhập lại."]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_shows_anything_to_who_has_signed_out(open_page, path):
    shown = open_page(path, None)
    assert [warning.value for warning in shown.warning] == ["Phiên làm việc đã kết thúc. Hãy đăng nhập lại."]
    assert not shown.dataframe and "phuqr-card" not in words(shown)


def test_what_was_read_for_one_scope_is_not_given_to_another(seated):
    with db.gating() as connection:
        ((vintage, _), *_) = everything(connection)
    leader, district = (Scope(role, ((vintage, SEATS[role]),)) for role in ("leader", "district"))
    window = date(2021, 11, 26), date(2021, 12, 8)
    for scope, count in ((leader, 5), (district, 3), (leader, 5)):
        version = data.holdings(scope).version
        units = data.atlas(version, scope, window[1]).units.values()
        assert sum(unit.level == 3 for unit in units) == count
    assert len(data.coverage(version, leader, "449", *window, None).rows) == 2
    assert data.total(version, leader, "449", *window, None)["name"] == "Thị xã Kỳ Anh"
    for read in (data.coverage, data.total):
        with pytest.raises(UnitError):
            read(version, district, "449", *window, None)
    assert data.bounds(version, leader, vintage, "449")
    with pytest.raises(NoResultFound):
        data.bounds(version, district, vintage, "449")


def test_every_command_has_a_rule():
    def walk(command, path=()):
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, (*path, name)) if hasattr(inner, "commands") else [" ".join((*path, name))]

    known = READING | OF_CASES | REPORTING | SENDING | PAGE | INSPECTING | OPERATING
    assert set(walk(typer.main.get_command(phuqr.build()))) == known


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("unit", ["42", "440", "449", "18235", "18754", "46"])
@pytest.mark.parametrize("command", sorted(READING))
def test_figures_of_a_role_are_of_units_in_scope(seated, role, unit, command):
    window = ["--from", DAYS["from"], "--to", DAYS["to"], "--format", "csv"]
    done = CliRunner().invoke(phuqr.build(), [command, "--as", role, "--unit", unit, *window])
    inside = {"42": True, "440": SEATS[role] != "18235", "18235": True, "449": SEATS[role] == "42"}
    if unit != "46" and (inside.get(unit, SEATS[role] == "42") if unit != "42" else SEATS[role] == "42"):
        names = {line.split(",")[1] for line in done.stdout.splitlines()[1:]}
        assert names and names <= INSIDE[SEATS[role]] | {ITSELF.get(unit)}
    else:
        assert isinstance(done.exception, PhuqrError) and re.match("there is no unit", str(done.exception))
        assert done.stdout == ""


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("unit", ["42", "440", "18754", "46"])
@pytest.mark.parametrize("command", sorted(OF_CASES))
def test_cases_are_told_to_who_may_see_them_and_of_units_in_scope(seated, role, unit, command):
    window = ["--from", DAYS["from"], "--to", DAYS["to"], "--format", "csv"]
    done = CliRunner().invoke(phuqr.build(), [command, "--as", role, "--unit", unit, *window])
    inside = {"42": SEATS[role] == "42", "440": SEATS[role] != "18235", "18754": SEATS[role] == "42", "46": False}[unit]
    if inside and (command == "cases" or role in ("leader", "health")):
        assert done.exit_code == 0, done.exception
        assert not any(name in done.stdout for name in (INSIDE["42"] - INSIDE[SEATS[role]]) | {ELSEWHERE})
    else:
        assert isinstance(done.exception, PhuqrError) and done.stdout == ""


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("unit", ["42", "440", "449", "18235", "18754", "46"])
@pytest.mark.parametrize("command", ["weekly", "issue"])
def test_a_report_is_of_a_unit_in_scope_and_tells_of_cases_to_who_may_see_them(seated, role, unit, command, tmp_path):
    words = ["report", command, "--as", role, "--unit", unit, "--on", "2021-12-09", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(phuqr.build(), words)
    if unit not in ({"42", "440", "449"} if SEATS[role] == "42" else {SEATS[role]} - {"18235"}):
        assert isinstance(done.exception, PhuqrError) and done.stdout == "" and not (tmp_path / "out").exists()
        commune = unit == SEATS[role] or (unit.startswith("18") and (SEATS[role] == "42" or (SEATS[role] == "440" and unit < "18700")))
        assert re.search("is a commune" if commune else "there is no unit", str(done.exception))
        return
    assert done.exit_code == 0, done.exception
    letter, appendix = sorted((tmp_path / "out").iterdir())
    told = Document(letter)
    said = " ".join([line.text for line in told.paragraphs] + [cell.text for table in told.tables for row in table.rows for cell in row.cells])
    assert ("Điểm nóng" in said) == (role in ("leader", "health"))
    said += str([CalamineWorkbook.from_path(appendix).get_sheet_by_name(name).to_python() for name in ("Theo xã", "Tổng hợp")])
    assert not any(name in said for name in (INSIDE["42"] - INSIDE[SEATS[role]]) | {ELSEWHERE})
    with pytest.raises(PhuqrError, match="sees no traced cases") if role not in ("leader", "health") else nullcontext():
        again = CliRunner().invoke(phuqr.build(), [*words, "--cases"])
        if again.exception:
            raise again.exception


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("unit", ["42", "440", "449", "18235", "46"])
def test_a_bulletin_is_of_a_unit_in_scope_and_names_communes_in_it_only(seated, role, unit, tmp_path):
    words = ["report", "daily", "--as", role, "--unit", unit, "--day", "2021-12-08", "--issue", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(phuqr.build(), words)
    if unit not in ({"42", "440", "449"} if SEATS[role] == "42" else {SEATS[role]} - {"18235"}):
        assert isinstance(done.exception, PhuqrError) and done.stdout == "" and not (tmp_path / "out").exists()
        return
    assert done.exit_code == 0, done.exception
    letter, sheets = sorted((tmp_path / "out").iterdir())
    told = Document(letter)
    said = " ".join([line.text for line in told.paragraphs] + [cell.text for table in told.tables for row in table.rows for cell in row.cells])
    said += str([CalamineWorkbook.from_path(sheets).get_sheet_by_name(name).to_python() for name in ("Theo đơn vị", "Xã không có lượt quét")])
    assert ("Xã Hòa Lạc" in said) == (unit in ("42", "440"))
    assert not any(name in said for name in (INSIDE["42"] - INSIDE[SEATS[role]]) | {ELSEWHERE})


@pytest.mark.parametrize("role", ROLES)
def test_an_issued_report_is_there_for_who_has_its_unit_and_may_see_its_cases(seated, role, tmp_path):
    def run(*words):
        return CliRunner().invoke(phuqr.build(), ["report", *words])

    for unit in ("42", "440", "449"):
        for cases in ("--cases", "--no-cases"):
            done = run("issue", "--unit", unit, "--on", "2021-12-16", cases, "--out", str(tmp_path / "issued"))
            number = done.stdout.split(":")[0].removeprefix("report ")
            seen = (SEATS[role] == "42" or unit == SEATS[role]) and (cases == "--no-cases" or role in ("leader", "health"))
            listed = run("list", "--unit", "42", "--as", role, "--format", "csv").stdout.splitlines()
            assert any(line.split(",")[0] == number for line in listed) == seen, (unit, cases)
            for words in (["get", number, "--out", str(tmp_path / "again")], ["diff", number]):
                done = run(*words, "--as", role)
                if seen:
                    assert done.exit_code == 0, done.exception
                else:
                    assert str(done.exception).startswith(f"there is no report {number}") and done.stdout == ""
    for unit in ("42", "440", "449"):
        filed = run("filed", "--unit", unit, "--on", "2021-12-16", "--as", role, "--format", "csv")
        if SEATS[role] == "42" or unit == SEATS[role]:
            assert filed.stdout.count(",late") == (2 if unit == "42" else 1)
        else:
            assert str(filed.exception).startswith("there is no unit") and filed.stdout == ""


@pytest.fixture(scope="module")
def inspected(seated):
    """A peak week with a plan in both districts."""
    def run(*words):
        done = CliRunner().invoke(phuqr.build(), words)
        assert done.exit_code == 0, done.exception

    run("campaign", "add", "Tuần cao điểm", "--unit", "42", "--from", "2021-12-06", "--due", "2021-12-13", "--before")
    for unit in ("440", "449"):
        run("inspection", "plan", "--campaign", "Tuần cao điểm", "--unit", unit, "--team", "Đội", "--each", "20")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("unit", ["42", "440", "449", "18235", "18754", "46"])
def test_inspections_are_told_of_units_in_scope_and_planned_by_some_roles(inspected, role, unit, tmp_path):
    def run(*words):
        return CliRunner().invoke(phuqr.build(), ["inspection", *words, "--as", role, "--unit", unit])

    where = {"440": SEATS[role] != "18235", "18235": True, "46": False}
    inside = SEATS[role] == "42" or (where.get(unit, False) and (unit != "440" or SEATS[role] == "440"))
    inside = inside and unit != "46"
    of = ["--campaign", "Tuần cao điểm"]
    sheet = tmp_path / "sheet.xlsx"
    for words in (["worklist", *of], ["progress", *of, "--by", "commune"], ["ladder"], ["worklist", *of, "--xlsx", str(sheet)]):
        done = run(*words)
        if not inside:
            assert isinstance(done.exception, PhuqrError) and done.stdout == "" and not sheet.exists(), words
            continue
        assert done.exit_code == 0, done.exception
        said = done.stdout + (str(CalamineWorkbook.from_path(sheet).get_sheet_by_index(0).to_python()) if sheet.exists() else "")
        assert not any(name in said for name in (INSIDE["42"] - INSIDE[SEATS[role]]) | {ELSEWHERE})
    done = run("worklist", *of, "--cases")
    if inside and role in ("leader", "health"):
        assert done.exit_code == 0, done.exception
    else:
        assert isinstance(done.exception, PhuqrError) and done.stdout == ""
    done = run("plan", *of, "--team", "Đội", "--each", "20")
    if inside and role in ("leader", "district", "data") and unit in ("440", "449"):
        assert done.exit_code == 0, done.exception  # nothing was inspected: the same again
    else:
        assert isinstance(done.exception, PhuqrError) and done.stdout == ""


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("unit", ["42", "440", "449", "18235", "46", "x'; --"])
def test_the_page_of_inspections_shows_venues_in_scope_only(inspected, open_page, role, unit):
    for part in ("list", "progress", "ladder"):
        page = open_page("inspection", role, unit=unit)
        page.segmented_control(key="inspection-part").set_value(part)
        shown = words(page.run())
        for name in (INSIDE["42"] - INSIDE[SEATS[role]]) | {ELSEWHERE}:
            assert name not in shown, name
        assert (SEATS[role] == "42") == ("Cơ sở 5" in shown and "Chợ" in shown) or part != "list" or unit in ("440", "449")


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_a_login_of_the_dashboard_can_run_no_command_that_writes(seated, use_database, small_files, words):
    with db.engine().connect() as connection:
        database = connection.exec_driver_sql("SELECT oid FROM pg_database WHERE datname = current_database()").scalar()
        query = "SELECT value FROM gate_secret WHERE name = %s"
        password = connection.exec_driver_sql(query, (f"{VIEWER}_{database}",)).scalar()
    own = db.database_url().set(username=f"{VIEWER}_{database}", password=password)
    use_database(own.render_as_string(hide_password=False))
    try:
        done = CliRunner().invoke(phuqr.build(), [word.format(**small_files) for word in words])
        assert done.exit_code != 0 and isinstance(done.exception, PhuqrError), done
    finally:
        use_database(seated)
    with db.reading(NOTHING) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM venue").scalar() == 0
