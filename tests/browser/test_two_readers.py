"""Readers of different districts, at one server at the same time or one after the other: nothing of one reaches the other.

What a reader gets is read where it arrives, in each answer and each message of the websocket, not only on the screen.
"""

import io
import json
import re
import time
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Error, Page, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dashboard.text import Text
from dashboard.words import LANGUAGES
from geo import db
from geo.accounts import add_account, operator_scope
from geo.audit import operator
from geo.coverage import RATES
from geo.units import Unit, ancestors, communes_within, read_atlas

DISTRICTS = {"district": "440", "ky_anh": "449"}
DAYS = ({"from": "2021-11-26", "to": "2021-12-08"}, {"from": "2021-11-20", "to": "2021-12-01"})
SWITCHES = 50  # of each reader


@dataclass
class Reader:
    """A reader at a page; others: the units that are not for it; heard: all that came over the network, as bytes."""

    page: Page
    unit: Unit
    own: dict[str, str]
    others: dict[str, str]
    heard: bytearray
    runs: int = 0
    language: str = "vi"

    def listen(self):
        """From here on keep what arrives, but for the documents and files that are the same for all."""
        self.page.on("websocket", lambda websocket: websocket.on("framereceived", self._take))
        self.page.route(re.compile(r"^http://[^/]+/(?!static/|lib/|component/|_stcore/)"), self._take_answer)

    def _take(self, frame):
        self.heard += frame
        self.runs += ForwardMsg.FromString(frame).WhichOneof("type") == "script_finished"

    def _take_answer(self, route):
        if route.request.resource_type == "document":
            return route.fallback()
        with suppress(Error):  # the page is being left
            answer = route.fetch()
            self.heard += answer.body()
            route.fulfill(response=answer)

    def wait_for_run(self, before):
        until = time.monotonic() + 60
        while self.runs == before:
            assert time.monotonic() < until, "the page does not answer"
            self.page.wait_for_timeout(10)

    def frame(self):
        return self.page.wait_for_selector("iframe[title='streamlit_folium.st_folium']").content_frame()

    def visible(self):
        """The text on the screen and what the map has drawn, once it has."""
        frame = self.frame()
        frame.wait_for_function("+(document.documentElement.dataset.phuqrPaints ?? 0) > 0")
        drawn = frame.evaluate("JSON.stringify(phuqr.state())")
        return f"{self.page.locator('body').inner_text()}\n{drawn}".encode()

    def fetch(self, path):
        """What the server answers this reader, beside the page: status and body, unpacked."""
        answer = self.page.context.request.get(path, max_retries=2)
        body = answer.body()
        if body.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(body)) as file:
                body = b"\n".join(file.read(name) for name in file.namelist())
        self.heard += body
        return answer.status, body


def found_in(data, units):
    """Those of the units, code -> name, whose name or code stands in bytes."""
    spelled = {code: (name.encode(), json.dumps(name)[1:-1].encode()) for code, name in units.items()}
    # Among commas and brackets stand the numbers of borders, and among a to f the random names that Streamlit gives
    codes = {each.decode() for each in re.findall(rb"(?<![0-9a-f.,\[-])[0-9]{5}(?![0-9a-f.,\]])", data)}
    return {code for code, names in spelled.items() if code in codes or any(name in data for name in names)}


def surroundings(data, found, units):
    """What stands around the names and codes that were found in bytes."""
    words = [word.encode() for code in found for word in (code, units[code])]
    return [bytes(data[max(at.start() - 80, 0) : at.end() + 80]) for word in words for at in re.finditer(re.escape(word), data)]


@pytest.fixture(scope="module")
def atlas(sample, use_database):
    use_database(sample)
    with db.reading(operator_scope()) as connection:
        return read_atlas(connection, db.today())


@pytest.fixture(scope="module")
def second_account(sample, passwords):
    """An account of another district, beside that of the sample; gone after the file's tests."""
    passwords["ky_anh"] = add_account(operator(), "ky_anh", "district", ["449"])
    yield
    del passwords["ky_anh"]
    with db.engine().begin() as connection:
        connection.exec_driver_sql("DELETE FROM account WHERE name = 'ky_anh'")


@pytest.fixture
def readers(new_page, atlas, second_account):
    """One reader of each district, at the map, with the answers and messages that they got so far."""
    made = []
    for name, district in DISTRICTS.items():
        own = {code: atlas.units[code].name for code in communes_within(atlas.units, district)}
        known = " ".join([*own.values(), *(unit.name for unit in ancestors(atlas.units, district))])
        others = {
            code: unit.name for code, unit in atlas.units.items()
            if unit.level > 1 and code not in own and code != district and unit.name not in known
        }  # fmt: skip
        reader = Reader(new_page(name), atlas.units[district], own, others, bytearray())
        reader.listen()
        reader.page.goto("/")
        made.append(reader)
    for reader in made:
        expect(reader.page.get_by_test_id("stDataFrame")).to_be_visible()  # what comes last when the page opens
    return made


def choose_indicator(reader, other, turn, atlas):
    rate = list(RATES)[turn % len(RATES)]
    button = reader.page.get_by_test_id("stButtonGroup").get_by_text(Text(reader.language)(rate), exact=True)
    if button.evaluate("label => label.closest('button').getAttribute('aria-checked')") == "true":
        return False
    button.click()


def choose_option(reader, place, name):
    reader.page.get_by_test_id("stSelectbox").nth(place).click()
    reader.page.get_by_role("option", name=name, exact=True).click()


def choose_group(reader, other, turn, atlas):
    choose_option(reader, 2, Text(reader.language).group(("A", "C")[turn % 2]))


def choose_language(reader, other, turn, atlas):
    reader.language = "en" if reader.language == "vi" else "vi"
    choose_option(reader, 3, LANGUAGES[reader.language])


def go(reader, **query):
    """To another address without loading the page anew, as Back and Forward do."""
    query = {"unit": reader.unit.code, "lang": reader.language} | query
    reader.page.evaluate("query => (history.pushState(null, '', query), dispatchEvent(new PopStateEvent('popstate')))",
                         f"?{urlencode(query)}")  # fmt: skip


def choose_window(reader, other, turn, atlas):
    go(reader, **DAYS[turn % 2])


def choose_commune(reader, other, turn, atlas):
    go(reader, **DAYS[0], commune=list(reader.own)[turn % len(reader.own)])


def click_a_commune_of_the_other(reader, other, turn, atlas):
    code = list(other.own)[turn % len(other.own)]
    reader.frame().evaluate("value => Streamlit.setComponentValue(value)", {"commune": code, "n": turn})


def type_the_address_of_the_other(reader, other, turn, atlas):
    commune = list(other.own)[turn % len(other.own)]
    query = {"unit": other.unit.code, "commune": commune, "lang": reader.language} | DAYS[turn % 2]
    reader.page.goto(f"/?{urlencode(query)}")


def take_the_table_of_the_other(reader, other, turn, atlas):
    assert reader.fetch(f"/export/coverage.xlsx?unit={other.unit.code}")[0] == 404
    status, body = reader.fetch(f"/export/coverage.xlsx?unit={reader.unit.code}")
    assert status == 200 and found_in(body, reader.own) == reader.own.keys()
    return False


def take_the_borders_of_the_other(reader, other, turn, atlas):
    at = f"/geo/{atlas.vintage.id}/{atlas.vintage.version}"
    for unit in (other.unit.code, "42", list(other.own)[turn % len(other.own)]):
        assert reader.fetch(f"{at}/{unit}.topojson")[0] == 404
    status, body = reader.fetch(f"{at}/{reader.unit.code}.topojson")
    assert status == 200 and found_in(body, reader.own) == reader.own.keys()
    return False


KINDS = [
    choose_indicator, type_the_address_of_the_other, choose_group, take_the_borders_of_the_other, choose_window,
    click_a_commune_of_the_other, choose_language, choose_indicator, choose_commune, take_the_table_of_the_other,
]  # fmt: skip


def test_a_hundred_switches_of_two_readers_show_neither_the_rows_of_the_other(readers, atlas):
    seen = [bytearray(), bytearray()]
    for turn, switch in zip(range(SWITCHES), cycle(KINDS)):
        before = [reader.runs for reader in readers]
        ran = [switch(reader, other, turn, atlas) for reader, other in zip(readers, readers[::-1], strict=True)]
        for place, reader in enumerate(readers):
            if ran[place] is not False:
                reader.wait_for_run(before[place])
            shown = reader.visible()
            found = found_in(reader.heard + shown, reader.others)
            assert found == set(), (turn, switch.__name__, surroundings(reader.heard + shown, found, reader.others))
            seen[place] += reader.heard + shown
            reader.heard.clear()
            assert reader.unit.name.encode() in shown
    for place, reader in enumerate(readers):
        assert found_in(seen[place], reader.own) == reader.own.keys(), "own rows arrive, and are found where they do"
        expect(reader.page.locator(".phuqr-header h2")).to_have_text(reader.unit.name)
        assert reader.runs > SWITCHES / 2


def test_the_next_reader_at_the_same_browser_finds_nothing_of_the_one_before(
    browser, server, readers, passwords, atlas
):
    first, second = readers
    borders = f"/geo/{atlas.vintage.id}/{atlas.vintage.version}/440.topojson"
    context = browser.new_context(base_url=server, locale="vi-VN")  # one that keeps what it fetched, unlike new_page's
    page = context.new_page()
    heard = bytearray()
    page.on("websocket", lambda websocket: websocket.on("framereceived", lambda frame: heard.extend(frame)))

    def fetch():
        return page.evaluate("address => fetch(address).then((answer) => answer.text())", borders).encode()

    def sign_in(name):
        page.get_by_label("Tên tài khoản").fill(name)
        page.get_by_label("Mật khẩu").fill(passwords[name])
        page.get_by_role("button", name="Đăng nhập").click()

    page.goto("/?unit=440&commune=18235")
    sign_in("district")
    expect(page.locator(".phuqr-panel h2")).to_have_text("Xã Quang Vĩnh")
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    for found in (heard, fetch()):
        assert found_in(found, first.own) == first.own.keys()
    heard.clear()
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_role("status")).to_have_text("Đã đăng xuất.")
    page.go_back()
    expect(page.get_by_label("Mật khẩu")).to_be_visible()
    shown = page.locator("body").inner_text().encode()
    assert found_in(heard + shown + fetch(), first.own) == set()

    page.goto("/?unit=440&commune=18235")
    sign_in("ky_anh")
    expect(page.locator(".phuqr-header h2")).to_have_text("Thị xã Kỳ Anh")
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    shown = page.locator("body").inner_text().encode()
    assert found_in(heard + shown + fetch(), second.others) == set()
    assert found_in(heard, second.own) == second.own.keys()
    context.close()


def test_an_open_page_whose_session_has_ended_leads_to_the_sign_in_page(readers):
    reader, other = readers
    with db.engine().begin() as connection:
        connection.exec_driver_sql(
            "UPDATE session SET ended_at = now() FROM account WHERE account.id = account AND name = 'district'"
        )
    reader.heard.clear()
    choose_indicator(reader, other, 0, None)
    reader.page.wait_for_url("**/sign-in?said=ended*")
    expect(reader.page.get_by_role("status")).to_have_text("Phiên làm việc đã kết thúc. Hãy đăng nhập lại.")
    assert found_in(reader.heard, reader.own) == set()
    choose_indicator(other, reader, 0, None)
    expect(other.page.locator(".phuqr-header h2")).to_have_text(other.unit.name)
    # What the page that was left still asked for was refused, and so was the websocket it would have opened again
    refused = ("401", "Refused to execute script", "Event")
    reader.page.faults[:] = [fault for fault in reader.page.faults if not any(word in fault for word in refused)]
