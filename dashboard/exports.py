"""The routes that hand the map over as a file, of the filters in the address and under the reader's scope; each is on record."""

from starlette.exceptions import HTTPException
from starlette.responses import Response

from dashboard.map_export import communes_geojson, communes_geopackage, read_exported, standalone_page
from dashboard.map_picture import picture, sheet
from dashboard.state import read_filters, read_window
from dashboard.text import Text
from geo import db
from geo.audit import record
from geo.coverage import read_coverage, read_holdings
from geo.units import WHOLE, read_atlas
from geo.whole import read_whole

# By the file's name in the address: what makes it, and what it is.
FILES = {
    "map.html": (standalone_page, "text/html; charset=utf-8"),
    "map.png": (picture, "image/png"),
    "map.pdf": (sheet, "application/pdf"),
    "communes.geojson": (communes_geojson, "application/geo+json"),
    "communes.gpkg": (communes_geopackage, "application/geopackage+sqlite3"),
}


def read_asked(connection, query):
    """What an address asks for: Holdings, Filters, Atlas and Coverage by commune; 404 where something in it cannot be used."""
    held = read_holdings(connection)
    window = read_window(query, held.scans_until or db.today())
    atlas = read_atlas(connection, window.last)
    if not atlas.tops():
        raise HTTPException(404)
    filters, fell_back = read_filters(query, window, atlas.tops()[0], held.groups, atlas)
    if fell_back:
        raise HTTPException(404)
    if filters.unit == WHOLE:
        return held, filters, atlas, read_whole(connection, window, group=filters.group)
    return held, filters, atlas, read_coverage(connection, filters.unit, window, group=filters.group)


def export_map(request):
    """The map or its communes as one of FILES; 404 where something in the address cannot be used."""
    wanted = request.path_params["name"]
    if wanted not in FILES:
        raise HTTPException(404)
    make, media = FILES[wanted]
    reader, query = request.state.reader, request.query_params
    with db.reading(reader.scope) as connection:
        held, filters, atlas, coverage = read_asked(connection, query)
        exported = read_exported(connection, reader, held, filters, atlas, coverage, Text(filters.language))
        if exported.polygons.empty:
            raise HTTPException(404)
    body = make(exported)
    stem, _, suffix = wanted.partition(".")
    window = filters.window
    name = f"phu-qr_{stem}_{filters.unit}_{filters.indicator}_{window.first}_{window.last}.{suffix}"
    with db.gating() as connection:
        record(connection, reader, "download", name)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, media_type=media, headers=headers)
