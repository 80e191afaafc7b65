"""The ASGI app: the gate, the Streamlit pages, the geometry and tables they offer, and the files their map needs."""

import gzip
import hashlib
import logging
import socket
from functools import lru_cache
from pathlib import Path

import streamlit as st
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from streamlit.web.server.starlette import starlette_server
from xstatic.pkg import leaflet

from dashboard import base_map, day_page, drawn, tiles
from dashboard.export import coverage_workbook, findings_workbook
from dashboard.exports import export_map, read_asked
from dashboard.gate import SIGN_IN, Gate
from dashboard.inspection_sheet import worklist_workbook
from dashboard.loads import LARGEST, find_offered
from dashboard.maps import encode_topojson, map_script
from dashboard.navigation import LOADING, PAGES, SESSION_HEADER
from dashboard.oidc import Provider, read_settings
from dashboard.report_drafts import DRAFT, ISSUED, draft_file, issued_file
from dashboard.sign_in import SignIn, leave, show_password, take_password
from dashboard.stalled import Stalled
from dashboard.state import ALL, read_language
from dashboard.text import Text
from geo import db
from geo.audit import record
from geo.coverage import list_kinds, read_holdings
from geo.errors import BoundaryError, InspectionError, PhuqrError, ReportChangedError, UnitError, WindowError
from geo.plans import choose_day, find_campaign, narrow, read_worklist
from geo.quality import list_findings
from geo.scope import NOTHING
from geo.tracing import find_place
from geo.units import WHOLE, ancestors, list_units, list_vintages, read_polygons

_HERE = Path(__file__).parent
_bind = starlette_server._bind_socket
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class _NumberConvertor(IntegerConvertor):
    """Digits that make a number in no time; Python refuses to read thousands of them."""

    regex = "[0-9]{1,18}"


register_url_convertor("number", _NumberConvertor())


@lru_cache(maxsize=64)
def _encoded_geometry(scope, vintage_id, version, unit):
    """The gzipped TopoJSON of the communes of a unit, or of all in scope (WHOLE), and its ETag; 404 where there is no such unit in scope."""
    with db.reading(scope) as connection:
        # A version yet to come is refused: its address would go on showing the borders of before
        known = {vintage.id: vintage for vintage in list_vintages(connection) if version <= vintage.version}
        units = list_units(connection, known[vintage_id]) if vintage_id in known else {}
        if unit == WHOLE and units:
            unit = None
        elif unit not in units or not units[unit].in_scope:
            raise HTTPException(404)
        polygons = read_polygons(connection, vintage_id, unit)
    above = {code for one in set(polygons["parent_code"]) for code in (each.code for each in ancestors(units, one))}
    names = {code: (units[code].name, units[code].parent_code) for code in sorted(above)}
    body = gzip.compress(encode_topojson(polygons, names), mtime=0)
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def geometry(request):
    """The communes of a unit; the address holds the version, so that a browser may keep it as long as one is signed in."""
    body, etag = _encoded_geometry(request.state.reader.scope, **request.path_params)
    cached = {"Cache-Control": "private, max-age=31536000, immutable", "Vary": "Accept-Encoding, Cookie"}
    headers = {"ETag": etag, **cached}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        body = gzip.decompress(body)
    else:
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type="application/json", headers=headers)


def geometry_url(vintage, unit):
    """The address of the communes of a unit, as drawn in a vintage."""
    return f"/geo/{vintage.id}/{vintage.version}/{unit}.topojson"


def coverage_table(request):
    """The table of communes as xlsx, of the filters in the address; on record. 404 where something there cannot be used."""
    reader, query = request.state.reader, request.query_params
    with db.reading(reader.scope) as connection:
        _, filters, atlas, coverage = read_asked(connection, query)
    window = filters.window
    text, group = Text(filters.language), filters.group or ALL
    names = {code: unit.name for code, unit in atlas.units.items()}
    body = coverage_workbook(coverage, names, text.group(group), text)
    name = f"phu-qr_{filters.unit}_{group}_{window.first}_{window.last}.xlsx"
    _record_download(reader, name)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, media_type=_XLSX, headers=headers)


def worklist_table(request):
    """The sheet of a team, or of all of a unit's, to be filled in, as xlsx; on record. 404 where something there cannot be used."""
    reader, query = request.state.reader, request.query_params
    text = Text(read_language(query))
    with db.reading(reader.scope) as connection:
        unit, day = query.get("unit", ""), read_holdings(connection).scans_until or db.today()
        campaign = find_campaign(connection, find_place(connection, unit, day), query.get("campaign", ""))
        listed = narrow(read_worklist(connection, campaign, unit, choose_day(campaign)), query.get("team"))
        kinds = {row["code"]: row["name_vi" if text.language == "vi" else "name_en"] for row in list_kinds(connection)}
    name = f"phu-qr_kiem-tra_{unit}_{campaign.id}.xlsx"
    _record_download(reader, name)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(worklist_workbook(listed, kinds, text), media_type=_XLSX, headers=headers)


def run_findings(request):
    """What was found in the file of a load, of communes in scope, as xlsx; on record. 404 where nothing was, or not there."""
    reader, run = request.state.reader, request.path_params["run"]
    if reader.scope.role not in PAGES["data"].roles:
        raise HTTPException(404)
    with db.reading(reader.scope) as connection:
        found = list_findings(connection, run)
    if found.empty:
        raise HTTPException(404)
    name = f"phu-qr_lan-nap-{run}.xlsx"
    _record_download(reader, name)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    body = findings_workbook(found, Text(read_language(request.query_params)))
    return Response(body, media_type=_XLSX, headers=headers)


def checked_findings(request):
    """The rows to mend of a file that was checked, to who checked it and while that page is open; on record."""
    reader = request.state.reader
    offered = find_offered(request.path_params["token"], reader.name) if reader.scope.role in LOADING else None
    if offered is None:
        raise HTTPException(404)
    _record_download(reader, offered.name)
    return FileResponse(offered.path, media_type=_XLSX, filename=offered.name, headers={"Cache-Control": "no-store"})


def _record_download(reader, name):
    with db.gating() as connection:
        record(connection, reader, "download", name)


def health(request):
    """200 while the database answers."""
    with db.reading(NOTHING) as connection:
        connection.exec_driver_sql("SELECT 1")
    return PlainTextResponse("ok")


def unavailable(request, error):
    """503, whatever was asked, while the database does not answer."""
    logging.getLogger("phuqr").warning("%s", error)
    return PlainTextResponse("the database cannot be used", 503)


def gone(request, error):
    """400, which nobody reads: who asked has left before the request was whole."""
    return PlainTextResponse("", 400)


def not_countable(request, error):
    """404: a window or unit that there are no figures of."""
    return PlainTextResponse("no figures of this", 404)


def not_as_issued(request, error):
    """500: a file of an issued report is not the one that was issued, and is kept back."""
    logging.getLogger("phuqr").error("%s", error)
    return PlainTextResponse("this file is not as it was issued", 500)


def map_scripts(request):
    """The map's own scripts, which the browser asks about each time, as about Files."""
    body = map_script()
    headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"', "Cache-Control": "no-cache"}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="text/javascript; charset=utf-8", headers=headers)


class Files(StaticFiles):
    """Files that the browser asks about each time, so that it takes the new ones after an upgrade."""

    def file_response(self, *args, **options):
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response


# Here and not in a file, which another working folder would not have.
SETTINGS = {
    "server.headless": True,
    # What Streamlit keeps of a page is tied to the session it was opened in: nobody takes it up in another
    "server.trustedUserHeaders": {SESSION_HEADER: "session"},
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "server.maxUploadSize": LARGEST,
    # A change of the map's indicator sends a fifth of the bytes so
    "server.enableWebsocketCompression": True,
    # No message is sent as a reference to an earlier one: choices made faster than the network answers broke the page
    # ("Cached ForwardMsg MISS"), since the browser forgets earlier messages by its own count of runs.
    "global.minCachedMessageSize": 1_000_000_000,
}
HANDLERS = {
    PhuqrError: unavailable,
    ReportChangedError: not_as_issued,
    ClientDisconnect: gone,
    **dict.fromkeys((WindowError, UnitError, BoundaryError, InspectionError), not_countable),
}


def routes(provider=None):
    """The app's own routes; provider: the identity provider to sign in through, or None."""
    entrance = SignIn(provider)
    return [
        Route("/geo/{vintage_id:number}/{version:number}/{unit}.topojson", geometry),
        Route(tiles.PATH, tiles.tile),
        Route(base_map.PATH, base_map.tile),
        Route(drawn.PATH, drawn.drawn),
        Route(day_page.PATH, day_page.day_page),
        Route("/export/coverage.xlsx", coverage_table),
        Route("/export/worklist.xlsx", worklist_table),
        Route("/export/{name}", export_map),
        Route("/data/findings/{run:number}.xlsx", run_findings),
        Route("/data/checked/{token}.xlsx", checked_findings),
        Route(DRAFT, draft_file),
        Route(ISSUED, issued_file),
        Route("/health", health),
        Route(SIGN_IN, entrance.show),
        Route(SIGN_IN, entrance.take, methods=["POST"]),
        Route(f"{SIGN_IN}/provider", entrance.begin),
        Route(f"{SIGN_IN}/callback", entrance.finish),
        Route("/sign-out", leave, methods=["POST"]),
        Route("/password", show_password),
        Route("/password", take_password, methods=["POST"]),
        Route("/lib/phuqr.js", map_scripts),
        Mount("/lib/leaflet", Files(directory=leaflet.BASE_DIR)),
        Mount("/lib/phuqr", Files(directory=_HERE / "static")),
    ]


def create_app():
    """The app, ready for a server or for `run()`."""
    settings = read_settings()
    base_map.base_map()  # or what is wrong with it is told before anybody reads
    own = routes(Provider(settings) if settings else None)
    gate = [Middleware(Gate), Middleware(Stalled)]
    return st.App(_HERE / "pages" / "entry.py", routes=own, middleware=gate, exception_handlers=HANDLERS)


def run(app, address, port):
    """Serve an app until told to end."""
    starlette_server._bind_socket = _bind_socket
    app.run(config=SETTINGS | {"server.address": address, "server.port": port})


def _bind_socket(*args):
    """Streamlit's own socket, of which asyncio does not know that it is TCP: without this an answer's body waits for the browser to
    acknowledge its head, 40 ms."""
    bound = _bind(*args)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return bound
