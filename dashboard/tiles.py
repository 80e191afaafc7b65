"""The route of the map's vector tiles: venues under the reader's scope, kept by the server and, by their ETag, by the browser."""

import hashlib
from functools import lru_cache
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import Response

from dashboard.state import read_window
from geo import db
from geo.coverage import read_holdings
from geo.tiles import LAST, STATES, draw_tile, read_places, sum_counts
from geo.units import WHOLE, list_units, list_vintages
from geo.venues import Narrowed, count_venues

PATH = "/tiles/{version:number}/{vintage_id:number}/{unit}/{z:number}/{x:number}/{y:number}.mvt"
_MEDIA = "application/vnd.mapbox-vector-tile"
_STATES = (*STATES, "no_point", "outside")


def tiles_url(held, vintage, unit, window, narrowed, scans_known):
    """The address of the venues' tiles, {z}, {x} and {y} left in it; the version in it changes with each load."""
    asked = {
        "from": window.first,
        "to": window.last,
        "kind": narrowed.kind,
        "group": narrowed.group,
        "state": narrowed.state,
        "department": narrowed.department,
    }
    asked |= {"scans": "1" if scans_known else None}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    return f"/tiles/{held.version}/{vintage.id}/{unit}/{{z}}/{{x}}/{{y}}.mvt?{query}"


def tile(request):
    """One tile of the venues of a unit; 404 where there is no such unit in scope or no such tile."""
    asked, query = request.path_params, request.query_params
    window = read_window(query, db.today())
    if {name: query.get(name) for name in ("from", "to")} != {"from": str(window.first), "to": str(window.last)}:
        raise HTTPException(404)
    narrowed = Narrowed(*map(query.get, ("kind", "group", "state", "department")))
    z, x, y = (asked.pop(name) for name in "zxy")
    if z > LAST or max(x, y) >= 2**z or narrowed.state not in (None, *_STATES) or "\0" in "".join(query.values()):
        raise HTTPException(404)
    known = query.get("scans") == "1"
    body, etag = _drawn(
        request.state.reader.scope, **asked, window=window, narrowed=narrowed, scans_known=known, tile=(z, x, y)
    )
    headers = {"ETag": etag, "Cache-Control": "private, max-age=600", "Vary": "Cookie"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=_MEDIA, headers=headers)


@lru_cache(maxsize=1024)
def _drawn(scope, version, vintage_id, unit, window, narrowed, scans_known, tile):
    layer = scope, version, vintage_id, unit, window, narrowed, scans_known
    places, summed = _places(scope, version, vintage_id), _summed(*layer)
    with db.reading(scope) as connection:
        body = draw_tile(connection, places, summed, window, narrowed, scans_known, tile)
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


@lru_cache(maxsize=4)
def _places(scope, version, vintage_id):
    with db.reading(scope) as connection:
        return read_places(connection, _vintage(connection, version, vintage_id))


@lru_cache(maxsize=16)
def _summed(scope, version, vintage_id, unit, window, narrowed, scans_known):
    places = _places(scope, version, vintage_id)
    with db.reading(scope) as connection:
        vintage = _vintage(connection, version, vintage_id)
        units = list_units(connection, vintage)
        if unit != WHOLE and (unit not in units or not units[unit].in_scope):
            raise HTTPException(404)
        place = None if unit == WHOLE else unit
        counts = count_venues(connection, vintage, place, window, narrowed, scans_known)
    return sum_counts(places, counts, unit)


def _vintage(connection, version, vintage_id):
    """The Vintage of that number; 404 where there is none, or for a version yet to come: what is kept of it would be that of before."""
    known = {vintage.id: vintage for vintage in list_vintages(connection)}
    if vintage_id not in known or version > read_holdings(connection).version:
        raise HTTPException(404)
    return known[vintage_id]


def forget():
    """Forget every tile and what they are drawn from."""
    for kept in (_drawn, _places, _summed):
        kept.cache_clear()
