"""The ASGI app: the Streamlit pages, the geometry they draw, and the files their map needs; nothing from elsewhere."""

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path

import streamlit as st
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from xstatic.pkg import leaflet

from dashboard.maps import encode_topojson
from geo import db
from geo.errors import PhuqrError
from geo.units import list_vintages, read_polygons

_HERE = Path(__file__).parent


@lru_cache(maxsize=64)
def _encoded_geometry(vintage_id, version, unit):
    """The gzipped TopoJSON of a unit's communes and its ETag; 404 where there is no such unit."""
    with db.reading() as connection:
        # A version yet to come is refused: its address would go on showing the borders of before
        if not any(known.id == vintage_id and version <= known.version for known in list_vintages(connection)):
            raise HTTPException(404)
        polygons = read_polygons(connection, vintage_id, unit)
    if polygons.empty:
        raise HTTPException(404)
    body = gzip.compress(encode_topojson(polygons), mtime=0)
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def geometry(request):
    """The communes of a unit; the address holds the version, so that a browser may keep it for good."""
    body, etag = _encoded_geometry(**request.path_params)
    headers = {"ETag": etag, "Cache-Control": "private, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
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


def health(request):
    """200 while the database answers."""
    with db.reading() as connection:
        connection.exec_driver_sql("SELECT 1")
    return PlainTextResponse("ok")


def unavailable(request, error):
    """503, whatever was asked, while the database does not answer."""
    return PlainTextResponse("the database cannot be used", 503)


class Files(StaticFiles):
    """Files that the browser asks about each time, so that it takes the new ones after an upgrade."""

    def file_response(self, *args, **options):
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response


# Here and not in a file, which another working folder would not have: without them the pages would be open to the network.
SETTINGS = {
    "server.address": "127.0.0.1",
    "server.headless": True,
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    # No message is sent as a reference to an earlier one: choices made faster than the network answers broke the page
    # ("Cached ForwardMsg MISS"), since the browser forgets earlier messages by its own count of runs.
    "global.minCachedMessageSize": 1_000_000_000,
}
ROUTES = [
    Route("/geo/{vintage_id:int}/{version:int}/{unit}.topojson", geometry),
    Route("/health", health),
    Mount("/lib/leaflet", Files(directory=leaflet.BASE_DIR)),
    Mount("/lib/phuqr", Files(directory=_HERE / "static")),
]
HANDLERS = {PhuqrError: unavailable}


def create_app():
    """The app, ready for a server or for `run()`."""
    return st.App(_HERE / "pages" / "coverage_map.py", routes=ROUTES, exception_handlers=HANDLERS)
