"""An optional base map under the communes. None unless PHUQR_BASE_MAP names one: by itself nothing is fetched from outside.

PHUQR_BASE_MAP: a file of raster tiles, .mbtiles or .pmtiles, which this app hands out; or an address with {z}, {x} and {y}, which the
readers' browsers ask. PHUQR_BASE_MAP_CREDIT: what its makers want to be said of them, shown on the map.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from pmtiles.reader import MmapSource, Reader
from starlette.exceptions import HTTPException
from starlette.responses import Response

from geo.errors import PhuqrError

LAST = 19  # the last zoom of an address
PATH = "/base/{z:number}/{x:number}/{y:number}"
_MEDIA = {b"\x89PN": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIF": "image/webp"}


def base_map():
    """What the map is told: url, credit, and the last zoom that there are tiles of; None without one.

    Raises PhuqrError for a file that is no such file, an address without its three places, or where the credit is missing.
    """
    place, credit = os.environ.get("PHUQR_BASE_MAP"), os.environ.get("PHUQR_BASE_MAP_CREDIT", "").strip()
    if not place:
        return None
    if not credit:
        raise PhuqrError("the base map's makers are to be named on the map: set PHUQR_BASE_MAP_CREDIT")
    if "://" in place:
        if not all(part in place for part in ("{z}", "{x}", "{y}")):
            raise PhuqrError("PHUQR_BASE_MAP: the address of a base map has {z}, {x} and {y} in it")
        return {"url": place, "credit": credit, "last": LAST}
    return {"url": "/base/{z}/{x}/{y}", "credit": credit, "last": _open(place)[1]}


def tile(request):
    """One raster tile of the file; 404 where it has none."""
    place = os.environ.get("PHUQR_BASE_MAP", "")
    z, x, y = (request.path_params[name] for name in "zxy")
    if not place or "://" in place or z > 24 or max(x, y) >= 2**z:
        raise HTTPException(404)
    body = _open(place)[0](z, x, y)
    media = _MEDIA.get(bytes(body[:3])) if body else None
    if media is None:
        raise HTTPException(404)
    return Response(bytes(body), media_type=media, headers={"Cache-Control": "private, max-age=86400"})


def _open(place):
    """A function that gives the tile at z, x, y as bytes, None where there is none; and the last zoom that there are tiles of."""
    path = Path(place)
    if not path.is_file():
        raise PhuqrError(f"PHUQR_BASE_MAP: there is no file {path.name}")
    try:
        return _open_pmtiles(path) if path.suffix == ".pmtiles" else _open_mbtiles(path)
    except (sqlite3.Error, ValueError, IndexError, KeyError) as error:
        raise PhuqrError(f"PHUQR_BASE_MAP: {path.name} holds no tiles as MBTiles or PMTiles have them") from error


def _open_pmtiles(path):
    with path.open("rb") as file:
        reader = Reader(MmapSource(file))
    if bytes(reader.get_bytes(0, 7)) != b"PMTiles":
        raise ValueError("no PMTiles")
    return reader.get, reader.header()["max_zoom"]


def _open_mbtiles(path):
    def ask(query, *values):
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute(query, values).fetchone()
        return row and row[0]

    def read(z, x, y):
        query = "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
        return ask(query, z, x, 2**z - 1 - y)  # its rows are counted from the south

    return read, ask("SELECT max(zoom_level) FROM tiles") or 0
