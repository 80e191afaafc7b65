"""The static page of the day as readers reach it whose network blocks websockets, or who run no scripts."""

import re

import pytest
from playwright.sync_api import expect

from dashboard.text import Text

VI = Text("vi")
ADDRESS = "/day.html?unit=440&day=2021-12-08"


def no_wider_than_the_screen(page):
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("width", [390, 1400])
def test_without_scripts_it_is_reached_from_the_sign_in_and_asks_for_nothing(new_page, passwords, width):
    page = new_page(None, java_script_enabled=False, viewport={"width": width, "height": 900})
    page.goto("/sign-in")
    page.get_by_role("link", name=VI("day.sign_in")).click()
    page.get_by_label(VI("sign_in.name")).fill("leader")
    page.get_by_label(VI("sign_in.password")).fill(passwords["leader"])
    page.seen.clear()
    page.get_by_role("button", name=VI("sign_in")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Tình hình ngày")
    assert [re.sub("^[^/]*//[^/]*|[?].*", "", url) for url in page.seen] == ["/sign-in", "/day.html"]
    page.get_by_label(VI("day.unit")).select_option("440")
    page.get_by_label(VI("chart.day")).fill("2021-12-08")
    page.get_by_role("button", name=VI("day.go")).click()
    expect(page.get_by_role("heading", level=2)).to_have_text("Huyện Đức Thọ")
    expect(page.get_by_role("img", name="Tỷ lệ hoạt động – Huyện Đức Thọ")).to_be_visible()
    expect(page.locator("svg path title", has_text="Xã Quang Vĩnh")).to_have_count(1)


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("unit", ["42", "440"])
def test_nothing_stands_out_of_the_screen(new_page, width, unit):
    page = new_page(viewport={"width": width, "height": 900})
    page.goto(f"/day.html?unit={unit}&day=2021-12-08")
    assert no_wider_than_the_screen(page)


def test_a_page_whose_websocket_is_blocked_tells_of_it(new_page):
    page = new_page()
    page.route_web_socket("**/*", lambda socket: socket.close())
    page.goto("/overview?unit=440&from=2021-11-26&to=2021-12-08")
    link = page.locator("#phuqr-stalled a")
    expect(link).to_be_hidden()
    expect(page.locator("#phuqr-stalled")).to_be_visible(timeout=30_000)
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tình hình ngày 08/12/2021")
    expect(page.get_by_role("heading", level=2)).to_have_text("Huyện Đức Thọ")
    page.faults.clear()  # the browser's own words on the websocket


def test_a_page_that_came_does_not_speak_of_it_and_links_to_the_copy(new_page):
    page = new_page()
    page.goto("/overview?unit=440&from=2021-11-26&to=2021-12-08")
    link = page.get_by_role("link", name=VI("day.link"))
    expect(link).to_have_attribute("href", re.compile(r"^/day.html\?unit=440&day=2021-12-08"))
    page.add_style_tag(content="#phuqr-stalled { animation-delay: 0s !important; }")
    expect(page.locator("#phuqr-stalled")).to_be_hidden()
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tình hình ngày 08/12/2021")
    page.faults[:] = [fault for fault in page.faults if "404 (Not Found)" not in fault]  # Streamlit asks below the page first


def test_without_scripts_a_page_tells_of_it_at_once(new_page):
    page = new_page(java_script_enabled=False)
    page.goto("/?unit=440")
    expect(page.get_by_role("link", name=VI("day.instead"))).to_be_visible()
