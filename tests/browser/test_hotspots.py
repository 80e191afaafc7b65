"""The page of hotspots in a real Chromium, as each role sees the same data of the sample."""

import re
from datetime import date

import pytest
from playwright.sync_api import expect

from dashboard.text import Text
from geo import db
from geo.accounts import operator_scope
from geo.audit import Actor, reading_cases
from geo.case_weeks import read_case_weeks
from geo.coverage import Window, read_coverage
from geo.hotspots import read_clusters, read_hotspots
from geo.scope import ROLES, Scope
from geo.tracing import read_gap

VI, EN = Text("vi"), Text("en")
WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))
SEES_CASES = ("health", "leader")
READ_ANEW = 30_000  # ms: after a decision all that the page shows is read again
SEATS = {"district": "440", "commune": "18235"}


@pytest.fixture(scope="module")
def truth(sample, use_database):
    """The hotspots of the sample, its gap and clusters, as geo reads them."""
    use_database(sample)
    with reading_cases(Actor("a test", Scope("leader", operator_scope().units)), "the sample") as connection:
        coverage = read_coverage(connection, "42", WINDOW)
        hotspots = read_hotspots(connection, "42", WINDOW, coverage=coverage)
        return hotspots, read_gap(connection, "42", WINDOW).total, read_clusters(connection, "42", WINDOW)


def open_page(new_page, role, text=VI, **options):
    """The page by its link, as a reader comes to it; its address is asked for first by Streamlit's own script, an error of the console."""
    page = new_page(role, **options)
    page.goto("/" if text is VI else "/?lang=en")
    # Once the first page is whole: with what its map says of itself the browser asks for that page again, and not for the next
    page.wait_for_url(lambda url: "unit=" in url)
    page.get_by_role("link", name=text("hotspots.title"), exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(text("hotspots.title"))
    return page


def marks_frame(page, count):
    """The map's frame, once so many marks are drawn."""
    frame = page.wait_for_selector("iframe[title='streamlit_folium.st_folium']").content_frame()
    frame.wait_for_function("count => window.phuqrMarks?.state().spots.length === count", arg=count)
    return frame


@pytest.mark.parametrize("role", SEES_CASES)
def test_who_may_see_cases_sees_marks_list_and_figures(new_page, truth, role):
    hotspots, gap, clusters = truth
    page = open_page(new_page, role)
    frame = marks_frame(page, len(hotspots.rows))
    assert frame.evaluate("phuqrMarks.state()") == {"spots": hotspots.rows["venue_code"].tolist(), "clusters": len(clusters)}
    assert sorted(frame.locator(".phuqr-mark").all_inner_texts()) == sorted(map(str, hotspots.rows["cases"]))
    cards = page.locator(".phuqr-card .phuqr-figure")
    expect(cards).to_have_text([VI.number(len(hotspots.found)), VI.number(hotspots.found["scans_little"].sum()), VI.percent(gap["rate"])])
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    page.get_by_test_id("stButtonGroup").get_by_text(VI("hotspots.section.gap"), exact=True).click()
    for kind in ("a", "b", "c", "covered"):
        expect(page.locator(f".phuqr-gap-{kind} dd")).to_have_text(VI.number(gap[kind]))


@pytest.mark.parametrize("role", [role for role in ROLES if role not in SEES_CASES])
def test_the_others_see_weekly_counts_and_nothing_of_a_venue_or_case(new_page, sample, use_database, truth, role):
    hotspots, *_ = truth
    page = open_page(new_page, role)
    expect(page.get_by_text(VI("cases.title"), exact=True)).to_be_visible()
    frame = page.wait_for_selector("iframe[title='streamlit_folium.st_folium']").content_frame()
    frame.wait_for_function("phuqr.state().ready && phuqr.state().paints > 0")
    use_database(sample)
    with db.reading(Scope(role, ((1, SEATS.get(role, "42")),))) as connection:
        weeks = read_case_weeks(connection, SEATS.get(role, "42"), WINDOW)
    last = weeks.rows[weeks.rows["week"] == weeks.rows["week"].max()]
    few = page.locator(".phuqr-legend li").filter(has_text=VI("cases.class.1")).locator("b")
    expect(few).to_have_text(VI.number(last["cases"].isna().sum()))
    assert frame.evaluate("window.phuqrMarks") is None
    everything = page.content() + frame.content() + frame.evaluate("JSON.stringify(phuqr.state())")
    for secret in [*hotspots.rows["venue_code"], *hotspots.rows["name"], "MAU-F0", "MAU-F1"]:
        assert secret not in everything, secret


def test_a_mark_opens_its_venue_which_is_reviewed_and_stays_so(new_page, truth):
    hotspots, *_ = truth
    spot = hotspots.rows.sort_values(["grade", "cases"]).iloc[-1]
    page = open_page(new_page, "health")
    frame = marks_frame(page, len(hotspots.rows))
    frame.locator(f".phuqr-mark.phuqr-grade-{spot['grade']}").filter(has_text=re.compile(f"^{spot['cases']}$")).first.press("Enter")
    panel = page.locator(".phuqr-spot")
    expect(panel.locator("h2")).to_have_text(spot["name"])
    expect(panel).to_contain_text(VI("hotspots.state.proposed"))
    expect(page.get_by_test_id("stVegaLiteChart").first.locator("canvas, svg").first).to_be_visible()
    expect(frame.locator(".phuqr-mark.phuqr-chosen")).to_have_count(1)
    page.get_by_label(VI("hotspots.review.reason")).fill("Năm ca đến cùng quán")
    page.get_by_role("button", name=VI("hotspots.review.confirmed")).click()
    expect(panel).to_contain_text(VI("hotspots.state.confirmed"), timeout=READ_ANEW)
    expect(page.locator(".phuqr-history")).to_contain_text("Năm ca đến cùng quán")
    page.get_by_role("button", name=VI("hotspots.hide")).click()
    expect(panel).to_have_count(0)
    assert "venue" not in page.url and spot["venue_code"] not in page.url, "which an address would tell to who gets it"
    other = open_page(new_page, "leader")
    frame = marks_frame(other, len(hotspots.rows))
    frame.locator(f".phuqr-mark.phuqr-grade-{spot['grade']}").filter(has_text=re.compile(f"^{spot['cases']}$")).first.click()
    expect(other.locator(".phuqr-spot")).to_contain_text(VI("hotspots.state.confirmed"))


def test_an_agency_is_noted_as_answered(new_page, truth):
    page = open_page(new_page, "health")
    page.get_by_test_id("stButtonGroup").get_by_text(VI("hotspots.section.gap"), exact=True).click()
    expect(page.locator(".phuqr-gap-a")).to_be_visible()
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    table = page.get_by_test_id("stDataFrame").last
    table.scroll_into_view_if_needed()
    expect(table.locator("canvas").first).to_be_visible()
    table.click(position={"x": 16, "y": 54})
    page.get_by_label(VI("gap.rectify.note")).fill("Đã bố trí người hướng dẫn")
    page.get_by_role("button", name=VI("gap.rectify.answered")).click()
    expect(page.get_by_text(VI("hotspots.saved"), exact=True)).to_be_visible(timeout=READ_ANEW)
    with db.engine().connect() as connection:
        last = "SELECT state, note, account FROM rectification ORDER BY id DESC LIMIT 1"
        assert connection.exec_driver_sql(last).one() == ("answered", "Đã bố trí người hướng dẫn", "health")


def test_the_page_fits_a_telephone_and_speaks_english(new_page, truth):
    hotspots, *_ = truth
    page = open_page(new_page, "leader", EN, viewport={"width": 390, "height": 1200})
    marks_frame(page, len(hotspots.rows))
    expect(page.get_by_text(EN("hotspots.place"))).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
