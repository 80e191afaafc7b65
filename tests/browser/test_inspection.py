"""An inspection day played on a telephone: the worklist, three results and a correction, progress, and the sheets to print and fill in."""

from datetime import date

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect
from python_calamine import CalamineWorkbook

from dashboard.text import Text
from geo import db
from geo.accounts import operator_scope
from geo.audit import operator
from geo.campaign import add_campaign, list_campaigns, remove_campaign
from geo.plans import plan, read_worklist
from loaders.inspections import load_inspections

VI = Text("vi")
TELEPHONE = {"width": 390, "height": 844}
FINGER = 44  # px: what a finger hits


@pytest.fixture(scope="module")
def week(sample, use_database):
    """A peak week of the sample's province, of which five cafés and eateries of Đức Thọ are planned for one team."""
    use_database(sample)
    with db.loading() as connection:
        number = add_campaign(
            connection, name="Tuần cao điểm 06/12–12/12", unit_code="42", obligation_group=None, first_day=date(2021, 12, 6),
            due_on=date(2021, 12, 13), strict=True, target=None, decree=None, kinds=["cafe", "eatery", "bar"],
        )  # fmt: skip
    with db.reading(operator_scope()) as connection:
        campaign = next(each for each in list_campaigns(connection) if each.id == number)
        plan(operator(), connection, campaign, "440", date(2021, 12, 12), ["Tổ kiểm tra số 1"], 5)
    yield campaign
    with db.loading() as connection:
        remove_campaign(connection, number)
    with db.engine().begin() as connection:
        connection.execute(sa.text("DELETE FROM inspection_history"))
        connection.execute(sa.text("DELETE FROM inspection"))


@pytest.fixture
def telephone(new_page, week):
    """The page of inspections as a district's team has it on a telephone."""
    page = new_page("district", viewport=TELEPHONE, has_touch=True, is_mobile=True)
    page.goto("/")
    page.wait_for_url(lambda url: "unit=" in url)  # see open_page of test_hotspots.py
    page.get_by_role("link", name=VI("inspection.title"), exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(VI("inspection.title"))
    choose(page, VI("inspection.campaign"), week.name)
    return page


def choose(page, label, option):
    box = page.get_by_test_id("stSelectbox").filter(has_text=label)
    if box.get_by_text(option, exact=True).count():
        return
    box.locator("input").click()
    page.get_by_role("option", name=option, exact=True).click()


def settle(page):
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


def press(page, key, said):
    page.locator(f"[class*='st-key-{key}-']").get_by_text(said, exact=True).click()


def enter(page, name, outcome, posted, heads, scanned, button="inspection.enter"):
    """Open a venue by its name, fill the form in and save it."""
    card = page.locator("[class*='st-key-venue-']").filter(has_text=name)
    card.get_by_role("button", name=VI(button)).click()
    expect(page.get_by_role("button", name=VI("inspection.back"))).to_be_visible()
    settle(page)
    press(page, "posted", VI("inspection.yes" if posted else "inspection.no"))
    press(page, "supervised", VI("inspection.yes"))
    press(page, "minutes", VI("inspection.minutes.some", minutes=30))
    page.get_by_label(VI("inspection.head_count"), exact=True).fill(str(heads))
    page.get_by_label(VI("inspection.scanned"), exact=True).fill(str(scanned))
    page.get_by_test_id("stRadio").get_by_text(VI(f"inspection.outcome.{outcome}"), exact=True).click()
    page.get_by_role("button", name=VI("inspection.save")).click()


def test_an_inspection_day(telephone, week, tmp_path):
    page = telephone
    with db.reading(operator_scope()) as connection:
        names = read_worklist(connection, week, "440", date(2021, 12, 12)).rows["name"].tolist()
    cards = page.locator(".phuqr-todo")
    expect(cards).to_have_count(5)
    expect(cards.locator("h4")).to_have_text(names)
    expect(cards.first.locator("li").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE["width"]
    assert min(box["height"] for box in boxes(page.locator(".st-key-inspection-list button"))) >= FINGER

    enter(page, names[0], "passed", True, 40, 41)
    expect(page.get_by_text(VI("inspection.bad_count"))).to_be_visible()
    controls = page.locator("[data-testid=stForm] :is([data-testid=stButtonGroup] button, [data-testid=stFormSubmitButton] button, input[type=number])")
    assert min(box["height"] for box in boxes(controls)) >= FINGER
    assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE["width"]
    page.get_by_label(VI("inspection.scanned"), exact=True).fill("30")
    page.get_by_role("button", name=VI("inspection.save")).click()
    for name, outcome, posted, scanned in ((names[1], "reminded", True, 10), (names[2], "suspend", False, 0)):
        expect(page.locator(".phuqr-section").first).to_be_visible()
        enter(page, name, outcome, posted, 20, scanned)
        expect(page.get_by_text(VI("inspection.saved", name=name, outcome=VI(f"inspection.outcome.{outcome}")))).to_be_visible()
    expect(page.get_by_text(VI("inspection.finished", count="3"))).to_be_visible()

    card = page.locator("[class*='st-key-venue-']").filter(has_text=names[2])
    card.get_by_role("button", name=VI("inspection.change")).click()
    expect(page.get_by_label(VI("inspection.scanned"), exact=True)).to_have_value("0")
    settle(page)
    page.get_by_label(VI("inspection.scanned"), exact=True).fill("5")
    page.get_by_role("button", name=VI("inspection.save")).click()
    expect(page.get_by_text(VI("inspection.finished", count="3"))).to_be_visible()

    page.get_by_test_id("stButtonGroup").get_by_text(VI("inspection.section.progress"), exact=True).click()
    figures = page.locator(".phuqr-card .phuqr-figure")
    expect(figures).to_have_text([VI.percent(3 / 5), VI.percent(2 / 3), VI.percent(45 / 80)])
    assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE["width"]
    page.get_by_test_id("stButtonGroup").get_by_text(VI("inspection.section.ladder"), exact=True).click()
    expect(page.get_by_text(VI("inspection.step.first"), exact=True)).to_be_visible()

    page.get_by_test_id("stButtonGroup").get_by_text(VI("inspection.section.list"), exact=True).click()
    expect(page.get_by_text(VI("inspection.finished", count="3"))).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name=VI("inspection.xlsx")).click()
    download.value.save_as(tmp_path / "sheet.xlsx")
    head, *rows = CalamineWorkbook.from_path(tmp_path / "sheet.xlsx").get_sheet_by_index(0).to_python()
    assert [row[head.index(VI("inspection.sheet.name"))] for row in rows] == names[3:]
    assert load_inspections(tmp_path / "sheet.xlsx", dry_run=True).rows_in == 0, "nothing is filled in yet"
    with db.engine().connect() as connection:
        told = "SELECT outcome, head_count, scanned FROM inspection ORDER BY id"
        assert connection.exec_driver_sql(told).all() == [("passed", 40, 30), ("reminded", 20, 10), ("suspend", 20, 5)]
        assert connection.exec_driver_sql("SELECT outcome, scanned FROM inspection_history").all() == [("suspend", 0)]


def boxes(locator):
    return [each.bounding_box() for each in locator.all() if each.is_visible()]


def test_on_paper_there_is_the_sheet_alone(new_page, week):
    page = new_page("district")
    page.goto("/")
    page.wait_for_url(lambda url: "unit=" in url)  # see open_page of test_hotspots.py
    page.get_by_role("link", name=VI("inspection.title"), exact=True).click()
    choose(page, VI("inspection.campaign"), week.name)
    sheet, cards = page.locator(".phuqr-sheet"), page.locator(".phuqr-todo").first
    expect(cards).to_be_visible()
    expect(sheet).to_be_hidden()
    page.emulate_media(media="print")
    expect(sheet).to_be_visible()
    expect(cards).to_be_hidden()
    expect(sheet.locator("h2")).to_have_text(f"{VI('inspection.sheet')} – {week.name}")
    assert sheet.locator("tbody td b").count() >= 2
