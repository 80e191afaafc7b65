"""Units drawn with the communes around them, loaded earlier: in one coverage, simplified, dissolved into those above."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa

from geo.names import split_kind
from loaders import topology

TOLERANCES_M = (10, 50, 500)
_LEVELS = {1: "province", 2: "district", 3: "commune"}
_EQUAL_AREA = 6933  # EPSG: cylindrical equal area on the WGS 84 ellipsoid

_LOADED = sa.text("""
    SELECT c.code AS commune_code, c.name AS commune_name, d.code AS district_code, d.name AS district_name,
           p.code AS province_code, p.name AS province_name, ST_AsBinary(c.geom) AS geom
    FROM admin_unit c
    LEFT JOIN admin_unit d ON d.vintage = c.vintage AND d.code = c.parent_code AND d.level = 2
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = coalesce(d.parent_code, c.parent_code)
    JOIN load_run r ON r.id = c.load_run AND NOT r.invented
    JOIN boundary_vintage v ON v.id = c.vintage
    WHERE v.valid_from = :vintage AND c.level = 3 AND c.code <> ALL (:codes)
      AND (p.code = ANY (:provinces) OR c.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326))
""")


def read_around(connection, vintage, communes):
    """Communes loaded earlier, as rows of a file: those of provinces that the new ones lie in or touch, and those that touch these.

    Where borders meet lies in other places once a neighbour is known, so that a province is drawn anew with it; the second
    frame only says where.
    """

    def read(provinces, around, but):
        west, south, east, north = shapely.total_bounds(around).tolist()
        found = connection.execute(_LOADED, {
            "vintage": vintage, "codes": but, "provinces": provinces, "west": west, "south": south, "east": east, "north": north,
        }).mappings().all()  # fmt: skip
        rows = pd.DataFrame(found, columns=communes.columns)
        return rows.assign(geom=[shapely.from_wkb(bytes(geom)) for geom in rows["geom"]])

    if communes.empty:
        return communes, communes
    codes, own = communes["commune_code"].tolist(), communes["province_code"].unique().tolist()
    near = read(own, communes["geom"].to_numpy(), codes)
    touching = near[_touch(near, communes)]
    redrawn = sorted({*own, *touching["province_code"]})
    others = read(redrawn, communes["geom"].to_numpy(), codes)
    others = others[others["province_code"].isin(redrawn)]
    written = pd.concat([communes, others])
    beyond = read([], written["geom"].to_numpy(), written["commune_code"].tolist())
    return others, beyond[_touch(beyond, written)]


def _touch(some, others):
    _, place = shapely.STRtree(some["geom"].to_numpy()).query(others["geom"].to_numpy(), predicate="intersects")
    return np.isin(np.arange(len(some)), place)


def build_units(communes, others, beyond):
    """admin_unit's columns without vintage: communes as given, districts and provinces dissolved from them.

    communes: the file's columns and geom; others: those loaded earlier, drawn anew with them; beyond: those around, which
    only tell where borders meet. Of two names of a parent the file's is taken.
    Communes are simplified together, as a coverage, and the units above dissolved from the simplified ones.
    """
    communes = pd.concat([communes, others]).set_index("commune_code", drop=False)
    everything = pd.concat([communes["geom"], beyond.set_index("commune_code")["geom"]]).sort_index()
    # In one order, so that the same communes are drawn the same in whichever file they come
    shapes = pd.DataFrame({"geom": everything})
    for tolerance in TOLERANCES_M:
        shapes[f"geom_{tolerance}m"] = topology.simplify_coverage(everything.to_numpy(), tolerance)
    shapes = shapes.loc[communes.index.sort_values()]
    parents = {3: communes["district_code"].fillna(communes["province_code"]), 2: communes["province_code"], 1: None}
    units = []
    for level, word in _LEVELS.items():
        told = communes[[f"{word}_code", f"{word}_name"]].set_axis(["code", "name"], axis=1)
        told = told.assign(parent_code=parents[level])
        grouped = shapes.groupby(told["code"])
        dissolved = {column: grouped[column].agg(lambda part: shapely.union_all(part.to_numpy())) for column in shapes}
        units.append(
            told.dropna(subset=["code"]).drop_duplicates("code").set_index("code").assign(level=level, **dissolved)
        )
    units = pd.concat(units).reset_index()
    units["kind"] = units["name"].map(lambda name: split_kind(name)[0])
    units["area_km2"] = gpd.GeoSeries(units["geom"], crs=4326).to_crs(_EQUAL_AREA).area / 1e6
    for column in shapes:
        units[column] = _as_ewkb(units[column].to_numpy())
    return units


def _as_ewkb(shapes):
    multi = [shapely.multipolygons(shapely.get_parts(shape)) for shape in shapes]
    return shapely.to_wkb(shapely.set_srid(multi, 4326), hex=True, include_srid=True)
