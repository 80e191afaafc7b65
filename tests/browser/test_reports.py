"""The page of reports in a real Chromium, on a telephone: a week chosen, a draft made and taken away, issued, and taken away again."""

import io
from pathlib import Path

import pytest
from docx import Document
from playwright.sync_api import expect

from dashboard.text import Text

VI = Text("vi")
MAKING = 90_000  # ms that a report with its PDF may take on a machine that does other things beside


@pytest.fixture
def page(new_page):
    return new_page("district", viewport={"width": 390, "height": 844}, accept_downloads=True)


def wait(page):
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=MAKING)


def take(page, item, name):
    """The bytes of a file of an item of a list."""
    with page.expect_download(timeout=MAKING) as found:
        item.get_by_role("link", name=name).click()
    return Path(found.value.path()).read_bytes()


def test_a_report_is_made_issued_and_taken_away_on_a_telephone(page):
    page.goto("/")
    page.wait_for_url(lambda url: "unit=" in url)  # see open_page of test_hotspots.py
    page.get_by_role("link", name=VI("reports.title"), exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(VI("reports.title"))
    wait(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_label(VI("reports.difficulties")).fill("Thiếu thiết bị quét.")
    page.get_by_label(VI("reports.difficulties")).blur()
    wait(page)
    page.get_by_role("button", name=VI("reports.make")).click()
    draft = page.locator(".phuqr-reports li", has=page.locator(".phuqr-state-draft"))
    expect(draft).to_be_visible(timeout=MAKING)
    made = take(page, draft, VI("reports.file.docx"))
    said = [line.text for line in Document(io.BytesIO(made)).paragraphs]
    assert "Thiếu thiết bị quét." in said and any("huyện Đức Thọ" in line for line in said)
    appendix = take(page, draft, VI("reports.file.xlsx"))
    page.get_by_role("button", name=VI("reports.issue"), exact=True).click()
    issued = page.locator(".phuqr-reports li", has=page.locator(".phuqr-state-issued")).first
    expect(issued).to_be_visible(timeout=MAKING)
    expect(draft).to_have_count(0)
    assert take(page, issued, VI("reports.file.docx")) == made and take(page, issued, VI("reports.file.xlsx")) == appendix
    expect(page.locator(".phuqr-filed")).to_contain_text("Huyện Đức Thọ")
    wait(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_test_id("stButtonGroup").get_by_text(VI("reports.part.daily"), exact=True).click()
    expect(page.locator(".phuqr-day .phuqr-figure")).to_have_count(5, timeout=MAKING)
    expect(page.locator(".phuqr-bulletin")).to_contain_text("huyện Đức Thọ")
    wait(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
