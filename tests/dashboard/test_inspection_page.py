"""The page of inspections as Streamlit runs it: worklist, results and corrections, progress, ladder and plan; its sheets; its commands."""

import csv
import io
import json
from datetime import date

import pytest
import sqlalchemy as sa
import xlsxwriter
from python_calamine import CalamineWorkbook
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

import phuqr
from dashboard import data
from dashboard.navigation import PAGES
from dashboard.text import Text
from geo import db
from geo.accounts import add_account, find_scope
from geo.audit import Actor, operator
from geo.errors import CampaignError, DatabaseError, InspectionError, PhuqrError
from geo.scope import ROLES
from loaders.inspections import load_inspections
from loaders.venues import load_venues
from loaders.visits import load_visits

VI = Text("vi")
NASTY = "<img src=x onerror=alert(1)> {{7*7}} =1+1"
WEEK = "Tuần cao điểm"
OF = ["--campaign", WEEK, "--unit", "440"]


@pytest.fixture(scope="module")
def week(small_province, tmp_path_factory):
    """A peak week in Đức Thọ: V5, V7, V8 and V9 are planned, of which V5 has a name that is to be escaped; an account of each role."""
    path = tmp_path_factory.mktemp("nasty") / "venues.csv"
    path.write_text(f'venue_code,name,kind,commune_code,created_on,address\nV5,"{NASTY}","Cơ sở sản xuất, kinh doanh",18235,2021-11-25,{NASTY}\n', encoding="utf-8")
    load_venues(path)
    for role in ROLES:
        add_account(operator(), role, role, ["440" if role == "district" else "18235" if role == "commune" else "42"])
    run("campaign", "add", WEEK, "--unit", "42", "--from", "2021-12-06", "--due", "2021-12-13", "--before", "--kind", "business", "--kind", "cafe")
    return small_province


@pytest.fixture(autouse=True)
def planned(week):
    said = run("inspection", "plan", *OF, "--team", "Đội 1", "--team", "Đội 2", "--each", "2")
    assert said.splitlines() == ["Đội 1: 2 venues in 1 communes", "Đội 2: 2 venues in 1 communes"]
    yield
    with db.engine().begin() as connection:
        for table in ("inspection_history", "inspection", "inspection_plan", "visit", "load_run WHERE kind IN ('inspections', 'visits')"):
            connection.execute(sa.text(f"DELETE FROM {table}"))


def run(*words):
    done = CliRunner().invoke(phuqr.build(), list(map(str, words)))
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


@pytest.fixture
def opened(week, monkeypatch):
    """A function that gives the page as an account of a role sees it."""

    def open_page(role="district", part=None, **query):
        actor = Actor(role, find_scope(role), "127.0.0.1")
        monkeypatch.setattr(data, "reader", lambda: actor)
        page = AppTest.from_file(PAGES["inspection"].file, default_timeout=30)
        for name, text in ({"unit": "440"} | query).items():
            page.query_params[name] = text
        again(page)
        return again(page.segmented_control(key="inspection-part").set_value(part)) if part else page

    return open_page


def again(page):
    page = page.run()
    assert not page.exception, [error.value for error in page.exception]
    return page


def words(page):
    """Everything that a page shows, as one text."""
    bodies = [element.proto.body for element in page.get("html") if not element.proto.body.startswith(("<style", "<script"))]
    options = [str(option) for box in page.selectbox for option in box.options]
    said = [element.value for kind in (page.markdown, page.caption, page.info, page.error, page.success) for element in kind]
    return " ".join([*bodies, *options, *said]).replace("\u00a0", " ")


def fill(page, code, own="new", outcome="passed", posted="yes", supervised="yes", minutes=45, heads=40, scanned=30, note="", on=date(2021, 12, 7)):
    for name, value in (("posted", posted), ("supervised", supervised), ("minutes", minutes)):
        page.segmented_control(key=f"{name}-{code}-{own}").set_value(value)
    page.number_input(key=f"head_count-{code}-{own}").set_value(heads)
    page.number_input(key=f"scanned-{code}-{own}").set_value(scanned)
    page.radio(key=f"outcome-{code}-{own}").set_value(outcome)
    page.text_area(key=f"note-{code}-{own}").set_value(note)
    page.date_input(key=f"on-{code}-{own}").set_value(on)
    return again(page.button(key=f"save-{code}-{own}").click())


def stored():
    query = "SELECT v.code, outcome, posted, minutes, head_count, scanned, note FROM inspection i JOIN venue v ON v.id = i.venue_id ORDER BY i.id"
    with db.engine().connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def test_the_worklist_says_what_and_why_by_commune_and_escapes_names(opened):
    shown = words(opened())
    assert "06/12/2021 – 12/12/2021" in shown and "báo cáo trước ngày 13/12/2021" in shown
    assert "Chưa kiểm tra (4)" in shown and "**Xã Quang Vĩnh, Huyện Đức Thọ (4)**" in shown
    assert "không có lượt quét 14 ngày nay (lần cuối 25/11/2021)" in shown and "chưa từng được kiểm tra" in shown
    assert "chưa từng có lượt quét từ khi tạo mã (30/11/2021)" in shown
    assert NASTY not in shown and "&lt;img src=x onerror=alert(1)&gt; {{7*7}} =1+1" in shown
    assert shown.index("Cơ sở 7") < shown.index("&lt;img"), "the never scanned before the silent"
    one = words(opened(team="Đội 2"))
    assert "Chưa kiểm tra (2)" in one and "Cơ sở 8" in one and "Cơ sở 7" not in one
    assert "To inspect (4)" in words(opened(lang="en"))


def test_a_result_is_entered_corrected_and_kept(opened):
    page = again(opened().button(key="enter-V7").click())
    assert "Mã QR dán đúng quy định?" in [box.label for box in page.segmented_control]
    page = fill(page, "V7", note="dán ở quầy")
    assert "Đã lưu kết quả: Cơ sở 7 – Đạt." in words(page) and "Đã kiểm tra (1)" in words(page)
    assert stored() == [("V7", "passed", True, 45, 40, 30, "dán ở quầy")]
    page = again(page.button(key="enter-V7").click())
    with db.engine().connect() as connection:
        number = connection.scalar(sa.text("SELECT id FROM inspection"))
    assert page.text_area(key=f"note-V7-{number}").value == "dán ở quầy" and page.number_input(key=f"scanned-V7-{number}").value == 30
    page = fill(page, "V7", number, outcome="reminded", posted="no", scanned=10)
    assert stored() == [("V7", "reminded", False, 45, 40, 10, None)]
    page = again(page.button(key="enter-V7").click())
    shown = words(page)
    assert "thay cho kết quả ngày 07/12/2021: Đạt; niêm yết có, giám sát có, 30/40 người được quét" in shown
    assert "07/12/2021: Nhắc nhở lần 1" in shown
    again(page.button(key="back-to-list").click())
    assert "Chưa kiểm tra (3)" in words(page)


WRONG = {
    "nothing chosen": ({"outcome": None, "posted": None}, "Chưa lưu. Còn thiếu: Mã QR dán đúng quy định; Kết quả."),
    "half a count": ({"heads": None}, "Khi đã đếm thì ghi cả hai số"),
    "more scanned": ({"scanned": 41}, "không nhiều hơn số người vào"),
    "a telephone": ({"note": "gọi anh chủ 0912 345 678"}, "Ghi chú không được có số điện thoại"),
}


@pytest.mark.parametrize("why", WRONG)
def test_what_cannot_be_is_said_and_nothing_is_stored(opened, why):
    change, said = WRONG[why]
    page = fill(again(opened().button(key="enter-V7").click()), "V7", **change)
    assert said in words(page) and stored() == []
    assert page.number_input(key="scanned-V7-new").value == change.get("scanned", 30), "what was typed is still there"


def test_a_count_may_be_left_out(opened):
    fill(again(opened().button(key="enter-V7").click()), "V7", minutes=None, heads=None, scanned=None)
    assert stored() == [("V7", "passed", True, None, None, None, None)]


@pytest.mark.parametrize("role", ROLES)
def test_each_role_does_what_is_its_own(opened, role):
    page = opened(role, unit="18235" if role == "commune" else "440")
    enters = any(str(button.key).startswith("enter-") for button in page.button)
    assert enters == (role in ("district", "commune", "data"))
    assert (VI("inspection.section.plan") in page.segmented_control(key="inspection-part").options) == (role in ("leader", "district", "data"))
    assert bool([box for box in page.toggle if box.key == "inspection-cases"]) == (role in ("leader", "health"))


def test_progress_has_its_denominators(opened):
    assert "0,0 %" in words(opened(part="progress")) and "0 đã kiểm tra / 4 theo kế hoạch" in words(opened(part="progress"))
    page = opened()
    for code, outcome, posted in (("V7", "passed", "yes"), ("V8", "reminded", "no"), ("V9", "suspend", "no")):
        page = fill(again(page.button(key=f"enter-{code}").click()), code, outcome=outcome, posted=posted, scanned=20)
    shown = words(opened(part="progress"))
    assert "3 đã kiểm tra / 4 theo kế hoạch" in shown and "75,0 %" in shown
    assert "1 đúng / 3 đã kiểm tra" in shown and "33,3 %" in shown and "60 được quét / 120 người vào (41,2 % – 58,8 %)" in shown
    for said in ("<dt>Nhắc nhở</dt><dd>1</dd>", "<dt>Đề nghị xử phạt</dt><dd>0</dd>", "<td>Xã Quang Vĩnh</td><td>4</td><td>3</td><td>1</td>"):
        assert said in shown
    assert "<td>Xã Hòa Lạc</td><td>–</td><td>–</td><td>–</td><td>chưa có số liệu</td>" in shown, "nothing is planned there, which is not zero"
    ladder = words(opened(part="ladder"))
    assert "<td>Nhắc nhở lần 1</td>" in ladder and "<td>Đề nghị xử lý</td>" in ladder and "Cơ sở 7" not in ladder


def test_a_plan_is_made_on_the_page(opened):
    page = opened(part="plan")
    page.text_area(key="plan-teams").set_value("Đội 3\nĐội 4\n")
    page.number_input(key="plan-each").set_value(1)
    (save,) = [button for button in page.button if button.label == VI("inspection.plan.save")]
    assert "Đã đưa 2 địa điểm vào kế hoạch." in words(again(save.click()))
    assert "Chưa kiểm tra (6)" in words(opened())
    page = opened(part="plan")
    page.text_area(key="plan-teams").set_value("Đội 5, gọi 0912 345 678")
    (save,) = [button for button in page.button if button.label == VI("inspection.plan.save")]
    assert VI("inspection.why.personal") in words(again(save.click())) and "Chưa kiểm tra (6)" in words(opened())


REFUSALS = {"team": "", "nothing": "Đội 9", "begun": "Đội 1"}


@pytest.mark.parametrize("why", REFUSALS)
def test_why_a_plan_is_refused_is_said_in_the_readers_language(opened, why):
    if why == "begun":
        fill(again(opened().button(key="enter-V7").click()), "V7")
    page = opened(part="plan")
    page.text_area(key="plan-teams").set_value(REFUSALS[why])
    if why == "nothing":
        page.multiselect(key="plan-kinds").set_value(["karaoke"])
    (save,) = [button for button in page.button if button.label == VI("inspection.plan.save")]
    assert [error.value for error in again(save.click()).error] == [VI(f"inspection.why.{why}")]


def test_a_day_that_has_a_result_is_no_day_to_move_another_one_to(opened):
    page = fill(again(opened().button(key="enter-V7").click()), "V7")
    page = again(page.button(key="enter-V7").click())
    page = again(page.segmented_control(key="which-V7").set_value("new"))
    page = fill(page, "V7", on=date(2021, 12, 8))
    with db.engine().connect() as connection:
        last = connection.scalar(sa.text("SELECT max(id) FROM inspection"))
    page = fill(again(page.button(key="enter-V7").click()), "V7", last, on=date(2021, 12, 7))
    assert [error.value for error in page.error] == [VI("inspection.why.day")] and len(stored()) == 2


def test_cases_are_on_the_screen_of_who_may_see_them_and_on_no_sheet(opened, tmp_path, ask):
    path = tmp_path / "visits.csv"
    rows = [f"CA-{number},F0,{venue},2021-12-08 {hour}{number}:00,declared" for venue, hour in (("V9", "0"), ("V2", "1")) for number in (8, 9)]
    plain = words(opened("health"))
    path.write_text("\n".join(["case_code,case_class,venue_code,arrived_at,source", *rows]), encoding="utf-8")
    assert load_visits(path).rows_refused == 0
    page = opened("health")
    assert words(page) == plain, "who has not asked is shown the order that all may see"
    with db.engine().connect() as connection:
        looks = sa.text("SELECT count(*) FROM audit WHERE event = 'case_view' AND account = 'health'")
        before = connection.scalar(looks)
        shown = words(again(page.toggle(key="inspection-cases").set_value(True)))
        connection.rollback()
        assert connection.scalar(looks) == before + 1
    assert "Còn 1 điểm nóng trên địa bàn chưa có trong kế hoạch" in shown, "the café, where the same two were an evening later"
    assert "điểm nóng: nhiều ca F0 đã đến" in shown and "2 lượt đến của ca bệnh không có lượt quét" in shown
    cards = [element.proto.body for element in page.get("html") if 'class="phuqr-todo"' in element.proto.body]
    assert "Cơ sở 9" in cards[0] and "Cơ sở 9" not in plain[: plain.index("Cơ sở 8")]
    (sheet,) = [element.proto.body for element in page.get("html") if 'class="phuqr-sheet"' in element.proto.body]
    assert "điểm nóng" not in sheet and sheet.index("Cơ sở 8") < sheet.index("Cơ sở 9") < sheet.index("Cơ sở 7")
    status, _, body = ask(f"/export/worklist.xlsx?unit=440&campaign={campaign_number()}", Actor("health", find_scope("health")))
    told = str(CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python())
    assert status == 200 and "ca bệnh" not in told and "điểm nóng" not in told


def campaign_number():
    (found,) = [each for each in json.loads(run("campaign", "list", "--json")) if each["name"] == WEEK]
    assert found["kinds"] == ["business", "cafe"]
    return found["id"]


@pytest.mark.parametrize("query", ["", "unit=440", "unit=440&campaign=999", "unit=999&campaign={}", "unit=440&campaign={}&team=x", "unit=440&campaign=x';--"])
def test_a_sheet_that_cannot_be_is_not_found(ask, query):
    assert ask(f"/export/worklist.xlsx?{query.format(campaign_number())}".replace("'", "%27"))[0] == 404


def test_the_sheet_filled_in_is_loaded_as_it_is(tmp_path):
    path = tmp_path / "đội 1.xlsx"
    assert run("inspection", "worklist", *OF, "--team", "Đội 1", "--xlsx", path).strip() == str(path)
    head, *rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert [row[head.index("Mã địa điểm")] for row in rows] == ["V7", "V5"]
    assert rows[1][head.index(VI("inspection.sheet.name"))] == NASTY and {row[head.index("Đợt kiểm tra")] for row in rows} == {WEEK}
    # filled in by hand in a spreadsheet: a day, and the words that its lists offer
    filled = dict(zip(head, rows[0], strict=True)) | {
        "Ngày kiểm tra": date(2021, 12, 8), "Kết quả": "nhắc nhở", "Dán mã đúng quy định": "không", "Có người giám sát": "có", "Số phút đếm": 30,
        "Số người vào": 20, "Số người được quét": 5,
    }  # fmt: skip
    guide = CalamineWorkbook.from_path(path).get_sheet_by_index(1).to_python()
    with xlsxwriter.Workbook(tmp_path / "filled.xlsx", {"default_date_format": "dd/mm/yyyy", "strings_to_formulas": False}) as book:
        for name, cells in (("Kiểm tra", [head, filled.values(), rows[1]]), ("Hướng dẫn", guide)):
            sheet = book.add_worksheet(name)
            for line, row in enumerate(cells):
                sheet.write_row(line, 0, row)
    outcome = load_inspections(tmp_path / "filled.xlsx")
    assert (outcome.rows_in, outcome.rows_loaded, outcome.rows_refused) == (1, 1, 0), outcome.findings
    assert stored() == [("V7", "reminded", False, 30, 20, 5, None)]
    assert json.loads(run("inspection", "progress", *OF, "--by", "team", "--format", "json"))["rows"][0]["inspected"] == 1
    listed = run("inspection", "worklist", *OF, "--format", "csv")
    assert [row["outcome"] for row in csv.DictReader(io.StringIO(listed)) if row["code"] == "V7"] == ["reminded"]


def test_the_commands_say_what_the_page_says(opened):
    fill(again(opened().button(key="enter-V5").click()), "V5", outcome="reminded", scanned=10)
    told = json.loads(run("inspection", "progress", *OF, "--by", "commune", "--format", "json"))
    assert (told["total"]["planned"], told["total"]["inspected"], told["total"]["rate"]) == (4, 1, 0.25)
    assert told["definitions"]["rate"] == "I13 = inspected / planned" and told["due"] == "2021-12-13" and told["before"] is True
    rows = list(csv.DictReader(io.StringIO(run("inspection", "worklist", *OF, "--format", "csv"))))
    assert [row["code"] for row in rows] == ["V8", "V9", "V7", "V5"] and rows[0]["reasons"].startswith("chưa từng có lượt quét")
    ladder = list(csv.DictReader(io.StringIO(run("inspection", "ladder", "--unit", "440", "--format", "csv"))))
    assert [(row["venue_code"], row["step"]) for row in ladder] == [("V5", "first")]


REFUSED = {
    "no such campaign": (["worklist", "--campaign", "x", "--unit", "440"], "has no campaign 'x'", InspectionError),
    "no such team": (["worklist", *OF, "--team", "x"], "teams are: Đội 1, Đội 2", InspectionError),
    "cases on a sheet": (["worklist", *OF, "--cases", "--xlsx", "x.xlsx"], "a sheet for teams tells of no cases", InspectionError),
    "no spreadsheet": (["worklist", *OF, "--xlsx", "x.csv"], "ends in .xlsx", InspectionError),
    "no folder": (["worklist", *OF, "--xlsx", "/nonexistent/x.xlsx"], "cannot be written", InspectionError),
    "neither": (["plan", *OF, "--team", "Đội 3"], "either --each N or --venue CODE", InspectionError),
    "both": (["plan", *OF, "--team", "Đội 3", "--each", "1", "--venue", "V2"], "either --each N or --venue CODE", InspectionError),
    "no such kind": (["plan", *OF, "--team", "Đội 3", "--each", "1", "--kind", "x"], "there is no kind x", CampaignError),
    "no such venue": (["plan", *OF, "--team", "Đội 3", "--venue", "V11"], "no open venue V11", InspectionError),
    "not a planner": (["plan", *OF, "--team", "Đội 3", "--each", "1", "--as", "health"], "plans no inspections", DatabaseError),
    "inside a district": (["progress", "--campaign", WEEK, "--unit", "18235"], "lies inside a district", InspectionError),
    "of cases": (["worklist", *OF, "--cases", "--as", "district"], "sees no traced cases", PhuqrError),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_is_one_sentence(why):
    words, said, error = REFUSED[why]
    with pytest.raises(error, match=said) as caught:
        run("inspection", *words)
    assert "\n" not in str(caught.value)
