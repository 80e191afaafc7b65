"""What the map can do besides colours: find places, go down and up, show venues, weeks and two windows, and be taken away."""

import io
import json
import re
import sqlite3
from contextlib import closing
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pyogrio
import pytest
from PIL import Image
from playwright.sync_api import expect

from dashboard.navigation import PAGES
from dashboard.text import Text
from geo import db
from geo.accounts import add_account, operator_scope
from geo.audit import operator
from geo.coverage import Window
from geo.lagging import read_lagging
from loaders.boundaries import load_boundaries
from loaders.scans import load_scans
from loaders.venues import load_venues

DAYS = "from=2021-11-26&to=2021-12-08"
VI = Text("vi")
NAMES = "http://www.w3.org/", "http://www.apache.org/licenses/"  # of formats and licences, which no browser asks for
NASTY = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def open_map(page, query=""):
    """The frame of the map, once the whole page is there."""
    page.goto(f"/?{query}")
    frame = painted(page)
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    return frame


def painted(page, place=0):
    page.wait_for_selector("iframe[title='streamlit_folium.st_folium']")
    frame = page.locator("iframe").nth(place).element_handle().content_frame()
    frame.wait_for_function("+(document.documentElement.dataset.phuqrPaints ?? 0) > 0")
    return frame


def state(frame):
    return frame.evaluate("phuqr.state()")


def wait_for_address(page, **wanted):
    page.wait_for_function(
        "wanted => { const query = new URLSearchParams(location.search);"
        " return Object.entries(wanted).every(([name, value]) => query.get(name) === value); }",
        arg=wanted,
    )


def click_at(page, frame, code):
    frame.wait_for_function("code => phuqr.pointOf(code)", arg=code)
    x, y = frame.evaluate("code => phuqr.pointOf(code)", code)
    page.locator("iframe").first.click(position={"x": x, "y": y})


def corner(frame):
    """Zoom, and the pixels of the world at that zoom that the frame begins with: the same wherever the same is drawn."""
    return frame.evaluate(
        "(() => { const map = Object.values(window).find((value) => value instanceof L.Map);"
        " const { x, y } = map.getPixelBounds().min; return [map.getZoom(), x, y]; })()"
    )


def camera(frame):
    return frame.evaluate(
        "(() => { const map = Object.values(window).find((value) => value instanceof L.Map);"
        " const { lat, lng } = map.getCenter(); return [map.getZoom(), +lat.toFixed(4), +lng.toFixed(4)]; })()"
    )


@pytest.mark.parametrize("path", PAGES)
def test_no_page_asks_for_anything_outside(new_page, server, path):
    role = "data" if path == "data" else "admin"
    page = new_page(role)
    page.goto(f"/{path}?{DAYS}&unit=440&commune=18235" if path == "commune" else f"/{path}?{DAYS}")
    expect(page.locator("h1").first).to_be_visible()
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.wait_for_timeout(1500)
    # Below the first page Streamlit asks for its own files at two places
    page.faults[:] = [fault for fault in page.faults if not (path and "404 (Not Found)" in fault)]
    assert page.seen and all(url.startswith((f"{server}/", "data:", "blob:", server.replace("http", "ws"))) for url in page.seen)


def test_what_the_app_serves_names_no_address_outside(page, server):
    frame = open_map(page, f"unit=440&{DAYS}&layer=venues&commune=18229&near=1")
    frame.wait_for_function("phuqr.state().venues.drawn.length > 0")
    exports = [f"/export/{name}?unit=440&{DAYS}" for name in ("map.html", "communes.geojson")]
    own = {urlsplit(url)._replace(scheme="", netloc="").geturl() for url in page.seen if url.startswith(f"{server}/")}
    # Streamlit's own scripts and Leaflet's name addresses that they never ask for, as the test above shows
    asked = {path for path in own if not path.startswith(("/static/", "/component/", "/lib/leaflet/", "/_stcore"))}
    assert any(path.startswith("/tiles/") for path in asked) and "/lib/phuqr.js" in asked
    for path in asked | {"/", "/sign-in", "/password", "/lib/phuqr/phuqr.css", *exports}:
        answer = page.context.request.get(path, max_redirects=0, max_retries=2)
        body = answer.body().decode("utf-8", errors="replace")
        if path.startswith("/export/map.html"):
            body = body[body.index("phuqr.start(") :]  # after Leaflet
        found = {each for each in re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\s\"'<>]*", body) if not each.startswith(NAMES)}
        assert found == set(), path


def test_a_place_is_found_as_it_is_typed_without_marks(page):
    frame = open_map(page, f"unit=42&{DAYS}")
    far, field = camera(frame)[0], frame.get_by_role("combobox")
    field.fill("quang vinh duc tho")
    expect(frame.get_by_role("option")).to_have_count(1)
    expect(frame.get_by_role("option")).to_contain_text("Xã Quang Vĩnh")
    field.press("ArrowDown")
    field.press("Enter")
    wait_for_address(page, unit="440", commune="18235", near="1")
    expect(page.locator(".phuqr-panel h2")).to_have_text("Xã Quang Vĩnh")
    path = page.locator(".st-key-map-path button")
    expect(path).to_have_text(["Tỉnh Hà Tĩnh", "› Huyện Đức Thọ", "› Xã Quang Vĩnh"])
    zoom = "Object.values(window).find((value) => value instanceof L.Map).getZoom()"
    frame.wait_for_function(f"far => {zoom} > far + 2", arg=far)
    path.nth(0).click()
    wait_for_address(page, unit="42")
    page.wait_for_function("!location.search.includes('commune')")
    frame.wait_for_function(f"far => {zoom} === far", arg=far)
    field.fill("không có xã này")
    expect(frame.locator(".phuqr-nothing")).to_have_text(VI("map.nothing_found"))


def test_another_click_goes_down_in_the_same_frame(page):
    frame = open_map(page, f"unit=42&{DAYS}")
    frame.evaluate("window.mark = 'the same'")
    code = next(code for code in state(frame)["classes"] if frame.evaluate("code => phuqr.pointOf(code)", code))
    click_at(page, frame, code)
    wait_for_address(page, commune=code, unit="42")
    far = camera(frame)[0]
    expect(page.locator(".phuqr-panel")).to_be_visible()
    click_at(page, frame, code)
    page.wait_for_function("new URLSearchParams(location.search).get('unit') !== '42'")
    frame.wait_for_function("far => Object.values(window).find((value) => value instanceof L.Map).getZoom() > far + 0.5", arg=far)
    click_at(page, frame, code)
    wait_for_address(page, commune=code, near="1")
    assert painted(page).evaluate("window.mark") == "the same"
    assert sum(".topojson" in url for url in page.seen) == 1


def test_marks_are_seen_without_colour(page, sample, use_database):
    use_database(sample)
    with db.reading(operator_scope()) as connection:
        rows = read_lagging(connection, "440", Window(date(2021, 11, 26), date(2021, 12, 8))).rows
    frame = open_map(page, f"unit=440&{DAYS}")
    found = state(frame)
    assert found["marks"] == {code: verdict for code, verdict in rows["activity"].items() if verdict in ("lagging", "watch")}
    contrast = """code => {
        const [x, y] = phuqr.pointOf(code);
        const canvas = document.querySelector(".leaflet-overlay-pane canvas");
        const box = canvas.getBoundingClientRect(), ratio = canvas.width / box.width;
        const { data } = canvas.getContext("2d").getImageData((x - box.x - 9) * ratio, (y - box.y - 9) * ratio, 18, 18);
        const grey = [];
        for (let i = 0; i < data.length; i += 4) grey.push(0.2126 * data[i] + 0.7152 * data[i + 1] + 0.0722 * data[i + 2]);
        return Math.max(...grey) - Math.min(...grey);
    }"""
    for code in rows.index:
        if frame.evaluate("code => phuqr.pointOf(code)", code):
            seen = frame.evaluate(contrast, code)
            assert seen > 120 if code in found["marks"] else seen < 5, code


def test_venues_are_numbers_from_afar_and_points_from_near(page, server):
    frame = open_map(page, f"unit=42&{DAYS}&layer=venues")
    frame.wait_for_function("phuqr.state().venues.drawn.length === 13")
    far = state(frame)["venues"]
    assert {each["layer"] for each in far["drawn"]} == {"units"} and sum(each["n"] for each in far["drawn"]) == 16202
    assert "16.202 trong 16.202" in far["tally"]
    page.goto(f"/?unit=440&{DAYS}&layer=venues&commune=18229&near=1")
    frame = painted(page)
    frame.wait_for_function("phuqr.state().venues.drawn.some(({ layer }) => layer === 'venues') && !phuqr.state().venues.loading")
    near = state(frame)["venues"]
    assert re.search(r"Hiện [\d.]+ trong [\d.]+ điểm ở khung nhìn; tất cả 2\.123 địa điểm", near["tally"])
    rest = next(each for each in near["drawn"] if each["layer"] == "rest" and each["name"] == "Thị trấn Đức Thọ")
    assert rest["n"] > 50
    url = next(url for url in page.seen if "/tiles/" in url and int(url.split("/")[-3]) >= 12)
    body = page.context.request.get(url, max_retries=2).body()
    read = frame.evaluate("async url => phuqr.tiles.decode(await (await fetch(url)).arrayBuffer())", url)
    told = {str(layer): pyogrio.read_dataframe(io.BytesIO(body), layer=str(layer)) for layer, _ in pyogrio.list_layers(io.BytesIO(body))} if body else {}
    for layer, rows in told.items():
        assert sorted(each["n"] for each in read[layer]) == sorted(rows["n"].tolist())
        if layer == "venues":
            assert sorted(each["id"] for each in read[layer]) == sorted(rows["mvt_id"].tolist())


def test_a_click_on_a_venue_opens_it(page):
    frame = open_map(page, f"unit=440&{DAYS}&layer=venues&commune=18229&near=1")
    frame.wait_for_function("phuqr.state().venues.drawn.some(({ layer }) => layer === 'venues') && !phuqr.state().venues.loading")
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    size = page.locator("iframe").first.bounding_box()
    inside = [
        each for each in state(frame)["venues"]["drawn"]
        if each["layer"] == "venues" and 60 < each["x"] < size["width"] - 80 and 140 < each["y"] < size["height"] - 80
    ]  # fmt: skip
    page.locator("iframe").first.click(position={"x": inside[0]["x"], "y": inside[0]["y"]})
    expect(page.locator(".phuqr-venue h2")).to_be_visible()
    page.wait_for_function("new URLSearchParams(location.search).get('venue')?.startsWith('MAU-')")
    code = parse_qs(urlsplit(page.url).query)["venue"][0]
    expect(page.locator(".phuqr-venue")).to_contain_text(code)


def test_two_windows_move_as_one(page):
    page.goto(f"/?unit=440&{DAYS}&beside_from=2021-11-13&beside_to=2021-11-25")
    left, right = painted(page, 0), painted(page, 1)
    assert "13/11/2021" in state(left)["caption"] and "26/11/2021" in state(right)["caption"]
    page.wait_for_timeout(500)
    before = camera(left)
    left.get_by_role("button", name=VI("map.zoom_in")).click()
    left.wait_for_function("before => Object.values(window).find((value) => value instanceof L.Map).getZoom() > before", arg=before[0])
    page.wait_for_timeout(700)
    assert camera(left) == camera(right) and camera(left)[0] == before[0] + 1
    box = page.locator("iframe").nth(1).bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 340, steps=5)
    page.mouse.up()
    page.wait_for_timeout(700)
    assert camera(left) == camera(right)


def test_weeks_are_played_in_the_browser(page):
    frame = open_map(page, f"unit=42&{DAYS}&layer=weeks")
    last = state(frame)
    assert last["player"]["weeks"] > 4 and last["player"]["week"] == "02/12/2021 – 08/12/2021 (7 ngày)"
    asked = len(page.seen)
    slider = frame.get_by_role("slider", name=VI("map.week"))
    slider.focus()
    slider.press("ArrowLeft")
    frame.wait_for_function("phuqr.state().player.week.startsWith('25/11/2021')")
    assert state(frame)["classes"] != last["classes"] and "25/11/2021 – 01/12/2021" in state(frame)["caption"]
    frame.get_by_role("button", name=VI("map.play")).click()
    frame.wait_for_function("phuqr.state().player.week.startsWith('02/12/2021') && !phuqr.state().player.playing", timeout=8000)
    assert state(frame)["classes"] == last["classes"] and len(page.seen) == asked


def test_the_islands_are_on_every_map(page):
    frame = open_map(page, f"unit=42&{DAYS}")
    labels = frame.locator(".phuqr-archipelago")
    expect(labels).to_have_text(["Quần đảo Hoàng Sa (Việt Nam)", "Quần đảo Trường Sa (Việt Nam)"])


def test_the_page_that_was_taken_away_draws_the_map_by_itself(page, new_page):
    open_map(page, f"unit=440&{DAYS}")
    body = page.context.request.get(f"/export/map.html?unit=440&{DAYS}", max_retries=2).text()
    alone = new_page(None, java_script_enabled=True)
    alone.set_content(body)
    alone.wait_for_function("+(document.documentElement.dataset.phuqrPaints ?? 0) > 0")
    found = alone.evaluate("phuqr.state()")
    assert (found["communes"], found["painted"]) == (16, 16) and "Huyện Đức Thọ" in found["caption"]
    assert alone.seen == []
    expect(alone.locator(".phuqr-legend li")).not_to_have_count(0)


def test_the_rest_of_the_page_comes_also_when_the_map_does_not(new_page):
    page = new_page()
    page.route("**/lib/phuqr.js", lambda route: route.abort())
    page.goto(f"/?unit=440&{DAYS}")
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible(timeout=30_000)
    expect(page.get_by_test_id("stDateInput")).to_be_visible()
    page.faults.clear()  # of the script that was kept away


def test_the_map_is_fitted_below_its_caption_however_late_its_style_comes(new_page):
    early, late, held = new_page(), new_page(), []
    wanted = corner(open_map(early, f"unit=42&{DAYS}&layer=venues"))
    late.route("**/phuqr-map.css", lambda route: held.append(route))
    with late.expect_response("**/*.topojson"):
        late.goto(f"/?unit=42&{DAYS}&layer=venues")
    late.wait_for_timeout(500)
    held[0].continue_()
    frame = painted(late)
    assert corner(frame) == wanted
    frame.evaluate(
        "void Object.values(window).find((value) => value instanceof L.Map)"
        ".setView([18.42, 105.79], 9.25, { reset: true }).fire('resize')"
    )
    assert corner(frame) == wanted


@pytest.fixture
def nasty(make_database, use_database, sample, boundary_file, tmp_path, serve, browser):
    """A page of a leader of a province of which the names of a commune, a venue and its organisation hold HTML and script."""
    import geopandas as gpd

    use_database(make_database())
    db.migrate()
    communes = gpd.read_file(boundary_file)
    communes.loc[communes["commune_code"] == "18229", "commune_name"] = f"Xã {NASTY}"
    communes.loc[communes["district_code"] == "440", "district_name"] = f"Huyện {NASTY}"
    communes.to_file(tmp_path / "communes.gpkg", layer="communes")
    load_boundaries(tmp_path / "communes.gpkg", date(2021, 11, 1))
    rows = [f'V{number},"{NASTY} {number}","{NASTY}",Trụ sở làm việc,18229,26/11/2021,105.55{number},18.55' for number in range(9)]
    head = "venue_code,name,organisation,kind,commune_code,created_on,lon,lat"
    (tmp_path / "venues.csv").write_text("\n".join([head, *rows]), encoding="utf-8")
    load_venues(tmp_path / "venues.csv")
    (tmp_path / "scans.csv").write_text("venue_code,day,scans,people\nV0,2021-12-01,3,2\n", encoding="utf-8")
    load_scans(tmp_path / "scans.csv")
    password = add_account(operator(), "leader", "leader", ["42"])
    import os

    url = os.environ["DATABASE_URL"]
    with serve(url, tmp_path / "log") as address:
        context = browser.new_context(base_url=address, locale="vi-VN", viewport={"width": 1400, "height": 1500})
        signing_in = {"name": "leader", "password": password}
        assert context.request.post("/sign-in", form=signing_in, max_redirects=0).status == 303
        page, faults = context.new_page(), []
        page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: faults.append(request.url) if not request.url.startswith((address, "data:", "blob:")) else None)
        yield page
        assert faults == []
        assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0
        context.close()
    use_database(sample)


def test_names_with_html_are_texts_on_map_tooltip_table_chart_and_export(nasty):
    page = nasty
    frame = open_map(page, f"unit=440&{DAYS}&layer=venues&commune=18229&near=1&venue=V0")
    expect(page.locator(".phuqr-venue h2")).to_have_text(f"{NASTY} 0")
    expect(page.locator(".phuqr-venue")).to_contain_text(NASTY)
    expect(page.locator(".phuqr-panel:not(.phuqr-venue) h2")).to_have_text(f"Xã {NASTY}")
    frame.wait_for_function("phuqr.state().venues.drawn.some(({ layer }) => layer === 'venues') && !phuqr.state().venues.loading")
    point = next(each for each in state(frame)["venues"]["drawn"] if each["layer"] == "venues")
    page.locator("iframe").first.hover(position={"x": point["x"], "y": point["y"]})
    expect(frame.locator(".phuqr-tip b")).to_contain_text(NASTY)
    expect(page.get_by_test_id("stDataFrame").first.get_by_test_id("glide-cell-1-0")).to_contain_text("Xã")
    field = frame.get_by_role("combobox")
    field.fill("img src")
    expect(frame.get_by_role("option").first).to_contain_text(NASTY)
    field.press("Escape")
    open_map(page, f"unit=42&{DAYS}")
    frame = painted(page)
    x, y = frame.evaluate("phuqr.pointOf('18229')")
    page.locator("iframe").first.hover(position={"x": x, "y": y})
    expect(frame.locator(".phuqr-name")).to_contain_text(NASTY)
    for path in ("overview", "lagging", "sectors"):
        page.goto(f"/{path}?unit=440&{DAYS}")
        expect(page.locator("h1").first).to_be_visible()
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
        page.wait_for_timeout(800)
    body = page.context.request.get(f"/export/map.html?unit=440&{DAYS}", max_retries=2).text()
    page.set_content(body)
    page.wait_for_function("+(document.documentElement.dataset.phuqrPaints ?? 0) > 0")
    assert NASTY in page.evaluate("phuqr.state().caption")
    assert json.dumps(NASTY)[1:-1] in page.context.request.get(f"/export/communes.geojson?unit=440&{DAYS}", max_retries=2).text()


def test_a_base_map_that_is_configured_lies_under_the_communes(sample, passwords, serve, browser, tmp_path, monkeypatch):
    grey = Image.new("L", (256, 256), 200)
    drawn = io.BytesIO()
    grey.save(drawn, "PNG")
    with closing(sqlite3.connect(tmp_path / "base.mbtiles")) as connection:
        connection.execute("CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)")
        tiles = ((z, x, y, drawn.getvalue()) for z in range(8) for x in range(2**z) for y in range(2**z))
        connection.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", tiles)
        connection.commit()
    monkeypatch.setenv("PHUQR_BASE_MAP", str(tmp_path / "base.mbtiles"))
    monkeypatch.setenv("PHUQR_BASE_MAP_CREDIT", "© Nền thử")
    with serve(sample, tmp_path / "log") as address:
        context = browser.new_context(base_url=address)
        page = context.new_page()
        page.goto("/sign-in")
        page.get_by_label("Tên tài khoản").fill("leader")
        page.get_by_label("Mật khẩu").fill(passwords["leader"])
        page.get_by_role("button", name="Đăng nhập").click()
        frame = page.wait_for_selector("iframe[title='streamlit_folium.st_folium']").content_frame()
        frame.wait_for_selector("img.leaflet-tile-loaded", state="attached")
        frame.wait_for_function("phuqr.state().source.includes('© Nền thử')")
        context.close()
