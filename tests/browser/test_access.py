"""Every route of the app, Streamlit's own among them, asked by every role and by nobody, for units in scope and out of it."""

import http.client
import io
import json
import re
import subprocess
import sys
from urllib.parse import urlencode, urlsplit

import pytest
from python_calamine import CalamineWorkbook

from dashboard import base_map, drawn, report_drafts, tiles
from dashboard.navigation import PAGES
from geo import db
from geo.accounts import operator_scope
from geo.coverage import read_holdings
from geo.scope import ROLES
from geo.units import communes_within, read_atlas

# What each account of the sample sees: a province, a district of it, a commune of that.
SEES = {role: {"42", "440", "449", "18235", "18754"} for role in ROLES}
SEES |= {"district": {"440", "18235"}, "commune": {"18235"}}
UNITS = ["42", "440", "449", "18235", "18754", "46", "99", "'; DROP TABLE venue; --"]

GEOMETRY, TABLE = "/geo/{vintage_id:number}/{version:number}/{unit}.topojson", "/export/coverage.xlsx"
MAP, WORKLIST = "/export/{name}", "/export/worklist.xlsx"
DAY = "/day.html"
# Each route of the app -> an address of it. What stands in none of these fails the test of its rule.
OPEN = {"/health": "/health", "/sign-in": "/sign-in"}
PROVIDER = {"/sign-in/provider": "/sign-in/provider", "/sign-in/callback": "/sign-in/callback"}  # none is configured
SIGNED_IN = {
    "/password": "/password",
    "/lib/leaflet": "/lib/leaflet/leaflet.js",
    "/lib/phuqr": "/lib/phuqr/phuqr.css",
    "/lib/phuqr.js": "/lib/phuqr.js",
    drawn.PATH: "/drawn/none",
    "/_stcore/health": "/_stcore/health",
    "/_stcore/host-config": "/_stcore/host-config",
    "/component/{path:path}": "/component/streamlit_folium.st_folium/index.html",
}
FINDINGS, CHECKED = "/data/findings/{run:number}.xlsx", "/data/checked/{token}.xlsx"  # see test_data_page.py
REPORTS = {report_drafts.DRAFT, report_drafts.ISSUED}  # see test_reports_page.py
SCOPED = {GEOMETRY, TABLE, MAP, WORKLIST, DAY, tiles.PATH, FINDINGS, CHECKED, *REPORTS}
UPLOAD = "/_stcore/upload_file/{session_id}/{file_id}"  # see test_data_page.py
POSTED = {"/sign-out": "/sign-out"}
STREAM = {"/_stcore/stream": "/_stcore/stream"}
REST = {"": "/favicon.png"}  # Streamlit's files; the pages are there too
SHUT = {
    "/_stcore/metrics": "/_stcore/metrics",
    "/media/{file_id:path}": "/media/0123456789.xlsx",
    "/_stcore/bidi-components/{path:path}": "/_stcore/bidi-components/x/index.js",
    "/auth/login": "/auth/login",
    "/auth/logout": "/auth/logout",
    "/oauth2callback": "/oauth2callback",
    "/_stcore/agent/interact": "/_stcore/agent/interact",
    "/_stcore/agent/openapi.json": "/_stcore/agent/openapi.json",
    "/_stcore/agent/mcp": "/_stcore/agent/mcp",
}
NONE_SET = {base_map.PATH: "/base/0/0/0"}  # no base map is configured
RULED = NONE_SET | OPEN | PROVIDER | SIGNED_IN | POSTED | STREAM | REST | SHUT


def ask(server, path, cookie="", method="GET"):
    """Status, headers and body of an answer, the path sent as it stands."""
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=30)
    connection.request(method, path, headers={"Cookie": cookie} if cookie else {})
    answer = connection.getresponse()
    found = answer.status, answer.headers, answer.read()
    connection.close()
    return found


@pytest.fixture(scope="module")
def cookies(server, passwords):
    """role -> the cookie of its session."""
    found = {}
    for role, password in passwords.items():
        connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=30)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/sign-in", urlencode({"name": role, "password": password}), form)
        answer = connection.getresponse()
        assert answer.status == 303
        found[role] = answer.headers["Set-Cookie"].split(";")[0]
        connection.close()
    assert found.keys() == set(ROLES)
    return found


@pytest.fixture(scope="module")
def atlas(sample, use_database):
    use_database(sample)
    with db.reading(operator_scope()) as connection:
        return read_atlas(connection, db.today())


def test_every_route_of_the_app_has_a_rule():
    listing = (
        "import json; from dashboard.app import create_app; from dashboard.gate import Gate\n"
        "inner = create_app()._build_starlette_app()\n"
        "print(json.dumps([inner.user_middleware[0].cls is Gate, [route.path for route in inner.routes]]))"
    )
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    gated, paths = json.loads(done.stdout)
    assert gated, "the gate stands before everything else"
    assert set(paths) == RULED.keys() | SCOPED | {UPLOAD}


def test_who_is_not_signed_in_gets_nothing_but_the_way_in(server, atlas):
    geometry = f"/geo/{atlas.vintage.id}/{atlas.vintage.version}/42.topojson"
    for path in OPEN.values():
        assert ask(server, path)[0] == 200, path
    files = [f"{TABLE}?unit=42", f"{WORKLIST}?unit=42&campaign=1", "/export/map.png?unit=42", "/static/js/none.js"]
    files += ["/report/issued/1/x.docx", "/report/draft/x/x.docx"]
    for path in [*SIGNED_IN.values(), *REST.values(), *NONE_SET.values(), geometry, *files]:
        assert ask(server, path)[0] == 401, path
    assert ask(server, "/sign-out", method="POST")[0] in (401, 411)
    for path in PAGES:
        status, headers, _ = ask(server, f"/{path}?unit=440")
        assert (status, headers["Location"]) == (303, f"/sign-in?next=/{path}%3Funit%3D440"), path
    assert ask(server, f"{DAY}?unit=440")[1]["Location"] == "/sign-in?next=/day.html%3Funit%3D440"


@pytest.mark.parametrize("role", [None, *ROLES])
def test_what_no_page_needs_is_not_there_for_anybody(server, cookies, role):
    for path in [*SHUT.values(), *PROVIDER.values(), "/none", "/app/static/x"]:
        for method in ("GET", "HEAD"):
            assert ask(server, path, cookies.get(role, ""), method)[0] == 404, path


@pytest.mark.parametrize("role", ROLES)
def test_who_is_signed_in_reaches_what_the_pages_need(server, cookies, new_page, role):
    page = new_page(role)
    page.goto("/")
    page.wait_for_selector("iframe[title='streamlit_folium.st_folium']")
    for path in [*SIGNED_IN.values(), *REST.values()]:
        assert ask(server, path, cookies[role])[0] == (204 if path == SIGNED_IN[drawn.PATH] else 200), path
    for path in NONE_SET.values():
        assert ask(server, path, cookies[role])[0] == 404, path


@pytest.mark.parametrize("role", ROLES)
def test_pages_of_other_roles_lead_to_the_first(server, cookies, role):
    for path, page in PAGES.items():
        status, headers, _ = ask(server, f"/{path}?lang=en", cookies[role])
        wanted = (200, None) if role in page.roles else (303, "/?lang=en")
        assert (status, headers["Location"]) == wanted, path


@pytest.mark.parametrize("role", ROLES)
def test_geometry_is_of_units_in_scope(server, cookies, atlas, role):
    for unit in UNITS:
        address = f"/geo/{atlas.vintage.id}/{atlas.vintage.version}/{unit.replace(' ', '%20')}.topojson"
        status, _, body = ask(server, address, cookies[role])
        assert status == (200 if unit in SEES[role] else 404), unit
        if status == 200:
            found = json.loads(body)["objects"]["communes"]["geometries"]
            assert {each["properties"]["code"] for each in found} == set(communes_within(atlas.units, unit))


@pytest.mark.parametrize("role", ROLES)
def test_tiles_are_of_units_in_scope(server, cookies, atlas, role):
    with db.reading(operator_scope()) as connection:
        version = read_holdings(connection).version
    days = urlencode({"from": "2021-11-26", "to": "2021-12-08", "scans": "1"})
    for unit in UNITS:
        address = f"/tiles/{version}/{atlas.vintage.id}/{unit.replace(' ', '%20')}/5/25/14.mvt?{days}"
        status, _, body = ask(server, address, cookies[role])
        assert status == (200 if unit in SEES[role] else 404), unit
        assert status == 404 or body, unit


@pytest.mark.parametrize("role", ROLES)
def test_tables_are_of_units_in_scope_and_on_record(server, cookies, atlas, role):
    days = {"from": "2021-11-26", "to": "2021-12-08"}
    taken = []
    for unit in UNITS:
        status, _, body = ask(server, f"{TABLE}?{urlencode({'unit': unit} | days)}", cookies[role])
        # A commune has a table of its own only where it is all there is to see
        wanted = unit in SEES[role] and (len(unit) < 5 or role == "commune")
        assert status == (200 if wanted else 404), unit
        if status == 200:
            rows = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()
            codes = {row[0] for row in rows if isinstance(row[0], str) and row[0].isdigit() and len(row[0]) == 5}
            assert codes == set(communes_within(atlas.units, unit))
            taken.append(f"phu-qr_{unit}_all_2021-11-26_2021-12-08.xlsx")
        elif unit != "42":
            assert atlas.units[unit].name.encode() not in body if unit in atlas.units else True
    with db.engine().connect() as connection:
        query = "SELECT detail FROM audit WHERE event = 'download' AND account = %s ORDER BY id DESC LIMIT %s"
        recorded = connection.exec_driver_sql(query, (role, len(taken))).scalars().all()
    assert recorded[::-1] == taken


@pytest.mark.parametrize("role", ROLES)
def test_worklists_are_of_units_in_scope_and_on_record(server, cookies, role):
    with db.engine().connect() as connection:
        (campaign,) = connection.exec_driver_sql("SELECT id FROM campaign WHERE name = 'Đợt rà soát 26/11–08/12'").scalars()
    for unit in UNITS:
        status, _, _ = ask(server, f"{WORKLIST}?{urlencode({'unit': unit, 'campaign': campaign})}", cookies[role])
        assert status == (200 if unit in SEES[role] & {"440", "18235"} else 404), unit
    with db.engine().connect() as connection:
        query = "SELECT detail FROM audit WHERE event = 'download' AND account = %s ORDER BY id DESC LIMIT 1"
        assert connection.exec_driver_sql(query, (role,)).scalar() == f"phu-qr_kiem-tra_18235_{campaign}.xlsx"


@pytest.mark.parametrize("role", ROLES)
def test_maps_are_of_units_in_scope(server, cookies, atlas, role):
    days = {"from": "2021-11-26", "to": "2021-12-08"}
    for unit in UNITS:
        status, _, body = ask(server, f"/export/communes.geojson?{urlencode({'unit': unit} | days)}", cookies[role])
        wanted = unit in SEES[role] and (len(unit) < 5 or role == "commune")
        assert status == (200 if wanted else 404), unit
        if status == 200:
            codes = {each["properties"]["code"] for each in json.loads(body)["features"]}
            assert codes == set(communes_within(atlas.units, unit))


@pytest.mark.parametrize("role", ROLES)
def test_days_are_of_units_in_scope(server, cookies, atlas, role):
    for unit in UNITS:
        status, _, body = ask(server, f"{DAY}?{urlencode({'unit': unit, 'day': '2021-12-08'})}", cookies[role])
        wanted = unit in SEES[role] and (len(unit) < 5 or role == "commune")
        assert status == (200 if wanted else 404), unit
        if status == 200:
            inside = {atlas.units[code].name for code in communes_within(atlas.units, unit)}
            drawn = set(re.findall("<title>([^<]*?): ", body.decode().partition("<svg")[2]))
            assert drawn == inside
