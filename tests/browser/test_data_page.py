"""A file handed over in a real Chromium: dropped, checked, looked at on the map, its bad rows taken away, the rest loaded."""

import io
import os
import re

import pytest
from playwright.sync_api import expect
from python_calamine import CalamineWorkbook

from dashboard.text import Text
from geo import db
from geo.accounts import add_account
from geo.audit import operator

VI = Text("vi")
SCRIPT = "<script>alert(1)</script>"
NAME = f"địa điểm {SCRIPT.replace('/', '')}.csv"
ROWS = 60
FILE = f"""Mã địa điểm,Tên địa điểm,Loại hình,Xã/phường/thị trấn,Quận/huyện,Ngày tạo
N1,{SCRIPT},{SCRIPT},Quang Vĩnh,Đức Thọ,26/11/2021
N2,Quán hai,Quán cà phê,{SCRIPT},Đức Thọ,26/11/2021
N3,Quán ba,Quán cà phê,Quang Vĩnh,Đức Thọ,31/02/2021
""" + "".join(f"M{place},Quán {place},Quán cà phê,Hòa Lạc,Đức Thọ,27/11/2021\n" for place in range(ROWS))
PERSONAL = "Mã địa điểm,Ngày,Số lượt quét,Số người,Ghi chú\n" + "".join(
    f"V1,2021-11-{day},9,9,gọi 09123456{day}\n" for day in range(20, 30)
)


@pytest.fixture(scope="module", autouse=True)
def restored(database, use_database):
    """The database of before for the tests of other files: here the sample would be removed by the first load."""
    before = os.environ.get("DATABASE_URL", database)
    yield
    use_database(before)


@pytest.fixture(scope="module")
def passwords(small_province):
    return {role: add_account(operator(), role, role, ["42"]) for role in ("data", "leader")}


@pytest.fixture(scope="module")
def server(small_province, passwords, serve, tmp_path_factory):
    with serve(small_province, tmp_path_factory.mktemp("server") / "log") as address:
        yield address


def open_data(new_page):
    """The data page by its link: at its own address Streamlit first asks for what is not there, an error of the console."""
    page = new_page("data")
    page.goto("/")
    page.wait_for_url(lambda url: "unit=" in url)  # see open_page of test_hotspots.py
    page.get_by_role("link", name=VI("data.title")).click()
    expect(page.get_by_role("tab", name=VI("data.load"))).to_be_visible()
    return page


def drop(page, name, content):
    """Drop a file on the page, as from a folder's window, and have it checked."""
    made = "([name, text]) => { const all = new DataTransfer(); all.items.add(new File([text], name)); return all; }"
    dropped = page.evaluate_handle(made, [name, content])
    page.get_by_test_id("stFileUploaderDropzone").first.dispatch_event("drop", {"dataTransfer": dropped})
    button = page.get_by_role("button", name=VI("load.check"), exact=True)
    expect(button).to_be_enabled()
    button.click()
    expect(page.get_by_role("heading", name=VI("load.checked", file=name))).to_be_visible()


def count_venues():
    with db.engine().connect() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM venue").scalar()


def test_a_file_is_checked_looked_at_and_loaded(new_page):
    before, page = count_venues(), open_data(new_page)
    drop(page, NAME, FILE)
    expect(page.locator(".phuqr-tally p")).to_have_text("63 dòng = 61 nạp được + 2 bị từ chối")
    assert count_venues() == before, "a check writes nothing"

    page.get_by_text(re.compile("^Từ chối: huyện này không có xã")).wait_for()
    expect(page.locator(".phuqr-findings td", has_text=SCRIPT)).to_have_count(2)
    expect(page.get_by_text(f"“{SCRIPT}” là")).to_be_visible()
    frame = page.wait_for_selector("iframe[title='streamlit_folium.st_folium']").content_frame()
    wanted = {"18280": 1, "18235": 0}  # tens of rows in Hòa Lạc, fewer in Quang Vĩnh
    frame.wait_for_function(
        "all => Object.entries(all).every(([code, key]) => phuqr.state().classes[code] === key)", arg=wanted
    )

    with page.expect_download() as taken:
        page.get_by_role("link", name=VI("load.download")).click()
    book = CalamineWorkbook.from_filelike(io.BytesIO(taken.value.path().read_bytes()))
    rows = book.get_sheet_by_index(0).to_python()
    assert [row[0] for row in rows] == ["Mã địa điểm", "N2", "N3"] and SCRIPT in rows[1]

    page.get_by_role("button", name=VI("load.load", count=61)).click()
    expect(page.locator(".phuqr-good h3")).to_contain_text(f"Đã nạp: {NAME} (lần nạp ")
    assert count_venues() == before + 61
    page.get_by_role("tab", name=VI("data.history")).click()
    cells = page.locator("[data-testid=stDataFrame] [role=row][aria-rowindex='2'] [role=gridcell]")
    expect(cells.filter(has_text=re.compile("^địa điểm .*csv$"))).to_have_count(1)
    page.get_by_test_id("stDataFrame").first.click(position={"x": 16, "y": 52})
    expect(page.locator(".phuqr-notice", has_text="63 dòng = 61 nạp được + 2 bị từ chối")).to_be_visible()
    expect(page.get_by_role("link", name=VI("run.download"))).to_be_visible()


def test_nothing_of_a_file_with_persons_data_is_shown(new_page):
    page = open_data(new_page)
    page.locator(".st-key-load-kind").get_by_role("combobox").click()
    page.get_by_role("option", name=VI("kind.scans"), exact=True).click()
    expect(page.locator(".st-key-load-file-scans")).to_be_visible()
    drop(page, "lượt quét.csv", PERSONAL)
    expect(page.locator(".phuqr-bad")).to_contain_text("số điện thoại")
    assert "0912345" not in page.content()
    expect(page.get_by_role("link", name=VI("load.download"))).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("^Nạp [0-9]"))).to_have_count(0)


def test_a_leader_hands_nothing_over(new_page):
    page = open_data(new_page)
    drop(page, "địa điểm.csv", FILE)
    upload = next(address for address in page.seen if "/_stcore/upload_file/" in address)
    findings = page.get_by_role("link", name=VI("load.download")).get_attribute("href")
    assert page.request.get(findings, max_retries=2).status == 200
    # What lets a page of this site pass, and no other: the token that only its own script can read
    assert page.request.put(upload, multipart={"file": FILE}).status == 403

    leader = new_page("leader")
    leader.goto("/data")
    expect(leader.get_by_role("heading", name=VI("title"))).to_be_visible()
    assert leader.url.partition("?")[0].endswith("/") and leader.locator("input[type=file]").count() == 0
    expect(leader.get_by_role("link", name=VI("data.title"))).to_have_count(0)
    assert leader.request.put(upload, multipart={"file": FILE}).status == 404
    assert leader.request.get(findings, max_retries=2).status == 404
