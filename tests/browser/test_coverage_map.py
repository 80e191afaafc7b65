"""The map as a reader sees it: in a real Chromium, from the real server, with every outside address refused."""

import re
import socket
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect
from python_calamine import CalamineWorkbook

from dashboard.legend import PALETTE, classify
from dashboard.maps import OUTSIDE
from dashboard.text import Text
from geo import db
from geo.accounts import operator_scope
from geo.coverage import RATES, Window, read_coverage

WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))
DAYS = "from=2021-11-26&to=2021-12-08"
VI = Text("vi")


@pytest.fixture(scope="module")
def coverage(sample, use_database):
    """A function that reads coverage from the database itself."""
    use_database(sample)

    def read(unit="42", **options):
        with db.reading(operator_scope()) as connection:
            return read_coverage(connection, unit, WINDOW, **options)

    return read


def classes_of(found, rate):
    return classify(found.rows.set_index("code"), rate).to_dict()


def open_map(page, query=""):
    """The frame of the map, painted."""
    page.goto(f"/?{query}")
    return map_frame(page)


def map_frame(page):
    frame = page.wait_for_selector("iframe[title='streamlit_folium.st_folium']").content_frame()
    wait_for_paint(frame, 0)
    return frame


def wait_for_paint(frame, before):
    frame.wait_for_function("before => +(document.documentElement.dataset.phuqrPaints ?? 0) > before", arg=before)


def wait_for_classes(frame, classes):
    frame.wait_for_function(
        "wanted => Object.entries(wanted).every(([code, key]) => phuqr.state().classes[code] === key)", arg=classes
    )


def state(frame):
    return frame.evaluate("phuqr.state()")


def find_commune(frame, code):
    """The middle of a commune, as x and y in the frame."""
    return frame.evaluate(
        """code => {
            const map = Object.values(window).find((value) => value instanceof L.Map);
            let point;
            map.eachLayer((layer) => {
                if (layer.code === code) point = map.latLngToContainerPoint(layer.getCenter());
            });
            return [point.x, point.y];
        }""",
        code,
    )


def click_commune(page, frame, code):
    page.locator("iframe").click(position=dict(zip("xy", find_commune(frame, code), strict=True)))


def choose(page, place, name):
    page.get_by_test_id("stSelectbox").nth(place).click()
    page.get_by_role("option", name=name, exact=True).click()


def choose_indicator(page, rate, text=VI):
    page.get_by_test_id("stButtonGroup").get_by_text(text(rate), exact=True).click()


def address(page):
    return {name: found[0] for name, found in parse_qs(urlsplit(page.url).query).items()}


def wait_for_address(page, **wanted):
    page.wait_for_function(
        "wanted => { const query = new URLSearchParams(location.search);"
        " return Object.entries(wanted).every(([name, value]) => query.get(name) === value); }",
        arg=wanted,
    )


def expect_figures(page, found, text=VI):
    cards = page.locator(".phuqr-card")
    for place, (rate, (numerator, denominator)) in enumerate(RATES.items()):
        expect(cards.nth(place).locator(".phuqr-figure")).to_have_text(text.percent(found.total[rate]))
        expect(cards.nth(place).locator(".phuqr-fraction")).to_have_text(
            text.rate(found.total, rate, numerator, denominator)
        )


def expect_panel(page, row, text=VI):
    panel = page.locator(".phuqr-panel")
    expect(panel.locator("h2")).to_have_text(row["name"])
    assert panel.locator("td b").all_inner_texts() == [text.percent(row[rate]) for rate in RATES]
    counts = ["obliged", "created", "new", "active", "never_scanned", "scans"]
    assert panel.locator("dd").all_inner_texts() == [text.number(row[count]) for count in counts]
    for rate, (numerator, denominator) in RATES.items():
        expect(panel).to_contain_text(text.rate(row, rate, numerator, denominator))


def commune(found, code):
    return found.rows.set_index("code", drop=False).loc[code]


def test_all_communes_are_painted_in_their_colours(page, coverage):
    frame = open_map(page)
    found = state(frame)
    assert (found["communes"], found["painted"]) == (216, 216)
    assert found["classes"] == classes_of(coverage(), "activity_rate")
    expect_figures(page, coverage())
    expect(page.locator("h1")).to_have_text("Bản đồ phủ QR")
    expect(page.locator(".phuqr-banner")).to_contain_text("không phải số liệu thật")
    assert page.evaluate("document.documentElement.lang") == "vi"
    counts = frame.evaluate(
        """palette => {
            const canvas = document.querySelector(".leaflet-overlay-pane canvas");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const counts = Object.fromEntries(palette.map((colour) => [colour, 0]));
            for (let i = 0; i < data.length; i += 4) {
                const hex = [...data.slice(i, i + 3)].map((part) => part.toString(16).padStart(2, "0")).join("");
                if (data[i + 3] === 255 && `#${hex}` in counts) counts[`#${hex}`]++;
            }
            return counts;
        }""",
        PALETTE,
    )
    used = {key for key in classes_of(coverage(), "activity_rate").values() if isinstance(key, int)}
    assert used == set(range(len(PALETTE)))
    assert all(counts[colour] > 300 for colour in PALETTE), counts


def test_another_indicator_repaints_in_place(page, coverage):
    frame = open_map(page)
    frame.evaluate("window.mark = 'the same'")
    for rate in ("creation_rate", "cohort_rate", "activity_rate"):
        before = state(frame)["paints"]
        choose_indicator(page, rate)
        wait_for_paint(frame, before)
        wait_for_classes(frame, classes_of(coverage(), rate))
        wait_for_address(page, indicator=rate)
    assert map_frame(page).evaluate("window.mark") == "the same"
    assert sum(".topojson" in url for url in page.seen) == 1
    assert page.locator("iframe").count() == 1


def test_a_click_opens_the_panel_of_that_commune(page, coverage):
    frame = open_map(page, f"unit=440&{DAYS}")
    wait_for_classes(frame, classes_of(coverage("440"), "activity_rate"))
    click_commune(page, frame, "18235")
    wait_for_address(page, commune="18235")
    expect_panel(page, commune(coverage("440"), "18235"))
    expect(page.locator(".phuqr-panel")).to_contain_text("Huyện Đức Thọ: 29,9 %")
    frame.wait_for_function("phuqr.state().selected === '18235'")
    for _ in range(2):
        page.get_by_role("button", name="Đóng").click()
        expect(page.locator(".phuqr-panel")).to_have_count(0)
        page.wait_for_function("!location.search.includes('commune')")
        click_commune(page, frame, "18235")
        expect(page.locator(".phuqr-panel h2")).to_have_text("Xã Quang Vĩnh")


def test_a_click_outside_the_district_goes_to_the_district_of_that_commune(page, coverage):
    frame = open_map(page, f"unit=440&{DAYS}")
    outside = [code for code, key in state(frame)["classes"].items() if key == OUTSIDE]
    assert len(outside) == 200
    size = page.locator("iframe").bounding_box()
    seen = [
        code for code in outside
        if all(60 < place < side - 60 for place, side in zip(find_commune(frame, code), (size["width"], size["height"]), strict=True))
    ]  # fmt: skip
    click_commune(page, frame, seen[0])
    wait_for_address(page, unit=commune(coverage(), seen[0])["parent_code"], commune=seen[0])
    expect_panel(page, commune(coverage(), seen[0]))


def test_a_row_of_the_table_opens_the_panel_also_when_sorted(page, coverage):
    open_map(page, f"unit=440&{DAYS}")
    grid = page.get_by_test_id("stDataFrame")

    def click_table(x, y):
        grid.locator("canvas").first.click(position={"x": x, "y": y}, force=True)  # what scrolls lies over the canvas

    first = grid.get_by_test_id("glide-cell-1-0")
    ordered = coverage("440").rows.sort_values("activity_rate")
    least, most = ordered.iloc[0], ordered.iloc[-1]
    expect(first).to_have_text(least["name"])
    click_table(180, 18)
    click_table(180, 18)
    expect(first).to_have_text(most["name"])
    click_table(20, 36 + 17)
    expect_panel(page, most)
    wait_for_address(page, commune=most["code"])
    page.get_by_role("button", name="Đóng").click()
    expect(page.locator(".phuqr-panel")).to_have_count(0)
    expect(grid.locator("tr[aria-rowindex='2']")).to_have_attribute("aria-selected", "false")
    click_table(20, 36 + 17)
    expect(page.locator(".phuqr-panel h2")).to_have_text(most["name"])


def test_a_district_is_shown_alone_and_back_shows_the_province(page, coverage):
    frame = open_map(page)
    zoom = "Object.values(window).find((value) => value instanceof L.Map).getZoom()"
    far = frame.evaluate(zoom)
    choose(page, 0, "Huyện Đức Thọ")
    wait_for_address(page, unit="440")
    expect_figures(page, coverage("440"))
    expect(page.locator(".phuqr-card").nth(2)).to_contain_text("29,9 %")
    expect(page.locator(".phuqr-card").nth(2)).to_contain_text("570 hoạt động / 1.904 tạo mới")
    expect(page.locator(".phuqr-header h2")).to_have_text("Huyện Đức Thọ")
    expect(page.get_by_test_id("stDataFrame").locator("table")).to_have_attribute("aria-rowcount", str(16 + 1))
    wait_for_classes(frame, classes_of(coverage("440"), "activity_rate"))
    assert frame.evaluate(zoom) > far + 1
    assert list(state(frame)["classes"].values()).count(OUTSIDE) == 200
    page.go_back()
    expect(page.locator(".phuqr-header h2")).to_have_text("Tỉnh Hà Tĩnh")
    expect_figures(page, coverage())
    wait_for_classes(frame, classes_of(coverage(), "activity_rate"))
    assert abs(frame.evaluate(zoom) - far) <= 0.25, "as far as before, but for the bar that the longer page has beside it"


def test_a_shared_address_shows_another_reader_the_same(page, new_page):
    open_map(page, f"unit=440&{DAYS}&indicator=creation_rate&group=C&commune=18235&lang=vi")
    other = new_page()
    assert state(open_map(other, urlsplit(page.url).query)) | {"lastPaintMs": 0, "paints": 0} == state(map_frame(page)) | {
        "lastPaintMs": 0, "paints": 0,
    }  # fmt: skip
    for part in (".phuqr-cards", ".phuqr-panel", ".phuqr-legend", ".phuqr-header"):
        assert other.locator(part).inner_text() == page.locator(part).inner_text()


def test_a_group_narrows_figures_and_map(page, coverage):
    frame = open_map(page, f"unit=440&{DAYS}")
    choose(page, 2, "A – cơ quan, đơn vị")
    wait_for_address(page, group="A")
    expect_figures(page, coverage("440", group="A"))
    wait_for_classes(frame, classes_of(coverage("440", group="A"), "activity_rate"))


def test_english_keeps_what_was_chosen(page, coverage):
    open_map(page, f"unit=440&{DAYS}&group=C&commune=18235")
    choose(page, 3, "English")
    wait_for_address(page, lang="en", unit="440", group="C", commune="18235")
    expect(page.locator("h1")).to_have_text("QR coverage map")
    english = Text("en")
    expect_figures(page, coverage("440", group="C"), english)
    expect(page.locator(".phuqr-banner")).to_contain_text("invented")
    # the browser tells a choice by its label: those of the former language must not come back with the next choice
    frame = map_frame(page)
    choose_indicator(page, "creation_rate", english)
    wait_for_address(page, indicator="creation_rate", group="C", unit="440")
    expect_figures(page, coverage("440", group="C"), english)
    wait_for_classes(frame, classes_of(coverage("440", group="C"), "creation_rate"))
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def test_days_without_scans_have_no_data_and_no_zero(page):
    frame = open_map(page, "unit=42&from=2022-01-01&to=2022-01-07")
    expect(page.locator(".phuqr-figure")).to_have_text([re.compile("66,1"), "chưa có số liệu", "chưa có số liệu"])
    assert set(state(frame)["classes"].values()) == {"none"}
    expect(page.locator(".phuqr-header")).to_contain_text("01/01/2022 – 07/01/2022 (7 ngày)")
    expect(page.locator(".phuqr-header")).to_contain_text("Lượt quét mới có đến ngày 08/12/2021")
    assert not re.search(r"\b0,0\s%", page.locator("[data-testid=stMain]").inner_text())


@pytest.mark.parametrize(
    "query",
    ["unit=999&from=hôm+nay&to=2021-12-08&indicator=1&group=%00&lang=%F0",
     "unit=42&commune=%3Cscript%3Ealert(1)%3C/script%3E&from=2021-12-08&to=2021-11-26"],
)  # fmt: skip
def test_an_address_of_nonsense_gives_a_notice_and_the_map(page, query):
    frame = open_map(page, query)
    expect(page.get_by_test_id("stAlert")).to_contain_text("Có lựa chọn không hợp lệ")
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert state(frame)["painted"] == 216
    wanted = {"unit": "42", "from": "2021-11-26", "to": "2021-12-08", "indicator": "activity_rate", "lang": "vi"}
    wait_for_address(page, **wanted)
    assert address(page) == wanted


def test_the_spreadsheet_is_a_real_one(page, coverage, tmp_path):
    open_map(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Tải bảng Excel").click()
    assert download.value.suggested_filename == "phu-qr_42_all_2021-11-26_2021-12-08.xlsx"
    download.value.save_as(tmp_path / "table.xlsx")
    rows = CalamineWorkbook.from_path(tmp_path / "table.xlsx").get_sheet_by_index(0).to_python()
    (top,) = [place for place, row in enumerate(rows) if row[0] == "Mã"]
    records = rows[top + 1 :]
    assert [row[0] for row in records] == [*coverage().rows["code"], "42"]
    total = dict(zip(rows[top], records[-1], strict=True))
    assert (total["Tạo mới"], total["Mới và hoạt động"]) == (coverage().total["new"], coverage().total["cohort"])
    said = " ".join(str(cell) for row in rows[:top] for cell in row)
    assert "26/11/2021 – 08/12/2021 (13 ngày)" in said and VI.definition("cohort_rate", WINDOW) in said
    assert "không phải số liệu thật" in said


def test_a_telephone_shows_all_without_scrolling_sideways(new_page, coverage):
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    frame = open_map(page, f"unit=440&{DAYS}")
    expect_figures(page, coverage("440"))
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    field = page.get_by_test_id("stDateInputFieldsScroller")
    assert field.evaluate("field => field.scrollWidth <= field.clientWidth"), "the last day is cut off"
    page.locator("iframe").scroll_into_view_if_needed()
    size = page.locator("iframe").bounding_box()
    assert size["width"] > 340 and size["height"] > 300
    x, y = find_commune(frame, "18235")
    page.touchscreen.tap(size["x"] + x, size["y"] + y)
    expect_panel(page, commune(coverage("440"), "18235"))
    assert page.locator("h1").count() == 1


def test_two_readers_see_their_own(new_page, coverage):
    one, two = new_page(), new_page()
    frames = open_map(one, f"unit=440&{DAYS}"), open_map(two, f"unit=42&{DAYS}")
    choose_indicator(one, "creation_rate")
    choose_indicator(two, "cohort_rate")
    for page, frame, unit, rate in ((one, frames[0], "440", "creation_rate"), (two, frames[1], "42", "cohort_rate")):
        wait_for_classes(frame, classes_of(coverage(unit), rate))
        wait_for_address(page, unit=unit, indicator=rate)
        expect_figures(page, coverage(unit))


def test_choices_made_faster_than_the_page_answers_are_kept(page, coverage):
    frame = open_map(page)
    for rate in ("creation_rate", "cohort_rate", "activity_rate", "cohort_rate", "creation_rate"):
        choose_indicator(page, rate)
    wait_for_address(page, indicator="creation_rate")
    wait_for_classes(frame, classes_of(coverage(), "creation_rate"))
    choose(page, 0, "Huyện Đức Thọ")
    choose_indicator(page, "cohort_rate")
    wait_for_address(page, unit="440", indicator="cohort_rate")
    wait_for_classes(frame, classes_of(coverage("440"), "cohort_rate"))


def test_the_server_answers_to_this_machine_only(server):
    port = int(server.rsplit(":", 1)[1])
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):  # as any address but the one it listens on
        socket.create_connection(("127.0.0.2", port), timeout=5)
