"""The data that `phuqr bench map` measures with: the sample province, and an invented country of 11,163 communes and a million venues."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import shapely

COMMUNES, DISTRICTS, PROVINCES = 11_163, 705, 63  # of the country in 2019
VENUES, DAYS = 1_000_000, 3
WITH_POINT = 0.4  # of the venues, as in the sample
# A long, narrow country, about as long and as wide as this one: longitude and latitude of its outline.
_OUTLINE = [(102.2, 22.4), (104.0, 22.6), (105.3, 23.3), (106.7, 22.8), (108.0, 21.5), (106.6, 20.3), (105.8, 19.0), (107.2, 16.9),
            (109.2, 13.8), (109.2, 11.7), (106.8, 10.3), (104.8, 8.6), (104.5, 10.4), (106.2, 11.6), (107.6, 12.4), (107.5, 14.6),
            (106.6, 16.6), (105.2, 18.6), (103.9, 19.3), (104.0, 20.4), (102.3, 21.8)]  # fmt: skip
_STEPS = 12  # points of a border between two neighbours


def write_country(path):
    """Write invented cells as communes, of COMMUNES, DISTRICTS and PROVINCES into a gpkg that `phuqr load boundaries` takes."""
    rng = np.random.default_rng(11_163)
    outline = shapely.Polygon(_OUTLINE)
    points = []
    while len(points) < COMMUNES:
        west, south, east, north = outline.bounds
        tried = np.column_stack([rng.uniform(west, east, 4 * COMMUNES), rng.uniform(south, north, 4 * COMMUNES)])
        points += list(tried[shapely.contains_xy(outline, *tried.T)])
    sites = np.array(points[:COMMUNES])
    lines = shapely.voronoi_polygons(shapely.MultiPoint(sites), extend_to=outline, only_edges=True)
    edges = shapely.get_parts(shapely.node(shapely.union_all([shapely.intersection(lines, outline), outline.exterior])))
    # Where two winding borders touch after all, small pieces come about that are nobody's
    cells = shapely.get_parts(
        shapely.polygonize(shapely.get_parts(shapely.node(shapely.union_all([_wind(rng, edge) for edge in edges]))))
    )
    cells = cells[np.argsort(-shapely.area(cells), kind="stable")][:COMMUNES]
    middles = shapely.get_coordinates(shapely.centroid(cells))
    order = _group(middles)
    codes = np.arange(len(cells))
    district = (codes * DISTRICTS // len(cells)).astype(int)
    province = (district * PROVINCES // DISTRICTS).astype(int)
    name = pd.Series(codes + 1).astype(str)
    gpd.GeoDataFrame(
        {
            "commune_code": name.str.zfill(5), "commune_name": "Xã " + name,
            "district_code": [f"{100 + number:03}" for number in district], "district_name": [f"Huyện {number + 1}" for number in district],
            "province_code": [f"{10 + number:02}" for number in province], "province_name": [f"Tỉnh {number + 1}" for number in province],
        },
        geometry=cells[order], crs=4326,
    ).to_file(path, layer="communes")  # fmt: skip


def _wind(rng, edge):
    """A line with the same ends that winds as borders do, and crosses no other."""
    (x0, y0), (x1, y1) = edge.coords[0], edge.coords[-1]
    share = np.linspace(0, 1, _STEPS)
    away = np.cumsum(rng.normal(0, 1, _STEPS)) * np.sin(np.pi * share)
    away *= 0.03 / max(np.abs(away).max(), 1)
    return shapely.LineString(
        np.column_stack([x0 + share * (x1 - x0) - away * (y1 - y0), y0 + share * (y1 - y0) + away * (x1 - x0)])
    )


def _group(middles):
    """An order in which communes of a district and of a province are near each other: bands from north to south, each west to east."""
    band = np.argsort(np.argsort(-middles[:, 1])) * 40 // len(middles)
    return np.lexsort((middles[:, 0], band))


def write_venues(folder, communes):
    """Write a million venues inside communes (frame code, x, y, spread; degrees) and scans of them; the paths of both files.

    Few communes have many venues and many have few, as a city's wards and villages.
    """
    rng = np.random.default_rng(1)
    weight = rng.lognormal(0, 1, len(communes))
    at = np.sort(rng.choice(len(communes), VENUES, p=weight / weight.sum()))
    number = pd.Series(np.arange(VENUES)).astype(str)
    place = {
        axis: communes[axis].to_numpy()[at] + rng.normal(0, 1, VENUES) * communes["spread"].to_numpy()[at]
        for axis in "xy"
    }
    placed = rng.random(VENUES) < WITH_POINT
    venues = {
        "venue_code": "B" + number.str.zfill(7), "name": "Cơ sở số " + number, "kind": rng.choice(["Trụ sở làm việc", "Quán cà phê", "Chợ dân sinh"], VENUES),
        "commune_code": communes["code"].to_numpy()[at], "created_on": (np.datetime64("2021-10-01") + rng.integers(0, 61, VENUES)).astype(str),
        "lon": np.where(placed, place["x"].round(6).astype(str), ""), "lat": np.where(placed, place["y"].round(6).astype(str), ""),
    }  # fmt: skip
    active = np.flatnonzero(rng.random(VENUES) < 0.35)
    rows = np.tile(active, DAYS)
    scans = {
        "venue_code": venues["venue_code"].to_numpy()[rows],
        "day": np.repeat((np.datetime64("2021-12-01") + np.arange(DAYS)).astype(str), len(active)),
        "scans": np.full(len(rows), 5), "people": np.full(len(rows), 4),
    }  # fmt: skip
    paths = folder / "venues.csv", folder / "scans.csv"
    for path, columns in zip(paths, (venues, scans), strict=True):
        pyarrow.csv.write_csv(pa.table(columns), path, pyarrow.csv.WriteOptions(quoting_style="needed"))
    return paths
