"""The data that `phuqr bench map` measures with: the sample province, and a country with a million venues as `phuqr bench coverage` makes one."""

import shapely
import sqlalchemy as sa

from dashboard.bench_coverage import Size, fill
from dashboard.bench_load import run_phuqr
from geo import db
from geo.summaries import rebuild

COUNTRY = Size("country", 11_163, 707, 63, 1_000_000, 38, 3_000_000, 0)
_METRE = 1 / 111_320  # degrees of latitude
_COMMUNES = "SELECT code, parent_code, ST_AsBinary(geom) FROM admin_unit WHERE level = 3 ORDER BY code"
_DRAWN = """
    UPDATE admin_unit SET geom_50m = ST_Multi(ST_GeomFromWKB(:near, 4326)), geom_500m = ST_Multi(ST_GeomFromWKB(:far, 4326))
    WHERE vintage = 1 AND code = :code
"""
_ABOVE = """
    UPDATE admin_unit u SET geom = drawn, geom_10m = drawn, geom_50m = drawn, geom_500m = drawn
    FROM (SELECT parent_code AS code, ST_Multi(ST_Union(geom_500m)) AS drawn FROM admin_unit WHERE level = :level + 1 GROUP BY 1) d
    WHERE u.code = d.code AND u.level = :level
"""
# Two in five venues, as in the sample, around the middle of their commune
_POINTS = """
    UPDATE venue v
    SET point = ST_SetSRID(ST_MakePoint(u.x + (random() + random() - 1) * u.width / 3, u.y + (random() + random() - 1) * u.width / 3), 4326)
    FROM (SELECT id, ST_X(c) AS x, ST_Y(c) AS y, least(ST_XMax(g) - ST_XMin(g), ST_YMax(g) - ST_YMin(g)) AS width
          FROM (SELECT id, geom_500m AS g, ST_PointOnSurface(geom_500m) AS c FROM admin_unit WHERE level = 3) s) u
    WHERE u.id = v.unit AND v.id % 5 < 2
"""


def fill_province(url, progress):
    """The sample province."""
    run_phuqr(url, "demo")


def fill_country(url, progress):
    """The country's communes where their polygons are beside this checkout, else squares; made-up venues, scans and points."""
    fill(COUNTRY, progress)
    with db.engine().begin() as connection:
        codes, _, shapes = zip(*connection.execute(sa.text(_COMMUNES)), strict=True)
        whole = shapely.from_wkb([bytes(shape) for shape in shapes])
        near, far = (shapely.to_wkb(shapely.coverage_simplify(whole, tolerance * _METRE)) for tolerance in (50, 500))
        drawn = [dict(zip(("code", "near", "far"), row, strict=True)) for row in zip(codes, near, far, strict=True)]
        connection.execute(sa.text(_DRAWN), drawn)
        for level in (2, 1):
            connection.execute(sa.text(_ABOVE), {"level": level})
        connection.execute(sa.text(_POINTS))
        rebuild(connection)
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
